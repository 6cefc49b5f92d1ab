"""What was understood, in the few words of a chip each. Draws nothing and changes nothing."""

from collections.abc import Mapping

from agent.dialogue.state import Wanted
from agent.editing import Kind, Part, parts, title
from catalog.keys import PATH
from catalog.product import Money, Product
from catalog.where import Where
from core.record import Record
from ui.page.prices import price
from ui.page.text import seen

CHANGEABLE = frozenset([Kind.PRICE, Kind.RATING, Kind.REVIEWS, Kind.BRAND, Kind.ATTRIBUTE, Kind.BUDGET])
UNWANTED = frozenset(kind for kind in Kind if kind.startswith("no_"))
LONGEST = 60
_SAID = {
    Kind.CATEGORY: "in {leaf}",
    Kind.AVAILABLE: "in stock",
    Kind.ALSO: "also {value}",
    Kind.WISH: "rather {value}",
    Kind.NO_PRODUCTS: "{value} hidden",
    Kind.NO_BRAND: "no {value}",
    Kind.NO_TERM: "no {value}",
    Kind.NO_CATEGORY: "not in {leaf}",
    Kind.NO_ATTRIBUTE: "{name}: not {value}",
    Kind.ATTRIBUTE: "{name}: {value}",
}
_YES_OR_NO = {"yes": "{name}", "no": "not {name}"}


class Chip(Record):
    """One understood thing as it stands above the shelf."""

    part: Part
    label: str
    unwanted: bool = False
    changeable: bool = False


def chips(wanted: Wanted, liked: Mapping[str, Product]) -> tuple[Chip, ...]:
    """The chips of all that is wanted; `liked` are the products that others are to be like."""
    return tuple(_chip(part, wanted, liked) for part in parts(wanted))


def _chip(part: Part, wanted: Wanted, liked: Mapping[str, Product]) -> Chip:
    if part.kind is Kind.BUDGET:
        label = f"{price(wanted.budget)} for all" if wanted.budget else ""
    else:
        need = wanted.needs[part.need]
        label = _limit(part.kind, need.where) or _thing(part, liked)
        if len(wanted.needs) > 1:
            label = f"{seen(title(need), 30)}: {label}"
    unwanted, changeable = part.kind in UNWANTED, part.kind in CHANGEABLE
    return Chip(part=part, label=label, unwanted=unwanted, changeable=changeable)


def _limit(kind: Kind, where: Where) -> str:
    if kind is Kind.PRICE:
        return _priced(where.price_min, where.price_max)
    if kind is Kind.RATING:
        return _counted(where.rating_min, where.rating_max, "stars")
    if kind is Kind.REVIEWS:
        return _counted(where.reviews_min, where.reviews_max, "reviews")
    return ""


def _priced(low: Money | None, high: Money | None) -> str:
    if low and high:
        return f"{price(low)}\u2013{price(high)}"
    return f"from {price(low)}" if low else f"under {price(high)}" if high else ""


def _counted(low: float | None, high: float | None, unit: str) -> str:
    if low is not None and high is not None:
        return f"{low:g}\u2013{high:g} {unit}"
    return f"at most {high:g} {unit}" if low is None else f"{low:g}+ {unit}"


def _thing(part: Part, liked: Mapping[str, Product]) -> str:
    if part.kind is Kind.LIKE:
        return f"like {seen(liked[part.value].title, 40)}" if part.value in liked else "like another"
    template = _SAID.get(part.kind, "{value}")
    if part.kind is Kind.ATTRIBUTE:
        template = _YES_OR_NO.get(part.value, template)
    value = part.value.replace("_", " ") if part.kind is Kind.WISH else part.value
    leaf = value.split(PATH)[-1]
    return template.format(value=seen(value, LONGEST), leaf=seen(leaf, LONGEST), name=seen(part.name, 40))
