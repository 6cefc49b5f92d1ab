"""A turn that says what is wanted: something new, or more about what is looked for.

Pure: what one utterance says is read in `agent.reading`, what becomes of a need in `agent.dialogue.needs`.
"""

import re
from collections.abc import Sequence

from agent.dialogue.moves import Moves, audience_of, field_named, spoken, stripped, tables
from agent.dialogue.needs import bounded, dropped, instead, is_empty, need_of, query_of, refined
from agent.dialogue.state import Need, State, Wanted
from agent.dialogue.topic import goes_on, products_named
from agent.dialogue.understanding import (
    Desk,
    Understanding,
    chat,
    masked,
    says_anything,
    searched,
    with_needs,
)
from agent.plan import Intent
from agent.reading.decompose import decompose
from agent.reading.descriptions import gendered
from agent.reading.goods import word_lists
from agent.reading.lexis import Lexis, words
from agent.reading.parse import Reading, Span, parse
from agent.reading.smalltalk import Topic
from catalog.keys import PATH
from catalog.product import Money
from catalog.where import Where
from ranking.words import words as stems

MOST_NEEDS = 6

_NOT_THAT = re.compile(r",?\s+(?:and )?not (?:an?|the|that|those)? ?(?P<what>[\w' -]+)[.!?]*$", re.IGNORECASE)
_NUMBER = re.compile(r"\D?\d[\d.,]*\s*(?:dollars|bucks|euros?|\W)?", re.IGNORECASE)


def about_needs(said: Moves, state: State, desk: Desk) -> Understanding:
    """A turn that says what is wanted: something new, or more about what is looked for."""
    currency, needs = state.currency, state.wanted.needs
    rest, freed = _dropped(said, needs)
    if said.drops and not re.search(r"\w", rest):
        return searched(with_needs(state, freed), Intent.REFINE)
    parts = decompose(rest, desk.lexis, currency)
    if parts.mission:
        reading = parse(parts.mission, desk.lexis, currency=currency)
        wanted = Wanted(needs=(need_of(reading, parts.mission),), budget=parts.budget, mission=True)
        return searched(wanted, Intent.BUNDLE, conflicts=reading.conflicts)
    if len(parts.parts) > 1:
        readings = [parse(part, desk.lexis, currency=currency) for part in parts.parts]
        needs = tuple(map(need_of, readings))
        if parts.alternatives and needs[0].where.is_empty:  # "a kettle or a teapot under 40"
            last = needs[-1].where
            needs = tuple(bounded(need, price_min=last.price_min, price_max=last.price_max) for need in needs)
        wanted = Wanted(needs=needs, budget=parts.budget, alternatives=parts.alternatives)
        conflicts = tuple(conflict for reading in readings for conflict in reading.conflicts)
        return searched(wanted, Intent.BUNDLE, conflicts=conflicts)
    rest = parts.parts[0] if parts.parts else ""
    if needs and said.adds and len(needs) < MOST_NEEDS and not state.wanted.mission:
        reading = parse(rest, desk.lexis, currency=currency)
        if products_named(reading.query, desk.lexis):
            wanted = with_needs(state, (*freed, need_of(reading)))
            return searched(wanted, Intent.BUNDLE, conflicts=reading.conflicts)
    if needs and not said.switches:
        rest, refused = _not_that(rest, freed) if said.corrects else (rest, False)
        reading = _read_on(rest, freed, state, desk)
        going_on = [need for need in freed if goes_on(need, reading.query, desk.lexis, rest)]
        another = refused and products_named(reading.query, desk.lexis)
        going_on = [] if another or _is_a_department(reading) else going_on
        if going_on or said.corrects:
            return _on(reading, parts.budget, said, freed, going_on, state)
    reading = parse(rest, desk.lexis, currency=currency)
    need = need_of(reading)
    need = bounded(need, price_max=parts.budget) if parts.budget else need
    if is_empty(need) and not (reading.wishes or reading.conflicts):
        return chat(state.wanted, Topic.UNCLEAR)
    return searched(Wanted(needs=(need,)), Intent.FIND, conflicts=reading.conflicts)


def _is_a_department(reading: Reading) -> bool:
    """Whether a department is named and nothing else: who does that looks for something new."""
    return any(span.kind == "department" for span in reading.spans)


def _not_that(rest: str, needs: tuple[Need, ...]) -> tuple[str, bool]:
    """A correction without the end of "a sofa, not an armchair", if that is what was looked for."""
    match = _NOT_THAT.search(rest)
    known = frozenset(stem for need in needs for stem in stems(query_of(need)))
    if match and frozenset(stems(match["what"])) <= known:
        return rest[: match.start()], True
    return rest, False


def _read_on(rest: str, needs: tuple[Need, ...], state: State, desk: Desk) -> Reading:
    """A turn that may go on, without the words around what it says; a bare number is the new price."""
    left = stripped(spoken("refusing").sub("no ", rest))
    priced = state.wanted.budget or any(need.where.price_max or need.where.price_min for need in needs)
    if priced and _NUMBER.fullmatch(left):
        left = f"under {left}"
    reading = parse(left, desk.lexis, currency=state.currency)
    if reading.where.is_empty and reading.without.is_empty:
        value = _another_value(left, needs, desk.lexis) or _made_of(left, state, desk)
        reading = value or _another_person(reading, needs, desk.lexis)
    return reading.model_copy(update={"query": stripped(reading.query)})


