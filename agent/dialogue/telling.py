"""A turn of which the rules have nothing but words to search for, and what words like these were for others.

It overrules no requirement, no reference and no name of a product: there the rules are sure.
"""

import re

from agent.dialogue.needs import need_of
from agent.dialogue.state import State, Wanted
from agent.dialogue.topic import products_named
from agent.dialogue.understanding import Desk, Told, Understanding, chat, searched
from agent.kinds import Kind
from agent.plan import Intent
from agent.reading.lexis import words
from agent.reading.parse import Reading, parse
from agent.reading.smalltalk import Topic, topic
from agent.reading.total import budgeted
from catalog.lexicon import words_of
from ranking.records import Sort
from ranking.words import telling
from ranking.words import words as stems

FEWEST_WORDS = 3  # of an undertaking
FEWEST_GOODS = 2  # words that are told to be a product's by the shop alone; a lone one may be a greeting

_OPEN = frozenset(["something", "anything"])

_CLAUSE = re.compile(r"[,.;:!?]+(?=\s|$)")
_ARTICLE = re.compile(r"\W*(?:an?|some|any)\s", re.IGNORECASE)


def retold(understood: Understanding, text: str, state: State, desk: Desk) -> Understanding:
    """The turn as it is after all: chat, an undertaking, a need that names nothing; or what the rules say."""
    if desk.told is None or not _is_open(understood, state):
        return understood
    reading = parse(text, desk.lexis, currency=state.currency)
    told = desk.told(text)
    if told is None:
        return understood
    named = products_named(reading.query, desk.lexis)
    match told.kind:
        case Kind.CHAT if not named and _is_bare(reading) and not _lists_goods(text, desk):
            return chat(state.wanted, _about(told))
        case Kind.MISSION if understood.plan.intent is not Intent.REFINE and _undertakes(reading, desk):
            return undertaken(text, state, desk)
        case Kind.NEED if understood.plan.intent is Intent.FIND and not _asks_outright(text, reading, desk):
            return understood.model_copy(update={"names_nothing": True})
    return understood


def undertaken(text: str, state: State, desk: Desk) -> Understanding:
    """An undertaking, with a sum for all of it where an upper bound is said."""
    mission, budget = budgeted(text, state.currency)
    if budget is None:
        mission, budget = budgeted(mission, state.currency, marked=False)
    reading = parse(mission, desk.lexis, currency=state.currency)
    need = need_of(reading)
    if budget is None and need.where.price_max and need.where.price_min is None:  # "for 800" means all of it
        budget = need.where.price_max
        need = need.model_copy(update={"where": need.where.model_copy(update={"price_max": None})})
    wanted = Wanted(needs=(need,), budget=budget, mission=True)
    return searched(wanted, Intent.BUNDLE, conflicts=reading.conflicts)


def _is_open(understood: Understanding, state: State) -> bool:
    """Whether all that the turn asks for is words to search for, or nothing that was understood."""
    plan, before = understood.plan, state.wanted.needs
    if plan.intent is Intent.CHAT:
        return understood.topic is Topic.UNCLEAR or bool(understood.problem and not state.shown)
    if plan.intent not in (Intent.FIND, Intent.REFINE) or len(plan.searches) != 1:
        return False
    if plan.intent is Intent.FIND:
        return True
    (need,) = understood.wanted.needs
    return len(before) == 1 and (need.where, need.without) == (before[0].where, before[0].without)


def _undertakes(reading: Reading, desk: Desk) -> bool:
    """Whether no product is named, and more than a department, "kitchen", or "something for the garden"."""
    said = words(reading.query)
    if len(said) < FEWEST_WORDS or said[0].text in _OPEN or products_named(reading.query, desk.lexis):
        return False
    return reading.without.is_empty or not any(desk.lexis.products_at(said, at)[1] for at in range(len(said)))


def _asks_outright(text: str, reading: Reading, desk: Desk) -> bool:
    """Whether something is asked for by its name, "a wall clock", or with what it must be or not be."""
    where = reading.where
    required = where.brands or where.categories or where.attributes or not reading.without.is_empty
    begins = desk.lexis.products_at(words(reading.query), 0)[1]
    alone = products_named(_CLAUSE.split(text, maxsplit=1)[0], desk.lexis) and _CLAUSE.search(text)
    return bool(required or (begins and (alone or _ARTICLE.match(text))))


def _lists_goods(text: str, desk: Desk) -> bool:
    """Whether all of it is words of the shop's products and none makes a sentence: "iPhone X unlocked"."""
    said = stems(text)
    lexicon = desk.lexicon
    if lexicon is None or len(said) < FEWEST_GOODS or len(telling(said)) < len(said):
        return False
    return all(lexicon.count(word) for word in words_of(text))


def _is_bare(reading: Reading) -> bool:
    required = not (reading.where.is_empty and reading.without.is_empty)
    return not (required or reading.wishes or reading.sort is not Sort.RELEVANCE)


def _about(told: Told) -> Topic:
    """What the message that it resembles is about."""
    about = topic(told.like)
    return Topic.OFF_TOPIC if about in (Topic.UNCLEAR, Topic.EMPTY) else about
