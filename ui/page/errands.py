"""What a page needs beside the dialogue: a conversation opened again, details, comparisons, the shortlist."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from agent.dialogue.state import State
from agent.editing import Kind, Part
from agent.loop import Assistant
from agent.steps import Answered, Asked, Searched, Understood
from agent.talks import Talks
from agent.wording.phrases import phrases
from behavior.recorder import Recorder
from catalog.where import Where
from core.errors import InvalidQuery
from ranking.pipeline import rank
from ranking.records import Hit, Results, Search
from tools.comparison import compare
from tools.shop import Shop
from ui.page import render
from ui.page.asked import Errand, checked
from ui.page.first import first_visit
from ui.page.prices import price
from ui.page.talk import OWNER, liked, short_names
from ui.page.text import web_address
from ui.page.watching import log_errand

SIMILAR = 4
CHOICES = 16
TURNS = 12  # of a conversation opened again

Answer = dict[str, Any]


def errand(assistant: Assistant, talks: Talks, shop: Shop, recorder: Recorder, payload: Any) -> Answer:
    """Run an errand: HTML by the part of the page that it is for."""
    asked = checked(Errand, payload)
    log_errand(recorder, asked)
    match asked.what:
        case "open":
            return opened(assistant, talks, shop, asked.handle)
        case "details":
            return details(shop, asked.ids)
        case "compare":
            found = shop.index.get(asked.ids)
            comparison = compare([found[one] for one in dict.fromkeys(asked.ids) if one in found])
            return {"sheet": render.comparison(comparison)}
        case "shortlist":
            return shortlist(shop, asked.ids, asked.notes)
        case "editor":
            return editor(shop, _state(talks, asked.handle), asked.part)
        case "event":
            return {}


def opened(assistant: Assistant, talks: Talks, shop: Shop, handle: str) -> Answer:
    """A conversation as its last turn left it, or the first visit."""
    state = _state(talks, handle) if handle else None
    if state is None or not state.history:
        return {"welcome": render.welcome(first_visit(shop)), "handle": ""}
    talk = [
        {"said": render.said(turn.utterance), "reply": render.reply(render.Reply(text=turn.answer))}
        for turn in state.history[-TURNS:]
    ]
    return {"talk": talk, "handle": handle, **_shelf(assistant, shop, state, talk)}


def details(shop: Shop, ids: tuple[str, ...]) -> Answer:
    """One product in full, with what is similar to it."""
    found = shop.index.get(ids[:1])
    if not found:
        raise InvalidQuery("that product is no longer sold here; search again")
    (product,) = found.values()
    search = Search(like=(product.id,), repair=False, planned=True, limit=2 * SIMILAR)
    if product.categories:
        search = search.model_copy(update={"query": product.categories[-1]})
    hits = rank(shop.index, search, shop.ranker).hits
    others = [hit.product for hit in hits if hit.product.id != product.id]
    group = product.group_id
    similar = [other for other in others if group is None or other.group_id != group]
    return {"sheet": render.details(product, similar[:SIMILAR])}


def shortlist(shop: Shop, ids: tuple[str, ...], notes: Mapping[str, str]) -> Answer:
    """The saved products as they are now, and as lines to take away."""
    found = shop.index.get(ids)
    saved = [render.Saved(product=found[one], note=notes.get(one, "")) for one in ids if one in found]
    lines = [
        {
            "id": one.product.id,
            "title": one.product.title,
            "price": price(one.product.price) if one.product.price else "",
            "url": web_address(one.product.url) or "",
            "note": one.note,
        }
        for one in saved
    ]
    return {"sheet": render.shortlist(saved, len(ids) - len(saved)), "lines": lines}


def editor(shop: Shop, state: State, part: Part | None) -> Answer:
    """The form that changes a chip."""
    part = part or Part(kind=Kind.PRICE)
    if not 0 <= part.need < max(len(state.wanted.needs), 1):
        raise InvalidQuery("that is no longer looked for; say what you want")
    where = state.wanted.needs[part.need].where if state.wanted.needs else Where()
    values: list[tuple[str, int, bool]] = []
    if part.kind is Kind.BRAND:
        values = _choices(shop, "brand", where, where.brands)
    elif part.kind is Kind.ATTRIBUTE:
        values = _choices(shop, part.name, where, where.attributes.get(part.name, ()))
    return {"editor": render.editor(part, values, where, state.wanted.budget)}


def _choices(shop: Shop, field: str, where: Where, chosen: tuple[str, ...]) -> list[tuple[str, int, bool]]:
    """The commonest values where the search looks, those in force first."""
    among = Where(categories=where.categories)
    try:
        counted = {term.label: term.count for term in shop.index.facet(field, among, CHOICES)}
    except InvalidQuery:  # an attribute whose values the index does not count
        counted = {}
    known = [(value, counted.get(value, 0), True) for value in chosen]
    return known + [(label, count, False) for label, count in counted.items() if label not in chosen]


def _state(talks: Talks, handle: str) -> State:
    return talks.state(handle, OWNER)


def _shelf(assistant: Assistant, shop: Shop, state: State, talk: list[Answer]) -> Answer:
    """What was on show when the conversation was left, with the proofs as they are today."""
    if not state.wanted.needs:
        return {}
    results: Results | None = None
    plan, question, end = None, None, None
    with closing(assistant.rerun(state, state.wanted)) as steps:
        for step in steps:
            match step:
                case Understood():
                    plan = step.plan
                case Searched():
                    results = step.results
                case Asked():
                    question = step
                case Answered():
                    end = step
    if results is None:
        return {}
    offers = end.offers if end else ()
    again = tuple(hit.product.id for hit in results.hits)
    if state.shown and set(again) != set(state.shown):  # a later page, or one that has since changed
        known = {hit.product.id: hit for hit in results.hits}
        products = shop.index.get(state.shown)
        hits = tuple(
            known.get(one) or Hit(product=products[one], score=0.0) for one in state.shown if one in products
        )
        results = results.model_copy(update={"hits": hits, "groups": ()})
    if state.history and talk:
        last = render.Reply(
            text=state.history[-1].answer, question=question, offers=offers, relaxations=results.relaxations
        )
        talk[-1]["reply"] = render.reply(last)
    names = short_names(results, plan, phrases("en"))
    return {
        "plan": render.plan_bar(state.wanted, liked(shop, state.wanted)),
        "shelf": render.shelf(results, state.wanted, names, offers=offers),
    }
