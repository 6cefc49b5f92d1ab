from dataclasses import replace

import pytest

from agent.reader import Lexes, Rules
from catalog.index import ProductIndex
from core.errors import InvalidQuery
from ranking.blend import load_blend
from ranking.pipeline import Ranker
from ranking.records import Search, Sort, Verdict
from ranking.systems import search
from tests.ranking.prices import usd

BARE = Ranker(load_blend())


@pytest.fixture(scope="module")
def full() -> Ranker:
    """Weigh by the blend alone, and read by rules."""
    return replace(BARE, reader=Rules("USD"))


def test_full_enforces_what_the_query_says_and_proves_it(demo_index: ProductIndex, full: Ranker) -> None:
    found = search(demo_index, Search(query="belt without buckle under $60"), "full", full)
    assert found.hits
    for hit in found.hits:
        verdicts = {check.requirement: check.verdict for check in hit.receipt}
        assert Verdict.VIOLATED not in verdicts.values()
        assert {"price at most $60.00", "without buckle"} <= set(verdicts)
    assert all(check.verdict is Verdict.MET for check in found.hits[0].receipt)


def test_full_needs_a_reader(demo_index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="needs a reader"):
        search(demo_index, Search(query="belt"), "full", BARE)


def test_what_a_request_requires_goes_before_what_its_query_says(
    demo_index: ProductIndex, full: Ranker
) -> None:
    request = Search.model_validate({"query": "kettle under $90", "where": {"price_max": usd(40)}})
    for hit in search(demo_index, request, "full", full).hits:
        assert hit.product.price is None or hit.product.price.amount <= 4000


def test_a_bound_that_contradicts_the_requests_own_is_left_out(
    demo_index: ProductIndex, full: Ranker
) -> None:
    request = Search.model_validate({"query": "kettle over $90", "where": {"price_max": usd(40)}})
    found = search(demo_index, request, "full", full)
    assert any(hit.product.price and hit.product.price.amount <= 4000 for hit in found.hits)


def test_an_order_said_in_the_query_is_the_order(demo_index: ProductIndex, full: Ranker) -> None:
    hits = search(demo_index, Search(query="kettles, cheapest first"), "full", full).hits
    prices = [h.product.price.amount for h in hits if h.product.price and h.relevant]
    assert prices == sorted(prices)


def test_a_planned_query_is_not_read_again(demo_index: ProductIndex, full: Ranker) -> None:
    request = Search(query="belt without buckle", planned=True, sort=Sort.RELEVANCE)
    assert all(not hit.receipt for hit in search(demo_index, request, "full", full).hits)


def test_the_lexis_is_compiled_once_until_the_vocabulary_changes(demo_index: ProductIndex) -> None:
    lexes = Lexes()
    assert lexes.of(demo_index) is lexes.of(demo_index)


def test_a_wish_said_in_the_query_leans_the_order(demo_index: ProductIndex, full: Ranker) -> None:
    plain, cheap = (
        search(demo_index, Search(query=q), "full", full).hits for q in ("kettle", "cheap kettle")
    )
    assert cheap[0].product.price
    assert plain[0].product.price
    assert cheap[0].product.price.amount <= plain[0].product.price.amount
    assert [hit.product.id for hit in cheap] != [hit.product.id for hit in plain]
