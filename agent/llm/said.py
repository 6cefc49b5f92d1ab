"""What the checks of the audit share: what one has found in a statement, and the lists of `audit.toml`."""

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ranking.words import words

Span = tuple[int, int]

AMOUNT = r"\d[\d,]*(?:\.\d+)?"


class Problem(NamedTuple):
    """Words of a statement, and why they cannot stand."""

    words: str
    reason: str


class Found(NamedTuple):
    """What a check has read, which no other check need read again, and what it objects to."""

    spans: tuple[Span, ...]
    problems: tuple[Problem, ...]


@cache
def lists() -> Mapping[str, Any]:
    """The tables of `audit.toml`."""
    return tomllib.loads(Path(__file__).with_name("audit.toml").read_text(encoding="utf-8"))


@cache
def stems(name: str) -> frozenset[str]:
    """The stems of a list of words."""
    return frozenset(stem for word in lists()["words"][name] for stem in words(word))


def any_of(patterns: Iterable[str]) -> str:
    """A pattern for any of the patterns."""
    return "|".join(f"(?:{pattern})" for pattern in patterns)


def overlaps(span: Span, spans: Iterable[Span]) -> bool:
    """Whether any of the spans has a part of this one."""
    return any(start < span[1] and span[0] < end for start, end in spans)
