"""Products by id in the protocol's shapes: as many as there are, and which version of one is meant."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidQuery
from tests.tools.ucp.odd_shop import odd_shop
from tests.tools.ucp.specs import (
    ERROR_RESPONSE,
    LOOKUP_REQUEST,
    LOOKUP_RESPONSE,
    PRODUCT_REQUEST,
    PRODUCT_RESPONSE,
    validator,
)
from tools.functions import Caller
from tools.shop import Shop
from tools.table import functions

SHIRT = "t-shirt-pier-s-white"


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Shop]:
    with odd_shop(tmp_path) as opened:
        yield opened


def lookup(shop: Shop, *ids: str, **more: Any) -> dict[str, Any]:
    asked = {"ids": list(ids), **more}
    validator(*LOOKUP_REQUEST).validate(asked)
    answer = functions(shop, b"")[1].call(asked, Caller())
    validator(*LOOKUP_RESPONSE).validate(answer)
    return answer


def get(shop: Shop, id: str, **more: Any) -> dict[str, Any]:
    asked = {"id": id, **more}
    validator(*PRODUCT_REQUEST).validate(asked)
    answer = functions(shop, b"")[2].call(asked, Caller())
    found = answer["ucp"]["status"] == "success"
    validator(*(PRODUCT_RESPONSE if found else ERROR_RESPONSE)).validate(answer)
    return answer


def labels(product: dict[str, Any]) -> dict[str, str]:
    return {choice["name"]: choice["label"] for choice in product["selected"]}


def test_ids_that_do_not_exist_are_reported_and_the_others_come_back(shop: Shop) -> None:
    answer = lookup(shop, SHIRT, "no-such-thing", SHIRT)
    assert [product["id"] for product in answer["products"]] == [SHIRT]
    assert answer["messages"] == [{"type": "info", "code": "not_found", "content": "no-such-thing"}]


def test_two_versions_of_one_product_are_one_product_that_names_both_ids(shop: Shop) -> None:
    [product] = lookup(shop, SHIRT, "t-shirt-pier-m-black")["products"]
    inputs = {variant["id"]: variant["inputs"] for variant in product["variants"]}
    assert inputs == {id: [{"id": id, "match": "exact"}] for id in (SHIRT, "t-shirt-pier-m-black")}


def test_none_found_is_an_answer(shop: Shop) -> None:
    answer = lookup(shop, "one", "two")
    assert (answer["products"], answer["ucp"]["status"]) == ([], "success")


def test_filters_narrow_a_lookup_and_say_what_they_took(shop: Shop) -> None:
    answer = lookup(shop, SHIRT, filters={"price": {"max": 1}})
    assert answer["products"] == []
    assert answer["messages"] == [{"type": "info", "code": "filtered_out", "content": SHIRT}]


@pytest.mark.parametrize("ids", [[], [""], ["x"] * 51, ["x" * 1000], [5], "\ud800", None])
def test_ids_that_cannot_be_are_a_mistake(shop: Shop, ids: Any) -> None:
    with pytest.raises(InvalidQuery, match=r"^(ids|arguments)"):
        functions(shop, b"")[1].call({"ids": ids}, Caller())


def test_an_unknown_product_is_an_outcome_and_not_to_be_asked_again(shop: Shop) -> None:
    answer = get(shop, "no-such-thing")
    assert answer["ucp"]["status"] == "error"
    assert answer["messages"][0]["code"] == "not_found"
    assert answer["messages"][0]["severity"] == "unrecoverable"


def test_one_product_is_told_in_full(shop: Shop) -> None:
    product = get(shop, SHIRT)["product"]
    record = shop.index.get([SHIRT])[SHIRT]
    assert product["description"]["plain"] == record.description
    assert product["metadata"]["brand"] == record.brand
    assert product["metadata"]["attributes"]["material"] == ["organic cotton"]
    assert labels(product) == {"size": "S", "color": "white"}
    assert [variant["id"] for variant in product["variants"]] == [SHIRT]


def test_options_say_what_exists_and_what_can_be_had_beside_the_selection(shop: Shop) -> None:
    product = get(shop, SHIRT)["product"]
    values = {
        (option["name"], value["label"]): (value["exists"], value["available"])
        for option in product["options"]
        for value in option["values"]
    }
    assert values["size", "S"] == (True, True)
    assert values["size", "M"] == (True, False)  # the white one is out of stock
    assert values["color", "sage"] == (True, True)
    assert len(values) == 6


def test_a_selection_narrows_the_versions_whatever_its_case(shop: Shop) -> None:
    product = get(shop, SHIRT, selected=[{"name": "Color", "label": "BLACK"}])["product"]
    assert labels(product) == {"color": "black"}
    assert {variant["id"] for variant in product["variants"]} == {
        f"t-shirt-pier-{size}-black" for size in "sml"
    }


def test_what_no_version_has_is_given_up_in_the_order_of_preference(shop: Shop) -> None:
    selected = [{"name": "size", "label": "XXL"}, {"name": "color", "label": "black"}]
    answer = get(shop, SHIRT, selected=selected, preferences=["size", "color"])
    assert labels(answer["product"]) == {}
    answer = get(shop, SHIRT, selected=selected, preferences=["color", "size"])
    assert labels(answer["product"]) == {"color": "black"}
    assert [message["code"] for message in answer["messages"]] == ["selection_relaxed"]


def test_an_option_that_the_product_has_not_is_reported(shop: Shop) -> None:
    answer = get(shop, SHIRT, selected=[{"name": "wheels", "label": "4"}])
    assert [message["code"] for message in answer["messages"]] == ["unknown_option"]


def test_filters_that_no_version_satisfies_can_be_recovered_from(shop: Shop) -> None:
    answer = get(shop, SHIRT, filters={"price": {"max": 1}})
    assert answer["messages"][0]["code"] == "filtered_out"
    assert answer["messages"][0]["severity"] == "recoverable"


def test_a_product_without_a_price_is_not_invented_one(odd: Shop) -> None:
    assert get(odd, "priceless")["messages"][0]["code"] == "price_unknown"
    answer = lookup(odd, "priceless", "plain")
    assert [product["id"] for product in answer["products"]] == ["plain"]
    assert answer["dev.aisle.search"]["unpriced"][0]["id"] == "priceless"


def test_versions_without_a_price_are_left_out_of_the_range(odd: Shop) -> None:
    product = get(odd, "red")["product"]
    assert [price["amount"] for price in product["price_range"].values()] == [1000, 1200]
    assert [value["label"] for value in product["options"][0]["values"]] == ["Red", "Green"]
