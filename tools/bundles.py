"""Several searches answered together: their results in groups, and under a budget one pick from each.

The choice is exact. It knows relevance and prices, not whether two products suit each other.
"""

from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

from catalog.price import format_money
from catalog.product import Money
from core.errors import InvalidQuery
from core.record import Record
from core.trace import Recorder, Trace
from ranking.pipeline import FIELD, rank
from ranking.postrank import UNAVAILABLE, interleave
from ranking.receipts import known_to_fit
from ranking.records import Group, Hit, Repair, Results, Search
from ranking.sorting import shares
from tools.shop import Shop

SURELY = 100.0  # more than the shares of relevance of any bundle together
NO_LIMIT = 2**62


class Candidate(Record):
    """A product that could be picked: `kind` is its product group, of which only one can be."""

    id: str
    kind: str
    price: int
    worth: float


class _Choice(NamedTuple):
    """What has been picked so far."""

    cost: int
    worth: float
    picks: tuple[Candidate, ...]


def search_all(
    shop: Shop, searches: Sequence[tuple[str, Search]], budget: Money | None, *, all_needed: bool = True
) -> Results:
    """Run labelled searches; with a budget, choose what of each to take so that all of it stays within.

    Only with a budget has a group a pick; where nothing fits it, none has, and a notice says what would.
    Unless all are needed, the fewest groups go that make room for the others, and a notice names them.
    """
    if not searches:
        raise InvalidQuery("nothing to search for: give at least one search")
    recorder = Recorder()
    # All that was recalled: a cheap product that makes a bundle affordable is seldom among the first ten.
    found = _found(shop, searches, deep=budget is not None)
    groups = _groups(searches, found)
    notices: list[str] = []
    if budget:
        with recorder.stage("choose", n_in=sum(len(group.hits) for group in groups)) as stage:
            within = _within(groups, budget)
            stage.n_out = 0 if within is None else sum(group.pick is not None for group in within)
        if within is None:  # perhaps only because what is recalled first is dear
            capped = [(label, _capped(search, budget)) for label, search in searches]
            again = _found(shop, capped, deep=True)
            within = _within(_groups(capped, again), budget)
            found += again
        left_out: tuple[str, ...] = ()
        if within is None and not all_needed:
            within = _most_within(groups, budget)
            kept = {group.label for group in within or ()}
            left_out = tuple(group.label for group in groups if within and group.label not in kept)
        notices = _notices(groups, within, budget)
        if left_out:
            notices.append(f"left out to stay within {format_money(budget)}: {', '.join(left_out)}")
        groups = within or groups
    groups = [group.model_copy(update={"hits": group.hits[: group.search.limit]}) for group in groups]
    own = recorder.trace()
    return Results(
        hits=tuple(interleave([group.hits for group in groups])),
        groups=tuple(groups),
        astray=all(results.astray for results in found),
        repair=_repaired([results.repair for results in found[: len(searches)] if results.repair]),
        notices=tuple(dict.fromkeys([*(n for results in found for n in results.notices), *notices])),
        trace=Trace(
            stages=(*(stage for results in found for stage in results.trace.stages), *own.stages),
            total_ms=own.total_ms,
        ),
    )


def total(groups: Sequence[Group]) -> Money | None:
    """What the picks cost together; nothing where nothing is picked."""
    prices = [
        hit.product.price
        for group in groups
        for hit in group.hits
        if hit.product.id == group.pick and hit.product.price
    ]
    if not prices:
        return None
    return Money(amount=sum(price.amount for price in prices), currency=prices[0].currency)


def choose(offers: Sequence[Sequence[Candidate]], budget: int) -> tuple[Candidate, ...] | None:
    """One candidate of each offer, no kind twice, of the greatest worth within the budget; then the cheapest.

    Nothing where no such choice exists.
    """
    best = _best(offers, budget)
    if best is None:
        return None
    twice = _twice(best.picks)
    if twice is None:
        return best.picks
    rivals = [
        [[c for c in offer if place == owner or c.kind != twice] for place, offer in enumerate(offers)]
        for owner, owned in enumerate(offers)
        if any(c.kind == twice for c in owned)
    ]
    chosen = [picks for without in rivals if (picks := choose(without, budget))]
    return max(chosen, key=lambda picks: _order(_choice(picks)), default=None)


def _best(offers: Sequence[Sequence[Candidate]], budget: int) -> _Choice | None:
    """The best choice where kinds may repeat: only what no other beats in both cost and worth goes on
    (Nemhauser and Ullmann 1969).
    """
    least = [min((c.price for c in offer), default=budget + 1) for offer in offers]
    fronts = [_Choice(0, 0.0, ())]
    for place, offer in enumerate(offers):
        room = budget - sum(least[place + 1 :])
        grown = [
            _Choice(so_far.cost + c.price, so_far.worth + c.worth, (*so_far.picks, c))
            for so_far in fronts
            for c in offer
            if so_far.cost + c.price <= room
        ]
        fronts = _unbeaten(grown)
    return fronts[-1] if fronts else None


def _unbeaten(choices: Sequence[_Choice]) -> list[_Choice]:
    """From the cheapest to the best, each better than all that cost less."""
    kept: list[_Choice] = []
    for choice in sorted(choices, key=lambda choice: (choice.cost, -choice.worth)):
        if not kept or choice.worth > kept[-1].worth:
            kept.append(choice)
    return kept


