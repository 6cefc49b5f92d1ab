"""The things that a refusal names: where their list begins and ends, and where the product is meant again.

Reads the words after "without", "no" or "allergic to"; what refuses is known to `ranking.negation`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

MOST_WORDS = 4  # of one excluded thing
LONGEST_PHRASE = 5  # words of "i am not a fan of"
WITHOUT = frozenset(["without", "w/o", "excluding", "except"])
JOINTS = frozenset([",", "and", "or", "nor", "&", "/"])

_SIZES = frozenset(["small", "large"])


@cache
def lists() -> Mapping[str, frozenset[str]]:
    """The word lists of `negation.toml` by name."""
    tables = tomllib.loads(Path(__file__).with_name("negation.toml").read_text(encoding="utf-8"))
    return {name: frozenset(words) for name, words in tables.items()}


def starts(words: Sequence[str], at: int, phrases: str) -> int:
    """How many words of the longest of these phrases stand here; 0 where none does."""
    known = lists()[phrases]
    sizes = range(min(LONGEST_PHRASE, len(words) - at), 0, -1)
    return next((size for size in sizes if " ".join(words[at : at + size]) in known), 0)


def bridged(words: Sequence[str], at: int) -> int:
    """Where the thing begins after "it to be made of" and the like."""
    while size := starts(words, at, "bridges"):
        at += size
    return at


def things(words: Sequence[str], first: int) -> tuple[int, tuple[str, ...]]:
    """The things named from `first` on, as a list of them may be, and where they end."""
    known = lists()
    found: list[str] = []
    run: list[str] = []
    at = joint = first
    while at < len(words):
        word = words[at]
        if word in JOINTS and run:
            found, run, joint = [*found, _thing(run)], [], at
        elif word in known["fillers"] or (word == "no" and not run):
            pass
        elif (
            word in _SIZES and not run and not found and words[at + 1 : at + 2] and words[at + 1][0].isalpha()
        ):
            run.append(word)  # "no small parts"
        elif not word[0].isalnum() or word in stops() or _resumes(words, at, [*found, *run]):
            break
        elif len(run) == MOST_WORDS:
            return first, ()  # a sentence
        else:
            run.append(word)
        at += 1
    if run and found and words[joint] == "," and at < len(words) and words[at] in known["verdicts"]:
        return joint, tuple(found)  # "no plastic, silicone is fine"
    if run:
        found.append(_thing(run))
    while at < len(words) and not words[at][0].isalnum() and words[at] not in JOINTS:
        at += 1  # a quotation mark left open
    return at + (starts(words, at, "trailers") if found else 0), tuple(found)


def asked_for(
    words: Sequence[str], start: int, last: int, excluded: tuple[str, ...]
) -> tuple[int, tuple[str, ...]]:
    """The list without its end where only that can be the product: "I can't have nuts, BISCUITS"."""
    comma = next((at for at in range(last - 1, start, -1) if words[at] in JOINTS), 0)
    if start == 0 and last == len(words) and len(excluded) > 1 and words[comma] == ",":
        return comma, excluded[:-1]
    return last, excluded


@cache
def stops() -> frozenset[str]:
    """The words that end a list of things."""
    return lists()["ends"] | WITHOUT | {"no", "not", "free"}


@cache
def details() -> frozenset[str]:
    """The words that speak of the product again."""
    return lists()["audiences"] | lists()["colors"]


def _thing(run: Sequence[str]) -> str:
    """A thing without the words at its end that add nothing."""
    size = len(run)
    while size > 1 and run[size - 1] in lists()["tails"]:
        size -= 1
    return " ".join(run[:size])


def _resumes(words: Sequence[str], at: int, named: Sequence[str]) -> bool:
    """Whether the query speaks of the product again: "without laces BLACK size 10"."""
    if named and words[at].endswith(tuple(lists()["qualities"])):
        return True
    if not named or words[at - 1] in JOINTS - {","}:
        return False
    if words[at - 1] == ",":  # "no buckle, BROWN", but not "not red, BLUE"
        return words[at] in details() and named[0] not in details()
    return words[at] in details() or words[at][0].isdigit()
