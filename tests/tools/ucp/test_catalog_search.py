"""What a search in the protocol's shapes answers: valid, proven, paged, and honest about what it left out."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from core.errors import InvalidQuery
from ranking.reranker import Scores
from tests.tools.ucp.odd_shop import odd_shop
from tests.tools.ucp.specs import SEARCH_REQUEST, SEARCH_RESPONSE, validator
from tools.functions import Caller
from tools.shop import Shop
from tools.table import functions
from tools.ucp import EXTENSION

SECRET = b"s" * 32
EVERYONE = Caller()


def deep(levels: int) -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for _ in range(levels):
        nested = {"more": nested}
    return nested


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Shop]:
    with odd_shop(tmp_path) as opened:
        yield opened


def search(shop: Shop, caller: Any = EVERYONE, secret: Any = SECRET, **arguments: Any) -> dict[str, Any]:
    validator(*SEARCH_REQUEST).validate(arguments)
    answer = functions(shop, secret)[0].call(arguments, caller)
    validator(*SEARCH_RESPONSE).validate(answer)
    return answer


def codes(answer: dict[str, Any]) -> list[str]:
    return [message["code"] for message in answer["messages"]]


def ids(answer: dict[str, Any]) -> list[str]:
    return [product["id"] for product in answer["products"]]


def test_a_search_answers_in_the_protocols_shapes_with_the_records_own_prices(shop: Shop) -> None:
    answer = search(shop, query="skillet", pagination={"limit": 4})
    assert answer["ucp"]["status"] == "success"
    assert 0 < len(answer["products"]) <= 4
    variants = [variant for product in answer["products"] for variant in product["variants"]]
    records = shop.index.get([variant["id"] for variant in variants])
    for variant in variants:
        price = records[variant["id"]].price
        assert price is not None
        assert variant["price"] == price.model_dump()


def test_members_of_a_group_are_variants_of_one_product(shop: Shop) -> None:
    answer = search(shop, query="pier t-shirt", pagination={"limit": 3})
    shirt = answer["products"][0]
    records = shop.index.get([variant["id"] for variant in shirt["variants"]])
    assert {record.group_id for record in records.values()} == {"t-shirt-pier"}
    assert len(shirt["variants"]) > 1
    assert shirt["variants"][0]["id"] == shirt["id"]
    assert {option["name"] for option in shirt["options"]} <= {"size", "color"}


def test_price_filters_are_minor_units_and_every_product_proves_them(shop: Shop) -> None:
    answer = search(shop, query="kettle", filters={"price": {"max": 5000}}, context={"currency": "USD"})
    assert answer["products"]
    for product in answer["products"]:
        assert product["variants"][0]["price"]["amount"] <= 5000
        check = product[EXTENSION]["receipt"][0]
        assert (check["requirement"], check["verdict"]) == ("price at most $50.00", "met")
    assert answer[EXTENSION]["requirements"] == ["price at most $50.00"]


def test_what_is_excluded_is_not_there_and_the_receipt_shows_why(shop: Shop) -> None:
    answer = search(shop, query="belt", **{EXTENSION: {"exclude": ["buckle"]}})
    assert answer["products"]
    verdicts = [check["verdict"] for product in answer["products"] for check in product[EXTENSION]["receipt"]]
    assert verdicts[0] == "met"
    assert "violated" not in verdicts


def test_without_in_the_words_counts_as_much_as_the_field(shop: Shop) -> None:
    said = search(shop, query="belt without buckle")
    asked = search(shop, query="belt", **{EXTENSION: {"exclude": ["buckle"]}})
    assert ids(said) == ids(asked)
    assert said[EXTENSION]["requirements"] == asked[EXTENSION]["requirements"]


def test_a_bare_browse_needs_no_words(shop: Shop) -> None:
    answer = search(shop, filters={"categories": ["Camping"]}, **{EXTENSION: {"sort": "price_up"}})
    prices = [product["variants"][0]["price"]["amount"] for product in answer["products"]]
    assert prices == sorted(prices)
    assert all(product["categories"][0]["value"].startswith("Camping") for product in answer["products"])


def test_a_category_of_an_answer_is_a_filter_of_the_next(shop: Shop) -> None:
    path = search(shop, query="tent")["products"][0]["categories"][0]["value"]
    assert ids(search(shop, query="tent", filters={"categories": [path]}))


def test_pages_hold_every_product_once_in_the_order_of_one_long_page(shop: Shop) -> None:
    whole = search(shop, query="shoes", pagination={"limit": 50})
    paged: list[str] = []
    page: dict[str, Any] = {"limit": 2}
    while True:
        answer = search(shop, query="shoes", pagination=page)
        paged += ids(answer)
        if not answer["pagination"]["has_next_page"]:
            break
        page = {"limit": 2, "cursor": answer["pagination"]["cursor"]}
    assert len(paged) > 4
    assert paged == ids(whole)
    assert len(set(paged)) == len(paged)


def test_a_cursor_belongs_to_its_request_its_shop_and_nobody_in_particular(shop: Shop) -> None:
    cursor = search(shop, query="shoes", pagination={"limit": 2})["pagination"]["cursor"]
    following = {"limit": 2, "cursor": cursor}
    first = search(shop, Caller(owner="somebody"), query="shoes", pagination=following)
    second = search(shop, Caller(owner="else"), query="shoes", pagination=following)
    assert ids(first) == ids(second)
    for changed in (
        {"query": "boots"},
        {"query": "shoes", "filters": {"price": {"max": 100000}}},
        {"query": "shoes", EXTENSION: {"exclude": ["leather"]}},
    ):
        with pytest.raises(InvalidQuery, match="does not belong to this request"):
            search(shop, pagination=following, **changed)
    with pytest.raises(InvalidQuery, match="does not belong to this request"):
        search(shop, secret=b"another", query="shoes", pagination=following)


def test_pages_larger_than_the_largest_are_cut_without_a_fuss(shop: Shop) -> None:
    assert len(search(shop, query="shoes", pagination={"limit": 10_000})["products"]) <= 50


def test_unknown_fields_change_nothing_and_are_reported(shop: Shop) -> None:
    plain = search(shop, query="skillet")
    answer = search(shop, query="skillet", filters={"colour": "red", "price": {"step": 1}}, mood="good")
    assert ids(answer) == ids(plain)
    assert codes(answer) == ["unknown_field_ignored"] * 3
    assert [message["content"].split(" ")[0] for message in answer["messages"]] == [
        "mood",
        "filters.colour",
        "filters.price.step",
    ]


def test_hints_about_a_buyer_are_accepted(shop: Shop) -> None:
    context = {
        "address_country": "US",
        "intent": "a gift",
        "language": "en",
        "eligibility": ["com.example.gold"],
    }
    answer = search(
        shop,
        query="skillet",
        context=context,
        signals={"dev.ucp.buyer_ip": "203.0.113.1"},
        attribution={"utm_source": "agent"},
    )
    assert answer["messages"] == []


def test_a_price_filter_in_a_currency_without_prices_is_ignored_and_reported(shop: Shop) -> None:
    answer = search(shop, query="skillet", filters={"price": {"max": 1}}, context={"currency": "SEK"})
    assert codes(answer) == ["price_filter_ignored"]
    assert ids(answer) == ids(search(shop, query="skillet"))


def test_nothing_of_the_kind_is_said(shop: Shop) -> None:
    answer = search(shop, query="grand piano")
    assert answer[EXTENSION]["nothing_fits"]
    assert "nothing_fits" in codes(answer)


def test_too_strict_a_request_comes_back_with_what_giving_up_would_find(shop: Shop) -> None:
    answer = search(shop, query="kettle", filters={"price": {"max": 100}})
    [offer, *_] = answer[EXTENSION]["relaxations"]
    assert offer["dropped"] == "price at most $1.00"
    assert offer["count"] > 0
    assert set(offer["example_ids"]) <= set(shop.index.get(offer["example_ids"]))


def test_a_repaired_query_is_said(shop: Shop) -> None:
    answer = search(shop, query="ketle")
    assert answer[EXTENSION]["repair"]["changes"] == [["ketle", "kettle"]]
    assert "query_repaired" in codes(answer)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({}, "nothing is asked for; give a query, filters, or both"),
        ({"query": "  "}, "nothing is asked for"),
        ({"filters": {"colour": "red"}}, "nothing is asked for"),
        ({"query": 5}, "query: Input should be a valid string; the arguments are query, filters"),
        ({"query": "x" * 1_000_000}, "query: String should have at most 1000 characters"),
        ({"query": "\ud800"}, "not valid Unicode"),
        ({"query": "x", "\ud800": 1}, "not valid Unicode"),
        ({"query": "x", "signals": deep(900)}, "nested more than 20 deep"),
        ({"query": "x", "filters": {"rating_min": float("nan")}}, "filters.rating_min: Input should be"),
        ({"query": "x", "filters": []}, "filters: Input should be a valid dictionary"),
        ({"query": "x", "filters": {"price": {"min": -1}}}, "filters.price.min: Input should be gr"),
        ({"query": "x", "filters": {"price": {"max": 10**30}}}, "filters.price.max: Input should be le"),
        ({"query": "x", "filters": {"price": {"max": 9.99}}}, "filters.price.max: Input should be a"),
        ({"query": "x", "filters": {"price": {"max": True}}}, "filters.price.max: Input should be a"),
        ({"query": "x", "filters": {"price": {"min": 2, "max": 1}}}, "price_min is above price_max; swap"),
        ({"query": "x", "filters": {"categories": ["Campin"]}}, "did you mean Camping"),
        ({"query": "x", "filters": {"brands": ["Qqqzz"]}}, "the shop has no 'Qqqzz'"),
        ({"query": "x", "filters": {"attributes": {"zzq": "red"}}}, "the shop has no 'zzq'"),
        ({"query": "x", EXTENSION: {"exlude": ["a"]}}, "not permitted; the arguments are exclude, sort"),
        ({"query": "x", "pagination": {"limit": 0}}, "pagination.limit: Input should be greater than"),
        ({"query": "x", "pagination": {"cursor": "AAAA"}}, "pagination.cursor: not a cursor of this shop"),
        ({"query": "x", "pagination": {"cursor": "\u00e9\u00e9"}}, "pagination.cursor: not a cursor"),
        ({"query": "x", "pagination": {"cursor": "A" * 5000}}, "pagination.cursor: String should have at"),
    ],
)  # fmt: skip
def test_a_mistake_names_its_place_and_the_way_out(shop: Shop, arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidQuery) as caught:
        functions(shop, SECRET)[0].call(arguments, EVERYONE)
    assert says in str(caught.value)
    assert len(str(caught.value)) < 400


def test_null_counts_as_not_given(shop: Shop) -> None:
    call = functions(shop, SECRET)[0].call
    nulls = {"query": "tent", "filters": None, "pagination": {"cursor": None, "limit": None}, EXTENSION: None}
    assert ids(call(nulls, EVERYONE)) == ids(call({"query": "tent"}, EVERYONE))


class Reversing:
    """A reranker whose work shows: it prefers what the rest of the pipeline likes least."""

    name = "reversing"
    calls = 0

    def score(self, query: str, passages: Any) -> Scores:  # noqa: ARG002
        import numpy as np

        self.calls += 1
        return np.arange(len(passages), dtype=np.float32)


def test_a_hurried_caller_gets_the_plain_order_and_is_told(shop: Shop) -> None:
    reranker = Reversing()
    slow = replace(shop, ranker=replace(shop.ranker, reranker=reranker))
    hurried = search(slow, Caller(hurried=True), query="shoes")
    assert reranker.calls == 0
    assert ids(hurried) == ids(search(shop, query="shoes"))
    assert codes(hurried) == ["reduced_ranking"]


def test_when_time_is_up_what_is_ready_is_answered(shop: Shop) -> None:
    reranker = Reversing()
    slow = replace(shop, ranker=replace(shop.ranker, reranker=reranker))
    answer = search(slow, Caller(until=perf_counter()), query="shoes", filters={"price": {"max": 100}})
    assert reranker.calls == 0
    assert "partial_results" in codes(answer)
    assert answer[EXTENSION]["relaxations"] == []


def test_pages_go_on_in_the_order_in_which_they_began(shop: Shop) -> None:
    slow = replace(shop, ranker=replace(shop.ranker, reranker=Reversing()))
    first = search(slow, Caller(hurried=True), query="shoes", pagination={"limit": 3})
    second = search(slow, query="shoes", pagination={"limit": 3, "cursor": first["pagination"]["cursor"]})
    assert ids(first) + ids(second) == ids(search(shop, query="shoes", pagination={"limit": 6}))
    assert codes(second) == []


def test_a_product_without_a_price_is_listed_apart_and_never_free(odd: Shop) -> None:
    answer = search(odd, query="stoneware mug", pagination={"limit": 50})
    assert "priceless" not in ids(answer)
    assert [product["id"] for product in answer[EXTENSION]["unpriced"]] == ["priceless"]
    assert "price_unknown" in codes(answer)
    variants = [variant["id"] for product in answer["products"] for variant in product["variants"]]
    assert "blue" not in variants


def test_product_text_is_data_without_what_cannot_be_seen(odd: Shop) -> None:
    answer = search(odd, query="stoneware mug planted", pagination={"limit": 50})
    planted = next(product for product in answer["products"] if product["id"] == "planted")
    text = planted["description"]["plain"]
    assert not set("<>|[]{}\n\u202e\u200b") & set(text)
    assert planted["metadata"]["brand"] == "Acme"


def test_only_addresses_of_the_web_are_passed_on(odd: Shop) -> None:
    answer = search(odd, query="stoneware mug linked", pagination={"limit": 50})
    linked = next(product for product in answer["products"] if product["id"] == "linked")
    assert "url" not in linked
    assert [image["url"] for image in linked["media"]] == ["https://shop.example/mug.png"]


def test_a_price_filter_may_be_in_any_currency_that_the_shop_has(odd: Shop) -> None:
    answer = search(odd, query="mug", filters={"price": {"max": 600}}, context={"currency": "eur"})
    assert ids(answer)[0] == "euro"
    assert answer["messages"] == [] or "price_filter_ignored" not in codes(answer)


def test_stock_is_told_as_the_record_has_it(odd: Shop) -> None:
    answer = search(odd, query="stoneware mug", pagination={"limit": 50})
    stocks = {product["id"]: product["variants"][0].get("availability") for product in answer["products"]}
    assert stocks["gone"] == {"available": False, "status": "discontinued"}
    assert stocks["plain"] is None
