"""What a message tells beside what it asks for: "my dog ate the last ones". It is not searched for.

Only where another clause names a product, and only what says nothing that the shop counts; a state of
things, "i have wide feet", may well describe what is wanted, and stays.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from agent.reading.lexis import Lexis, words
from agent.reading.unwanted import CUT
from agent.reading.wishes import any_of, wordings

SHORTEST = 3  # words


class _Clause(NamedTuple):
    start: int
    end: int
    text: str


def told_beside(page: str, lexis: Lexis) -> Iterator[tuple[int, int]]:
    """Where a story is told."""
    clauses = list(_clauses(page))
    asking = [clause for clause in clauses if _names_a_product(clause.text, lexis)]
    if not asking:
        return
    for clause in clauses:
        if clause not in asking and _is_story(clause.text, lexis):
            yield clause.start, clause.end


def _clauses(page: str) -> Iterator[_Clause]:
    start = 0
    for match in _borders().finditer(page):
        yield _Clause(start, match.start(), page[start : match.start()])
        start = match.start() if match["reason"] else match.end()
    yield _Clause(start, len(page), page[start:])


def _names_a_product(text: str, lexis: Lexis) -> bool:
    found = words(text)
    return any(lexis.products_at(found, at)[1] for at in range(len(found)))


def _is_story(text: str, lexis: Lexis) -> bool:
    """Whether somebody tells why, or what happened, and names nothing by which products are told apart."""
    found = words(text)
    reason = _reason().match(text)
    if not reason and (len(found) < SHORTEST or not _told().match(text) or _stays().search(text)):
        return False
    return not any(
        lexis.values_at(found, at)[1] or lexis.switch_at(found, at)[1] or lexis.brand_at(found, at)
        for at in range(len(found))
    )


@cache
def _borders() -> re.Pattern[str]:
    reasons = any_of(wordings()["story"]["reasons"])
    return re.compile(rf"[,.;:!?]+(?=\s|$)|{CUT}|\s(?P<reason>)(?=(?:{reasons})\s)", re.IGNORECASE)


@cache
def _reason() -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{any_of(wordings()['story']['reasons'])})\s", re.IGNORECASE)


@cache
def _told() -> re.Pattern[str]:
    return re.compile(rf"\s*(?:{any_of(wordings()['story']['tellers'])})\s", re.IGNORECASE)


@cache
def _stays() -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{any_of(wordings()['story']['kept'])})(?!\w)", re.IGNORECASE)
