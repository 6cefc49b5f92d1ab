"""What a product must be, and must not be, to be shown. Says nothing about ordering."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field, model_validator

from catalog.product import Availability, Money
from core.record import Record

Stars = Annotated[float, Field(ge=0, le=5)]
Count = Annotated[int, Field(ge=0)]

OBTAINABLE = (Availability.IN_STOCK, Availability.PREORDER, Availability.BACKORDER)


class Where(Record):
    """Requirements, all of which must hold; within one list, any of its members will do."""

    brands: tuple[str, ...] = ()
    # A level of the tree by name, or a path from its root: "Kitchen > Kettles".
    categories: tuple[str, ...] = ()
    price_min: Money | None = None
    price_max: Money | None = None
    rating_min: Stars | None = None
    rating_max: Stars | None = None
    reviews_min: Count | None = None
    reviews_max: Count | None = None
    attributes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    available_only: bool = False

    @model_validator(mode="after")
    def _possible(self) -> Self:
        bounds: dict[str, tuple[float | None, float | None]] = {
            "price": (_amount(self.price_min), _amount(self.price_max)),
            "rating": (self.rating_min, self.rating_max),
            "reviews": (self.reviews_min, self.reviews_max),
        }
        for name, (low, high) in bounds.items():
            if low is not None and high is not None and low > high:
                raise ValueError(f"{name}_min is above {name}_max; swap them")
        return self

    @model_validator(mode="after")
    def _one_currency(self) -> Self:
        if self.price_min and self.price_max and self.price_min.currency != self.price_max.currency:
            raise ValueError(
                f"price_min is in {self.price_min.currency} and price_max in {self.price_max.currency}; "
                "give both in one currency"
            )
        return self

    @property
    def is_empty(self) -> bool:
        """Whether anything at all is required."""
        return self == Where()


class Without(Record):
    """What a product must not be or have. `terms` are things in the shopper's own words: "buckle"."""

    brands: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    attributes: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    terms: tuple[str, ...] = ()
    products: tuple[str, ...] = ()  # ids: "not this one"

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is excluded."""
        return self == Without()


def _amount(money: Money | None) -> int | None:
    return None if money is None else money.amount
