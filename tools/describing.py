"""What this shop sells, counted: departments, brands, attributes with values, prices. Finds no product."""

from typing import Annotated, Literal

from pydantic import Field

from catalog.keys import PATH
from catalog.product import Money
from catalog.vocabulary import Attribute, Prices, Term
from core.record import Record
from tools import names
from tools.functions import Caller
from tools.shop import Shop
from tools.untrusted import visible

MOST_CATEGORIES, MOST_BRANDS, MOST_ATTRIBUTES = 60, 30, 30
MOST_VALUES, ALL_VALUES = 8, 500
LONGEST = 100


class DescribeCatalog(Record):
    """Nothing for an overview; the name of an attribute for all its values."""

    attribute: Annotated[
        str | None, Field(max_length=200, description="only this attribute, with all its values")
    ] = None


class Count(Record):
    """A name as filters take it, and how many products have it."""

    name: str
    count: int


class Filterable(Record):
    """An attribute; no values are listed where they are too many or too various to count."""

    name: str
    count: int
    kind: Literal["text", "number", "yes/no"]
    values: tuple[Count, ...]
    more_values: int  # that are not listed


class PricesFound(Record):
    """The prices in one currency, in minor units."""

    currency: str
    count: int
    min: Money
    median: Money
    max: Money


class Described(Record):
    """An overview of the catalogue; the commonest of each kind, and how many there are of it."""

    products: int
    departments: tuple[Count, ...]
    categories: tuple[Count, ...]  # as paths
    categories_in_all: int
    brands: tuple[Count, ...]
    brands_in_all: int
    attributes: tuple[Filterable, ...]
    attributes_in_all: int
    prices: tuple[PricesFound, ...]
    currency: str  # of the shop


def describe_catalog(shop: Shop, asked: DescribeCatalog, caller: Caller) -> Described:
    """What can be asked for by name, with counts as of now."""
    caller.progress("counting")
    everything = vocabulary = shop.index.vocabulary()
    attributes = sorted(vocabulary.attributes, key=lambda one: -one.count)
    most = MOST_VALUES
    if asked.attribute is not None:
        only = names.attribute(vocabulary, asked.attribute)
        attributes, most, vocabulary = [only], ALL_VALUES, vocabulary.model_copy(update=_NO_NAMES)
    paths = sorted(vocabulary.categories, key=lambda one: (len(one.path), -one.count))
    return Described(
        products=vocabulary.products,
        departments=tuple(_count(one.path[0], one.count) for one in paths if len(one.path) == 1),
        categories=tuple(_count(PATH.join(one.path), one.count) for one in paths[:MOST_CATEGORIES]),
        categories_in_all=len(everything.categories),
        brands=tuple(_count(one.label, one.count) for one in vocabulary.brands[:MOST_BRANDS]),
        brands_in_all=len(everything.brands),
        attributes=tuple(_filterable(one, most) for one in attributes[:MOST_ATTRIBUTES]),
        attributes_in_all=len(vocabulary.attributes),
        prices=tuple(_prices(one) for one in vocabulary.prices if one.count),
        currency=shop.currency,
    )


_NO_NAMES = {"brands": (), "categories": ()}  # who asks for one attribute has no use for the others


def _filterable(attribute: Attribute, most: int) -> Filterable:
    values: tuple[Term, ...] = attribute.values
    return Filterable(
        name=visible(attribute.name, LONGEST),
        count=attribute.count,
        kind=attribute.kind,
        values=tuple(_count(one.label, one.count) for one in values[:most]),
        more_values=max(0, len(values) - most),
    )


def _prices(found: Prices) -> PricesFound:
    at = dict(found.quantiles)
    return PricesFound(currency=found.currency, count=found.count, min=at[0.0], median=at[0.5], max=at[1.0])


def _count(name: str, count: int) -> Count:
    return Count(name=visible(name, LONGEST), count=count)
