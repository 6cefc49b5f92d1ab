"""What the log holds is User Behavior Insights 1.3, by the published schemas."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from behavior.records import (
    LONGEST_MESSAGE,
    LONGEST_QUERY,
    Action,
    LlmUse,
    Query,
    QueryAttributes,
    Rewrite,
    SubQuery,
    event,
    line,
    parsed,
    query,
)
from core.errors import InvalidQuery

SCHEMAS = Path(__file__).parent.parent / "specs" / "ubi" / "1.3.0"
AT = datetime(2026, 8, 22, 10, 0, 0, 123456, UTC)
FULL = QueryAttributes(
    session_id="s1",
    intent="bundle",
    constraints={"price_max": 50.0, "brands": ("Bosch",), "attributes": {"color": ("red", "blue")}},
    rewrites=(Rewrite(written="ketle", searched="kettle"),),
    sub_queries=(SubQuery(query="kettle", constraints={"exclude": ("plastic",)}), SubQuery(query="mug")),
    found=12,
    astray=True,
    timings_ms={"total": 41.5, "recall": 3.25},
    llm=LlmUse(calls=2, tokens=900, cost=0.002),
)


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return found


def forgiving(found: dict[str, Any]) -> dict[str, Any]:
    """The schema of events as it is meant: a recommended name is also a string, which is no contradiction."""
    properties = found["properties"]
    thing = properties["event_attributes"]["properties"]["object"]["properties"]
    for place in (properties["action_name"], thing["object_id_type"]):
        place["anyOf"] = place.pop("oneOf")
    return found


def problems(found: dict[str, Any], written: bytes) -> list[str]:
    checked = jsonschema_rs.validator_for(found, validate_formats=True)
    return [error.message for error in checked.iter_errors(json.loads(written))]


def test_a_query_with_everything_in_it_is_valid() -> None:
    record = query(
        "a ketle and a mug", "q1", hits=("p1", "p2"), about=FULL, client_id="c", application="page"
    )
    assert problems(schema("query.request"), line(record)) == []
    assert problems(schema("query.response"), line(record)) == []


def test_a_query_of_which_nothing_is_known_is_valid() -> None:
    assert problems(schema("query.request"), line(query("", "q1"))) == []


@pytest.mark.parametrize("action", Action)
def test_every_action_is_valid_with_and_without_a_product(action: Action) -> None:
    events = forgiving(schema("event"))
    assert problems(events, line(event(action, "q1", product="p1", position=3, client_id="c"))) == []
    assert problems(events, line(event(action, "q1", product="p1"))) == []
    assert problems(events, line(event(action, message="color: red", session_id="s"))) == []
    assert event(action).message_type


def test_an_event_that_is_cut_short_is_refused_by_the_schema() -> None:
    document = json.loads(line(event("click", "q1", product="p1")))
    del document["event_attributes"]["position"]
    assert problems(forgiving(schema("event")), json.dumps(document).encode())


def test_the_schema_to_the_letter_refuses_the_very_names_that_it_recommends() -> None:
    assert problems(schema("event"), b'{"action_name": "click", "timestamp": "2026-08-22T10:00:00Z"}')


def test_what_is_written_is_what_is_read() -> None:
    asked = query("a ketle", "q1", hits=("p1",), about=FULL, client_id="c", application="rest", at=AT)
    done = event("add_to_cart", "q1", product="p1", position=2, client_id="c", session_id="s", at=AT)
    assert [parsed(line(asked)), parsed(line(done))] == [asked, done]
    assert asked.timestamp.microsecond == 123456


def test_times_of_other_zones_are_written_in_utc() -> None:
    record = query("kettle", "q1", at=datetime.fromisoformat("2026-08-22T01:30:00+02:00"))
    assert json.loads(line(record))["timestamp"] == "2026-08-21T23:30:00Z"


def test_a_record_is_one_line_whatever_was_said() -> None:
    said = 'two\nlines\r\u2028 "action_name":"click" \x00 \ud800 ☕'
    written = line(query(said, "q1", about=QueryAttributes(constraints={"exclude": (said,)})))
    assert written.count(b"\n") == 1
    record = parsed(written)
    assert isinstance(record, Query)
    assert record.user_query == said.replace("\ud800", "?")


def test_a_product_off_the_list_has_no_position() -> None:
    assert event("purchase", "q1", product="p1").position is None
    assert event("purchase", "q1", product="p1", position=4).position == 4
    assert event("chip_removed", "q1", message="red").product is None


def test_long_words_are_cut_and_long_ids_refused() -> None:
    assert len(query("a" * 1_000_000, "q1").user_query) == LONGEST_QUERY
    assert len(event("click", message="b" * 5000).message) == LONGEST_MESSAGE
    with pytest.raises(InvalidQuery, match="query_id"):
        event("click", "q" * 101)
    with pytest.raises(InvalidQuery, match="object_id"):
        event("click", "q1", product="p" * 257)
    with pytest.raises(InvalidQuery, match="ordinal"):
        event("click", "q1", product="p1", position=-1)
    with pytest.raises(InvalidQuery, match="action_name"):
        event("", "q1")
