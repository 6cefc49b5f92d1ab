"""How well a model answers lessons it was not taught, asked through llama.cpp as a shopper would ask it.

A proposed search counts as right if the thing it names is one that the lesson names.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain

from agent.llm.chat import ChatModel, Message
from agent.llm.proposing import ask, searches
from agent.llm.training.lessons import Lesson
from core.record import Record
from ranking.words import words

_ASIDE = re.compile(r"\b(?:for|with|without|in|on|to|from|by)\b", re.IGNORECASE)

Answers = Sequence[tuple[str, ...]]


class Scores(Record):
    """Shares of lessons or of searches; the last three are over lessons that call for searches."""

    lessons: int
    intent: float  # lessons where a product was seen to be asked for, or not, as it should
    right: float  # of the proposed searches
    first_right: float  # of the lessons
    covered: float  # of the searches in the lessons


class Taught(Record):
    """What was trained, and how held-out lessons were answered, by file."""

    path: str
    held_out: dict[str, Scores]
    without: dict[str, Scores] | None  # the same lessons by the model that was not taught


def answers(
    model: ChatModel,
    lessons: Sequence[Lesson],
    examples: Sequence[Lesson] = (),
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[tuple[str, ...]]:
    """What the model proposes for each lesson; one that was not taught is shown `examples` before each."""
    shown = tuple(
        message
        for example in examples
        for message in (
            ask(example.said).messages[-1],
            Message(role="assistant", content=example.answer),
        )
    )
    found = []
    for done, lesson in enumerate(lessons, start=1):
        asked = ask(lesson.said, lesson.so_far)
        *system, said = asked.messages
        reply = model.complete(asked.model_copy(update={"messages": (*system, *shown, said)}))
        found.append(searches(reply.text))
        on_progress(done, len(lessons))
    return found


def scores(lessons: Sequence[Lesson], proposed: Answers) -> Scores:
    """Compare what was proposed with what the lessons say."""
    pairs = list(zip(lessons, proposed, strict=True))
    wishes = [(lesson, queries) for lesson, queries in pairs if lesson.searches]
    hits = [[thing(query) in _things(lesson.searches) for query in queries] for lesson, queries in wishes]
    found = [[thing(query) in _things(queries) for query in lesson.searches] for lesson, queries in wishes]
    return Scores(
        lessons=len(pairs),
        intent=_share(bool(lesson.searches) == bool(queries) for lesson, queries in pairs),
        right=_share(chain.from_iterable(hits)),
        first_right=_share(any(hit[:1]) for hit in hits),
        covered=_share(chain.from_iterable(found)),
    )


def by_file(
    held: Mapping[str, Sequence[Lesson]],
    propose: Callable[[Sequence[Lesson]], Answers],
) -> dict[str, Scores]:
    """Scores for every file of lessons, and for all together."""
    lessons = [*chain.from_iterable(held.values())]
    names = [name for name, group in held.items() for _ in group]
    proposed = propose(lessons)
    found = {}
    for name in held:
        at = [i for i, other in enumerate(names) if other == name]
        if at:
            found[name] = scores([lessons[i] for i in at], [proposed[i] for i in at])
    return found | {"all": scores(lessons, proposed)}


def thing(search: str) -> str:
    """The stem of the word that says what a search is for: "heated clothes airer for towels" an airer."""
    named = words(_ASIDE.split(search.strip(), maxsplit=1)[0]) or words(search)
    return named[-1] if named else ""


def _things(queries: Sequence[str]) -> frozenset[str]:
    return frozenset(map(thing, queries))


def _share(counted: Iterable[bool]) -> float:
    values = [*counted]
    return round(sum(values) / len(values), 3) if values else 0.0
