"""`ask_shop` with the real assistant over the demo catalogue."""

from functools import partial
from time import perf_counter
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from agent.asking import ask_function, ask_shop
from agent.conversations import Conversations
from agent.loop import Assistant
from agent.talks import Talks
from core.errors import InvalidQuery
from tests.agent.test_talks import NEED, Thinking
from tools.functions import Caller, Function
from tools.shop import Shop

ANN, BOB = Caller(owner="ann"), Caller(owner="bob")


@pytest.fixture
def ask(shop: Shop, kept: Conversations) -> Function:
    return ask_function(partial(ask_shop, Talks(Assistant(shop), kept)))


def said(ask: Function, message: str, handle: str | None = None, by: Caller = ANN) -> dict[str, Any]:
    answer = ask.call({"message": message, "conversation": handle}, by)
    Draft202012Validator(ask.returns).validate(answer)
    return answer


def test_a_conversation_goes_on_by_its_handle(ask: Function) -> None:
    first = said(ask, "kettle")
    second = said(ask, "under 40, without a lid", first["conversation"])
    assert second["conversation"] == first["conversation"]
    assert second["intent"] == "refine"
    assert second["understood"][0]["query"] == "kettle"
    assert max(one["price_range"]["max"]["amount"] for one in second["products"]) <= 4000


def test_every_product_brings_the_proof_of_every_requirement(ask: Function) -> None:
    answer = said(ask, "kettle under 40")
    for product in answer["products"]:
        (check,) = product["dev.aisle.search"]["receipt"]
        assert check["verdict"] == "met"
        assert check["evidence"]


def test_the_handle_of_another_is_unknown(ask: Function) -> None:
    first = said(ask, "kettle")
    with pytest.raises(InvalidQuery, match="no conversation"):
        said(ask, "under 40", first["conversation"], BOB)


@pytest.mark.parametrize("wrong", [{}, {"message": ""}, {"message": 1}, {"message": "x" * 10_001}])
def test_wrong_arguments_are_told(ask: Function, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidQuery, match="message"):
        ask.call(wrong, ANN)


def test_a_comparison_brings_the_products_it_compares(ask: Function) -> None:
    first = said(ask, "kettle")
    second = said(ask, "compare the first two", first["conversation"])
    assert second["intent"] == "compare"
    assert [one["id"] for one in second["products"]] == [one["id"] for one in first["products"][:2]]


def test_a_mission_comes_in_parts(ask: Function) -> None:
    answer = said(ask, "everything for a baby's first month under 300")
    assert len(answer["parts"]) > 1
    listed = {one["id"] for one in answer["products"]}
    assert all(set(part["product_ids"]) <= listed for part in answer["parts"])
    assert all(part["pick"] in part["product_ids"] for part in answer["parts"])


def test_progress_is_told_as_it_is_made(ask: Function) -> None:
    told: list[str] = []
    said(ask, "kettle", by=Caller(owner="ann", progress=told.append))
    assert told[0] == "looking for kettle"
    assert told[-1].startswith("found ")


def test_when_time_is_up_no_model_is_waited_for(shop: Shop, kept: Conversations) -> None:
    ask = ask_function(partial(ask_shop, Talks(Assistant(shop, planner=Thinking()), kept)))
    answer = said(ask, NEED, by=Caller(owner="ann", until=perf_counter() + 0.5))
    assert answer["products"]
    assert answer["reply"]
