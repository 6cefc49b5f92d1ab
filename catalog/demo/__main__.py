"""`python -m catalog.demo FOLDER`: write the demo catalogue to a folder."""

import sys
from pathlib import Path

from catalog.demo import write


def main() -> int:
    """Write the catalogue to the folder named on the command line."""
    if len(sys.argv) != 2:
        print("usage: python -m catalog.demo FOLDER", file=sys.stderr)
        return 2
    folder = Path(sys.argv[1])
    print(f"{write(folder)} products in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
