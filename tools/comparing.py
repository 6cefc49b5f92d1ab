"""Products side by side for a caller outside: `tools.comparison` decides what differs and who wins."""

from typing import Annotated

from pydantic import Field

from core.record import Record
from tools import names
from tools.arguments import Id, Listed
from tools.comparison import FEWEST, MOST_PRODUCTS, compare
from tools.functions import Caller
from tools.messages import Message, not_found
from tools.shop import Shop
from tools.ucp.listings import listing, unpriced
from tools.ucp.shapes import Listing, Unpriced
from tools.untrusted import visible

LONGEST_VALUE = 100


class CompareProducts(Record):
    """What is compared."""

    ids: Annotated[tuple[Id, ...], Listed, Field(min_length=FEWEST, max_length=MOST_PRODUCTS)]


class Difference(Record):
    """A fact in which they differ, by product id; `best` are the ids of those that win, if any does."""

    name: str
    values: dict[str, str]
    best: tuple[str, ...] = ()


class ComparedProducts(Record):
    """The products, and the facts in which they differ; what they have in common is left out."""

    products: tuple[Listing, ...]
    unpriced: tuple[Unpriced, ...] = ()
    differences: tuple[Difference, ...]
    messages: tuple[Message, ...] = ()


def compare_products(shop: Shop, asked: CompareProducts, caller: Caller) -> ComparedProducts:
    """The differences between two to four products; ids that there are none of are left out, and said."""
    caller.progress("comparing")
    products, missing = names.products(shop.index, asked.ids)
    comparison = compare(products)
    ids = [product.id for product in products]
    differences = tuple(
        Difference(
            name=visible(row.name, LONGEST_VALUE),
            values={
                id: visible(value, LONGEST_VALUE)
                for id, value in zip(ids, row.values, strict=True)
                if value is not None
            },
            best=tuple(ids[place] for place in row.best),
        )
        for row in comparison.rows
    )
    return ComparedProducts(
        products=tuple(listing([product]) for product in products if product.price),
        unpriced=tuple(unpriced(product) for product in products if not product.price),
        differences=differences,
        messages=tuple(map(not_found, missing)),
    )
