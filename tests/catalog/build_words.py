"""A build in a process of its own, to be killed: python -m tests.catalog.build_words FOLDER FIRST COUNT."""

import sys
from pathlib import Path

from catalog.edge_home import EdgeHome
from catalog.indexing import build_index
from catalog.product import Money, Product
from tests.fakes import WordEncoder


def shop(first: int, count: int) -> list[Product]:
    """Products numbered from `first`."""
    return [
        Product(id=f"p{n}", title=f"Thing number {n}", price=Money(amount=n, currency="USD"))
        for n in range(first, first + count)
    ]


if __name__ == "__main__":
    folder, first, count = sys.argv[1:]
    products = shop(int(first), int(count))
    build_index(lambda: products, EdgeHome(Path(folder)), WordEncoder())
