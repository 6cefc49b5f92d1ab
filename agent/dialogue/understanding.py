"""What a turn is understood as, and what it is read with. The ways a turn can end are made here.

Reads nothing itself.
"""

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple

from agent.dialogue.needs import search_of
from agent.dialogue.state import Need, State, Wanted
from agent.kinds import Kind
from agent.plan import Intent, Plan
from agent.reading.lexis import Lexis
from agent.reading.parse import Conflict, Reading
from agent.reading.smalltalk import Topic
from catalog.lexicon import Lexicon
from catalog.product import Product
from core.record import Record
from ranking.records import Repair, Sort

PAGE = 10  # products shown at a time


class Understanding(Record):
    """What a turn means. `wanted` is what is looked for after it.

    `topic` is what a turn of chat is about; `problem` why a turn can not be followed, with a `detail`.
    """

    plan: Plan
    wanted: Wanted
    repair: Repair | None = None
    conflicts: tuple[Conflict, ...] = ()
    topic: Topic | None = None
    question: str = ""  # about products that were shown
    names_nothing: bool = False  # the words tell of a need, whatever they name beside it
    problem: str | None = None
    detail: str = ""


class Told(NamedTuple):
    """What kind of message words are by those that others said, and the nearest of these."""

    kind: Kind
    like: str = ""


class Desk(NamedTuple):
    """What a turn is read with: the shop's words, the products that were shown last, and whoever can tell
    what kind of message words are.
    """

    lexis: Lexis
    lexicon: Lexicon | None = None
    shown: Sequence[Product] = ()
    told: Callable[[str], Told | None] | None = None


def searched(
    wanted: Wanted,
    intent: Intent,
    *,
    refers_to: tuple[str, ...] = (),
    conflicts: tuple[Conflict, ...] = (),
) -> Understanding:
    """A turn after which this is looked for."""
    limit, several = len(wanted.seen) + PAGE, len(wanted.needs) > 1
    plan = Plan(
        intent=Intent.BUNDLE if wanted.mission or (several and not wanted.alternatives) else intent,
        searches=tuple(
            search_of(need, limit, relevant_only=not (wanted.seen or need.like or need.by_meaning))
            for need in wanted.needs
        ),
        refers_to=refers_to,
        budget=wanted.budget,
    )
    return Understanding(plan=plan, wanted=wanted, conflicts=conflicts)


def with_needs(state: State, needs: tuple[Need, ...]) -> Wanted:
    """What is wanted with these needs instead, from the first page."""
    return state.wanted.model_copy(update={"needs": needs, "seen": ()})


def chat(wanted: Wanted, about: Topic) -> Understanding:
    """A turn that looks for nothing."""
    return Understanding(plan=Plan(intent=Intent.CHAT), wanted=wanted, topic=about)


def problem(state: State, problem: str, detail: str = "") -> Understanding:
    """A turn that cannot be followed."""
    return Understanding(plan=Plan(intent=Intent.CHAT), wanted=state.wanted, problem=problem, detail=detail)


def says_anything(reading: Reading) -> bool:
    """Whether anything was read, words to search for included."""
    required = not (reading.where.is_empty and reading.without.is_empty)
    asks = required or reading.wishes or reading.conflicts or reading.sort is not Sort.RELEVANCE
    return bool(asks or re.search(r"\w", reading.query))


def masked(text: str, spans: Sequence[tuple[int, int]]) -> str:
    """The text with blanks where the spans are; everything else keeps its place."""
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
