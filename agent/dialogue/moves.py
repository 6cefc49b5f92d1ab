"""What a turn does to what is looked for, by its wording: starts over, goes back, corrects, drops, compares.

Reads phrases of `moves.toml` and nothing else; whether there is anything to drop or to go back to, the
dialogue knows.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

from agent.reading.wishes import any_of
from core.record import Record

LONGEST_MOVE = 300  # characters; longer messages are descriptions

_WORD = re.compile(r"[\w'#-]+")


class Whole(StrEnum):
    """A move that takes the whole message."""

    RESTART = "restart"
    BACK = "back"
    MORE = "more"


class Compared(StrEnum):
    """How what is wanted compares with what was shown."""

    CHEAPER = "cheaper"
    DEARER = "dearer"
    BETTER = "better"


class Drop(Record):
    """A requirement that is no longer one, in the shopper's words, with its place."""

    what: str
    start: int
    end: int


class Moves(Record):
    """What was found; `rest` is the message without its leading marker."""

    rest: str
    whole: Whole | None = None
    what: str = ""  # what to go back to
    corrects: bool = False
    switches: bool = False
    adds: bool = False  # another product beside those looked for
    extends: bool = False
    drops: tuple[Drop, ...] = ()  # places in `rest`
    compared: Compared | None = None
    compared_at: tuple[int, int] = (0, 0)  # in `rest`


def moves(text: str) -> Moves:
    """The moves of a message."""
    plain = text.replace("\u2019", "'").strip()
    if len(plain) > LONGEST_MOVE:
        return Moves(rest=text)
    for whole, pattern in _whole().items():
        if match := pattern.fullmatch(" ".join(_WORD.findall(plain))):
            return Moves(rest="", whole=whole, what=match.groupdict().get("what") or "")
    found = dict.fromkeys(("corrects", "switches", "adds", "extends"), False)
    rest = plain
    for sentence in re.finditer(r"[.!;]\s+", plain):  # "That's settled. Next, a coffee table"
        if _leading()["switches"].match(plain, sentence.end()):
            rest = plain[sentence.end() :]
    again = True
    while again:  # "no wait, actually ..."
        again = False
        for name, pattern in _leading().items():
            match = pattern.match(rest)
            if match and match.end() and not found[name] and rest[match.end() :].strip(" .!?,"):
                rest, found[name], again = rest[match.end() :].lstrip(" ,"), True, True
    replaced = ""
    if match := _replaced().search(rest):
        rest, found["corrects"] = rest[: match.start()], True
        replaced = (match["what"] or match["refused"] or "").lower()
    drops = [Drop(what=replaced, start=len(rest), end=len(rest))] if replaced else []
    drops += [
        Drop(what=match["what"].lower(), start=match.start(), end=match.end())
        for pattern in _drops()
        for match in pattern.finditer(rest)
    ]
    drops.sort(key=lambda drop: drop.start - drop.end)  # "any price is fine" before "any price"
    compared, at = None, (0, 0)
    for kind, pattern in _compared().items():
        if compared is None and (match := pattern.search(rest)):
            compared, at = kind, match.span()
    return Moves(rest=rest, **found, drops=tuple(drops), compared=compared, compared_at=at)


def field_named(what: str) -> str | None:
    """The field that is called so: "colour" is color."""
    for field, names in tables()["fields"].items():
        if what in names:
            return str(field)
    return None


def audience_of(word: str) -> str | None:
    """Whom a word speaks of: "ladies" are women."""
    return _audiences().get(word.lower().replace("'", "").replace("\u2019", ""))


def stripped(text: str) -> str:
    """The text of a turn that goes on, without the words around what it says: "a thin one" is thin."""
    kept, before = text.strip(" ,.!?;:"), None
    while kept != before:
        before = kept
        kept = _before().sub("", kept)
        kept = _after().sub("", kept).strip(" ,.!?;:")
    return kept


@cache
def spoken(name: str) -> re.Pattern[str]:
    """A pattern of how a turn speaks of what was shown."""
    return re.compile(tables()["spoken"][name], re.IGNORECASE)


@cache
def tables() -> Mapping[str, Any]:
    """The phrases of `moves.toml`."""
    return tomllib.loads(Path(__file__).with_name("moves.toml").read_text(encoding="utf-8"))


@cache
def _replaced() -> re.Pattern[str]:
    """The end of "wool instead of cotton" and "150, not 50"."""
    article = r"(?:an? |the |any )?"
    return re.compile(
        rf",?\s+(?:instead(?:\s+of\s+{article}(?P<what>[^,.;!?]+))?|rather than {article}[^,.;!?]+"
        rf"|(?:and )?not {article}(?P<refused>(?:\$|under |over )?\d+))[.!?]*$",
        re.IGNORECASE,
    )


@cache
def _whole() -> Mapping[Whole, re.Pattern[str]]:
    return {Whole(name): _any(patterns) for name, patterns in tables()["whole"].items()}


@cache
def _leading() -> Mapping[str, re.Pattern[str]]:
    return {name: _any(patterns) for name, patterns in tables()["leading"].items()}


@cache
def _drops() -> Sequence[re.Pattern[str]]:
    return [re.compile(pattern, re.IGNORECASE) for pattern in tables()["drops"]["patterns"]]


@cache
def _compared() -> Mapping[Compared, re.Pattern[str]]:
    return {
        Compared(name): re.compile(rf"\b(?:{'|'.join(patterns)})\b(?:\s+(?:than|then)\b)?", re.IGNORECASE)
        for name, patterns in tables()["compared"].items()
    }


@cache
def _audiences() -> Mapping[str, str]:
    return {word: name for name, words in tables()["audience"].items() for word in words}


@cache
def _before() -> re.Pattern[str]:
    return re.compile(rf"^(?:{any_of(tables()['filler']['before'])})(?![\w'-])[\s,.:;!?]*", re.IGNORECASE)


@cache
def _after() -> re.Pattern[str]:
    return re.compile(
        rf"(?:^|[\s,.:;!?]+)(?:{any_of(tables()['filler']['after'])})[\s,.:;!?]*$", re.IGNORECASE
    )


def _any(patterns: Sequence[str]) -> re.Pattern[str]:
    """One pattern of several; a name that two of them give is found under the first that matched."""
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns), re.IGNORECASE)
