"""Sizes, weights and counts of a statement held against a record: as much, and of the same thing.

Prices, ratings and discounts are `agent.llm.figures`, which says where the numbers are that are left.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.llm.hedged import agrees
from agent.llm.said import AMOUNT, Span, lists, overlaps
from catalog.product import Product
from ranking.words import words
from tools.claims import sentences, tables
from tools.comparison import Measure, measured

EXACTLY = 0.005  # what rounding to another unit may be off by
NEAR = 6  # words between a quantity and what it is said to be
SHORTEST_LABEL = 3  # characters; "w" and "db" are units

_SERIES = re.compile(rf"(?<![\w.])({AMOUNT}(?:\s*(?:x|\u00d7|-|\u2013|to|by)\s*{AMOUNT})*)", re.I)
_UNIT = re.compile(r"\s*-?\s*(fl oz|[^\W\d_]+|\"|\u00b0)(?:[\s-]+([^\W\d_]+))?(?:[\s-]+([^\W\d_]+))?", re.I)
_NUMBER = re.compile(AMOUNT)
_FLUFF = frozenset(["of", "in", "the", "a", "and", "with", "for", "is", "it"])
_KINDS = frozenset(["g", "mm", "ml", "s", "W", "B", "Hz"])


class Quantity(NamedTuple):
    """Numbers as they are written, with the words right after them and those of what they belong to."""

    numbers: tuple[float, ...]
    unit: str
    after: tuple[str, ...]
    label: frozenset[str]
    field: str = ""


def quantities(
    text: str, about: Sequence[Product], count: int, read: Sequence[Span]
) -> Iterator[tuple[Span, bool]]:
    """Where there are numbers not read yet, and whether every record has them."""
    patterns = lists()["figures"]
    spelled = patterns["numbers"]
    places = [(m.span(), m[1]) for m in _SERIES.finditer(text)]
    places += [
        (m.span(), str(spelled[m[0].lower()]))
        for m in re.finditer(rf"\b(?:{'|'.join(spelled)})\b", text, re.I)
        if not overlaps(m.span(), read)
    ]
    own = [tuple(_stated(product)) for product in about]
    labels = {name for product in about for name in product.attributes if _NUMBER.search(name)}
    read = [*read, *(m.span() for name in labels for m in re.finditer(re.escape(name), text, re.I))]
    for span, number in places:
        if overlaps(span, read):
            continue
        after = _after(text[span[1] :])
        noun = after[0] if after else ""
        if number == str(count) and _is_of_all(text[: span[0]], noun):
            yield span, True
            continue
        said = _quantity(number, text[span[1] :], frozenset(words(text)))
        known = [
            _binding(product, stated, text, span, said) for product, stated in zip(about, own, strict=True)
        ]
        hedge = text[: span[0]]
        yield span, bool(known) and all(any(_same(said, one, hedge) for one in of) for of in known)


def _is_of_all(before: str, noun: str) -> bool:
    """Whether a number counts the products: "all three", "the three options"."""
    if re.search(r"\b(?:all|of the|these|those|of these)\s*$", before, re.I):
        return True
    counted = {stem for word in lists()["figures"]["counted"] for stem in words(word)}
    return noun in counted and re.search(r"\bthe\s*$", before, re.I) is not None


def _binding(
    product: Product, stated: Sequence[Quantity], text: str, span: Span, said: Quantity
) -> Sequence[Quantity]:
    """The quantities that the number could be: those of the field that is named nearest to it, or all."""
    labels = _labels(product, text, span)
    for fields in labels:
        bound = [one for one in stated if one.field in fields]
        comparable = [one for one in bound if _kind(one) == _kind(said) or not said.unit]
        if comparable:
            return comparable
    return stated


def _labels(product: Product, text: str, span: Span) -> list[set[str]]:
    """Fields of the record that are named near the number, the nearest first."""
    found: list[tuple[int, int, set[str]]] = []
    by_words = [(name, {name}) for name in product.attributes]
    for topic in tables()["topic"]:
        own = {name for name in product.attributes if name in topic["names"]}
        if own:
            by_words += [(said, own) for said in topic["says"] if len(said) >= SHORTEST_LABEL]
    for label, fields in by_words:
        for match in re.finditer(rf"(?<!\w){re.escape(label)}(?!\w)", text, re.I):
            between = text[match.end() : span[0]] if match.end() <= span[0] else text[span[1] : match.start()]
            distance = len(between.split()) + (match.start() > span[0])
            if distance <= NEAR and not re.search(r"[,;]\s|\band\b", between):
                found.append((distance, -len(label), fields))
    return [fields for *_, fields in sorted(found, key=lambda one: one[:2])]


def _stated(product: Product) -> Iterator[Quantity]:
    """Every quantity of the record."""
    for name, values in product.attributes.items():
        for value in values:
            yield from _read(value, frozenset(words(name)), name)
    for text in (product.title, *product.tags, *sentences(product)):
        yield from _read(text, frozenset(words(text)), "")


def _read(text: str, label: frozenset[str], field: str) -> Iterator[Quantity]:
    for match in _SERIES.finditer(text):
        yield _quantity(match[1], text[match.end() :], label, field)
    spelled = lists()["figures"]["numbers"]
    for match in re.finditer(rf"\b(?:{'|'.join(spelled)})\b", text, re.I):
        yield _quantity(str(spelled[match[0].lower()]), text[match.end() :], label, field)


def _quantity(number: str, rest: str, label: frozenset[str], field: str = "") -> Quantity:
    numbers = tuple(float(found.replace(",", "")) for found in _NUMBER.findall(number))
    if inches := re.match(r"\s*-?\s*in\b(?!\s+(?:the|an?|stock|all|total|it|its)\b)", rest):
        return Quantity(numbers, "in", _after(rest[inches.end() :]), label, field)
    match = _UNIT.match(rest)
    unit = match[1].lower() if match and match[1] and match[1].lower() not in _FLUFF else ""
    return Quantity(numbers, unit, _after(rest), label, field)


def _after(rest: str) -> tuple[str, ...]:
    match = _UNIT.match(rest)
    parts = [part for part in match.groups() if part] if match else []
    return tuple(s for part in parts for s in words(part) if s not in _FLUFF)


def _same(said: Quantity, stated: Quantity, before: str) -> bool:
    """Whether the record's quantity is the one that is said: of the same thing, and as much."""
    if len(said.numbers) != len(stated.numbers):
        return False
    ours, theirs = _kind(said), _kind(stated)
    if ours and theirs:
        scaled = [_scale(said), _scale(stated)]
        return ours == theirs and all(
            agrees(a * scaled[0], b * scaled[1], before, exact=EXACTLY * b * scaled[1])
            for a, b in zip(said.numbers, stated.numbers, strict=True)
        )
    if any(not agrees(a, b, before) for a, b in zip(said.numbers, stated.numbers, strict=True)):
        return False
    if said.unit and {*said.after[:3]} & {*stated.after, *stated.label}:
        return True
    spoken = said.label & stated.label - _FLUFF
    return bool(spoken) if stated.field else bool({*said.after[:2]} & {*stated.after})


def _kind(quantity: Quantity) -> str | None:
    measure = _measure(quantity)
    return measure.unit if measure else None


def _scale(quantity: Quantity) -> float:
    measure = _measure(quantity)
    return measure.amount if measure else 1.0


def _measure(quantity: Quantity) -> Measure | None:
    """One of the unit as so many of the first of its kind; None for what is only counted."""
    found = measured([f"1 {quantity.unit}"]) if quantity.unit else None
    return found if found and found.unit in _KINDS else None
