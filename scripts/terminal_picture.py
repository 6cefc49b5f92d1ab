"""Draw the README's picture of a search: python scripts/terminal_picture.py INDEX docs/images/search.svg."""

import sys
from io import StringIO
from pathlib import Path

from rich.console import Console
from rich.text import Text

from catalog.index import open_index
from catalog.product import Money
from catalog.where import Where, Without
from core.settings import load_settings
from ranking.records import Search
from ranking.systems import ranker_for, search
from ui.console import results_table

QUERY = "leahter belt"


def main() -> None:
    """Search for real and save what the terminal shows."""
    target, picture = sys.argv[1:]
    settings = load_settings(index=target)
    index = open_index(settings)
    ranker = ranker_for("rerank", settings)
    where = Where(price_max=Money(amount=8000, currency="USD"), available_only=True)
    request = Search(query=QUERY, where=where, without=Without(terms=("buckle",)), limit=4)
    search(index, request, "rerank", ranker)  # the first one reads the catalogue's words
    results = search(index, request, "rerank", ranker)
    index.close()
    console = Console(record=True, width=96, file=StringIO(), force_terminal=True, highlight=False)
    command = f'$ aisle search "{QUERY}" --without buckle --price-max 80 --available'
    console.print(Text(command, style="bold cyan"), soft_wrap=True)
    console.print()
    console.print(results_table(results, QUERY))
    Path(picture).write_text(console.export_svg(title="aisle"), encoding="utf-8")


if __name__ == "__main__":
    main()
