"""What a product is. Unknown is `None` or empty, never 0 or "": nothing here invents a fact."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from core.record import Record

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Money(Record):
    """An amount in the currency's minor unit: $12.99 is `Money(amount=1299, currency="USD")`."""

    amount: int = Field(ge=0)
    currency: Currency


class Rating(Record):
    """A mean rating out of five stars, and how many shoppers gave it if that is known."""

    value: float = Field(ge=0, le=5)
    count: int | None = Field(default=None, ge=0)


class Availability(StrEnum):
    """Whether it can be bought now."""

    IN_STOCK = "in_stock"
    OUT_OF_STOCK = "out_of_stock"
    PREORDER = "preorder"
    BACKORDER = "backorder"
    DISCONTINUED = "discontinued"
    UNKNOWN = "unknown"


class Product(Record):
    """One sellable item. Variants of one product are products that share a `group_id`."""

    id: Text
    title: Text
    description: Text | None = None
    brand: Text | None = None
    categories: tuple[Text, ...] = ()  # root to leaf
    price: Money | None = None
    list_price: Money | None = None
    availability: Availability = Availability.UNKNOWN
    rating: Rating | None = None
    attributes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)  # lower-case names, "yes"/"no"
    images: tuple[str, ...] = ()
    url: str | None = None
    seller: Text | None = None
    group_id: Text | None = None
    tags: tuple[Text, ...] = ()
    updated_at: datetime | None = None
