"""What post-ranking may and may not do to the order, as laws over demo products and by hand."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from catalog.demo import products
from catalog.points import point_id
from catalog.product import Availability, Money, Product
from catalog.texts import dense_text
from catalog.where import Where, Without
from ranking.postrank import (
    UNAVAILABLE,
    collapse,
    diversify,
    interleave,
    obtainable_first,
    postrank,
    unknown_after_met,
)
from ranking.records import Check, Hit, Search, Sort, Verdict
from tests.fakes import WordEncoder

DEMO = list(products())
KETTLES = [product for product in DEMO if product.categories[-1] == "Electric Kettles"]
CHECKS = st.builds(Check, requirement=st.just("no hood"), verdict=st.sampled_from(Verdict))
HITS = st.lists(
    st.builds(
        Hit,
        # Neighbours in the catalogue, so that groups have several members among the hits.
        product=st.integers(0, 60).map(lambda n: DEMO[n]),
        score=st.floats(-10, 10, allow_nan=False),
        receipt=st.lists(CHECKS, max_size=2).map(tuple),
    ),
    unique_by=lambda hit: hit.product.id,
    max_size=25,
)
SEARCHES = st.builds(
    Search,
    sort=st.sampled_from(Sort),
    diversity=st.floats(0, 1),
    limit=st.integers(1, 30),
)
NO_VECTORS: Mapping[str, NDArray[np.float32]] = {}


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.product.id for hit in hits]


def hit(
    name: str, score: float = 1.0, receipt: tuple[Check, ...] = (), relevant: bool = True, **facts: object
) -> Hit:
    product = Product.model_validate({"id": name, "title": name, **facts})
    return Hit(product=product, score=score, receipt=receipt, relevant=relevant)


def check(verdict: Verdict) -> Check:
    return Check(requirement="no hood", verdict=verdict)


def vectors_of(found: Sequence[Product]) -> dict[str, NDArray[np.float32]]:
    encoded = WordEncoder().encode_documents([dense_text(product) for product in found])
    return {point_id(product.id): vector for product, vector in zip(found, encoded, strict=True)}


VECTORS = vectors_of(DEMO[:61])


@given(HITS)
def test_collapsing_never_loses_a_product(hits: list[Hit]) -> None:
    collapsed = collapse(hits)
    assert sorted(i for hit in collapsed for i in (hit.product.id, *hit.variants)) == sorted(ids(hits))


@given(HITS)
def test_every_group_is_left_with_one_hit_where_its_best_member_was(hits: list[Hit]) -> None:
    collapsed = collapse(hits)
    groups = [hit.product.group_id or hit.product.id for hit in collapsed]
    assert groups == list(dict.fromkeys(hit.product.group_id or hit.product.id for hit in hits))


@given(HITS)
def test_collapsing_twice_changes_nothing_more(hits: list[Hit]) -> None:
    assert collapse(collapse(hits)) == collapse(hits)


def test_the_demo_kettles_collapse_into_their_groups() -> None:
    hits = [Hit(product=product, score=-n) for n, product in enumerate(KETTLES)]
    collapsed = collapse(hits)
    members = defaultdict(list)
    for product in KETTLES:
        members[product.group_id].append(product.id)
    assert {1 + len(hit.variants) for hit in collapsed} == {len(found) for found in members.values()}
    assert len(collapsed) == len(members) < len(KETTLES)


def test_an_obtainable_variant_nearly_as_good_stands_for_one_that_is_sold_out() -> None:
    hits = [
        hit("blue", 0.95, group_id="kettle", availability="out_of_stock"),
        hit("red", 0.90, group_id="kettle", availability="in_stock"),
        hit("pot", 0.10),
    ]
    kettle, pot = collapse(hits)
    assert (kettle.product.id, kettle.variants) == ("red", ("blue",))
    assert (pot.product.id, pot.variants) == ("pot", ())


def test_a_red_kettle_is_no_answer_to_blue_kettle() -> None:
    hits = [
        hit("blue", 0.95, group_id="kettle", availability="out_of_stock"),
        hit("red", 0.75, group_id="kettle", availability="in_stock"),
        hit("pot", 0.10),
    ]
    assert ids(collapse(hits)) == ["blue", "pot"]


def test_a_variant_that_only_might_fit_does_not_stand_for_one_that_does() -> None:
    hits = [
        hit("blue", 0.95, (check(Verdict.MET),), group_id="kettle", availability="out_of_stock"),
        hit("red", 0.94, (check(Verdict.UNKNOWN),), group_id="kettle", availability="in_stock"),
    ]
    assert ids(collapse(hits)) == ["blue"]


def test_a_product_that_was_found_twice_is_shown_once() -> None:
    assert [(h.product.id, h.variants) for h in collapse([hit("a", 2.0), hit("a", 1.0)])] == [("a", ())]


def test_products_of_the_same_title_without_a_group_stand_alone() -> None:
    drums = [hit(i, title="Imaging Drum, 30000 Pages", brand="Dell") for i in ("1", "2")]
    assert ids(collapse(drums)) == ["1", "2"]


@given(HITS)
def test_obtainable_first_is_stable(hits: list[Hit]) -> None:
    found = obtainable_first(hits)
    gone = [hit for hit in hits if hit.product.availability in UNAVAILABLE]
    assert found == [*(hit for hit in hits if hit not in gone), *gone]


def test_unknown_stock_does_not_count_as_sold_out() -> None:
    states = [
        Availability.DISCONTINUED,
        Availability.UNKNOWN,
        Availability.OUT_OF_STOCK,
        Availability.PREORDER,
    ]
    hits = [hit(state.value, availability=state) for state in states]
    assert ids(obtainable_first(hits)) == ["unknown", "preorder", "discontinued", "out_of_stock"]


@given(HITS)
def test_unknown_after_met_drops_what_violates_and_is_stable(hits: list[Hit]) -> None:
    def verdicts(hit: Hit) -> set[Verdict]:
        return {check.verdict for check in hit.receipt}

    met = [hit for hit in hits if verdicts(hit) <= {Verdict.MET}]
    might = [
        hit for hit in hits if Verdict.UNKNOWN in verdicts(hit) and Verdict.VIOLATED not in verdicts(hit)
    ]
    assert unknown_after_met(hits) == [*met, *might]


@given(HITS, st.integers(1, 30))
def test_diversity_of_zero_changes_nothing(hits: list[Hit], limit: int) -> None:
    assert diversify(hits, VECTORS, 0.0, limit) == hits


@given(HITS, st.floats(0, 1), st.integers(0, 30))
def test_diversity_is_a_permutation(hits: list[Hit], strength: float, limit: int) -> None:
    assert sorted(ids(diversify(hits, VECTORS, strength, limit))) == sorted(ids(hits))


def test_diversity_by_hand() -> None:
    """After a, its double b is worth 0.5 * 0.9 - 0.5 * 1 = -0.05, and c 0.5 * 0.4 - 0 = 0.2."""
    hits = [hit("a", 1.0), hit("b", 0.9), hit("c", 0.4), hit("d", 0.0)]
    directions = {"a": (1, 0, 0), "b": (2, 0, 0), "c": (0, 1, 0), "d": (0, 0, 1)}
    vectors = {point_id(name): np.array(v, np.float32) for name, v in directions.items()}
    assert ids(diversify(hits, vectors, 0.5, 4)) == ["a", "c", "d", "b"]
    assert ids(diversify(hits, vectors, 0.5, 2)) == ["a", "c", "b", "d"]
    assert ids(diversify(hits, vectors, 0.1, 4)) == ["a", "b", "c", "d"]


def test_diversity_brings_other_kettles_before_more_of_the_same() -> None:
    one, *_ = {product.group_id for product in KETTLES if product.group_id}
    same = [product for product in KETTLES if product.group_id == one]
    other = next(product for product in KETTLES if product.group_id != one)
    hits = [Hit(product=p, score=1 - n / 100) for n, p in enumerate([*same, other])]
    found = diversify(hits, vectors_of(KETTLES), 0.5, 2)
    assert ids(found)[:2] == [same[0].id, other.id]


def test_a_product_without_a_vector_resembles_nothing() -> None:
    hits = [hit("a", 1.0), hit("b", 0.9), hit("unseen", 0.8)]
    vectors = {point_id(name): np.ones(3, np.float32) for name in "ab"}
    assert ids(diversify(hits, vectors, 0.5, 3)) == ["a", "unseen", "b"]
    assert ids(diversify(hits, NO_VECTORS, 0.5, 3)) == ["a", "b", "unseen"]


def test_searches_of_a_bundle_take_turns_and_no_product_comes_twice() -> None:
    tents = [hit("tent"), hit("big tent"), hit("stove")]
    stoves = [hit("stove"), hit("red lamp", group_id="lamp"), hit("blue lamp", group_id="lamp")]
    assert ids(interleave([tents, [], stoves])) == ["tent", "stove", "big tent", "red lamp"]
    assert interleave([]) == []


@given(st.lists(HITS, max_size=4))
def test_interleaving_shows_every_group_once(groups: list[list[Hit]]) -> None:
    shown = [hit.product.group_id or hit.product.id for hit in interleave(groups)]
    assert len(shown) == len(set(shown))
    assert set(shown) == {hit.product.group_id or hit.product.id for hits in groups for hit in hits}


@given(HITS, SEARCHES)
def test_no_promise_is_broken_whatever_is_asked(hits: list[Hit], search: Search) -> None:
    found = postrank(hits, search, VECTORS)
    verdicts = [[check.verdict for check in hit.receipt] for hit in found]
    assert not any(Verdict.VIOLATED in checks for checks in verdicts)
    assert len(found) <= search.limit
    assert len({hit.product.group_id or hit.product.id for hit in found}) == len(found)


@given(HITS)
def test_where_nothing_is_asked_only_variants_go_and_what_is_relevant_leads(hits: list[Hit]) -> None:
    plain = [hit.model_copy(update={"receipt": ()}) for hit in hits]
    there = [hit for hit in plain if hit.product.availability not in UNAVAILABLE]
    found = collapse(there)
    leading = [hit for hit in found if hit.relevant]
    others = [hit for hit in found if not hit.relevant]
    assert postrank(there, Search(limit=100), VECTORS) == [*leading, *others]


def test_what_is_proven_leads_the_relevant_and_only_those() -> None:
    unknown, met = (Check(requirement="without buckle", verdict=v) for v in (Verdict.UNKNOWN, Verdict.MET))
    belts = [hit("says nothing", 1.0, receipt=(unknown,)), hit("has none", 0.9, receipt=(met,))]
    sandal = hit("sandal without one", 0.1, receipt=(met,), relevant=False)
    others = [sandal, hit("mug", 0.0, receipt=(unknown,), relevant=False)]
    search = Search(without=Without(terms=("buckle",)))
    shown = postrank([*belts, *others], search, NO_VECTORS)
    assert ids(shown) == ["has none", "says nothing", "sandal without one", "mug"]


def test_a_variant_that_violates_does_not_take_its_group_with_it() -> None:
    hits = [
        hit("hooded", 0.9, (check(Verdict.VIOLATED),), group_id="jacket"),
        hit("bare", 0.8, (check(Verdict.MET),), group_id="jacket"),
    ]
    (found,) = postrank(hits, Search(), NO_VECTORS)
    assert (found.product.id, found.variants) == ("bare", ())


def test_a_sold_out_product_stays_before_what_is_irrelevant() -> None:
    hits = [
        hit("named", 1.0, availability="out_of_stock"),
        hit("like it", 0.9, availability="in_stock"),
        hit("irrelevant", 0.1, relevant=False, availability="in_stock"),
        hit("irrelevant and gone", 0.05, relevant=False, availability="discontinued"),
        hit("irrelevant too", 0.0, relevant=False),
    ]
    shown = ["like it", "named", "irrelevant", "irrelevant too", "irrelevant and gone"]
    assert ids(postrank(hits, Search(), NO_VECTORS)) == shown


@pytest.mark.parametrize("sort", [Sort.PRICE_UP, Sort.PRICE_DOWN, Sort.RATING, Sort.NEWEST])
def test_variety_does_not_undo_a_sort(sort: Sort) -> None:
    hits = [Hit(product=product, score=1.0) for product in DEMO[:61]]
    varied = postrank(hits, Search(sort=sort, diversity=1.0), VECTORS)
    assert varied == postrank(hits, Search(sort=sort), VECTORS)


def test_prices_compare_in_the_currency_of_the_limit() -> None:
    def price(amount: int, currency: str) -> Money:
        return Money(amount=amount, currency=currency)

    hits = [
        hit("$2", price=price(200, "USD")),
        hit("$1", price=price(100, "USD")),
        hit("3 euros", price=price(300, "EUR")),
    ]
    limit = Where(price_max=price(1000, "EUR"))
    assert ids(postrank(hits, Search(sort=Sort.PRICE_UP), NO_VECTORS)) == ["$1", "$2", "3 euros"]
    assert ids(postrank(hits, Search(sort=Sort.PRICE_UP, where=limit), NO_VECTORS)) == ["3 euros", "$2", "$1"]


def test_no_hits_are_no_hits() -> None:
    assert postrank([], Search(sort=Sort.RATING, diversity=0.5), NO_VECTORS) == []
