"""A thing as shop texts name it: its spellings, and the words for having and for lacking it.

Built once per search from a shopper's words and `exclusions.toml`. Finds where a thing is named; what a
text says about it there is `ranking.mentions`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from catalog.keys import key

MOST_WORDS = 8  # of a term; longer ones are a sentence, which no shop text repeats
MOST_MENTIONS = 12  # of one form in one field: a text that repeats a word forever says it once

_WORD = re.compile(r"[^\W_]+")
_GAP = r"[\s\-\"'\u2018\u2019\u201c\u201d]{0,3}"  # between the words of a term: C wire, "C" wire, C-wire
_IRREGULAR = {"knives": "knife", "leaves": "leaf", "shelves": "shelf", "feet": "foot", "teeth": "tooth"}


class Kind(Enum):
    """How a form relates to the thing."""

    NAME = auto()  # the thing itself
    SORT = auto()  # one sort of it: denying this does not deny the thing
    WIDER = auto()  # what it is a sort of: denying that denies the thing
    ABSENT = auto()  # said of what lacks it
    HINT = auto()  # its lack follows, unless something else is said
    OTHER = auto()  # holds its name but means something else: "oat milk"


class Mention(NamedTuple):
    """Where a text names a thing, by which kind of form, and whether the word itself denies it."""

    start: int
    end: int
    kind: Kind
    denied: bool  # "unscented", "cordless"


@dataclass(frozen=True)
class Form:
    """One spelling of a thing with its plurals and participles."""

    kind: Kind
    needle: str  # how it begins
    probe: str  # its longest word: a text without that need not be searched
    pattern: re.Pattern[str]
    undoable: bool  # "unzip" and "unlocked" speak of a zip and a lock that are there

    def find(self, text: str) -> Iterator[Mention]:
        """Where lower-case `text` has the form as whole words."""
        at, found = text.find(self.needle), 0
        while at >= 0 and found < MOST_MENTIONS:
            start, match = _word_start(text, at), self.pattern.match(text, at)
            if start is not None and match:
                found += 1
                undone = self.undoable and text.startswith("un", start) and start < at
                denied = (start < at and not undone) or match["less"] is not None
                yield Mention(start, match.end(), self.kind, denied)
            at = text.find(self.needle, at + 1)


@dataclass(frozen=True)
class Thing:
    """What a shopper does not want, ready to be looked for."""

    term: str
    forms: tuple[Form, ...]
    others: tuple[Form, ...]
    is_material: bool
    is_consumable: bool
    is_assorted: bool


@cache
def wordlists() -> Mapping[str, frozenset[str]]:
    """The word lists of `exclusions.toml` by name."""
    tables = _tables()
    lists = tables["words"] | tables["fields"] | tables["grammar"]
    return {name: frozenset(words) for name, words in lists.items()}


@cache
def _tables() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name("exclusions.toml").read_text(encoding="utf-8"))


def thing(term: str) -> Thing | None:
    """The thing that `term` names; None if it holds no words."""
    words = words_of(term)
    if not words:
        return None
    kinds: dict[tuple[str, ...], Kind] = {words: Kind.NAME}
    entries = [entry for entry in _tables()["thing"] if words in map(words_of, entry["names"])]
    for field, kind in (
        ("names", Kind.NAME),
        ("present", Kind.NAME),
        ("kinds", Kind.SORT),
        ("absent", Kind.ABSENT),
        ("hints", Kind.HINT),
        ("others", Kind.OTHER),
    ):
        for entry in entries:
            for name in entry.get(field, ()):
                kinds.setdefault(words_of(name), kind)
    for first in range(1, len(words)):
        kinds.setdefault(words[first:], Kind.WIDER)
    lists = wordlists()
    return Thing(
        term=" ".join(term.split()),
        forms=tuple(_form(spelled, kind) for spelled, kind in kinds.items() if kind is not Kind.OTHER),
        others=tuple(_form(spelled, kind) for spelled, kind in kinds.items() if kind is Kind.OTHER),
        is_material=words[-1] in lists["materials"],
        is_consumable=words[-1] in lists["consumables"],
        is_assorted=len(words) == 1 and words[0] in lists["assorted"],
    )


def singular(word: str) -> str:
    """A word without its plural ending: "batteries" -> "battery", "boxes" -> "box"."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes", "zzes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def words_of(text: str) -> tuple[str, ...]:
    """The words of a term in the singular, as many as are looked for."""
    return tuple(map(singular, _WORD.findall(key(text))))[:MOST_WORDS]


def _form(words: Sequence[str], kind: Kind) -> Form:
    *first, last = words
    needle, ending = _ending(last)
    whole = kind in (Kind.ABSENT, Kind.HINT, Kind.OTHER)  # "cordless" needs no other ending
    less = "(?P<less>(?!))?" if whole else r"(?P<less>[-\s]?less(?!\s+than)|free)?"
    start = "".join(rf"{re.escape(word)}(?:e?s)?{_GAP}" for word in first)
    pattern = re.compile(rf"{start}{re.escape(needle)}{ending}{less}(?![^\W_])")
    return Form(
        kind=kind,
        needle=first[0] if first else needle,
        probe=max([*first, needle], key=len),
        pattern=pattern,
        undoable=words[0] in wordlists()["undoable"],
    )


def _ending(word: str) -> tuple[str, str]:
    """A stem and what may follow it: plural, "-ed" and, after "non", any short ending."""
    if len(word) < 3 or not word.isalpha():
        return word, "(?:s)?"
    if word.endswith("y") and word[-2] not in "aeiou":
        return word[:-1], "(?:y|ies|ied)"
    if word.endswith("fe"):
        return word[:-2], "(?:fe|ves)"
    if word.endswith("e"):
        return word, "[sd]?"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word, "(?:e[sd])?"
    return word, f"(?:s|es|(?:{word[-1]})?ed)?"


def _word_start(text: str, at: int) -> int | None:
    """Where the word begins: at `at`, or at a "non" or "un" before it; None inside another word."""
    for start in (at, at - 3, at - 2):
        if start >= 0 and text[start:at] in ("", "non", "un") and not text[start - 1 : start].isalnum():
            return start
    return None
