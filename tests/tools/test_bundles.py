"""Several searches as one answer: groups, picks within a budget, and what is said where there are none."""

from itertools import product as combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.product import Availability, Money
from catalog.where import Where
from core.errors import InvalidQuery
from ranking.postrank import UNAVAILABLE
from ranking.records import Group, Results, Search
from tools.bundles import Candidate, choose, search_all, total
from tools.shop import Shop

CAMPING = (
    ("tent", Search(query="tent", planned=True)),
    ("sleeping bag", Search(query="sleeping bag", planned=True)),
    ("stove", Search(query="camping stove", planned=True)),
)


def dollars(amount: int) -> Money:
    return Money(amount=amount * 100, currency="USD")


def first_ids(results: Results) -> list[str]:
    return [group.hits[0].product.id for group in results.groups]


def test_each_search_has_its_group_and_the_hits_are_those_of_all_in_turn(shop: Shop) -> None:
    found = search_all(shop, CAMPING, None)
    assert [(group.label, group.search) for group in found.groups] == list(CAMPING)
    assert all(len(group.hits) == 10 and group.pick is None for group in found.groups)
    assert [hit.product.id for hit in found.hits[:3]] == first_ids(found)
    assert total(found.groups) is None


def test_the_trace_has_the_stages_of_every_search(shop: Shop) -> None:
    found = search_all(shop, CAMPING, dollars(300))
    names = [stage.name for stage in found.trace.stages]
    assert names.count("recall") == len(CAMPING)
    assert names[-1] == "choose"
    assert found.trace.total_ms >= sum(stage.ms for stage in found.trace.stages)


def test_picks_stay_within_the_budget_and_lead_their_groups(shop: Shop) -> None:
    found = search_all(shop, CAMPING, dollars(200))
    assert [group.pick for group in found.groups] == first_ids(found)
    cost = total(found.groups)
    assert cost is not None
    assert cost.amount <= 20_000
    assert [hit.product.categories[-1] for hit in found.hits[:3]] == ["Tents", "Sleeping Bags", "Stoves"]


def test_what_no_affordable_choice_could_have_is_not_shown(shop: Shop) -> None:
    found = search_all(shop, CAMPING, dollars(200))
    picks = {group.label: group.hits[0].product.price for group in found.groups}
    assert all(picks.values())
    for group in found.groups:
        for hit in group.hits:
            assert hit.product.price is None or hit.product.price.amount < 20_000 - 2 * 1_000


def test_what_is_sold_out_is_not_picked(shop: Shop) -> None:
    for budget in (150, 200, 400, 900):
        for group in search_all(shop, CAMPING, dollars(budget)).groups:
            assert group.hits[0].product.availability not in UNAVAILABLE


def test_a_larger_budget_never_buys_what_is_less_relevant(shop: Shop) -> None:
    def standing(groups: tuple[Group, ...]) -> float:
        return sum(group.hits[0].score for group in groups if group.pick)

    small, large = (search_all(shop, CAMPING, dollars(budget)) for budget in (160, 2_000))
    assert standing(large.groups) >= standing(small.groups)


def test_nothing_affordable_is_said_with_what_it_would_take(shop: Shop) -> None:
    found = search_all(shop, CAMPING, dollars(40))
    assert [group.pick for group in found.groups] == [None, None, None]
    assert all(group.hits for group in found.groups)
    (notice,) = found.notices
    needed = dollars(int(notice.split("costs $")[1].split(".")[0]) + 1)
    assert notice.startswith("not within $40.00")
    enough = search_all(shop, CAMPING, needed)
    assert all(group.pick for group in enough.groups)


def test_a_budget_in_another_currency_picks_nothing_and_says_so(shop: Shop) -> None:
    found = search_all(shop, CAMPING, Money(amount=50_000, currency="EUR"))
    assert all(group.pick is None for group in found.groups)
    assert [notice.split(":")[0] for notice in found.notices] == ["tent", "sleeping bag", "stove"]


def test_what_finds_nothing_does_not_keep_the_others_from_being_picked(shop: Shop) -> None:
    nothing = ("boat", Search(query="boat", where=Where(categories=("Boats",)), planned=True))
    found = search_all(shop, (*CAMPING[:1], nothing), dollars(300))
    assert [bool(group.pick) for group in found.groups] == [True, False]


def test_the_same_search_twice_picks_two_products(shop: Shop) -> None:
    found = search_all(shop, (CAMPING[2], ("another", CAMPING[2][1])), dollars(500))
    one, other = (group.hits[0].product for group in found.groups)
    assert (one.group_id or one.id) != (other.group_id or other.id)


def test_requirements_of_each_search_hold_under_a_budget(shop: Shop) -> None:
    tent = Search(query="tent", where=Where(price_min=dollars(200), available_only=True), planned=True)
    found = search_all(shop, (("tent", tent), CAMPING[2]), dollars(600))
    (pick,) = (hit.product for hit in found.groups[0].hits[:1])
    assert pick.availability is Availability.IN_STOCK
    assert pick.price
    assert pick.price.amount >= 20_000


def test_no_search_at_all_is_refused(shop: Shop) -> None:
    with pytest.raises(InvalidQuery, match="at least one search"):
        search_all(shop, (), None)


@st.composite
def offers(draw: st.DrawFn) -> list[list[Candidate]]:
    candidate = st.builds(
        Candidate,
        id=st.just("x"),
        kind=st.sampled_from("abcdefgh"),
        price=st.integers(0, 60),
        worth=st.integers(0, 8).map(lambda eighths: eighths / 8),  # sums of eighths are exact
    )
    return draw(st.lists(st.lists(candidate, min_size=1, max_size=5), min_size=1, max_size=4))


@given(offers(), st.integers(0, 200))
@settings(max_examples=300, deadline=None)
def test_no_affordable_choice_is_better_than_the_chosen(among: list[list[Candidate]], budget: int) -> None:
    affordable = [
        picks
        for picks in combinations(*among)
        if sum(pick.price for pick in picks) <= budget and len({pick.kind for pick in picks}) == len(picks)
    ]
    chosen = choose(among, budget)
    if not affordable:
        assert chosen is None
        return
    assert chosen in affordable
    best = max((sum(p.worth for p in picks), -sum(p.price for p in picks)) for picks in affordable)
    assert (sum(p.worth for p in chosen), -sum(p.price for p in chosen)) == best


def test_many_groups_of_many_products_are_chosen_from_exactly_and_soon() -> None:
    among = [
        [
            Candidate(
                id=f"{g}-{i}", kind=f"{g}-{i}", price=900 + (i * 7919 + g * 131) % 9_000, worth=1 - i / 40
            )
            for i in range(40)
        ]
        for g in range(8)
    ]
    chosen = choose(among, 20_000)
    assert chosen is not None
    assert sum(pick.price for pick in chosen) <= 20_000
