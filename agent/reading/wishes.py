"""Soft wishes of an utterance: an order, or a leaning towards cheap, well reviewed or popular.

Never a requirement: what is found here prefers or sorts, and removes nothing from the results.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from core.record import Record
from ranking.records import Sort, Wish


class Wished(Record):
    """A wish or an order with its place; `kept` where products say the same words of themselves."""

    wish: Wish | None = None
    sort: Sort | None = None
    start: int
    end: int
    kept: bool = False


def wishes(text: str) -> list[Wished]:
    """The wishes and orders of a text, in order."""
    found = []
    for match in _pattern().finditer(text):
        start = match.start("said")
        said = re.sub(r"[\s-]+", " ", match["said"].lower())
        wish, sort = _meanings().get(said, (None, None))
        if wish is None and sort is None:
            wish = _of_opinions(said)
        kept = said in wordings()["words"]["kept"]
        start = start if kept else match.start()
        found.append(Wished(wish=wish, sort=sort, start=start, end=match.end(), kept=kept))
    return found


@cache
def wordings() -> Mapping[str, Any]:
    """The phrases of `wordings.toml`."""
    return tomllib.loads(Path(__file__).with_name("wordings.toml").read_text(encoding="utf-8"))


def any_of(phrases: Iterable[str]) -> str:
    """A pattern for any of the phrases, the longest first; a hyphen counts as a space."""
    ordered = sorted(phrases, key=len, reverse=True)
    return "|".join(
        re.escape(phrase).replace(r"\ ", r"[\s-]+").replace("'", "['\u2019]") for phrase in ordered
    )


@cache
def _meanings() -> Mapping[str, tuple[Wish | None, Sort | None]]:
    tables = wordings()
    meanings: dict[str, tuple[Wish | None, Sort | None]] = {}
    for name, phrases in tables["sorts"].items():
        meanings |= dict.fromkeys(phrases, (None, Sort(name)))
    for name, phrases in tables["wishes"].items():
        meanings |= dict.fromkeys(phrases, (Wish(name), None))
    return meanings


@cache
def _pattern() -> re.Pattern[str]:
    lists = wordings()["words"]
    degree = any_of({*lists["good"], *lists["many"]})
    between = any_of(lists["between"])
    said, names = any_of(lists["opinions"]), any_of(lists["names"])
    opinions = rf"(?:(?:{between})\s+){{0,3}}(?:{degree})\s+(?:(?:{degree}|{between})\s+){{0,6}}(?:{said})"
    lead = (
        r"(?:(?:what's|whats|what|and|with|having|has|have|that|which|should|must|be|been|is|are|the|sorted|it)"
        r"\s+){0,4}"
    )
    start = r"(?<![\w-])(?<!\bnot )(?<!\bno )(?<!n't )"
    end = rf"(?![\w-]|\s+(?:{names})\b)"
    return re.compile(rf"{start}{lead}(?P<said>{any_of(_meanings())}|{opinions}){end}", re.IGNORECASE)


def _of_opinions(said: str) -> Wish:
    """Many reviews make a product popular, good ones well rated."""
    lists = wordings()["words"]
    words = said.split()
    is_good = any(word in lists["good"] and word not in lists["many"] for word in words)
    counts = any(word in lists["counting"] for word in words)
    return Wish.WELL_RATED if is_good or not counts else Wish.POPULAR
