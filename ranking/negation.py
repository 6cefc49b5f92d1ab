"""Reads from a bare query what it excludes: "wall lamp without cord" wants a wall lamp, and no cord.

For systems without understanding. A few rules and word lists, no vocabulary: where a phrase may be a
name or a saying ("no boundaries jeans", "not today satan"), the query stays whole.
"""

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from catalog.keys import key

LONGEST_QUERY = 1_000  # characters; what is longer is a text, not a wish for one product
MOST_WORDS = 4  # of one excluded thing
LONGEST_REFUSAL = 5  # words of "i am not a fan of"
LONGEST_NAME = 5  # words of a known name that may hold a "no" or "not"

_WORD = re.compile(r"w/o(?![^\W_])|[^\W_]+(?:[-'.][^\W_]+)*|[,;&/]|[.!?](?=\s|$)|\S")
_WITHOUT = frozenset(["without", "w/o", "excluding", "except"])
_SIZES = frozenset(["small", "large"])
_JOINTS = frozenset([",", "and", "or", "nor", "&", "/"])
_WISHES = frozenset(["want", "need", "like", "have", "contain", "include", "require", "use"])


class Wanted(NamedTuple):
    """A query taken apart: what to search for, and what it must be without."""

    positive: str
    excluded: tuple[str, ...]


class Refusal(NamedTuple):
    """Where a query excludes things, and which; `kept` where those words also say what is wanted."""

    start: int
    end: int
    terms: tuple[str, ...]
    kept: bool


class _Token(NamedTuple):
    text: str
    start: int
    end: int


class _Cut(NamedTuple):
    """The tokens from `first` to before `last` exclude something; `whole` keeps them in the query."""

    first: int
    last: int
    excluded: tuple[str, ...]
    whole: bool = False


def wants(query: str, names: Collection[str] = ()) -> Wanted:
    """What a query asks for and what it excludes, in the order of its words.

    `names` are brands and the like in their `catalog.keys.key` form: one that holds a "no" stays whole.
    A query that only excludes has an empty `positive`; one without an exclusion is returned as it is.
    """
    cuts = refusals(query, names)
    if not cuts:
        return Wanted(query, ())
    kept, at = [], 0
    for cut in cuts:
        if not cut.kept:
            kept.append(query[at : cut.start])
            at = cut.end
    kept.append(query[at:])
    positive = query
    if len(kept) > 1:
        positive = " ".join(part.strip(" ,;.\"'“”\t\n") for part in kept).strip()
    return Wanted(positive, tuple(dict.fromkeys(term for cut in cuts for term in cut.terms)))


def refusals(query: str, names: Collection[str] = ()) -> list[Refusal]:
    """The places of a query that exclude something, in their order; `names` as in `wants`."""
    if len(query) > LONGEST_QUERY:
        return []
    plain = query.replace("\u2019", "'")
    tokens = [_Token(m.group().lower(), *m.span()) for m in _WORD.finditer(plain)]
    return [
        Refusal(tokens[cut.first].start, tokens[cut.last - 1].end, cut.excluded, cut.whole)
        for cut in _cuts(tokens, names)
    ]


def is_property(word: str) -> bool:
    """Whether "no" and this word together are a property or a style: "no show", "no drill"."""
    return f"no {word}" in _lists()["compounds"]


@cache
def _lists() -> Mapping[str, frozenset[str]]:
    tables = tomllib.loads(Path(__file__).with_name("negation.toml").read_text(encoding="utf-8"))
    return {name: frozenset(words) for name, words in tables.items()}


def _cuts(tokens: Sequence[_Token], names: Collection[str]) -> Iterator[_Cut]:
    words = [token.text for token in tokens]
    at = 0
    while at < len(words):
        cut = None if _is_name(words, at, names) else _cut(words, at)
        if cut:
            yield cut
        at = cut.last if cut else at + 1


def _cut(words: Sequence[str], at: int) -> _Cut | None:
    word, before, after = words[at], words[:at], words[at + 1 :]
    if refused := _refused(words, at):
        return refused
    if word in _WITHOUT or (word == "with" and after[:1] in (["no"], ["out"])):
        return _without(words, at, at + 1 + (word == "with"))
    if word == "free" and after[:1] in (["of"], ["from"]) and before:
        return _without(words, at, at + 2)
    if word == "free" or word.endswith("-free"):
        return _freed(words, at)
    if word == "not" or word in ("don't", "doesn't", "dont", "doesnt"):
        return _not(words, at)
    return _no(words, at) if word == "no" else None


def _refused(words: Sequence[str], at: int) -> _Cut | None:
    """What follows "allergic to", "nothing with" or "I hate" is excluded, with the clause around it."""
    lists = _lists()
    for size in range(LONGEST_REFUSAL, 0, -1):
        if " ".join(words[at : at + size]) in lists["refusals"]:
            break
    else:
        return None
    if _on_carrier(words, at) or words[at + size : at + size + 1] in (["it"], ["you"], ["that"], ["this"]):
        return None  # "i hate you cards"
    last, excluded = _things(words, at + size)
    if not excluded or not excluded[0][0].isalpha():
        return None
    first = at
    while first and words[first - 1] in lists["clause"]:
        first -= 1
    while first and words[first - 1] in ("but", "and", ","):
        first -= 1
    return _Cut(first, last, excluded)


def _without(words: Sequence[str], at: int, first: int) -> _Cut | None:
    """What follows "without" is excluded, up to the next preposition or to the end."""
    lists = _lists()
    if words[first : first + 1] and words[first] in lists["sayers"] - lists["fillers"]:
        return None  # "not without my daughter"
    if _said(words, at) or words[at - 1 : at] in (["or"], ["not"]):
        return None  # "with or without"
    last, excluded = _things(words, first)
    if not excluded or (_on_carrier(words, at) and at > 0):
        return None
    while at and words[at - 1] in ("but", "and", ","):
        at -= 1
    return _Cut(at, last, excluded)


