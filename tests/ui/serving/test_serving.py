"""The whole server over the demo catalogue, with real keys: what callers get, and what they are told."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from jsonschema import Draft202012Validator
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.testclient import TestClient

from tests.ui.serving.conftest import events, listening
from ui.serving.problems import CODES

Keys = list[dict[str, str]]
SEARCH = "/api/catalog/search"
BELT = {"message": "a leather belt without a buckle"}


def whole(schema: dict[str, Any], document: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": document["components"]})


def problem(response: Any) -> dict[str, str]:
    """The error of a refusal, which has to be of the one shape."""
    error: dict[str, str] = response.json()["error"]
    assert set(error) == {"code", "message", "request_id"}
    assert error["code"] == CODES[response.status_code]
    assert error["request_id"] == response.headers["x-request-id"]
    return error


def test_every_example_of_the_document_works_and_is_answered_as_it_says(
    client: TestClient, keys: Keys
) -> None:
    document = client.get("/openapi.json").json()
    tried = 0
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            for arguments in _examples(operation):
                headers = {**keys[2], "accept": "application/json"}
                response = client.request(method, path, headers=headers, **arguments)
                assert response.status_code == 200, (path, response.text)
                errors = list(whole(answer, document).iter_errors(response.json()))
                assert not errors, (path, errors[0].message)
                tried += 1
    assert tried >= len(document["paths"])


def _examples(operation: dict[str, Any]) -> list[dict[str, Any]]:
    if "requestBody" in operation:
        examples = operation["requestBody"]["content"]["application/json"]["examples"].values()
        return [{"json": example["value"]} for example in examples]
    return [
        {"params": {"id": example["value"]}} for example in operation["parameters"][0]["examples"].values()
    ]


def test_a_search_answers_with_receipts(client: TestClient, keys: Keys) -> None:
    asked = {"query": "leather belt", "dev.aisle.search": {"exclude": ["buckle"]}}
    found = client.post(SEARCH, json=asked, headers=keys[0]).json()
    assert found["ucp"]["status"] == "success"
    assert found["products"]


def test_an_unknown_product_is_an_answer_and_not_a_failure(client: TestClient, keys: Keys) -> None:
    response = client.post("/api/catalog/product", json={"id": "no-such"}, headers=keys[0])
    assert response.status_code == 200
    assert response.json()["ucp"]["status"] == "error"


def test_a_turn_is_told_step_by_step(client: TestClient, keys: Keys) -> None:
    response = client.post("/api/ask", json=BELT, headers=keys[0])
    assert response.headers["content-type"].startswith("text/event-stream")
    told = events(response.text)
    names = [name for name, _ in told]
    assert names[:2] == ["Conversation", "Understood"]
    assert names[-1] == "Answered"
    searched = [step for name, step in told if name == "Searched"]
    assert searched[-1]["final"]
    assert "state" not in told[-1][1]


def test_a_conversation_goes_on_by_its_handle(client: TestClient, keys: Keys) -> None:
    first = events(client.post("/api/ask", json={"message": "kettle"}, headers=keys[0]).text)
    handle = first[0][1]["conversation"]
    more = {"message": "only red ones", "conversation": handle}
    second = events(client.post("/api/ask", json=more, headers=keys[0]).text)
    assert second[0][1]["conversation"] == handle
    assert second[1][1]["plan"]["intent"] == "refine"


def test_another_keys_conversation_is_as_unknown_as_one_that_never_was(
    client: TestClient, keys: Keys
) -> None:
    first = events(client.post("/api/ask", json={"message": "kettle"}, headers=keys[0]).text)
    handle = first[0][1]["conversation"]
    others = client.post("/api/ask", json={"message": "red", "conversation": handle}, headers=keys[1])
    never = client.post("/api/ask", json={"message": "red", "conversation": "x" * 24}, headers=keys[1])
    assert others.status_code == never.status_code == 400
    same = problem(others)["message"].replace(handle, "HANDLE")
    assert same == problem(never)["message"].replace("x" * 24, "HANDLE")


def test_who_wants_json_gets_the_turn_as_a_whole(client: TestClient, keys: Keys) -> None:
    headers = {**keys[0], "accept": "application/json"}
    turn = client.post("/api/ask", json=BELT, headers=headers).json()
    assert [one["event"] for one in turn["events"]][-1] == "Answered"


@pytest.mark.parametrize(
    ("method", "path", "chosen", "status"),
    [
        ("POST", SEARCH, {"json": {"query": 5}}, 400),
        ("POST", SEARCH, {"json": ["query"]}, 400),
        ("POST", SEARCH, {"content": b'{"query": "k'}, 400),
        ("POST", SEARCH, {"content": b'{"query": "\xff"}'}, 400),
        ("POST", SEARCH, {"content": b'{"query": "\\ud800"}'}, 400),
        ("POST", SEARCH, {"content": b"[" * 100_000}, 400),
        ("POST", SEARCH, {"content": b'{"query": NaN}'}, 400),
        ("POST", SEARCH, {"json": {"query": "k" * 100_000}}, 400),
        ("POST", SEARCH, {"json": {"query": "k" * 1_000_000}}, 413),
        ("POST", SEARCH, {"json": {"filters": {"price": {"max": -1}}}}, 400),
        ("POST", SEARCH, {"json": {"query": "k", "pagination": {"cursor": "forged"}}}, 400),
        ("POST", "/api/ask", {"json": {"message": ""}}, 400),
        ("POST", "/api/ask", {"json": {"message": "k", "conversation": "../../etc"}}, 400),
        ("POST", "/api/ask", {"json": {"message": "k", "admin": True}}, 400),
        ("POST", SEARCH, {"json": {"query": "k"}, "headers": {"accept": "text/html"}}, 406),
        ("POST", "/api/ask", {"json": {"message": "k"}, "headers": {"accept": "image/png"}}, 406),
        ("POST", SEARCH, {"content": b"query=k", "headers": {"content-type": "text/plain"}}, 415),
        (
            "POST",
            SEARCH,
            {"content": b"{}", "headers": {"content-type": "application/json; charset=latin-1"}},
            415,
        ),
        ("GET", SEARCH, {}, 405),
        ("POST", "/api/no/such", {"json": {}}, 404),
    ],
)
def test_bad_input_is_told_what_is_wrong_with_it(
    client: TestClient, keys: Keys, method: str, path: str, chosen: dict[str, Any], status: int
) -> None:
    headers = {"content-type": "application/json", **keys[0], **chosen.pop("headers", {})}
    response = client.request(method, path, headers=headers, **chosen)
    assert response.status_code == status, response.text
    said = problem(response)["message"]
    assert "Traceback" not in said
    assert "/work" not in said


def test_a_mistake_names_its_field(client: TestClient, keys: Keys) -> None:
    asked = {"query": "kettle", "pagination": {"limit": "many"}}
    assert "pagination.limit" in problem(client.post(SEARCH, json=asked, headers=keys[0]))["message"]


def test_a_request_id_that_could_forge_log_lines_is_replaced(client: TestClient) -> None:
    assert client.get("/healthz", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    forged = client.get("/healthz", headers={"x-request-id": 'a" , "b'}).headers["x-request-id"]
    assert forged.isalnum()


def test_answers_carry_headers_that_browsers_heed(client: TestClient) -> None:
    headers = client.get("/healthz").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert (
        "access-control-allow-origin"
        not in client.get("/healthz", headers={"origin": "https://a.example"}).headers
    )


def test_the_log_holds_nothing_of_people(
    client: TestClient, keys: Keys, logged: Callable[[], list[str]]
) -> None:
    client.post("/api/ask", json={"message": "zzsecretwish"}, headers=keys[0])
    client.post("/api/zzsecretpath?q=zzsecretquery", headers={"authorization": "Bearer zzsecretkey"})
    lines = [json.loads(line) for line in logged()]
    requests = [line for line in lines if line["event"] == "request"]
    assert [line["status"] for line in requests] == [200, 401]
    assert requests[0]["owner"].startswith("key-")
    text = json.dumps(lines)
    assert "zzsecret" not in text
    assert "127.0.0.1" not in text
    assert keys[0]["authorization"].removeprefix("Bearer ") not in text


def test_metrics_count_stages_requests_and_refusals(client: TestClient, keys: Keys) -> None:
    client.post("/api/ask", json={"message": "kettle"}, headers=keys[0])
    client.post(SEARCH, json={"query": 1}, headers=keys[0])
    text = client.get("/metrics", headers=keys[2]).text
    assert 'aisle_stage_seconds_count{stage="rerank"}' in text
    assert 'aisle_requests_total{method="POST",route="/api/ask",status="200"}' in text
    assert 'aisle_errors_total{code="invalid_request"}' in text
    assert client.get("/metrics", headers=keys[0]).status_code == 403


def test_what_shoppers_did_is_taken_in_and_what_makes_no_sense_is_not(client: TestClient, keys: Keys) -> None:
    told = events(client.post("/api/ask", json={"message": "kettle"}, headers=keys[0]).text)
    query_id = told[0][1]["query_id"]
    click = {"action": "click", "query_id": query_id, "product": "p", "position": 1}
    assert client.post("/api/events", json={"events": [click]}, headers=keys[0]).json() == {"accepted": 1}
    wrong = client.post("/api/events", json={"events": [{**click, "action": "steal"}]}, headers=keys[0])
    assert "events.0.action" in problem(wrong)["message"]
    good = {"query_id": query_id, "verdict": "up"}
    assert client.post("/api/feedback", json=good, headers=keys[0]).json() == {"accepted": 1}


def test_it_is_ready_while_its_index_is(client: TestClient, app: FastAPI) -> None:
    assert client.get("/readyz").json()["status"] == "ready"
    app.state.ready = False
    try:
        unready = client.get("/readyz")
        assert unready.status_code == 503
        assert "retry-after" in unready.headers
        assert client.get("/healthz").status_code == 200
    finally:
        app.state.ready = True


def test_agents_call_the_same_functions_over_mcp_as_far_as_their_key_goes(app: FastAPI, keys: Keys) -> None:
    async def call(port: int) -> tuple[set[str], Any]:
        url = f"http://127.0.0.1:{port}/mcp"
        async with (
            httpx2.AsyncClient(headers=keys[3]) as http,
            Client(streamable_http_client(url, http_client=http)) as agent,
        ):
            tools = {tool.name for tool in (await agent.list_tools()).tools}
            asked = {"catalog": {"query": "red kettle", "pagination": {"limit": 2}}}
            return tools, (await agent.call_tool("search_catalog", asked)).structured_content

    with listening(app) as port:
        tools, answer = asyncio.run(call(port))
    assert {"search_catalog", "compare_products"} <= tools
    assert not {"ask_shop", "upsert_products"} & tools
    assert len(answer["products"]) == 2
