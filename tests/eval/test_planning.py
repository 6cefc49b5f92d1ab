"""Scoring plans: worked examples by hand, and the sets that planners are judged by."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from agent.plan import Intent, Plan
from catalog.demo import products
from catalog.demo.tables import brands
from catalog.index import ProductIndex
from catalog.product import Money
from catalog.where import Where, Without
from core.errors import InvalidQuery, InvalidSource
from eval.gold import Constraints, Gold, Query, Request, VagueNeed, read_requests, read_vague_needs
from eval.planning import PlanScore, Slots, differences, plans_of, sampled, score, score_plan
from eval.vague import found, recall
from ranking.records import Search

SETS = Path(__file__).parents[1] / "agent"
REQUESTS = read_requests(SETS / "requests.jsonl")
NEEDS = read_vague_needs(SETS / "vague.jsonl")
LEAST = {"constraint": 40, "negation": 40, "vague": 35, "mission": 20, "edit": 40, "chat": 15}
LEAST |= {"lookalike": 20, "multi": 10, "reference": 15}
SPELLED = {"a hundred": 100, "thirty": 30, "twenty": 20, "ten dollars": 10, "four and a half": 4.5}


def dollars(amount: float) -> Money:
    return Money(amount=round(amount * 100), currency="USD")


def gold(*queries: dict[str, Any], intent: str = "find", **fields: Any) -> Gold:
    return Gold.model_validate({"intent": intent, "queries": queries, **fields})


def plan(*searches: Search, intent: Intent = Intent.FIND, budget: float | None = None) -> Plan:
    return Plan(intent=intent, searches=searches, budget=None if budget is None else dollars(budget))


BELT = gold({"must": ["belt|strap"], "not": ["buckle"]}, constraints={"price_max": 40, "exclude": ["buckle"]})


def belt(query: str = "belt", price: float = 40, terms: Sequence[str] = ("buckles",)) -> PlanScore:
    search = Search(query=query, where=Where(price_max=dollars(price)), without=Without(terms=tuple(terms)))
    return score_plan(BELT, plan(search))


def test_a_plan_with_everything_and_nothing_else_is_right() -> None:
    right = belt()
    assert right.whole
    assert right.slots["numbers"] == right.slots["exclude"] == Slots(asked=1, found=1, given=1, right=1)


def test_any_of_the_words_will_do_and_stems_are_compared() -> None:
    assert belt("brown straps").queries
    assert not belt("trousers").queries


def test_a_word_that_must_not_be_there_spoils_the_query() -> None:
    assert not belt("belt without buckles").queries


def test_a_wrong_number_is_both_missed_and_invented() -> None:
    wrong = belt(price=45)
    assert wrong.queries
    assert not wrong.whole
    assert wrong.slots["numbers"] == Slots(asked=1, found=0, given=1, right=0)


@pytest.mark.parametrize("terms", [[], ["buckle", "leather"], ["belt buckle"]])
def test_an_exclusion_missed_invented_or_changed_spoils_the_plan(terms: list[str]) -> None:
    assert not belt(terms=terms).whole


def test_an_excluded_brand_counts_as_excluded() -> None:
    asked = gold({"must": ["laptop"]}, constraints={"exclude": ["quivela"]})
    given = plan(Search(query="laptop", without=Without(brands=("Quivela",))))
    assert score_plan(asked, given).whole


def test_a_word_may_have_become_a_filter() -> None:
    asked = gold(
        {"must": ["jacket", "waterproof", "red"], "not": ["blue"]},
        constraints={"attributes": {"color": ["red"]}},
    )
    given = plan(Search(query="jacket", where=Where(attributes={"color": ("red",), "waterproof": ("yes",)})))
    scored = score_plan(asked, given)
    assert scored.whole
    assert scored.slots["attributes"] == Slots(asked=1, found=1, given=2, right=2)
    blue = plan(Search(query="waterproof red jacket", where=Where(attributes={"color": ("blue",)})))
    assert not score_plan(asked, blue).queries


def test_a_filter_that_nobody_asked_for_costs_precision_alone() -> None:
    where = Where(attributes={"material": ("leather",)}, categories=("Office & School > Bags",))
    scored = score_plan(gold({"must": ["belt"]}), plan(Search(query="belt", where=where)))
    assert scored.whole
    assert scored.slots["attributes"].precision == 0
    assert scored.slots["categories"].precision == 0
    shoes = Where(categories=("Shoes > Athletic Shoes > Trail Running Shoes",))
    right = score_plan(gold({"must": ["shoes"]}), plan(Search(query="shoes", where=shoes)))
    assert right.slots["categories"] == Slots(given=1, right=1)


def test_to_refine_is_to_find_and_one_of_several_intents_is_enough() -> None:
    kettle = Search(query="kettle")
    assert score_plan(gold({"must": ["kettle"]}), plan(kettle, intent=Intent.REFINE)).intent
    either = gold({"must": ["kettle"]}, intent="similar|refine")
    assert score_plan(either, plan(kettle)).intent
    assert not score_plan(either, plan(kettle, intent=Intent.ASK)).intent


def test_small_talk_searches_for_nothing() -> None:
    hello = gold(intent="chat")
    assert score_plan(hello, plan(intent=Intent.CHAT)).whole
    assert not score_plan(hello, plan(Search(query="hello"), intent=Intent.CHAT)).whole


def test_every_query_needs_a_search_of_its_own() -> None:
    both = gold({"must": ["kettle"]}, {"must": ["kettle|toaster"]})
    kettle, toaster = Search(query="kettle"), Search(query="toaster")
    assert score_plan(both, plan(toaster, kettle)).queries
    assert score_plan(both, plan(kettle, kettle)).queries
    assert not score_plan(both, plan(toaster, toaster)).queries
    assert not score_plan(both, plan(kettle)).queries
    assert not score_plan(both, plan(kettle, toaster, kettle)).queries


def test_limits_of_two_searches_are_not_to_be_swapped() -> None:
    both = gold(
        {"must": ["kettle"], "constraints": {"price_max": 40}},
        {"must": ["toaster"], "constraints": {"price_max": 60}},
    )
    right = plan(
        Search(query="kettle", where=Where(price_max=dollars(40))),
        Search(query="toaster", where=Where(price_max=dollars(60))),
    )
    swapped = plan(
        Search(query="kettle", where=Where(price_max=dollars(60))),
        Search(query="toaster", where=Where(price_max=dollars(40))),
    )
    assert score_plan(both, right).whole
    assert score_plan(both, swapped).queries
    assert not score_plan(both, swapped).whole


def test_further_searches_are_welcome_where_there_may_be_more_and_they_are_to_the_point() -> None:
    camping = gold({"must": ["tent"]}, {"must": ["stove|lamp"], "optional": True}, more=True)
    tent, stove, lamp = Search(query="tent"), Search(query="stove"), Search(query="lamp")
    assert score_plan(camping, plan(tent)).queries
    assert score_plan(camping, plan(tent, stove, lamp)).queries
    assert not score_plan(camping, plan(stove, lamp)).queries
    assert not score_plan(camping, plan(tent, Search(query="sofa"))).queries


def test_how_a_budget_is_shared_out_is_not_judged() -> None:
    both = gold({"must": ["tent"]}, {"must": ["stove"]}, budget=200)
    shared = (
        Search(query="tent", where=Where(price_max=dollars(150))),
        Search(query="stove", where=Where(price_max=dollars(50))),
    )
    right = score_plan(both, plan(*shared, budget=200))
    assert right.whole
    assert right.slots["numbers"] == Slots(asked=1, found=1, given=1, right=1)
    limits = score_plan(both, plan(*shared))
    assert not limits.whole
    assert limits.slots["numbers"] == Slots(asked=1, found=0, given=2, right=0)


def request(name: str, kind: str, asked: Gold) -> Request:
    return Request.model_validate({"id": name, "kind": kind, "utterance": name, "gold": asked})


ANY = gold({})


def test_a_sample_has_every_kind_in_its_share_and_keeps_the_order() -> None:
    kinds = ["vague"] * 60 + ["chat"] * 30 + ["mission"] * 10
    requests = [request(f"r{place}", kind, ANY) for place, kind in enumerate(kinds)]
    drawn = sampled(requests, 20, seed=7)
    assert Counter(one.kind for one in drawn) == {"vague": 12, "chat": 6, "mission": 2}
    assert [one.id for one in drawn] == [one.id for one in requests if one in drawn]


def test_a_sample_is_the_same_for_its_seed_and_another_for_another() -> None:
    requests = [request(f"r{place}", "chat", ANY) for place in range(50)]
    drawn = {one.id for one in sampled(requests, 10, seed=7)}
    assert drawn == {one.id for one in sampled(list(reversed(requests)), 10, seed=7)}
    assert drawn != {one.id for one in sampled(requests, 10, seed=8)}


def test_a_sample_of_more_than_there_are_is_all_of_them_and_of_none_is_refused() -> None:
    requests = [request("a", "vague", ANY), request("b", "chat", ANY)]
    assert sampled(requests, 5, seed=7) == tuple(requests)
    with pytest.raises(InvalidQuery, match="one or more"):
        sampled(requests, 0, seed=7)


def test_slots_are_averaged_over_all_of_them_and_accuracy_over_requests() -> None:
    """Three bounds are asked for and two found; two brands are given, and one of them was asked for."""
    first = gold({"must": ["mug"]}, constraints={"price_min": 5, "price_max": 9, "brands": ["Brevik"]})
    second = gold({"must": ["pan"]}, constraints={"rating_min": 4})
    requests = (request("a", "constraint", first), request("b", "edit", second))
    where = Where(price_min=dollars(5), price_max=dollars(9), brands=("brevik",))
    scores = score(
        requests,
        {
            "a": plan(Search(query="mug", where=where)),
            "b": plan(Search(query="pan", where=Where(brands=("Kopparo",)))),
        },
    )
    assert scores.slots("numbers").recall == pytest.approx(2 / 3)
    assert scores.slots("numbers").precision == 1
    assert scores.slots("brands").precision == 0.5
    assert scores.slots("exclude").precision is None
    whole = scores.accuracy("whole")
    assert (whole.value, whole.n) == (0.5, 2)
    assert whole.interval == (0.0, 1.0)
    assert scores.accuracy("whole", "edit").value == 0
    assert scores.accuracy("queries").value == 1


def test_two_planners_are_compared_request_by_request() -> None:
    requests = [request(f"r{n}", "edit", gold({"must": ["mug"]})) for n in range(12)]
    good = plans_of(lambda history, utterance: plan(Search(query="mug")), requests)
    bad = plans_of(lambda history, utterance: plan(Search(query="pan")), requests)
    found = differences({"bad": score(requests, bad), "good": score(requests, good)}, baseline="bad")
    (difference,) = found.overall.differences
    assert (difference.run, difference.value, difference.wins) == ("good", 1.0, 12)
    assert difference.certain
    assert [part.name for part in found.slices] == ["edit"]


def test_a_request_without_a_plan_is_named() -> None:
    with pytest.raises(InvalidQuery, match="no plan for r"):
        score([request("r", "edit", gold({"must": ["mug"]}))], {})
    with pytest.raises(InvalidQuery, match="no requests"):
        score([], {})


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ('"intent": "buy"', "no intent buy"),
        ('"intent": "find", "queries": [{"must": ["mug"], "optional": true}]', "set more"),
        ('"intent": "find", "constraints": {"price": 4}', r"gold\.constraints\.price"),
    ],
)
def test_a_wrong_line_is_named_by_file_and_line(tmp_path: Path, changed: str, problem: str) -> None:
    path = tmp_path / "requests.jsonl"
    line = '{"id": "a", "kind": "chat", "utterance": "hi", "gold": {"intent": "chat"}}'
    path.write_text(f"{line}\n" + line.replace('"a"', '"b"').replace('"intent": "chat"', changed))
    with pytest.raises(InvalidSource, match=rf"requests\.jsonl:2: .*{problem}"):
        read_requests(path)
    path.write_text(f"{line}\n{line}\n")
    with pytest.raises(InvalidSource, match=r":2: request a is there twice"):
        read_requests(path)


def noted(asked: Gold) -> Plan:
    """The gold plan as a planner would have it, the first word where there is a choice."""
    searches = []
    for query in asked.queries:
        parts = (asked.constraints, query.constraints)
        numbers = {name: value for part in parts for name, value in part.numbers.items()}
        bounds = {name: dollars(v) if name.startswith("price") else v for name, v in numbers.items()}
        where = {**bounds, "brands": [brand for part in parts for brand in part.brands]}
        terms = tuple(thing.split("|")[0] for part in parts for thing in part.exclude)
        searches.append(
            Search(
                query=" ".join(term.split("|")[0] for term in query.must),
                where=Where.model_validate(where),
                without=Without(terms=terms),
            )
        )
    budget = asked.budget
    return plan(*searches, intent=Intent(asked.intent.split("|")[0]), budget=budget)


@pytest.mark.parametrize("asked", REQUESTS, ids=lambda asked: asked.id)
def test_what_was_noted_down_is_itself_a_right_plan(asked: Request) -> None:
    scored = score_plan(asked.gold, noted(asked.gold))
    assert scored.whole
    for slots in scored.slots.values():
        assert slots.precision in (None, 1)
        assert slots.recall in (None, 1)


def test_the_requests_are_many_of_every_kind_and_none_is_there_twice() -> None:
    kinds = [one.kind for one in REQUESTS]
    assert all(kinds.count(kind) >= least for kind, least in LEAST.items())  # type: ignore[arg-type]
    said = {(one.history, " ".join(one.utterance.casefold().split())) for one in REQUESTS}
    assert len(said) == len(REQUESTS) >= 220
    assert all(1 <= len(one.history) <= 3 for one in REQUESTS if one.kind in ("edit", "reference"))


def test_brands_that_are_required_exist_in_the_demo_catalogue() -> None:
    required = {brand for one in REQUESTS for brand in one.gold.constraints.brands}
    assert required
    assert required <= set(brands())


def test_numbers_that_are_required_were_said() -> None:
    for one in REQUESTS:
        parts = (one.gold.constraints, *(query.constraints for query in one.gold.queries))
        text = " ".join((*one.history, one.utterance)).casefold()
        said = {float(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}
        said |= {value for words, value in SPELLED.items() if words in text}
        assert {value for part in parts for value in part.numbers.values()} <= said, one.id


def test_vague_requests_do_not_name_what_would_help() -> None:
    vague = [one for one in REQUESTS if one.kind == "vague"]
    named = [one.id for one in vague if score_plan(one.gold, plan(Search(query=one.utterance))).queries]
    assert named == []


def test_the_products_of_vague_needs_are_in_the_demo_catalogue() -> None:
    departments = {product.id: product.categories[0] for product in products()}
    assert len(NEEDS) >= 40
    assert len({need.query for need in NEEDS}) == len(NEEDS)
    for need in NEEDS:
        assert len(set(need.relevant)) == len(need.relevant)
        assert {departments[product] for product in need.relevant} == set(need.departments)


def test_recall_counts_the_products_of_a_need_that_were_shown() -> None:
    needs = (
        VagueNeed(id="feet", query="cold feet", relevant=("a", "b"), departments=("Shoes",)),
        VagueNeed(id="cat", query="the cat scratches", relevant=("c",), departments=("Pets",)),
    )
    assert recall(needs, {"feet": ("x", "b"), "cat": ()}) == {"feet": 0.5, "cat": 0.0}


def test_several_searches_show_their_products_in_turn(demo_index: ProductIndex) -> None:
    kettle, toaster = Search(query="kettle"), Search(query="toaster")
    kettles, toasters = found(demo_index, [kettle]), found(demo_index, [toaster])
    both = found(demo_index, [kettle, toaster])
    assert both[:4] == (kettles[0], toasters[0], kettles[1], toasters[1])
    assert len(both) == len(set(both)) == 20
    assert found(demo_index, []) == ()


def test_a_query_has_constraints_of_its_own() -> None:
    query = Query(must=("kettle",), must_not=("toaster",), constraints=Constraints(price_max=40))
    written = {"must": ["kettle"], "not": ["toaster"], "constraints": {"price_max": 40}}
    assert Query.model_validate(written) == query
