"""Searches without words over the demo catalogue: requirements, orders, exclusions."""

from itertools import pairwise

import pytest

from catalog.index import ProductIndex
from catalog.product import Money, Product
from catalog.where import Where, Without
from core.errors import InvalidQuery
from ranking.blend import load_blend
from ranking.pipeline import Ranker, rank
from ranking.postrank import UNAVAILABLE
from ranking.receipts import known_to_fit
from ranking.records import Results, Search, Sort, Verdict
from ranking.systems import search

RANKER = Ranker(load_blend())


def browsed(index: ProductIndex, **wishes: object) -> Results:
    return search(index, Search.model_validate(wishes), "rerank", RANKER)


def price(product: Product) -> int:
    assert product.price is not None
    return product.price.amount


def test_anything_under_20_is_under_20_and_proven(demo_index: ProductIndex) -> None:
    limit = Money(amount=2000, currency="USD")
    found = browsed(demo_index, where=Where(price_max=limit), limit=30)
    assert len(found.hits) == 30
    assert all(price(hit.product) <= 2000 and known_to_fit(hit.receipt) for hit in found.hits)
    assert found.fitting >= 30
    assert not found.astray


def test_what_many_like_comes_before_what_one_does(demo_index: ProductIndex) -> None:
    found = browsed(demo_index, where=Where(price_max=Money(amount=2000, currency="USD")))
    for hit in found.hits:
        rating = hit.product.rating
        assert rating is not None
        assert rating.value >= 4
        assert (rating.count or 0) > 50


def test_everything_by_a_brand_is_by_that_brand_each_product_once(demo_index: ProductIndex) -> None:
    found = browsed(demo_index, where=Where(brands=("Kopparo",)), limit=50)
    proven = [hit for hit in found.hits if known_to_fit(hit.receipt)]
    assert {hit.product.brand for hit in proven} == {"Kopparo"}
    groups = {p.group_id for p in demo_index.everything().values() if p.brand == "Kopparo"}
    assert {hit.product.group_id for hit in proven} == groups
    assert len(proven) == len(groups)


def test_what_is_sold_out_comes_after_what_is_not(demo_index: ProductIndex) -> None:
    found = browsed(demo_index, where=Where(brands=("Kopparo",)), limit=50)
    gone = [h.product.availability in UNAVAILABLE for h in found.hits if known_to_fit(h.receipt)]
    assert gone == sorted(gone)


def test_the_cheapest_of_a_brand_leads_by_price(demo_index: ProductIndex) -> None:
    found = browsed(demo_index, where=Where(brands=("Kopparo",)), sort=Sort.PRICE_UP, limit=5)
    amounts = [price(hit.product) for hit in found.hits]
    assert all(one <= other for one, other in pairwise(amounts))
    obtainable = [
        price(p)
        for p in demo_index.everything().values()
        if p.brand == "Kopparo" and p.price and p.availability not in UNAVAILABLE
    ]
    assert amounts[0] == min(obtainable)


def test_anything_without_leather_has_none(demo_index: ProductIndex) -> None:
    found = browsed(demo_index, without=Without(terms=("leather",)))
    assert found.hits
    assert all(check.verdict is not Verdict.VIOLATED for hit in found.hits for check in hit.receipt)
    assert known_to_fit(found.hits[0].receipt)


def test_an_order_alone_is_enough_once_a_query_has_been_read(demo_index: ProductIndex) -> None:
    found = rank(demo_index, Search(sort=Sort.PRICE_UP, planned=True), RANKER)
    everything = [p.price.amount for p in demo_index.everything().values() if p.price]
    assert price(found.hits[0].product) == min(everything)


def test_who_says_nothing_is_asked_to(demo_index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="say what you are looking for"):
        browsed(demo_index, query="  ")
    assert rank(demo_index, Search(planned=True), RANKER).hits == ()


def test_the_plain_systems_do_not_browse(demo_index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="say what you are looking for"):
        search(demo_index, Search(where=Where(brands=("Kopparo",))), "hybrid")


def test_a_count_that_stops_where_looking_stopped_says_so(demo_index: ProductIndex) -> None:
    cheap = Search(where=Where(price_max=Money(amount=3_000, currency="USD")))
    assert rank(demo_index, cheap, RANKER).uncounted
    assert not rank(demo_index, Search(where=Where(categories=("Electronics",))), RANKER).uncounted
