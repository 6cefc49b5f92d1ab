"""One utterance read by rules: the words to search for, what must hold, what must not, what is wished.

Brands, numbers and exclusions said outright become requirements; what could as well describe the product
stays query text. Knows nothing of earlier turns, and searches nothing.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

from agent.reading.brands import Maker, makers
from agent.reading.descriptions import Description, described
from agent.reading.lexis import Lexis, words
from agent.reading.numbers import Figure, Value, figures
from agent.reading.story import told_beside
from agent.reading.unwanted import CUT, EDGES, masked, refused
from agent.reading.wishes import any_of, wishes, wordings
from catalog.feeds.text import UNDECODABLE, one_line
from catalog.price import format_money
from catalog.product import Money
from catalog.where import Where, Without
from core.record import Record
from ranking.records import LONGEST_QUERY, Sort, Wish
from ranking.values import summed_up

LONGEST_READ = 1_000  # characters; what follows is pasted text, and only searched
LONGEST_BRAND = 60  # characters

_DANGLING = (
    "(?:and|with|but|that|which|is|are|for|in|at|from|or|of|between|has|have|having|be|should|must|the|a|an"
    "|preferably|ideally|also|rated|priced)"
)
_TRAILING = re.compile(rf"(?:[\s,.;:&-]|(?<![\w'-]){_DANGLING}(?![\w'-]))++$", re.IGNORECASE)
_LEADING = re.compile(r"^(?:[\s,.;:!?&)-]|(?:and|or|but|that|which|also|so)(?![\w'-]))++", re.IGNORECASE)


class Span(Record):
    """Words of the utterance and what they were read as."""

    text: str
    start: int
    end: int
    kind: str
    value: str | None = None


class Conflict(Record):
    """A requirement that cannot hold, with the reason in words."""

    field: str
    problem: str


class Reading(Record):
    """What one utterance says. `query` is what is left to search for; positions are those of `text`."""

    text: str
    query: str = ""
    where: Where = Where()
    without: Without = Without()
    sort: Sort = Sort.RELEVANCE
    wishes: tuple[Wish, ...] = ()
    spans: tuple[Span, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


def parse(utterance: str, lexis: Lexis, *, currency: str = "USD") -> Reading:
    """Read an utterance; whatever is typed or pasted has a reading, an empty one at worst."""
    text = (one_line(utterance.replace(UNDECODABLE, " ")) or "").replace(CUT, " ")[:LONGEST_QUERY]
    said, rest = text[:LONGEST_READ], text[LONGEST_READ:]
    spans: list[Span] = []

    def note(kind: str, start: int, end: int, value: str | None = None) -> None:
        spans.append(Span(text=text[start:end], start=start, end=end, kind=kind, value=value))

    bounds = figures(said, currency)
    page = said
    for figure in bounds:
        note(figure.field, figure.start, figure.end, figure.problem or _shown(figure))
        page = masked(page, figure.start, figure.end)
    wished = [wish for wish in wishes(said) if not any(b.start <= wish.start < b.end for b in bounds)]
    for wish in wished:
        note("sort" if wish.sort else "wish", wish.start, wish.end, wish.sort or wish.wish)
        if not wish.kept:
            page = masked(page, wish.start, wish.end)
    page = _without_fluff(page, lexis)
    denied = refused(page, lexis)
    for span in denied.spans:
        note("exclusion", *span)
    page = denied.page
    for start, end in list(told_beside(page, lexis)):
        page = masked(page, start, end) if end > start else page
    page = _without_fluff(page, lexis)
    found = words(page)
    brands = makers(page, found, lexis)
    taken = frozenset(
        place
        for place, word in enumerate(found)
        if word.text in denied.kept or any(brand.start <= word.start < brand.end for brand in brands)
    )
    facts = list(described(page, found, taken, lexis))
    for brand in brands:
        note("brand" if brand.required else "mention", brand.start, brand.end, brand.label)
    for fact in facts:
        note(
            fact.kind, fact.start, fact.end, f"{fact.name}: {' or '.join(summed_up(fact.name, fact.values))}"
        )
        if fact.kind == "department":  # who says no more wants to see what there is in it
            page = masked(page, fact.start, fact.end)
    where, conflicts = _where(bounds, brands, facts)
    products = [thing.product for thing in denied.things if thing.product]
    query = " ".join((" ".join([_query(page, brands), *products]) + rest).split())
    return Reading(
        text=text,
        query=query,
        where=where,
        without=denied.without,
        sort=next((wish.sort for wish in reversed(wished) if wish.sort), Sort.RELEVANCE),
        wishes=tuple(dict.fromkeys(wish.wish for wish in wished if wish.wish)),
        spans=tuple(sorted(spans, key=lambda span: (span.start, span.end))),
        conflicts=conflicts,
    )


def _blank(page: str, start: int, end: int) -> str:
    return page[:start] + re.sub(rf"[^{CUT}]", " ", page[start:end]) + page[end:]


def _without_fluff(page: str, lexis: Lexis) -> str:
    """Without "show me" and "please", except where they begin a known name."""
    for sentence in [0, *(match.end() for match in re.finditer(r"[.!?]\s+", page))]:
        at = sentence
        while match := _openings().match(page, at):
            found = words(page[match.start("said") :][:LONGEST_BRAND])
            named = lexis.brand_at(found, 0) if found else None
            if named and named.certain and not named.corrected and named.size > 1:
                break
            at = match.end()
        page = _blank(page, sentence, at)
    while match := _closings().search(page):
        page = _blank(page, match.start(), match.end())
    return page


def _query(page: str, brands: Iterable[Maker]) -> str:
    """What is left of the page, with misspelt brands put right and without loose ends."""
    for brand in sorted(brands, key=lambda brand: -brand.start):
        if brand.corrected and brand.required:
            page = page[: brand.start] + brand.label + page[brand.end :]
    pieces = [" ".join(piece.split()) for piece in page.split(CUT)]
    last = len(pieces) - 1
    tidy = []
    for place, piece in enumerate(pieces):
        whole = _TRAILING.sub("", piece) if place < last else piece
        whole = _LEADING.sub("", whole) if place > 0 else whole
        tidy.append(whole.strip(EDGES).removesuffix("."))
    return re.sub(r"\(\s*\)|\s+(?=,)", "", " ".join(piece for piece in tidy if piece)).strip(EDGES)


def _where(
    bounds: Iterable[Figure], brands: Iterable[Maker], facts: Iterable[Description]
) -> tuple[Where, tuple[Conflict, ...]]:
    """The requirements together; of two bounds the later holds, and what contradicts itself is only said."""
    limits: dict[str, Value] = {}
    conflicts: list[Conflict] = []
    for figure in bounds:
        if figure.problem:
            conflicts.append(Conflict(field=figure.field, problem=figure.problem))
        for side, value in (("min", figure.low), ("max", figure.high)):
            if value is not None:
                limits[f"{figure.field}_{side}"] = value
    for field in ("price", "rating", "reviews"):
        low, high = limits.get(f"{field}_min"), limits.get(f"{field}_max")
        if low is not None and high is not None and (problem := _contradiction(low, high)):
            conflicts.append(Conflict(field=field, problem=f"{field} {problem}"))
            del limits[f"{field}_min"], limits[f"{field}_max"]
    attributes: dict[str, tuple[str, ...]] = {}
    categories: list[str] = []
    for fact in facts:
        if fact.kind in ("category", "department"):
            categories += fact.values
        else:
            attributes[fact.name] = tuple(dict.fromkeys((*attributes.get(fact.name, ()), *fact.values)))
    given: dict[str, Any] = {
        "brands": tuple(dict.fromkeys(brand.label for brand in brands if brand.required)),
        "categories": tuple(dict.fromkeys(categories)),
        "attributes": attributes,
    }
    return Where(**given, **limits), tuple(conflicts)


def _contradiction(low: Value, high: Value) -> str | None:
    if isinstance(low, Money) and isinstance(high, Money):
        if low.currency != high.currency:
            return f"is asked for in {low.currency} and in {high.currency}"
        if low.amount > high.amount:
            return f"cannot be at least {format_money(low)} and at most {format_money(high)}"
        return None
    if not isinstance(low, Money) and not isinstance(high, Money) and low > high:
        return f"cannot be at least {low:g} and at most {high:g}"
    return None


def _shown(figure: Figure) -> str:
    def show(value: Value) -> str:
        return format_money(value) if isinstance(value, Money) else f"{value:g}"

    ends = [f"at least {show(figure.low)}"] if figure.low is not None else []
    ends += [f"at most {show(figure.high)}"] if figure.high is not None else []
    return ", ".join(ends)


@cache
def _openings() -> re.Pattern[str]:
    fluff = wordings()["fluff"]
    greeting = (
        rf"(?:{any_of(fluff['greetings'])})(?=\s*(?:[,.!]|$)|\s+(?:{any_of(fluff['after_greeting'])})\b)"
    )
    opening = rf"(?:{any_of(fluff['openings'])})(?!\s+(?:{any_of(fluff['kept_before'])})\b)"
    return re.compile(
        rf"[\s,.!{CUT}]*(?P<said>{greeting}|{opening})(?![\w'\u2019-])[\s,:!.{CUT}]*", re.IGNORECASE
    )


@cache
def _closings() -> re.Pattern[str]:
    return re.compile(rf"(?:^|[\s,]+)(?:{any_of(wordings()['fluff']['closings'])})[\s.!?]*$", re.IGNORECASE)
