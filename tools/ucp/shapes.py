"""What the protocol's three functions answer, as records; prices and stars are those of the products.

Field by field the protocol's schemas; what is not known is left out of the JSON.
"""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from catalog.product import Money
from core.record import Record
from ranking.records import Check
from tools.messages import Message
from tools.ucp import EXTENSION


class Envelope(Record):
    """The protocol's own part of an answer."""

    version: str
    status: Literal["success", "error"]
    capabilities: Mapping[str, tuple[Mapping[str, str], ...]]


class PriceRange(Record):
    """The lowest and the highest price of a product's variants."""

    min: Money
    max: Money


class Text(Record):
    """A description."""

    plain: str


class CategoryValue(Record):
    """A path of the shop's own tree."""

    value: str
    taxonomy: Literal["merchant"] = "merchant"


class Image(Record):
    """A picture of the product."""

    type: Literal["image"] = "image"
    url: str
    alt_text: str


class Stars(Record):
    """The mean rating, and by how many if that is known."""

    value: float
    scale_max: Literal[5] = 5
    count: int | None = None


class Stock(Record):
    """Whether it can be ordered now."""

    available: bool
    status: str


class Choice(Record):
    """The value of an option that a variant has."""

    name: str
    label: str


class OptionValue(Record):
    """A value that variants have; whether one has it beside what is selected, and can be ordered."""

    label: str
    available: bool | None = None
    exists: bool | None = None


class Option(Record):
    """What the variants of a product differ in."""

    name: str
    values: tuple[OptionValue, ...]


class Input(Record):
    """The id of a request that led to a variant."""

    id: str
    match: Literal["exact", "featured"]


class Seller(Record):
    """Who sells it."""

    name: str


class Variant(Record):
    """What can be bought: one product of the catalogue."""

    id: str
    title: str
    description: Text
    url: str | None = None
    price: Money
    list_price: Money | None = None
    availability: Stock | None = None
    options: tuple[Choice, ...] = ()
    media: tuple[Image, ...] = ()
    rating: Stars | None = None
    seller: Seller | None = None
    inputs: tuple[Input, ...] | None = None  # of lookups


class Proof(Record):
    """The checks that prove what a product satisfies, each with the words of its record."""

    receipt: tuple[Check, ...]


class Listing(Record):
    """A product with its variants. Its id is that of the first one, and every function takes it."""

    id: str
    title: str
    description: Text
    url: str | None = None
    categories: tuple[CategoryValue, ...] = ()
    price_range: PriceRange
    list_price_range: PriceRange | None = None
    media: tuple[Image, ...] = ()
    options: tuple[Option, ...] = ()
    selected: tuple[Choice, ...] | None = None  # of one product
    variants: tuple[Variant, ...]
    rating: Stars | None = None
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any]  # brand, attributes
    proof: Proof | None = Field(default=None, serialization_alias=EXTENSION)


class Unpriced(Record):
    """A product whose price nobody knows: the protocol has no place for it, and it is not free."""

    id: str
    title: str
    url: str | None = None
    availability: Stock | None = None
    receipt: tuple[Check, ...] = ()


class Relaxed(Record):
    """What would be found with one requirement less: counted in this shop."""

    dropped: str
    count: int
    example_ids: tuple[str, ...]


class Repaired(Record):
    """The query as it was searched, and its words that were changed: as written, as searched."""

    query: str
    changes: tuple[tuple[str, str], ...]


class Explained(Record):
    """How a request was read, and what the protocol has no place for.

    By the `query_id` the shop can be told what shoppers did with the answer.
    """

    query_id: str | None = None
    query: str  # the words that were searched
    requirements: tuple[str, ...]  # what was required and excluded, of the words too
    fitting: int  # relevant products that are known to satisfy all of them
    nothing_fits: bool  # nothing found is of the kind: what is listed is merely nearest
    relaxations: tuple[Relaxed, ...] = ()
    repair: Repaired | None = None
    unpriced: tuple[Unpriced, ...] = ()


class Unsold(Record):
    """Products without a price, in an answer to ids."""

    unpriced: tuple[Unpriced, ...]


class Page(Record):
    """Whether there is more, and how to get it."""

    has_next_page: bool
    cursor: str | None = None
    total_count: int | None = None


class SearchAnswer(Record):
    """A page of products."""

    ucp: Envelope
    products: tuple[Listing, ...]
    pagination: Page
    messages: tuple[Message, ...] = ()
    explained: Explained = Field(serialization_alias=EXTENSION)


class LookupAnswer(Record):
    """Products by id, as far as they exist."""

    ucp: Envelope
    products: tuple[Listing, ...]
    messages: tuple[Message, ...] = ()
    unsold: Unsold | None = Field(default=None, serialization_alias=EXTENSION)


class ProductAnswer(Record):
    """One product."""

    ucp: Envelope
    product: Listing
    messages: tuple[Message, ...] = ()


class Refusal(Record):
    """Why there is no answer."""

    ucp: Envelope
    messages: tuple[Message, ...]
