"""Functions as OpenAI's API wants them: strict, so that whatever a model can write is a valid call."""

from collections.abc import Iterator
from typing import Any

import pytest

from tools.functions import Caller, Function
from tools.schemas import UNSAID, openai_functions, strict
from tools.shop import Shop
from tools.table import functions


@pytest.fixture(scope="module")
def table(shop: Shop) -> tuple[Function, ...]:
    return functions(shop, b"")


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every schema in a schema."""
    if isinstance(schema, list):
        for one in schema:
            yield from parts(one)
    elif isinstance(schema, dict):
        yield schema
        for name, value in schema.items():
            yield from parts(list(value.values()) if name in ("properties", "$defs") else value)


def test_every_object_is_closed_and_every_field_required(table: tuple[Function, ...]) -> None:
    for told in openai_functions(table):
        assert told["function"]["strict"] is True
        for part in parts(told["function"]["parameters"]):
            if part.get("type") == "object":
                assert part["additionalProperties"] is False
                assert part["required"] == list(part["properties"])
            assert not set(UNSAID) & set(part)
            assert "$ref" not in part or len(part) == 1


def test_what_may_be_left_out_may_be_null() -> None:
    schema = {
        "type": "object",
        "properties": {
            "query": {"type": "string", "maxLength": 9},
            "limit": {"type": "integer", "default": 5},
        },
        "required": ["query"],
    }
    assert strict(schema) == {
        "type": "object",
        "properties": {
            "query": {"type": "string"},
            "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["query", "limit"],
        "additionalProperties": False,
    }


def test_what_a_model_must_write_is_a_call_that_works(table: tuple[Function, ...]) -> None:
    parameters = openai_functions(table)[0]["function"]["parameters"]
    written = dict.fromkeys(parameters["required"]) | {"query": "tent"}
    assert table[0].call(written, Caller())["products"]


def test_objects_of_which_nothing_is_known_are_left_out(table: tuple[Function, ...]) -> None:
    parameters = openai_functions(table)[0]["function"]["parameters"]
    assert {"signals", "attribution"}.isdisjoint(parameters["properties"])
    assert {"query", "filters", "dev.aisle.search"} <= set(parameters["properties"])
