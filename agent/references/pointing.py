"""What the recognisers of references share: what is on show, what was found, and where a phrase can end.

Each recogniser takes the turn in lower case, letter for letter, and says where it points at which products.
What has been read already stands in it as `TAKEN`.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from agent.reading.wishes import any_of
from agent.references.shown import Shown, tables
from catalog.product import Product

Problem = Literal["nothing_shown", "out_of_range", "ambiguous", "unknown"]

TAKEN = "\ue000"


class Found(NamedTuple):
    """A reference with its place: the products it means, or those that leave it open."""

    start: int
    end: int
    products: Sequence[Product] = ()
    problem: Problem | None = None
    detail: str = ""


class Scene(NamedTuple):
    """What is on show while a turn is read."""

    shown: Shown
    focus: Sequence[Product]
    currency: str
    compares: bool
    asks: bool

    @property
    def products(self) -> Sequence[Product]:
        """All that is on show."""
        return self.shown.products


def ends(page: str, at: int) -> bool:
    """Whether a reference may end here: nothing follows that could be what it describes."""
    return (
        re.match(rf"\s*(?:$|[.?!,;:)&{TAKEN}])|'s\b|\s+(?:{slots()['follows']})(?![\w'-])", page[at:])
        is not None
    )


def asked_of(page: str, start: int, end: int) -> bool:
    """Whether it is the subject of a short question: "is the first waterproof?"."""
    return begins_question(page, start) and re.fullmatch(r"\s[\w-]+\s*\??\s*", page[end:]) is not None


def begins_question(page: str, start: int) -> bool:
    """Whether a verb that begins a question stands right before: "how heavy is the ..."."""
    return pattern_of(r"{start}(?:{asking}(?: [\w-]+){0,2}? )?{be} $").search(page[:start]) is not None


def one_of(span: tuple[int, int], meant: Sequence[Product], otherwise: Problem | None) -> Found:
    """The one product that is meant; several leave it open, and none is a problem or nothing at all."""
    if len(meant) > 1:
        return Found(*span, meant, problem="ambiguous")
    return Found(*span, meant, problem=None if meant else otherwise)


def lowered(text: str) -> str:
    """Lower case, letter for letter, so that positions stay."""
    plain = text.replace("\u2019", "'").replace("\t", " ").replace("\n", " ")
    return "".join(low if len(low := letter.lower()) == 1 else letter for letter in plain)


def blanked(page: str, pattern: re.Pattern[str]) -> str:
    """The page with what the pattern finds marked as read."""
    return pattern.sub(lambda match: TAKEN * len(match[0]), page)


@cache
def slots() -> Mapping[str, str]:
    """The word lists of `references.toml` as the slots of its patterns."""
    words, rules = tables()["words"], tables()["pronouns"]
    after_one = any_of(words["after_one"])
    spoken = "|".join(tables()["numbers"])
    return {
        "ordinal": rf"(?:(?<![\w-])(?:{any_of(tables()['ordinals'])}|\d{{1,2}}(?:st|nd|rd|th))(?![\w-]))",
        "count": rf"(?:(?<![\w.-])(?:\d{{1,2}}|{spoken})(?![\w.]*\w))",
        "head": rf"(?:(?:{any_of(words['heads'])})(?![\w-])(?! (?:{after_one})\b)"
        r"(?: of (?:them|these|those)\b)?)",
        "after_one": rf"(?:{after_one})",
        "follows": any_of(words["follows"]),
        "many": any_of(rules["many"]),
        "be": rf"(?:{any_of(rules['be'])})",
        "asking": rf"(?:{any_of(rules['asking'])})",
        "empty": rf"(?:{any_of(rules['empty'])})",
        "start": rf"(?:^ ?|[.?!;,] ?|\b(?:{any_of(rules['starts'])}),? )",
    }


@lru_cache(maxsize=512)
def pattern_of(written: str, number: Literal["any", "many"] = "any") -> re.Pattern[str]:
    """A pattern with its slots filled, `{said}` with the pronouns of a number."""
    rules = tables()["pronouns"]
    pronouns = rules["many"] if number == "many" else [*rules["one"], *rules["many"]]
    known = {**slots(), "said": rf"(?P<said>{any_of(pronouns)})"}
    return re.compile(re.sub(r"\{(\w+)\}", lambda slot: known.get(slot[1], slot[0]), written))


def number(word: str) -> int:
    """A number in digits or in words."""
    return int(tables()["numbers"].get(word, 0) or word)
