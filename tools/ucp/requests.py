"""What the protocol's three functions are asked, as records. Further fields are kept apart, not refused."""

from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from core.record import Record
from ranking.records import Sort
from tools.arguments import Id, Listed, Names, Open, Pairs
from tools.ucp import EXTENSION

LARGEST = 2**53 - 1  # the protocol's largest amount
LONGEST_QUERY = 1_000
LONGEST_CURSOR = 100
LARGEST_PAGE = 50
MOST_IDS = 50

Amount = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
Stars = Annotated[float, Field(ge=0, le=5)]
Reviews = Annotated[int, Field(strict=True, ge=0, le=LARGEST)]
Signals = Annotated[dict[str, Any], Field(description="from the platform; not used")]


class PriceFilter(Open):
    """Bounds in minor units of the currency: 4999 is $49.99."""

    min: Amount | None = None
    max: Amount | None = None


class Filters(Open):
    """What every product must satisfy; the last five are this shop's own."""

    categories: Annotated[Names, Field(description="any of these: a level, or a path like 'A > B'")] = ()
    price: PriceFilter | None = None
    brands: Annotated[Names, Field(description="any of these")] = ()
    attributes: Annotated[Pairs, Field(description="values of one attribute: any of them")] = ()
    rating_min: Annotated[Stars | None, Field(description="stars out of 5")] = None
    reviews_min: Reviews | None = None
    available_only: Annotated[bool, Field(description="only what can be ordered now")] = False


class Context(Open):
    """Hints about the buyer. Only the currency of price filters is used."""

    currency: Annotated[str | None, Field(max_length=8, description="of price filters, like USD")] = None


class Extension(Record):
    """What the protocol has no field for."""

    exclude: Annotated[
        Names, Field(description="what it must not be or have, in words: brands, materials, parts")
    ] = ()
    sort: Sort = Sort.RELEVANCE


class PageRequest(Open):
    """Which page: the cursor of the answer before, with the same request."""

    cursor: Annotated[str | None, Field(max_length=LONGEST_CURSOR)] = None
    limit: Annotated[
        int, Field(strict=True, ge=1, description=f"products a page, {LARGEST_PAGE} at most")
    ] = 10


class SearchRequest(Open):
    """A search: words, filters, or both."""

    query: Annotated[
        str | None,
        Field(
            max_length=LONGEST_QUERY,
            description="what is wanted, as a shopper says it; limits may be in the words",
        ),
    ] = None
    filters: Filters = Filters()
    extension: Annotated[Extension, Field(alias=EXTENSION)] = Extension()
    pagination: PageRequest = PageRequest()
    context: Context = Context()
    signals: Signals = Field(default_factory=dict)
    attribution: Signals = Field(default_factory=dict)

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        filters = self.filters.model_dump(exclude_defaults=True, include=set(Filters.model_fields))
        filtered = any(value != {} for value in filters.values())
        if (self.query and self.query.strip()) or filtered or self.extension != Extension():
            return self
        raise ValueError("nothing is asked for; give a query, filters, or both")


class LookupRequest(Open):
    """Products by id."""

    ids: Annotated[tuple[Id, ...], Listed, Field(min_length=1, max_length=MOST_IDS)]
    filters: Filters = Filters()
    context: Context = Context()
    signals: Signals = Field(default_factory=dict)
    attribution: Signals = Field(default_factory=dict)


class SelectedOption(Open):
    """A choice among the versions of a product."""

    name: Annotated[str, Field(max_length=200)]
    label: Annotated[str, Field(max_length=200)]


class ProductRequest(Open):
    """One product, and which of its versions."""

    id: Id
    selected: Annotated[
        tuple[SelectedOption, ...], Field(max_length=20, description="choices, like color: red")
    ] = ()
    preferences: Annotated[
        tuple[Annotated[str, Field(max_length=200)], ...],
        Listed,
        Field(max_length=20, description="names of options, the one to keep longest first"),
    ] = ()
    filters: Filters = Filters()
    context: Context = Context()
    signals: Signals = Field(default_factory=dict)
    attribution: Signals = Field(default_factory=dict)
