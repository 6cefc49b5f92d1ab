"""The table that others call from: functions described, examples that work, answers as promised."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from core.errors import InvalidQuery
from tests.tools.ucp.odd_shop import MUGS, odd_shop
from tools.functions import Caller, Function
from tools.langchain_tools import function_tools
from tools.shop import Shop
from tools.table import functions

NAMES = (
    "search_catalog",
    "lookup_catalog",
    "get_product",
    "compare_products",
    "find_similar",
    "rerank_products",
    "describe_catalog",
)
SHIRT = "t-shirt-pier-s-white"


@pytest.fixture(scope="module")
def table(shop: Shop) -> dict[str, Function]:
    return {one.name: one for one in functions(shop, b"secret")}


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Shop]:
    with odd_shop(tmp_path) as opened:
        yield opened


def works(one: Function, arguments: Any) -> dict[str, Any]:
    """Call it, and hold arguments and answer against its own schemas."""
    Draft202012Validator(one.takes).validate(arguments)
    answer = one.call(arguments, Caller())
    Draft202012Validator(one.returns).validate(answer)
    json.dumps(answer)
    return answer


def test_the_table_has_its_functions_under_their_names(table: dict[str, Function]) -> None:
    assert tuple(table) == NAMES
    assert [one.name for one in table.values() if one.is_ucp] == list(NAMES[:3])
    assert all(one.reads_only and one.idempotent and one.scope == "search" for one in table.values())


@pytest.mark.parametrize("name", NAMES)
def test_a_description_says_when_to_use_it_what_comes_back_and_shows_a_call(
    table: dict[str, Function], name: str
) -> None:
    said = table[name].description
    assert "Use it" in said or "before" in said or "candidates" in said
    assert "Comes back" in said
    assert json.dumps(table[name].examples[0]) in said
    assert len(said) < 1200


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_complete_in_themselves(table: dict[str, Function], name: str) -> None:
    for schema in (table[name].takes, table[name].returns):
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object"
        assert '"$ref": "http' not in json.dumps(schema)


@pytest.mark.parametrize("name", NAMES)
def test_examples_work_and_answers_keep_to_their_schema(table: dict[str, Function], name: str) -> None:
    for example in table[name].examples:
        answer = works(table[name], example)
        assert answer.get("products", True)


def test_examples_work_in_any_shop(odd: Shop) -> None:
    for one in functions(odd, b"secret"):
        for example in one.examples:
            works(one, example)


def test_a_shop_without_products_has_functions_and_no_examples_of_ids(tmp_path: Path) -> None:
    with odd_shop(tmp_path, MUGS[1:2]) as shop:
        shop.index.delete([MUGS[1].id])
        table = {one.name: one for one in functions(shop, b"secret")}
        assert table["get_product"].examples == ()
        assert works(table["search_catalog"], table["search_catalog"].examples[0])["products"] == []
        assert works(table["describe_catalog"], {})["products"] == 0


def test_departments_and_attributes_are_offered_and_deeper_ones_allowed(table: dict[str, Function]) -> None:
    definitions = table["search_catalog"].takes["$defs"]
    offered, anything = definitions["Filters"]["properties"]["categories"]["items"]["anyOf"]
    assert {"Camping", "Office & School"} <= set(offered["enum"])
    assert anything["type"] == "string"
    assert "color" in definitions["Having"]["properties"]["name"]["anyOf"][0]["enum"]


def test_an_overview_counts_what_the_shop_has(shop: Shop, table: dict[str, Function]) -> None:
    answer = works(table["describe_catalog"], {})
    assert answer["products"] == shop.index.count()
    assert sum(one["count"] for one in answer["departments"]) <= answer["products"]
    color = next(one for one in answer["attributes"] if one["name"] == "color")
    assert color["more_values"] > 0
    [all_of_it] = works(table["describe_catalog"], {"attribute": "Color"})["attributes"]
    assert len(all_of_it["values"]) == len(color["values"]) + color["more_values"]
    assert answer["prices"][0]["currency"] == "USD"
    assert answer["prices"][0]["min"]["amount"] <= answer["prices"][0]["median"]["amount"]


def test_a_comparison_names_the_winner_by_id(shop: Shop, table: dict[str, Function]) -> None:
    first, second = (id for id in ("kettle-pip-10l-black", SHIRT))
    answer = works(table["compare_products"], {"ids": [first, second]})
    price = next(row for row in answer["differences"] if row["name"] == "price")
    records = shop.index.get([first, second])
    cheaper = min(records.values(), key=lambda one: one.price.amount if one.price else 0)
    assert price["best"] == [cheaper.id]


def test_a_comparison_goes_on_without_an_unknown_third(table: dict[str, Function]) -> None:
    answer = works(table["compare_products"], {"ids": [SHIRT, "kettle-pip-10l-black", "nothing-such"]})
    assert answer["messages"] == [{"type": "info", "code": "not_found", "content": "nothing-such"}]
    with pytest.raises(InvalidQuery, match="1 products cannot be compared"):
        table["compare_products"].call({"ids": [SHIRT, "nothing-such"]}, Caller())


def test_what_is_similar_is_another_product_of_the_kind(shop: Shop, table: dict[str, Function]) -> None:
    answer = works(table["find_similar"], {"ids": ["kettle-pip-10l-black"], "limit": 3})
    found = shop.index.get([product["id"] for product in answer["products"]]).values()
    groups = {product.group_id for product in shop.index.get(["kettle-pip-10l-black"]).values()}
    assert len(found) == 3
    assert all(product.group_id not in groups for product in found)
    assert any("kettle" in product.title.lower() for product in found)


def test_similar_but_cheaper_is_cheaper(table: dict[str, Function]) -> None:
    answer = works(table["find_similar"], {"ids": ["kettle-pip-10l-black"], "price_max": 4000})
    assert all(product["variants"][0]["price"]["amount"] <= 4000 for product in answer["products"])
    with pytest.raises(InvalidQuery, match="ids: no such product"):
        table["find_similar"].call({"ids": ["nothing-such"]}, Caller())


def test_candidates_of_the_caller_are_put_in_order(table: dict[str, Function]) -> None:
    texts = ["Garden hose", "Electric kettle", "Wool blanket"]
    answer = works(table["rerank_products"], {"query": "boil water for tea", "texts": texts})
    assert answer["ranking"][0]["index"] == 1
    assert sorted(placed["index"] for placed in answer["ranking"]) == [0, 1, 2]
    assert answer["ordered_by"] == "vectors"


def test_candidates_by_id_keep_their_place_in_the_request(table: dict[str, Function]) -> None:
    ids = [SHIRT, "nothing-such", "kettle-pip-10l-black"]
    answer = works(table["rerank_products"], {"query": "boil water for tea", "ids": ids})
    assert [(placed["index"], placed["id"]) for placed in answer["ranking"]] == [(2, ids[2]), (0, SHIRT)]
    assert answer["messages"][0]["code"] == "not_found"


@pytest.mark.parametrize("arguments", [{"query": "x"}, {"query": "x", "ids": ["a"], "texts": ["b"]}])
def test_candidates_are_either_ids_or_texts(table: dict[str, Function], arguments: dict[str, Any]) -> None:
    with pytest.raises(InvalidQuery, match="give one of them"):
        table["rerank_products"].call(arguments, Caller())


def test_progress_is_told_in_plain_words(table: dict[str, Function]) -> None:
    told: list[str] = []
    table["search_catalog"].call({"query": "skillet"}, Caller(progress=told.append))
    assert told == ["searching"]


def test_the_functions_are_langchain_tools_too(table: dict[str, Function]) -> None:
    tools = {tool.name: tool for tool in function_tools(table.values(), Caller())}
    asked = {"type": "tool_call", "id": "1", "name": "search_catalog"}
    search = tools["search_catalog"]
    message = search.invoke(asked | {"args": {"query": "belt", "dev.aisle.search": {"exclude": ["buckle"]}}})
    assert message.artifact == json.loads(message.content)
    assert message.artifact["dev.aisle.search"]["requirements"] == ["without buckle"]
    wrong = search.invoke(asked | {"args": {"query": 5}})
    assert wrong.status == "error"
    assert wrong.content.startswith("try again differently: query: Input should be a valid string")
