"""Roundabout ways of refusing, put as "without", so that `ranking.negation` reads them: "not full of X".

Everything keeps its place. What is no thing to be had is not refused: "money is no object".
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache

from agent.reading.lexis import Lexis, words
from agent.reading.wishes import any_of, wordings
from ranking.negation import refusals

_WITHOUT = "w/o"


def plainly(page: str, lexis: Lexis) -> str:
    """The page with "w/o" where it says so in other words, each stretch as long as before."""
    for pattern in _roundabout():
        for match in pattern.finditer(page):
            said = match.groupdict()
            if said.get("thing") and not _is_sold(said["thing"], lexis):
                continue
            if "brand" in said and not _is_brand(page[match.end() :], lexis):
                continue
            put = _replaced(page, *match.span("without"), _WITHOUT)
            put = _replaced(put, *match.span("gone"), "") if said.get("gone") else put
            start = match.start("without")
            if any(refusal.start <= start < refusal.end for refusal in refusals(put, lexis.denials)):
                page = put  # else nothing that follows can be refused: "don't show me your t-shirt"
    return page


def ruled_out(page: str) -> Iterator[tuple[int, int, str]]:
    """What is said to be out of the question, and where: "a nonstick coating is a no go"."""
    for match in _ruled_out().finditer(page):
        yield match.start(), match.end(), match["what"]


def things_of(terms: Sequence[str]) -> tuple[str, ...]:
    """The refused terms without the talk at their ends, and without those that are nothing but talk."""
    kept = (_after_talk().sub("", term).strip() for term in terms)
    talk = wordings()["denied"]["talk"]
    return tuple(term for term in kept if term and term not in talk)


def _is_sold(thing: str, lexis: Lexis) -> bool:
    found = words(thing)
    return any(lexis.products_at(found, at)[1] == len(found) - at for at in range(len(found)))


def _is_brand(rest: str, lexis: Lexis) -> bool:
    found = words(rest)
    return bool(found) and lexis.brand_at(found, 0) is not None


def _replaced(page: str, start: int, end: int, by: str) -> str:
    return page[:start] + by + " " * (end - start - len(by)) + page[end:]


@cache
def _roundabout() -> Sequence[re.Pattern[str]]:
    return [re.compile(pattern, re.IGNORECASE) for pattern in wordings()["denied"]["patterns"]]


@cache
def _ruled_out() -> re.Pattern[str]:
    return re.compile("|".join(wordings()["denied"]["ruled_out"]), re.IGNORECASE)


@cache
def _after_talk() -> re.Pattern[str]:
    return re.compile(rf"(?:\s+(?:{any_of(wordings()['denied']['talk'])}))+$", re.IGNORECASE)