def _freed(words: Sequence[str], at: int) -> _Cut | None:
    """A property worth searching, so the query keeps it: "sugar free gum"."""
    thing = "".join(words[max(0, at - 1) : at]) if words[at] == "free" else words[at].removesuffix("-free")
    if not thing.isalpha() or len(thing) < 2 or thing in _lists()["kept"] | _lists()["sayers"]:
        return None
    return _Cut(at, at + 1, (thing,), whole=True)


def _no(words: Sequence[str], at: int) -> _Cut | None:
    """An exclusion in "belt no buckle"; in "no buckle belt" also what the product is called."""
    lists = _lists()
    after = words[at + 1 :]
    if not after or not after[0][0].isalpha() or after[0] in lists["sayers"] or _said(words, at):
        return None
    if is_property(after[0]) or lists["sentences"].intersection(words[at - 1 : at]):
        return None
    if _on_carrier(words, at) or words[at - 1 : at] == ["."]:
        return None  # "dr. no"
    last, excluded = _things(words, at + 1)
    if not excluded:
        return None
    joined = any(word in _JOINTS for word in words[at + 1 : last])
    one_word = len(excluded[0].removeprefix("added ").split()) == 1
    if (last == len(words) and (joined or one_word)) or (at and joined):
        while at and words[at - 1] in ("but", "and", ",", "with"):
            at -= 1
        return _Cut(at, last, excluded)
    if at and last < len(words) and not words[last - 1][0].isalnum():
        return _Cut(at, last, excluded)
    if at and last < len(words) and words[last] in lists["ends"] | lists["details"] | {"no", "not", ","}:
        return _Cut(at, last, excluded)
    thing = " ".join(after[:2]) if after[0] == "added" else after[0]
    return _Cut(at, at + 2, (thing,), whole=True)


def _not(words: Sequence[str], at: int) -> _Cut | None:
    """An adjective or a thing had: "not clear", "does not have a cord"; anything longer is a saying."""
    lists = _lists()
    first = at + 1
    wish = words[first : first + 1] and words[first] in _WISHES
    if wish:
        first += 1
    elif words[at] != "not":
        return None
    start = _clause_start(words, at) if wish or words[at - 1 : at] in (["is"], ["are"]) else at
    if start is None or _said(words, at) or _on_carrier(words, at):
        return None
    if not wish and start == at and at and words[at - 1] in lists["sentences"]:
        return None
    if not words[first:] or words[first] in lists["sayers"] - (lists["fillers"] if wish else set()):
        return None
    last, excluded = _things(words, first)
    if not excluded or any(len(term.split()) > 2 for term in excluded):
        return None
    while start and words[start - 1] in ("but", "and", ","):
        start -= 1
    return _Cut(start, last, excluded)


def _clause_start(words: Sequence[str], at: int) -> int | None:
    """Where "that does", "which is" or "i do" begins; None where another sentence does."""
    start = at
    while start and words[start - 1] in ("do", "does", "is", "are"):
        start -= 1
    if start and words[start - 1] in ("that", "which", "who", "i", "we"):
        return start - 1
    return start if start < at and not start else (None if start < at else at)


def _things(words: Sequence[str], first: int) -> tuple[int, tuple[str, ...]]:
    """The things named from `first` on, as a list of them may be, and where they end."""
    lists = _lists()
    found: list[str] = []
    run: list[str] = []
    at = first
    while at < len(words):
        word = words[at]
        if word in _JOINTS and run:
            found, run = [*found, " ".join(run)], []
        elif word in lists["fillers"] or (word == "no" and not run):
            pass
        elif (
            word in _SIZES and not run and not found and words[at + 1 : at + 2] and words[at + 1][0].isalpha()
        ):
            run.append(word)  # "no small parts"
        elif not word[0].isalnum() or word in _stops() or _resumes(words, at, [*found, *run]):
            break
        elif len(run) == MOST_WORDS:
            return first, ()  # a sentence
        else:
            run.append(word)
        at += 1
    if run:
        found.append(" ".join(run))
    while at < len(words) and not words[at][0].isalnum() and words[at] not in _JOINTS:
        at += 1  # a quotation mark left open
    return at, tuple(found)


@cache
def _stops() -> frozenset[str]:
    return _lists()["ends"] | _WITHOUT | {"no", "not", "free"}


def _resumes(words: Sequence[str], at: int, named: Sequence[str]) -> bool:
    """Whether the query speaks of the product again: "without laces BLACK size 10"."""
    if not named or words[at - 1] in _JOINTS - {","}:
        return False
    details = _lists()["details"]
    if words[at - 1] == ",":  # "no buckle, BROWN", but not "not red, BLUE"
        return words[at] in details and named[0] not in details
    return words[at] in details or words[at][0].isdigit()


def _on_carrier(words: Sequence[str], at: int) -> bool:
    """Whether the query ends in something that sayings are printed on."""
    return words[-1] in _lists()["carriers"] and at < len(words) - 2


def _said(words: Sequence[str], at: int) -> bool:
    """Whether the word stands in a known saying."""
    around = f" {' '.join(words[max(0, at - 4) : at + 5])} "
    return any(f" {saying} " in around for saying in _lists()["sayings"])


def _is_name(words: Sequence[str], at: int, names: Collection[str]) -> bool:
    """Whether the word stands in one of the known names."""
    if not names:
        return False
    for first in range(max(0, at - LONGEST_NAME + 1), at + 1):
        for last in range(at + 1, min(len(words), first + LONGEST_NAME) + 1):
            if last - first > 1 and key(" ".join(words[first:last])) in names:
                return True
    return False