def _choice(picks: Sequence[Candidate]) -> _Choice:
    return _Choice(sum(c.price for c in picks), sum(c.worth for c in picks), tuple(picks))


def _order(choice: _Choice) -> tuple[float, int]:
    return choice.worth, -choice.cost


def _twice(picks: Sequence[Candidate]) -> str | None:
    kinds = [pick.kind for pick in picks]
    return next((kind for kind in kinds if kinds.count(kind) > 1), None)


def _found(shop: Shop, searches: Sequence[tuple[str, Search]], *, deep: bool) -> list[Results]:
    asked = [search for _, search in searches]
    if deep:
        asked = [search.model_copy(update={"limit": max(FIELD, search.limit)}) for search in asked]
    return [rank(shop.index, search, shop.ranker) for search in asked]


def _groups(searches: Sequence[tuple[str, Search]], found: Sequence[Results]) -> list[Group]:
    return [
        Group(label=label, search=search, hits=results.hits)
        for (label, search), results in zip(searches, found, strict=True)
    ]


def _capped(search: Search, budget: Money) -> Search:
    """The search for what alone would stay within the budget."""
    low, high = search.where.price_min, search.where.price_max
    for limit in (low, high):
        if limit and (limit.currency != budget.currency or limit.amount > budget.amount):
            return search
    where = search.where.model_copy(update={"price_max": high or budget})
    return search.model_copy(update={"where": where})


def _within(groups: Sequence[Group], budget: Money) -> list[Group] | None:
    """The groups with their picks in front, without what no affordable choice could have; none if all is
    too dear.
    """
    offers = _offers(groups, budget)
    chosen = choose(list(offers.values()), budget.amount) if offers else None
    if chosen is None:
        return None
    picks = dict(zip(offers, chosen, strict=True))
    least = {place: min(c.price for c in offer) for place, offer in offers.items()}
    return [
        _picked(group, picks[place], budget, sum(least.values()) - least[place]) if place in picks else group
        for place, group in enumerate(groups)
    ]


def _most_within(groups: Sequence[Group], budget: Money) -> list[Group] | None:
    """The picks for as many groups as the budget has room for; of equally many, those worth most."""
    for size in range(len(groups) - 1, 0, -1):
        chosen = [within for some in combinations(groups, size) if (within := _within(some, budget))]
        if chosen:
            return max(chosen, key=lambda within: sum(_standing(group) for group in within))
    return None


def _standing(group: Group) -> float:
    """How relevant the pick is, among what the group found."""
    standing = shares([hit.score for hit in group.hits])
    return next((s for hit, s in zip(group.hits, standing, strict=True) if hit.product.id == group.pick), 0.0)


def _notices(groups: Sequence[Group], within: Sequence[Group] | None, budget: Money) -> list[str]:
    """What a shopper must know of a budget: what it does not cover, or what it lacks."""
    offers = _offers(groups, budget)
    unpriced = [group.label for place, group in enumerate(groups) if group.hits and place not in offers]
    said = [
        f"{label}: not counted, nothing found is sold at a known price in {budget.currency}"
        for label in unpriced
    ]
    if within is None and offers:
        least = choose([[c.model_copy(update={"worth": 0.0}) for c in o] for o in offers.values()], NO_LIMIT)
        if least:
            needed = Money(amount=sum(c.price for c in least), currency=budget.currency)
            said.append(
                f"not within {format_money(budget)}: one of each costs {format_money(needed)} or more"
            )
    return said


def _offers(groups: Sequence[Group], budget: Money) -> dict[int, list[Candidate]]:
    """By place, what of each group can be picked; groups without such are left out."""
    offers = {place: _offer(group, budget) for place, group in enumerate(groups)}
    return {place: offer for place, offer in offers.items() if offer}


def _offer(group: Group, budget: Money) -> list[Candidate]:
    """What of a group can be picked: relevant, sold now, with a price that counts towards the budget.

    A requirement outranks relevance: what is known to fit is worth more than anything that might.
    """
    standing = shares([hit.score for hit in group.hits])
    return [
        Candidate(
            id=hit.product.id,
            kind=hit.product.group_id or hit.product.id,
            price=hit.product.price.amount,
            worth=share + known_to_fit(hit.receipt) * SURELY,
        )
        for hit, share in zip(group.hits, standing, strict=True)
        if hit.relevant
        and hit.product.price
        and hit.product.price.currency == budget.currency
        and hit.product.availability not in UNAVAILABLE
    ]


def _picked(group: Group, pick: Candidate, budget: Money, others: int) -> Group:
    """The group with its pick in front and without what would cost too much beside the cheapest others."""
    room = budget.amount - others
    first = next(hit for hit in group.hits if hit.product.id == pick.id)
    rest = [hit for hit in group.hits if hit is not first and (_price(hit, budget) or 0) <= room]
    rest.sort(key=lambda hit: _price(hit, budget) is None)  # what may be too dear after what is not
    return group.model_copy(update={"hits": (first, *rest), "pick": pick.id})


def _price(hit: Hit, budget: Money) -> int | None:
    price = hit.product.price
    return price.amount if price and price.currency == budget.currency else None


def _repaired(repairs: Sequence[Repair]) -> Repair | None:
    """What was put right in all of the queries."""
    if not repairs:
        return None
    changes = dict.fromkeys(change for repair in repairs for change in repair.changes)
    return Repair(query="; ".join(repair.query for repair in repairs), changes=tuple(changes))
