"""What is wanted, changed by hand: a part taken away, a limit moved, an order chosen. Reads no words.

Pure functions on `Wanted`; `Assistant.rerun` answers what they return.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum
from typing import Any

from agent.dialogue.needs import AUDIENCE, BRAND, WORDS, bounded, is_empty, query_of, without_products
from agent.dialogue.proposals import RECALLED
from agent.dialogue.state import Need, Phrase, Wanted
from catalog.keys import PATH, key
from catalog.product import Money, Product
from catalog.where import Where, Without
from core.errors import InvalidQuery
from core.record import Record
from ranking.records import Repair, Sort, Wish
from ranking.values import summed_up


class Kind(StrEnum):
    """What a part of a want is about."""

    WORDS = "words"
    ALSO = "also"  # words that nobody said: what others meant by such
    AUDIENCE = "audience"
    LIKE = "like"
    PRICE = "price"
    RATING = "rating"
    REVIEWS = "reviews"
    BRAND = "brand"
    CATEGORY = "category"
    ATTRIBUTE = "attribute"
    AVAILABLE = "available"
    NO_BRAND = "no_brand"
    NO_CATEGORY = "no_category"
    NO_ATTRIBUTE = "no_attribute"
    NO_TERM = "no_term"
    NO_PRODUCTS = "no_products"
    WISH = "wish"
    BUDGET = "budget"  # of all needs together
    NEED = "need"  # one of several, as a whole


class Part(Record):
    """One thing that is asked for or ruled out. `value` is as it is written where one thing is meant, and in
    short where several are: "blue" of navy, sky and blue.
    """

    kind: Kind
    need: int = 0
    name: str = ""  # of an attribute
    value: str = ""


def parts(wanted: Wanted) -> tuple[Part, ...]:
    """All that can be taken away of what is wanted, but for its first words: those it is about."""
    found: list[Part] = []
    for place, need in enumerate(wanted.needs):
        found += (part.model_copy(update={"need": place}) for part in _parts(need))
    if wanted.budget:
        found.append(Part(kind=Kind.BUDGET))
    return tuple(found)


def taken_away(wanted: Wanted, part: Part) -> Wanted:
    """What is wanted, without the part; a need of which nothing is left goes with it."""
    if part.kind is Kind.BUDGET:
        return wanted.model_copy(update={"budget": None})
    if part.kind is Kind.NEED:
        _at(wanted, part.need)
        needs = tuple(need for place, need in enumerate(wanted.needs) if place != part.need)
        return wanted.model_copy(update={"needs": needs})
    changed = _changed(wanted, part.need, lambda need: _freed(need, part))
    if changed == wanted:
        raise InvalidQuery(f"nothing of the kind is asked for any more: {part.kind} {part.value}".rstrip())
    left = tuple(need for need in changed.needs if not is_empty(need))
    return changed.model_copy(update={"needs": left})


def priced(wanted: Wanted, place: int, low: Money | None, high: Money | None) -> Wanted:
    """With these limits of the price; none is no limit."""
    if low and high and low.amount > high.amount:
        low, high = high, low
    return _where(wanted, place, price_min=low, price_max=high)


def budgeted(wanted: Wanted, budget: Money | None) -> Wanted:
    """With this budget for all needs together."""
    return wanted.model_copy(update={"budget": budget})


def rated(wanted: Wanted, place: int, least: float | None) -> Wanted:
    """With at least so many stars."""
    return _changed(wanted, place, lambda need: bounded(need, rating_min=least))


def reviewed(wanted: Wanted, place: int, least: int | None) -> Wanted:
    """With at least so many reviews."""
    return _changed(wanted, place, lambda need: bounded(need, reviews_min=least))


def stocked(wanted: Wanted, place: int) -> Wanted:
    """Only what can be bought now."""
    return _where(wanted, place, available_only=True)


def branded(wanted: Wanted, place: int, brands: Sequence[str]) -> Wanted:
    """From any of these brands; from all where there are none."""
    return _changed(wanted, place, lambda need: _valued(need, BRAND, {"brands": tuple(brands)}))


def shelved(wanted: Wanted, place: int, categories: Sequence[str]) -> Wanted:
    """In any of these departments; in all where there are none."""
    return _where(wanted, place, categories=tuple(categories))


def valued(wanted: Wanted, place: int, name: str, values: Sequence[str]) -> Wanted:
    """With any of these values of an attribute; with whatever value where there are none."""

    def changed(need: Need) -> Need:
        others = {other: given for other, given in need.where.attributes.items() if other != name}
        attributes = {**others, name: tuple(values)} if values else others
        return _valued(need, name, {"attributes": attributes})

    return _changed(wanted, place, changed)


def ordered(wanted: Wanted, sort: Sort) -> Wanted:
    """In this order."""
    needs = tuple(need.model_copy(update={"sort": sort}) for need in wanted.needs)
    return wanted.model_copy(update={"needs": needs})


def refused(wanted: Wanted, ids: Sequence[str]) -> Wanted:
    """Without these products."""
    return wanted.model_copy(update={"needs": tuple(without_products(need, ids) for need in wanted.needs)})


def alike(wanted: Wanted, product: Product) -> Wanted:
    """Products of the same kind as this one: of what was wanted, limits and exclusions still hold."""
    before = wanted.needs[0] if len(wanted.needs) == 1 else Need()
    shelf = product.categories[-1].lower() if product.categories else product.title
    paths = (PATH.join(product.categories),) if product.categories else ()
    need = Need(
        phrases=(Phrase(text=shelf),),
        where=before.where.model_copy(update={"brands": (), "attributes": {}, "categories": paths}),
        without=before.without,
        like=(product.id,),
        label=shelf,
    )
    return Wanted(needs=(without_products(need, (product.id,)),))


def browsed(path: Sequence[str]) -> Wanted:
    """Whatever a department has."""
    return Wanted(needs=(Need(where=Where(categories=(PATH.join(path),)), label=path[-1]),))


def relaxed(wanted: Wanted, where: Where, without: Without) -> Wanted:
    """With these requirements instead, as a relaxation offers them; it is offered where there is one need."""
    update = {"where": where, "without": without}
    return _changed(wanted, 0, lambda need: need.model_copy(update=update))


def as_written(wanted: Wanted, repair: Repair) -> Wanted:
    """With the words as they were written, before they were put right."""
    for written, searched in repair.changes:
        needs = tuple(_unrepaired(need, written, searched) for need in wanted.needs)
        wanted = wanted.model_copy(update={"needs": needs})
    return wanted


def _parts(need: Need) -> Iterator[Part]:
    where, without = need.where, need.without
    told = {BRAND, *where.attributes} if where.brands else set(where.attributes)
    first = next((phrase for phrase in need.phrases if phrase.slot == WORDS), None)
    for phrase in need.phrases:
        if phrase is not first and phrase.slot not in told:
            yield Part(kind=_SPOKEN.get(phrase.slot, Kind.WORDS), value=phrase.text)
    for kind, bounds in _BOUNDS.items():
        if any(getattr(where, bound) is not None for bound in bounds):
            yield Part(kind=kind)
    if where.available_only:
        yield Part(kind=Kind.AVAILABLE)
    yield from (Part(kind=Kind.ATTRIBUTE, name=n, value=_short(n, v)) for n, v in where.attributes.items())
    yield from (Part(kind=Kind.BRAND, value=brand) for brand in where.brands)
    yield from (Part(kind=Kind.CATEGORY, value=category) for category in where.categories)
    yield from (Part(kind=Kind.NO_TERM, value=term) for term in without.terms)
    yield from (Part(kind=Kind.NO_BRAND, value=brand) for brand in without.brands)
    yield from (Part(kind=Kind.NO_CATEGORY, value=category) for category in without.categories)
    for name, values in without.attributes.items():
        yield Part(kind=Kind.NO_ATTRIBUTE, name=name, value=_short(name, values))
    yield from (Part(kind=Kind.WISH, value=wish) for wish in need.wishes)
    yield from (Part(kind=Kind.LIKE, value=one) for one in need.like)
    if hidden := [one for one in without.products if one not in need.like]:
        yield Part(kind=Kind.NO_PRODUCTS, value=str(len(hidden)))


_SPOKEN = {AUDIENCE: Kind.AUDIENCE, RECALLED: Kind.ALSO}
_BOUNDS = {
    Kind.PRICE: ("price_min", "price_max"),
    Kind.RATING: ("rating_min", "rating_max"),
    Kind.REVIEWS: ("reviews_min", "reviews_max"),
}


def _freed(need: Need, part: Part) -> Need:
    """The need without the part."""
    where, without = need.where, need.without
    match part.kind:
        case Kind.WORDS | Kind.AUDIENCE | Kind.ALSO:
            phrases = tuple(phrase for phrase in need.phrases if phrase.text != part.value)
            return need.model_copy(update={"phrases": phrases})
        case Kind.LIKE:
            return need.model_copy(update={"like": _less(need.like, part.value)})
        case Kind.PRICE | Kind.RATING | Kind.REVIEWS:
            return bounded(need, **dict.fromkeys(_BOUNDS[part.kind]))
        case Kind.AVAILABLE:
            return bounded(need, available_only=False)
        case Kind.BRAND:
            return _valued(need, BRAND, {"brands": _less(where.brands, part.value)})
        case Kind.CATEGORY:
            return bounded(need, categories=_less(where.categories, part.value))
        case Kind.ATTRIBUTE:
            left = {name: values for name, values in where.attributes.items() if name != part.name}
            return _valued(need, part.name, {"attributes": left})
        case Kind.WISH:
            wishes = tuple(wish for wish in need.wishes if wish != Wish(part.value))
            return need.model_copy(update={"wishes": wishes})
        case _:
            return need.model_copy(update={"without": _allowed(without, need.like, part)})


def _allowed(without: Without, like: Sequence[str], part: Part) -> Without:
    """The exclusions without the part; what others are to be like stays out of its own list."""
    match part.kind:
        case Kind.NO_TERM:
            update: dict[str, Any] = {"terms": _less(without.terms, part.value)}
        case Kind.NO_BRAND:
            update = {"brands": _less(without.brands, part.value)}
        case Kind.NO_CATEGORY:
            update = {"categories": _less(without.categories, part.value)}
        case Kind.NO_ATTRIBUTE:
            update = {"attributes": {n: v for n, v in without.attributes.items() if n != part.name}}
        case _:
            update = {"products": tuple(one for one in without.products if one in like)}
    return without.model_copy(update=update)


def _valued(need: Need, slot: str, where: dict[str, Any]) -> Need:
    """With another value of what these words were about, and so without the words."""
    freed = bounded(need, **where)
    return freed.model_copy(update={"phrases": tuple(p for p in need.phrases if p.slot != slot)})


def _unrepaired(need: Need, written: str, searched: str) -> Need:
    pattern = re.compile(rf"(?<!\w){re.escape(searched)}(?!\w)", re.IGNORECASE)
    phrases = tuple(
        phrase.model_copy(update={"text": pattern.sub(lambda _: written, phrase.text)})
        for phrase in need.phrases
    )
    if phrases != need.phrases:
        label = pattern.sub(lambda _: written, need.label)
        return need.model_copy(update={"phrases": phrases, "label": label})
    where, meant = need.where, key(searched)
    brands = tuple(brand for brand in where.brands if key(brand) != meant)
    attributes = {
        name: left
        for name, values in where.attributes.items()
        if (left := tuple(value for value in values if key(value) != meant))
    }
    if brands == where.brands and attributes == where.attributes:
        return need
    freed = bounded(need, brands=brands, attributes=attributes)
    return freed.model_copy(update={"phrases": (*need.phrases, Phrase(text=written))})


def _where(wanted: Wanted, place: int, **fields: Any) -> Wanted:
    def changed(need: Need) -> Need:
        return need.model_copy(update={"where": need.where.model_copy(update=fields)})

    return _changed(wanted, place, changed)


def _changed(wanted: Wanted, place: int, change: Callable[[Need], Need]) -> Wanted:
    _at(wanted, place)
    needs = tuple(change(need) if at == place else need for at, need in enumerate(wanted.needs))
    return wanted.model_copy(update={"needs": needs})


def _at(wanted: Wanted, place: int) -> Need:
    if not 0 <= place < len(wanted.needs):
        raise InvalidQuery("that is no longer looked for; say what you want")
    return wanted.needs[place]


def _short(name: str, values: Sequence[str]) -> str:
    return ", ".join(summed_up(name, tuple(values)))


def _less(values: tuple[str, ...], gone: str) -> tuple[str, ...]:
    return tuple(value for value in values if value != gone)


def title(need: Need) -> str:
    """What a need is called: its words, or else where it looks."""
    leaf = [category.split(PATH)[-1] for category in need.where.categories]
    return query_of(need) or need.label or ", ".join(leaf)
