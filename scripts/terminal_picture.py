"""Draw the README's picture of a search: python scripts/terminal_picture.py INDEX docs/images/search.svg."""

import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from catalog.index import open_index
from catalog.product import Money
from catalog.where import Where
from core.settings import load_settings
from ranking.records import Search
from ranking.systems import search
from ui.console import results_table

QUERY = "hiking jacket"


def main() -> None:
    """Search for real and save what the terminal shows."""
    target, picture = sys.argv[1:]
    index = open_index(load_settings(index=target))
    where = Where(
        price_max=Money(amount=15000, currency="USD"), attributes={"hood": ("no",)}, available_only=True
    )
    results = search(index, Search(query=QUERY, where=where, limit=4))
    index.close()
    console = Console(record=True, width=96, file=StringIO(), force_terminal=True, highlight=False)
    command = f'$ aisle search "{QUERY}" --price-max 150 --attribute hood=no --available'
    console.print(Text(command, style="bold cyan"), soft_wrap=True)
    console.print()
    console.print(results_table(results, QUERY))
    Path(picture).write_text(console.export_svg(title="aisle"), encoding="utf-8")


if __name__ == "__main__":
    main()
