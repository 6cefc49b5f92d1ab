"""What a script expects of a turn, held against what happened: one readable line per disappointment."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from agent.dialogue.state import Wanted
from agent.plan import Intent, constraints
from catalog.product import Product
from ranking.records import Hit, Search
from tests.journeys.form import Compares, Groups, Says, Shows, Turn
from tests.journeys.held import Held
from tests.journeys.traits import amount, any_of, catalogue, lacking, unwanted

DEPTH = 10  # hits in which what must never be shown is looked for
TOP = 3  # hits that a proof is looked for in where the turn does not say how many


def disappointed(turn: Turn, held: Held, earlier: Sequence[Held]) -> Iterator[str]:
    """In which ways the turn is not what the script expects; `earlier` are the turns before it."""
    if held.answered is None and not turn.may_fail:
        yield f"failed: {held.answer}"
        return
    yield from _planned(turn, held)
    hits = held.results.hits if held.results else ()
    if turn.shows:
        yield from _shown(turn.shows, hits, held.before.shown)
    if turn.never:
        for hit in [hit for hit in hits[:DEPTH] if unwanted(hit.product, turn.never)]:
            yield f"shows {hit.product.id}, which must never be shown here"
    yield from _proven(turn, hits)
    if turn.nothing and hits and not (held.results and held.results.astray):
        yield f"shows {hits[0].product.id} as if it were what was asked for"
    if turn.groups:
        yield from _grouped(turn.groups, held)
    yield from _offered(turn, held)
    if turn.says:
        yield from _said(turn.says, held)
    if turn.compares:
        yield from _compared(turn.compares, held)
    yield from _worded(turn, held.answer)
    yield from _remembered(turn, held, earlier)


def _planned(turn: Turn, held: Held) -> Iterator[str]:
    plan = held.plan
    searches = plan.searches if plan else ()
    if turn.intent and (plan is None or plan.intent not in map(Intent, turn.intent.split("|"))):
        yield f"intent is {plan and plan.intent.value}, not {turn.intent}"
    if turn.queries is not None and len(searches) != turn.queries:
        yield f"{len(searches)} searches, not {turn.queries}"
    found = constraints(searches[0]) if searches else {}
    for name, value in turn.constraints.items():
        if not _same(found.get(name), value):
            yield f"{name} is {found.get(name)}, not {value}"
    for name in turn.absent:
        if name in found:
            yield f"{name} is {found[name]}, though nobody asks for it"
    query = searches[0].query if searches else ""
    yield from (f"query {query!r} has no {word!r}" for word in turn.query_has if not any_of(word, [query]))
    yield from (f"query {query!r} still has {word!r}" for word in turn.query_lacks if any_of(word, [query]))
    if turn.sort and not any(search.sort is turn.sort for search in searches):
        yield f"sort is {', '.join(search.sort.value for search in searches)}, not {turn.sort.value}"
    if turn.refers is not None:
        yield from _referred(turn.refers, held, searches)


def _same(found: Any, wanted: Any) -> bool:
    """Whether two values of a constraint mean the same; order, case and plural do not matter."""
    if isinstance(wanted, list):
        return found is not None and {_word(v) for v in found} == {_word(v) for v in wanted}
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_same(found.get(name), v) for name, v in wanted.items())
    return found is not None and float(found) == float(wanted)


def _word(value: str) -> str:
    return value.casefold().removesuffix("s")


def _referred(wanted: Iterable[str], held: Held, searches: Iterable[Search]) -> Iterator[str]:
    ids = {_resolved(reference, held.before.shown) for reference in wanted}
    found = set(held.plan.refers_to if held.plan else ())
    found = found or {i for search in searches for i in search.like}
    if found != ids:
        yield f"refers to {sorted(found)}, not {sorted(ids)}"


def _resolved(reference: str, shown: Sequence[str]) -> str:
    """The id behind "shown 2", "last", "cheapest", "dearest", or a word of a title that was shown."""
    if reference.startswith("shown "):
        place = int(reference.removeprefix("shown "))
        return shown[place - 1] if place <= len(shown) else f"({reference} of {len(shown)})"
    if reference == "last":
        return shown[-1] if shown else "(the last of none)"
    if reference in ("cheapest", "dearest"):
        priced = sorted((amount(catalogue()[i].price) or 0, i) for i in shown if catalogue()[i].price)
        return priced[0 if reference == "cheapest" else -1][1] if priced else f"({reference} of none)"
    named = [i for i in shown if any_of(reference, [catalogue()[i].title])]
    return named[0] if named else f"({reference}, which was not shown)"


def _shown(shows: Shows, hits: Sequence[Hit], before: Sequence[str]) -> Iterator[str]:
    top = [hit.product for hit in hits[: shows.top]]
    if len(top) < shows.top:
        yield f"shows {len(top)} products, not {shows.top}"
    for product in top:
        yield from (f"{product.id} {fault}" for fault in lacking(product, shows))
        yield from (f"{product.id} {fault}" for fault in _beside(product, shows, before))
    for i in shows.ids:
        if i not in {product.id for product in top}:
            yield f"does not show {i}"
    if shows.order:
        yield from _ordered(shows.order, top)


def _beside(product: Product, shows: Shows, before: Sequence[str]) -> Iterator[str]:
    """How a product compares with what was shown in the turn before."""
    if shows.new and product.id in before:
        yield "was shown before"
    price = amount(product.price)
    for reference, sign in ((shows.cheaper_than, 1), (shows.dearer_than, -1)):
        other = catalogue().get(_resolved(reference, before)) if reference else None
        limit = amount(other.price) if other else None
        if reference and (price is None or limit is None or price * sign >= limit * sign):
            yield f"costs {price}, {reference} costs {limit}"
    if shows.brand_of:
        maker = catalogue().get(_resolved(shows.brand_of, before))
        if maker is None or product.brand != maker.brand:
            yield f"is of {product.brand}, {shows.brand_of} is of {maker and maker.brand}"


def _ordered(order: str, top: Sequence[Product]) -> Iterator[str]:
    if order == "rating":
        values = [-(product.rating.value if product.rating else 0) for product in top]
    else:
        values = [(amount(product.price) or 0) * (1 if order == "price_up" else -1) for product in top]
    if any(later < earlier for earlier, later in pairwise(values)):
        yield f"is not in the order of {order}: {', '.join(product.id for product in top)}"


def _proven(turn: Turn, hits: Sequence[Hit]) -> Iterator[str]:
    for requirement, verdict in turn.proves.items():
        for hit in hits[: turn.shows.top if turn.shows else TOP]:
            found = [check for check in hit.receipt if requirement.casefold() in check.requirement.casefold()]
            if not found:
                yield f"the receipt of {hit.product.id} says nothing of {requirement!r}"
            for check in found:
                if check.verdict is not verdict or (verdict != "unknown" and not check.evidence):
                    yield f"{hit.product.id}: {check.requirement} is {check.verdict.value} ({check.evidence})"


def _grouped(groups: Groups, held: Held) -> Iterator[str]:
    found = held.results.groups if held.results else ()
    if groups.count is not None and len(found) != groups.count:
        yield f"{len(found)} groups, not {groups.count}"
    leaders = [group.hits[0].product for group in found if group.hits]
    for category in groups.categories:
        if not any(any_of(category, leader.categories) for leader in leaders):
            yield f"no group is led by something of {category}"
    if groups.total_max is not None and (held.total is None or held.total > groups.total_max):
        yield f"the picks cost {held.total} together, more than {groups.total_max}"


def _offered(turn: Turn, held: Held) -> Iterator[str]:
    if turn.relaxes:
        offered = [r.dropped.casefold() for r in held.results.relaxations] if held.results else []
        wanted = turn.relaxes.casefold().split("|")
        if not any(word in dropped for word in wanted for dropped in offered):
            yield f"offers {offered or 'nothing'}, not to relax {turn.relaxes}"
    if turn.asks is not None and (held.asked is not None) is not turn.asks:
        yield f"asks {held.asked.question!r}" if held.asked else "does not ask"


def _said(says: Says, held: Held) -> Iterator[str]:
    facts = held.answered.facts if held.answered else ()
    if not facts:
        yield "answers with no fact"
    for fact in facts:
        if says.silent and fact.quote is not None:
            yield f"finds {fact.field}: {fact.quote!r}, though the record does not say"
        if says.quote and not any_of(says.quote, [fact.quote or ""]):
            yield f"quotes {fact.quote!r}, not {says.quote}"
        if says.verdict and fact.verdict is not says.verdict:
            yield f"the fact is {fact.verdict}, not {says.verdict}"


def _compared(compares: Compares, held: Held) -> Iterator[str]:
    table = held.answered.comparison if held.answered else None
    if table is None:
        yield "compares nothing"
        return
    rows = {row.name.casefold(): row for row in table.rows}
    yield from (f"no row {name!r} in the comparison" for name in compares.rows if name.casefold() not in rows)
    for name, reference in compares.best.items():
        row = rows.get(name.casefold())
        winners = [table.products[place].id for place in row.best] if row else []
        if winners != [_resolved(reference, held.before.shown)]:
            yield f"{name}: {winners or 'none'} wins, not {reference}"


def _worded(turn: Turn, answer: str) -> Iterator[str]:
    lowered = answer.casefold()
    for wanted in turn.answer_has:
        if not any(word.casefold() in lowered for word in wanted.split("|")):
            yield f"the answer does not say {wanted!r}: {answer[:200]!r}"
    yield from (f"the answer says {word!r}" for word in turn.answer_lacks if word.casefold() in lowered)


def _remembered(turn: Turn, held: Held, earlier: Sequence[Held]) -> Iterator[str]:
    if turn.state_unharmed and held.after.wanted != held.before.wanted:
        yield "what was wanted before is not wanted any more"
    if turn.forgets and held.after.wanted != Wanted():
        yield "something is still wanted"
    if turn.same_as is not None:
        then = earlier[turn.same_as - 1].after
        if held.after.wanted != then.wanted:
            yield f"what is wanted is not what it was after turn {turn.same_as}"
        elif held.after.shown != then.shown:
            yield f"shows something else than after turn {turn.same_as}"
