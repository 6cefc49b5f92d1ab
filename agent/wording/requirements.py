"""What a search requires, one by one and in words, and what another search gives up of it.

The words come from the phrases of a language. It judges no product: receipts do.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from agent.wording.phrases import Phrases
from catalog.keys import key
from catalog.product import Money, Product
from catalog.where import Where, Without
from core.record import Record
from ranking.exclusions import classifier
from ranking.receipts import receipt
from ranking.records import Relaxation, Search
from ranking.values import summed_up

TERM = "without_term"

_ROUND = re.compile(r"[.,]00(?!\d)")
_ANY = Product(id="any", title="any")
_SAME_AS = {  # kinds that are spoken of alike, once a listing is silent or the requirement is given up
    "price_min": "price",
    "price_max": "price",
    "rating_min": "rating",
    "rating_max": "rating",
    "reviews_min": "reviews",
    "reviews_max": "reviews",
    "no": "yes",
    "without_brands": "brands",
    "without_categories": "categories",
    "without_attribute": "attribute",
}


class Requirement(Record):
    """One requirement: its kind, the attribute it is about, what is asked for, and its name in receipts."""

    kind: str
    name: str = ""
    what: str = ""
    check: str


class Loosened(Record):
    """What a relaxation gives up: as it follows a count, "under $25", and as a shopper would say it."""

    label: str
    say: str


def requirements(search: Search, phrases: Phrases) -> tuple[Requirement, ...]:
    """Every requirement of a search, in the order of receipts."""
    return (*_wanted(search.where, phrases), *_unwanted(search.without, phrases))


def worded(required: Sequence[Requirement], phrases: Phrases) -> str:
    """Requirements in words: "under $50, waterproof, and without gluten or nuts"."""
    terms = [r.what for r in required if r.kind == TERM]
    told = [_said(r.kind, r.name, r.what, phrases) for r in required if r.kind != TERM]
    if terms:
        told.append(_said(TERM, "", phrases.listed(terms, either=True), phrases))
    return phrases.listed(told)


def unsaid(requirement: Requirement, silent: Sequence[Product], phrases: Phrases) -> str:
    """What these listings leave open: "leave open whether they have any batteries"."""
    kind = _SAME_AS.get(requirement.kind, requirement.kind)
    if kind == "price" and all(product.price for product in silent):
        kind = "currency"
    return phrases.say(f"unsaid.{kind}", count=len(silent), name=requirement.name, what=requirement.what)


def changed(old: Iterable[Requirement], new: Iterable[Requirement], phrases: Phrases) -> tuple[str, ...]:
    """What is required that was not, then what no longer is; what was replaced needs no word."""
    before, after = _by_subject(old), _by_subject(new)
    added = [worded([one], phrases) for about, one in after.items() if before.get(about) != one]
    gone = [
        phrases.say("changed.allowed", what=one.what)
        if one.kind.startswith("without_")
        else phrases.say("changed.dropped", what=worded([one], phrases))
        for about, one in before.items()
        if about not in after
    ]
    return (*added, *gone)


def loosened(relaxation: Relaxation, search: Search, phrases: Phrases) -> Loosened:
    """What the relaxation gives up of a search."""
    before = _by_subject(requirements(search, phrases))
    after = _by_subject(requirements(relaxation.search, phrases))
    told = [
        _given_up(was, after.get(about), phrases) for about, was in before.items() if after.get(about) != was
    ]
    if relaxation.search.query != search.query and (query := relaxation.search.query):
        told.append(Loosened(label=phrases.say("dropped.words", query=query), say=query))
    if not told:
        return Loosened(label=relaxation.dropped, say=relaxation.dropped)
    labels, says = (dict.fromkeys(said) for said in zip(*((o.label, o.say) for o in told), strict=True))
    return Loosened(label=phrases.listed(labels), say=phrases.listed(says))


def _by_subject(required: Iterable[Requirement]) -> dict[tuple[str, str], Requirement]:
    """Requirements by what they are about; of those with one subject, one replaces the other."""
    return {(r.kind, r.what if r.kind == TERM else r.name): r for r in required}


def _given_up(was: Requirement, now: Requirement | None, phrases: Phrases) -> Loosened:
    if now:
        label = worded([now], phrases)
        return Loosened(label=label, say=label)
    kind = "excluded" if was.kind.startswith("without_") else _SAME_AS.get(was.kind, was.kind)
    label = phrases.say(f"dropped.{kind}", name=was.name, what=was.what)
    return Loosened(label=label, say=phrases.say(f"say.{kind}", name=was.name, what=was.what))


def _said(kind: str, name: str, what: str, phrases: Phrases) -> str:
    return phrases.say(f"require.{kind}", name=name, what=what)


def _wanted(where: Where, phrases: Phrases) -> Iterator[Requirement]:
    def required(kind: str, piece: Where, what: str = "", name: str = "") -> Requirement:
        return Requirement(kind=kind, name=name, what=what, check=receipt(_ANY, piece)[0].requirement)

    if where.brands:
        yield required("brands", Where(brands=where.brands), phrases.listed(where.brands, either=True))
    if where.categories:
        piece = Where(categories=where.categories)
        yield required("categories", piece, phrases.listed(where.categories, either=True))
    for field in ("price_min", "price_max", "rating_min", "rating_max", "reviews_min", "reviews_max"):
        limit: Money | float | None = getattr(where, field)
        if limit is not None:
            piece = Where.model_validate({field: limit})
            yield required(field, piece, _ROUND.sub("", phrases.write(limit)))
    for name, values in where.attributes.items():
        piece = Where(attributes={name: values})
        asked = {key(value) for value in values}
        kind = "yes" if asked == {"yes"} else "no" if asked == {"no"} else "attribute"
        yield required(kind, piece, phrases.listed(summed_up(name, tuple(values)), either=True), name)
    if where.available_only:
        yield required("available", Where(available_only=True))


def _unwanted(without: Without, phrases: Phrases) -> Iterator[Requirement]:
    def refused(kind: str, piece: Without, what: str, name: str = "") -> Requirement:
        return Requirement(kind=kind, name=name, what=what, check=classifier(piece)(_ANY)[0].requirement)

    if without.brands:
        piece = Without(brands=without.brands)
        yield refused("without_brands", piece, phrases.listed(without.brands, either=True))
    if without.categories:
        piece = Without(categories=without.categories)
        yield refused("without_categories", piece, phrases.listed(without.categories, either=True))
    for name, values in without.attributes.items():
        piece = Without(attributes={name: values})
        yield refused("without_attribute", piece, phrases.listed(values, either=True), name)
    for term in dict.fromkeys(without.terms):
        yield refused(TERM, Without(terms=(term,)), term)