def _another_value(left: str, needs: tuple[Need, ...], lexis: Lexis) -> Reading | None:
    """A bare value of what is required already: "mustard" after "in navy"."""
    said = words(left)
    by_name, size = lexis.values_at(said, 0)
    required = {name for need in needs for name in need.where.attributes}
    for name, values in by_name.items():
        if size == len(said) and name in required:
            span = Span(text=left, start=0, end=len(left), kind="value", value=f"{name}: {left}")
            return Reading(text=left, query=left, where=Where(attributes={name: values}), spans=(span,))
    return None


def _made_of(left: str, state: State, desk: Desk) -> Reading | None:
    """What the product shall be in, said without "in": "steel ones", "leather or canvas". A bare word may be
    a product just as well, "paper" or "salmon", and only goes on where the shop has none of the name.
    """
    if products_named(left, desk.lexis):
        return None
    reading = parse(f"in {left}", desk.lexis, currency=state.currency)
    return reading if reading.where.attributes else None


def _another_person(reading: Reading, needs: tuple[Need, ...], lexis: Lexis) -> Reading:
    """The reading with whose it must be, where that is required already: "it's for my husband"."""
    for word in words(reading.query):
        found = gendered(audience_of(word.text) or "", lexis)
        if found and any(found[0] in need.where.attributes for need in needs):
            return reading.model_copy(update={"where": Where(attributes=dict([found]))})
    return reading


def _on(
    reading: Reading,
    budget: Money | None,
    said: Moves,
    needs: tuple[Need, ...],
    going_on: Sequence[Need],
    state: State,
) -> Understanding:
    """A turn that goes on: it corrects, adds to or narrows what is looked for."""
    if needs == state.wanted.needs and not says_anything(reading) and budget is None:
        return chat(state.wanted, Topic.UNCLEAR)
    if (left := _left(reading, needs)) and len(left) < len(needs):
        wanted = with_needs(state, left)
        if len(left) == 1 and wanted.budget:
            needs = (bounded(left[0], price_max=wanted.budget),)
            wanted = wanted.model_copy(update={"needs": needs, "budget": None})
        return searched(wanted, Intent.REFINE)
    if state.wanted.budget and budget is None and _is_sum(reading):
        wanted = state.wanted.model_copy(update={"budget": reading.where.price_max, "seen": ()})
        return searched(wanted, Intent.REFINE)
    meant = [need for need in needs if len(needs) == 1 or _speaks_of(need, reading)] or list(needs)

    def updated(need: Need) -> Need:
        if need not in meant:
            return need
        if not going_on:
            return instead(need, reading)
        return refined(need, reading, corrects=said.corrects, extends=said.extends)

    changed = tuple(updated(need) for need in needs)
    wanted = with_needs(state, changed)
    if budget and len(changed) == 1 and not state.wanted.mission:
        wanted = with_needs(state, (bounded(changed[0], price_max=budget),))
    elif budget:
        wanted = wanted.model_copy(update={"budget": budget})
    return searched(wanted, Intent.REFINE, conflicts=reading.conflicts)


def _left(reading: Reading, needs: tuple[Need, ...]) -> tuple[Need, ...]:
    """Which of several needs are left: not those that are excluded; only those that are named, if that is
    all that is said; none where that does not tell.
    """
    if len(needs) < 2:
        return ()
    without, said = reading.without, frozenset(stems(reading.query))
    excluded = [frozenset(stems(name.split(PATH)[-1])) for name in (*without.terms, *without.categories)]
    if excluded and not said:
        return tuple(n for n in needs if not any(e <= frozenset(stems(query_of(n))) for e in excluded))
    places = [p for word in reading.query.lower().split() if (p := tables()["among"]["places"].get(word))]
    if places and said <= frozenset(stems(" ".join(tables()["among"]["places"]))):
        return tuple(needs[p if p < 0 else p - 1] for p in places)
    bare = reading.where.is_empty and without.is_empty and said
    return tuple(n for n in needs if said <= frozenset(stems(query_of(n)))) if bare else ()


def _is_sum(reading: Reading) -> bool:
    """Whether a turn says an upper price and nothing else: the new sum, where there was one."""
    limit, each = reading.where.price_max, word_lists("total")["each"]
    only = reading.where == Where(price_max=limit) and reading.without.is_empty
    bare = not re.search(r"\w", reading.query) and each.isdisjoint(reading.text.lower().split())
    return limit is not None and only and bare


def _speaks_of(need: Need, reading: Reading) -> bool:
    """Of several needs, whether this is the one that is spoken of: it shares a word."""
    return bool(frozenset(stems(query_of(need))) & frozenset(stems(reading.text)))


def _dropped(said: Moves, needs: tuple[Need, ...]) -> tuple[str, tuple[Need, ...]]:
    """The needs without what the turn drops, and the text without the words that do."""
    spans = []
    for drop in said.drops:
        freed = [dropped(need, drop.what) for need in needs]
        if any(freed):
            needs = tuple(after or before for after, before in zip(freed, needs, strict=True))
            spans.append((drop.start, drop.end))
        elif field_named(drop.what) and drop.end - drop.start == len(said.rest.rstrip(" .,!")):
            spans.append((drop.start, drop.end))  # "any price is fine", and none was required
    return masked(said.rest, spans).strip(), needs
