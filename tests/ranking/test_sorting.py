"""What is reordered, and in which order: by hand, as laws over demo products, and on a real search."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.product import Money, Product, Rating
from ranking.postrank import UNAVAILABLE, collapse, postrank
from ranking.records import Hit, Search, Sort
from ranking.sorting import believed, in_order, relevant, shares
from ranking.systems import search

DEMO = list(products())
SCORES = st.floats(-10, 10, allow_nan=False)
HITS = st.lists(
    st.builds(Hit, product=st.sampled_from(DEMO), score=SCORES),
    unique_by=lambda hit: hit.product.id,
    max_size=30,
)


def ids(hits: list[Hit]) -> list[str]:
    return [hit.product.id for hit in hits]


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def hit(name: str, score: float = 1.0, **facts: object) -> Hit:
    return Hit(product=Product.model_validate({"id": name, "title": name, **facts}), score=score)


@pytest.fixture(scope="module")
def kitchen(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductIndex]:
    """The demo catalogue's kitchen: kettles among much else that boils, pours and stands beside them."""
    home = EdgeHome(tmp_path_factory.mktemp("kitchen") / "kitchen.index")
    build_index(lambda: (p for p in DEMO if p.categories[0] == "Kitchen & Dining"), home, encoder)
    opened = ProductIndex(home, home.live(), encoder)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def kettles(kitchen: ProductIndex) -> list[Hit]:
    hits = collapse(search(kitchen, Search(query="kettle", limit=100)).hits)
    return [hit for hit in hits if hit.product.availability not in UNAVAILABLE]  # which go behind anyhow


def ranked(hits: list[Hit], sort: Sort) -> list[Hit]:
    """What is relevant is marked as the pipeline marks it, and then sorted as it sorts."""
    marked = [
        h.model_copy(update={"relevant": passes}) for h, passes in zip(hits, relevant(hits), strict=True)
    ]
    return postrank(marked, Search(sort=sort, limit=1000), {})


def is_kettle(hit: Hit) -> bool:
    return hit.product.categories[-1] == "Electric Kettles"


def test_sorting_kettles_by_price_keeps_cheaper_mugs_below(kettles: list[Hit]) -> None:
    count = sum(map(is_kettle, kettles))
    prices = [hit.product.price for hit in kettles if is_kettle(hit) and hit.product.price]
    others = [hit.product.price for hit in kettles if not is_kettle(hit) and hit.product.price]
    assert min(p.amount for p in others) < min(p.amount for p in prices)
    found = ranked(kettles, Sort.PRICE_UP)
    assert all(map(is_kettle, found[:count]))
    assert [h.product.price for h in found[:count] if h.product.price] == sorted(
        prices, key=lambda p: p.amount
    )


def test_what_the_gate_holds_back_keeps_its_order(kettles: list[Hit]) -> None:
    passes = relevant(kettles)
    assert 0 < sum(passes) < len(kettles)
    behind = [hit for hit, enough in zip(kettles, passes, strict=True) if not enough]
    assert ids(ranked(kettles, Sort.PRICE_DOWN))[sum(passes) :] == ids(behind)


def test_the_gate_does_not_depend_on_the_scale_of_the_score(kettles: list[Hit]) -> None:
    scaled = [hit.model_copy(update={"score": hit.score * 1000}) for hit in kettles]
    assert relevant(scaled) == relevant(kettles)


def test_between_two_as_relevant_the_leading_category_passes() -> None:
    phones = [hit(f"phone {n}", 1 - n / 100, categories=("Phones",)) for n in range(10)]
    case, late = hit("case", 0.55, categories=("Cases",)), hit("late phone", 0.55, categories=("Phones",))
    passes = relevant([*phones, case, late, hit("nothing", 0.0, categories=("Cases",))])
    assert passes == [True] * 10 + [False, True, False]


def test_a_catalogue_without_categories_is_gated_by_score_alone() -> None:
    assert relevant([hit("a", 1.0), hit("b", 0.61), hit("c", 0.59), hit("d", 0.0)]) == [
        True,
        True,
        False,
        False,
    ]


def test_a_category_that_few_of_the_leading_have_counts_for_little() -> None:
    unplaced = [hit(f"phone {n}", 1 - n / 100) for n in range(10)]
    lone = hit("lone", 0.5, categories=("Cases",))
    assert relevant([*unplaced, lone, hit("nothing", 0.0)])[-2:] == [False, False]


