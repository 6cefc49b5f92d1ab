"""Varies the lessons from epoch to epoch: talk around them, slips of the keyboard, products named outright,
and messages that follow others. Every product named is one of a lesson's own searches.
"""

import random
import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from agent.llm.training.lessons import Lesson, read_file
from core.record import Record

OPENED, ENDED, LOWERED, SLIPPED = 0.12, 0.15, 0.3, 0.12  # how often a message is changed that way
NAMED = 0.15  # lessons with products named outright, for each that was written
FOLLOWING = 0.15  # of all lessons come after others
CHAT_AGAIN = 2  # chit-chat is shown this often, because there is little of it
LONGEST_NAME = 4  # words
PURPOSES = Path(__file__).with_name("purposes.tsv")  # what things are for, to be put in many ways
SERVICE = Path(__file__).with_name("service.tsv")  # messages that speak of products and want none, and others


class Forms(Record):
    """Ways to put a wish; see `forms.toml`."""

    openings: tuple[str, ...]
    endings: tuple[str, ...]
    brands: tuple[str, ...]
    purposes: tuple[str, ...]
    named: tuple[str, ...]
    named_in_colour: tuple[str, ...]
    named_both: tuple[str, ...]
    colours: tuple[str, ...]
    same: tuple[str, ...]
    in_colour: tuple[str, ...]


@cache
def forms() -> Forms:
    """Read the ways to put a wish."""
    return Forms(**tomllib.loads(Path(__file__).with_name("forms.toml").read_text(encoding="utf-8")))


def extra() -> list[Lesson]:
    """Lessons that are only for training: purposes to be put in many ways, and messages that want nothing."""
    purposes = [lesson.model_copy(update={"bare": True}) for lesson in read_file(PURPOSES)]
    return [*purposes, *read_file(SERVICE)]


def epoch(lessons: Sequence[Lesson], seed: int) -> list[Lesson]:
    """One epoch: every lesson once, varied, and some made from them; shuffled. Another seed, other words."""
    rng = random.Random(seed)  # noqa: S311  chooses examples, not secrets
    lessons = [_put(lesson, rng) if lesson.bare else lesson for lesson in lessons]
    names = sorted({name for lesson in lessons for name in lesson.searches if _is_name(name)})
    wishes = [lesson for lesson in lessons if lesson.searches]
    chat = [lesson for lesson in lessons if not lesson.searches] * CHAT_AGAIN
    made = [_named(names, rng) for _ in range(round(NAMED * len(lessons)))] if len(names) > 1 else []
    found = [varied(lesson, rng) for lesson in [*wishes, *chat, *made]]
    following = round(FOLLOWING * len(found) / (1 - FOLLOWING))
    found += [_following(rng.choice(wishes), found, rng) for _ in range(following)] if wishes else []
    rng.shuffle(found)
    return found


def varied(lesson: Lesson, rng: random.Random) -> Lesson:
    """The same wish as somebody else would type it."""
    said = lesson.said
    if rng.random() < OPENED:
        opening = rng.choice(forms().openings)
        said = opening + (said if said[:2] == "I " or said[:2].isupper() else said[:1].lower() + said[1:])
    if lesson.searches and rng.random() < ENDED:
        ending = rng.choice(forms().endings).format(brand=rng.choice(forms().brands))
        said = said.rstrip(" .!?") + ending
    if rng.random() < LOWERED:
        said = said.lower().rstrip(".!?") or said
    if rng.random() < SLIPPED:
        said = _slipped(said, rng)
    return lesson.model_copy(update={"said": said})


def _put(lesson: Lesson, rng: random.Random) -> Lesson:
    said = rng.choice(forms().purposes).format(to=lesson.said)
    return lesson.model_copy(update={"said": said, "bare": False})


def _named(names: Sequence[str], rng: random.Random) -> Lesson:
    ways, (one, other) = forms(), rng.sample(names, 2)
    chance = rng.random()
    if chance < 0.2:
        said = rng.choice(ways.named_both).format(x=_with_article(one, rng), y=_with_article(other, rng))
        return Lesson(said=said, searches=(one, other))
    if chance < 0.4:
        colour = rng.choice(ways.colours)
        said = rng.choice(ways.named_in_colour).format(x=one, colour=colour)
        return Lesson(said=said, searches=(f"{colour} {one}",))
    return Lesson(said=rng.choice(ways.named).format(x=_with_article(one, rng)), searches=(one,))


def _following(before: Lesson, others: Sequence[Lesson], rng: random.Random) -> Lesson:
    """A message after `before`: another wish, small talk, or a word on what was looked for."""
    so_far = before.searches[: rng.randint(1, 3)]
    if rng.random() < 0.75:
        return rng.choice(others).model_copy(update={"so_far": "; ".join(so_far)})
    if rng.random() < 0.5:
        return Lesson(said=rng.choice(forms().same), searches=so_far, so_far="; ".join(so_far))
    colour = rng.choice(forms().colours)
    said = rng.choice(forms().in_colour).format(colour=colour)
    return Lesson(said=said, searches=(f"{colour} {so_far[0]}",), so_far=so_far[0])


def _is_name(search: str) -> bool:
    return len(search.split()) <= LONGEST_NAME and not re.search(r"\d", search)


def _with_article(name: str, rng: random.Random) -> str:
    if name.endswith("s") or rng.random() < 0.5:
        return name
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def _slipped(said: str, rng: random.Random) -> str:
    """A letter left out, doubled, or swapped with the next, in one of the longer words."""
    long = list(re.finditer(r"[A-Za-z]{4,}", said))
    if not long:
        return said
    word = rng.choice(long)
    at = rng.randrange(word.start() + 1, word.end() - 1)
    new = rng.choice([said[at + 1] + said[at], said[at] * 2 + said[at + 1], said[at + 1]])
    return said[:at] + new + said[at + 2 :]
