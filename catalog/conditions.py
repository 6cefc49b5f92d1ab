"""Filters as plain data, so that Qdrant Edge and a Qdrant server are told the same thing.

The tree has seven leaves and branches; each engine translates it in a few lines. What a shopper
requires (`Where`) or excludes (`Without`) becomes a tree here and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from catalog.keys import attribute_key, key
from catalog.points import point_id
from catalog.product import Money
from catalog.where import OBTAINABLE, Where, Without


@dataclass(frozen=True)
class OneOf:
    """The field holds one of these values."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Within:
    """The field holds a number between the bounds, inclusive."""

    field: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Missing:
    """The product does not have the field: its value is unknown."""

    field: str


@dataclass(frozen=True)
class Ids:
    """The product is one of these."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class All:
    """Every part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Either:
    """At least one part holds."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: "Condition"


Condition = OneOf | Within | Missing | Ids | All | Either | Not

Unknown = Literal["fails", "passes"]


def condition(where: Where, unknown: Unknown = "fails") -> Condition | None:
    """The filter for `where`; None when nothing is required.

    A product that does not state a required fact `fails` the strict filter and `passes` the lenient
    one, which therefore drops only products that are known to violate.
    """
    parts: list[Condition] = []

    def require(test: Condition, *unknown_if: Condition) -> None:
        parts.append(Either((test, *unknown_if)) if unknown == "passes" else test)

    if where.brands:
        require(OneOf("brand", tuple(map(key, where.brands))), Missing("brand"))
    if where.categories:
        require(OneOf("category", tuple(map(key, where.categories))), Missing("category"))
    if limit := where.price_min or where.price_max:
        currency = OneOf("currency", (limit.currency,))
        price = Within("price", _amount(where.price_min), _amount(where.price_max))
        require(All((currency, price)), Not(currency))  # another currency cannot be compared
    if where.rating_min is not None or where.rating_max is not None:
        require(Within("rating", where.rating_min, where.rating_max), Missing("rating"))
    if where.reviews_min is not None or where.reviews_max is not None:
        require(Within("reviews", where.reviews_min, where.reviews_max), Missing("reviews"))
    for name, values in where.attributes.items():
        facts = tuple(attribute_key(name, value) for value in values)
        require(OneOf("facts", facts), Not(OneOf("attributes", (key(name),))))
    if where.available_only:
        require(OneOf("availability", tuple(OBTAINABLE)), Missing("availability"))
    return conjunction(parts)


def exclusion(without: Without) -> Condition | None:
    """The filter that drops what is known to be or have what `without` names; None when it names no fact.

    What is not stated passes. Terms are no filter: "belt with no buckle" contains "buckle".
    """
    facts = tuple(attribute_key(name, v) for name, values in without.attributes.items() for v in values)
    unwanted = {
        "brand": tuple(map(key, without.brands)),
        "category": tuple(map(key, without.categories)),
        "facts": facts,
    }
    parts: list[Condition] = [Not(OneOf(field, values)) for field, values in unwanted.items() if values]
    if without.products:
        parts.append(Not(Ids(tuple(map(point_id, without.products)))))
    return conjunction(parts)


def conjunction(parts: Sequence[Condition | None]) -> Condition | None:
    """All the given conditions together; None when there are none."""
    present = tuple(part for part in parts if part is not None)
    return present[0] if len(present) == 1 else All(present) if present else None


def _amount(money: Money | None) -> int | None:
    return None if money is None else money.amount