def test_a_hairs_breadth_between_all_hits_is_not_all_or_nothing() -> None:
    assert relevant([hit("a", 0.032), hit("b", 0.031), hit("c", 0.030)]) == [True, True, True]
    assert shares([0.032, 0.016]) == [1.0, 0.0]


@pytest.mark.parametrize("scores", [[], [0.0], [3.0, 3.0], [-1.0, -1.0]])
def test_scores_that_do_not_differ_are_all_the_best(scores: list[float]) -> None:
    assert shares(scores) == [1.0] * len(scores)


@given(st.lists(SCORES, min_size=1))
def test_shares_lie_between_none_and_all_and_keep_the_order(scores: list[float]) -> None:
    found = shares(scores)
    assert max(found) == 1.0
    assert min(found) >= 0.0
    assert all(
        a <= b
        for (x, a) in zip(scores, found, strict=True)
        for (y, b) in zip(scores, found, strict=True)
        if x <= y
    )


@given(HITS, st.sampled_from(Sort))
def test_sorting_is_a_permutation(hits: list[Hit], sort: Sort) -> None:
    assert sorted(ids(in_order(hits, sort))) == sorted(ids(hits))


@given(HITS, st.sampled_from(Sort))
def test_sorting_twice_changes_nothing_more(hits: list[Hit], sort: Sort) -> None:
    once = in_order(hits, sort)
    assert in_order(once, sort) == once


@given(HITS)
def test_by_relevance_nothing_moves(hits: list[Hit]) -> None:
    assert in_order(hits, Sort.RELEVANCE) == hits


def test_unknown_prices_and_other_currencies_come_last() -> None:
    euros = Money(amount=1, currency="EUR")
    hits = [hit("none"), hit("dear", price=usd(900)), hit("euros", price=euros), hit("cheap", price=usd(100))]
    assert ids(in_order(hits, Sort.PRICE_UP, "USD")) == ["cheap", "dear", "none", "euros"]
    assert ids(in_order(hits, Sort.PRICE_DOWN, "USD")) == ["dear", "cheap", "none", "euros"]
    assert ids(in_order(hits, Sort.PRICE_UP)) == ["cheap", "dear", "none", "euros"]
    assert ids(in_order(hits, Sort.PRICE_UP, "EUR")) == ["euros", "none", "dear", "cheap"]


def test_a_free_product_has_a_price() -> None:
    assert ids(in_order([hit("one", price=usd(1)), hit("free", price=usd(0))], Sort.PRICE_UP)) == [
        "free",
        "one",
    ]


def test_one_enthusiast_does_not_beat_two_thousand_votes() -> None:
    lone = hit("lone", rating=Rating(value=5.0, count=1))
    proven = hit("proven", rating=Rating(value=4.8, count=2000))
    poor = hit("poor", rating=Rating(value=3.0, count=500))
    assert ids(in_order([lone, hit("unrated"), poor, proven], Sort.RATING)) == [
        "proven",
        "lone",
        "poor",
        "unrated",
    ]


def test_a_believed_rating_by_hand() -> None:
    assert believed(Rating(value=5.0, count=1), 4.0) == pytest.approx((5 + 30 * 4) / 31)
    assert believed(Rating(value=5.0), 4.0) == believed(Rating(value=5.0, count=1), 4.0)
    assert believed(Rating(value=5.0, count=0), 4.0) == 4.0
    assert believed(None, 4.0) is None


def test_ratings_without_counts_order_by_their_value() -> None:
    hits = [hit(str(value), rating=Rating(value=value)) for value in (4.1, 4.9, 4.5)]
    assert ids(in_order(hits, Sort.RATING)) == ["4.9", "4.5", "4.1"]


def test_newest_compares_moments_with_and_without_a_time_zone() -> None:
    noon = datetime(2026, 5, 1, 12, tzinfo=UTC)
    hits = [
        hit("undated"),
        hit("noon", updated_at=noon),
        hit("naive one o'clock", updated_at=(noon + timedelta(hours=1)).replace(tzinfo=None)),
        hit("old", updated_at=noon - timedelta(days=400)),
    ]
    assert ids(in_order(hits, Sort.NEWEST)) == ["naive one o'clock", "noon", "old", "undated"]
