"""What was understood: the plan of a turn, and the flat constraints that scripts read. Decides nothing."""

from enum import StrEnum
from typing import Any, Literal

from catalog.price import major_units
from catalog.product import Money
from core.record import Record
from ranking.records import Search
from ranking.values import summed_up


class Intent(StrEnum):
    """What the shopper wants done."""

    FIND = "find"
    REFINE = "refine"
    COMPARE = "compare"
    ASK = "ask"
    SIMILAR = "similar"
    BUNDLE = "bundle"
    CHAT = "chat"


class Plan(Record):
    """One turn, understood."""

    intent: Intent
    searches: tuple[Search, ...] = ()
    refers_to: tuple[str, ...] = ()  # ids of products that were shown
    budget: Money | None = None  # for all searches of a bundle together
    clarify: str | None = None
    source: Literal["rules", "llm", "merged"] = "rules"


def constraints(search: Search) -> dict[str, Any]:
    """A search's requirements by name; prices in major units, and nothing that was not asked for."""
    where, without = search.where, search.without
    exclude = [*without.brands, *without.categories, *without.terms]
    exclude += [v for name, values in without.attributes.items() for v in summed_up(name, tuple(values))]
    found = {
        "price_min": where.price_min and major_units(where.price_min),
        "price_max": where.price_max and major_units(where.price_max),
        "rating_min": where.rating_min,
        "rating_max": where.rating_max,
        "reviews_min": where.reviews_min,
        "reviews_max": where.reviews_max,
        "brands": list(where.brands),
        "categories": list(where.categories),
        "attributes": {
            name: list(summed_up(name, tuple(values))) for name, values in where.attributes.items()
        },
        "exclude": exclude,
    }
    return {name: value for name, value in found.items() if value not in (None, [], {})}
