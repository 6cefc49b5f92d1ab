"""REST as a form: bodies in, answers out, steps as events. The functions are small and nobody is refused."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeVar

import pytest
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from starlette.testclient import TestClient

from core.errors import InvalidQuery
from tools.functions import Caller, Function, Scope
from tools.rest import Event, Said, preferred, router

T = TypeVar("T")
OBJECT = {"type": "object"}


class OpenDesk:
    """Does what is asked at once, and remembers which scope that needed."""

    def __init__(self) -> None:
        self.scopes: list[Scope] = []

    async def run(self, request: Request, scope: Scope, work: Callable[[Caller], T]) -> T:
        self.scopes.append(scope)
        return work(Caller(agent=request.headers.get("ucp-agent", "")))

    async def turn(self, request: Request, said: Said) -> AsyncIterator[Event]:  # noqa: ARG002
        if said.conversation:
            raise InvalidQuery("no such conversation")
        return self._told(said)

    async def _told(self, said: Said) -> AsyncIterator[Event]:
        yield Event("Understood", '{"ms":1.0}')
        yield Event("Answered", f'{{"text":"{said.message}"}}')


def echo(arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
    if "fail" in arguments:
        raise InvalidQuery("fail: leave it out")
    return {"asked": dict(arguments), "agent": caller.agent}


def function(name: str, scope: Scope = "search") -> Function:
    return Function(name, name, name, OBJECT, OBJECT, echo, ({"query": "k"},), scope=scope)


@pytest.fixture
def desk() -> OpenDesk:
    return OpenDesk()


@pytest.fixture
def client(desk: OpenDesk) -> TestClient:
    app = FastAPI()
    names = ("search_catalog", "get_product", "compare_products", "unheard_of")
    stock = (function("upsert_products", "admin"), function("delete_products", "admin"))
    app.include_router(router((*map(function, names), *stock), desk))

    app.add_exception_handler(InvalidQuery, lambda _, error: JSONResponse({"refused": str(error)}, 400))
    return TestClient(app)


@pytest.mark.parametrize("path", ["/api/catalog/search", "/api/catalog/product", "/api/compare"])
def test_a_function_takes_the_body_as_its_arguments(client: TestClient, path: str) -> None:
    asked = {"query": "kettle", "filters": {"price": {"max": 5000}}}
    assert client.post(path, json=asked).json() == {"asked": asked, "agent": ""}


def test_the_calling_agent_is_in_the_header(client: TestClient) -> None:
    headers = {"ucp-agent": 'profile="https://agent.example/ucp"'}
    assert "agent.example" in client.post("/api/catalog/search", json={}, headers=headers).json()["agent"]


def test_ids_to_delete_are_in_the_address_and_need_the_scope_of_the_function(
    client: TestClient, desk: OpenDesk
) -> None:
    answer = client.delete("/api/admin/products", params={"id": ["a", "b c"]})
    assert answer.json()["asked"] == {"ids": ["a", "b c"]}
    assert client.put("/api/admin/products", json={}).status_code == 200
    assert client.post("/api/catalog/search", json={}).status_code == 200
    assert desk.scopes == ["admin", "admin", "search"]


def test_a_function_without_a_path_has_no_route(client: TestClient) -> None:
    assert client.post("/api/unheard_of", json={}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'"k"',
        b"{",
        b'{"q": 1,}',
        b'{"q": "\xc3"}',
        b'{"q": "\\udfff"}',
        b'{"q": Infinity}',
        b"{" * 9_999,
    ],
)
def test_a_body_that_is_no_object_is_told_so(client: TestClient, body: bytes) -> None:
    response = client.post("/api/catalog/search", content=body, headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert "the body" in response.json()["refused"]


def test_a_number_of_any_length_is_a_number(client: TestClient) -> None:
    body = b'{"q": ' + b"9" * 400 + b"}"
    headers = {"content-type": "application/json"}
    assert client.post("/api/catalog/search", content=body, headers=headers).status_code == 200


def test_a_mistake_of_the_caller_is_passed_on(client: TestClient) -> None:
    assert client.post("/api/compare", json={"fail": 1}).json() == {"refused": "fail: leave it out"}


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON;charset="UTF-8"', 200),
        ("application/json; charset=utf-16", 415),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_only_json_in_utf8_is_read(client: TestClient, kind: str, status: int) -> None:
    response = client.post("/api/catalog/search", content=b"{}", headers={"content-type": kind})
    assert response.status_code == status


def test_steps_are_events_named_after_them(client: TestClient) -> None:
    response = client.post("/api/ask", json={"message": "hello"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert (
        response.text == 'event: Understood\ndata: {"ms":1.0}\n\nevent: Answered\ndata: {"text":"hello"}\n\n'
    )


def test_the_same_steps_come_in_one_piece_for_who_wants_json(client: TestClient) -> None:
    headers = {"accept": "application/json"}
    told = client.post("/api/ask", json={"message": "hello"}, headers=headers).json()["events"]
    assert told[1] == {"event": "Answered", "data": {"text": "hello"}}


def test_what_is_wrong_with_a_turn_is_said_before_it_begins(client: TestClient) -> None:
    response = client.post("/api/ask", json={"message": "hello", "conversation": "x"})
    assert response.status_code == 400


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "text/event-stream"),
        ("*/*", "text/event-stream"),
        ("application/json", "application/json"),
        ("application/json, text/event-stream;q=0.5", "application/json"),
        ("text/*;q=0.9, application/json;q=0.8", "text/event-stream"),
        ("*/*, text/event-stream;q=0", "application/json"),
        ("text/event-stream;q=zero, application/json;q=0.1", "application/json"),
    ],
)
def test_the_caller_chooses_between_what_there_is(accept: str, chosen: str) -> None:
    headers = [(b"accept", accept.encode())]
    request = Request({"type": "http", "headers": headers})
    assert preferred(request, ("text/event-stream", "application/json")) == chosen


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "garbage", ";;,,"])
def test_who_accepts_nothing_of_it_is_told_what_there_is(accept: str) -> None:
    request = Request({"type": "http", "headers": [(b"accept", accept.encode())]})
    with pytest.raises(HTTPException) as refused:
        preferred(request, ("application/json",))
    assert refused.value.status_code == 406
    assert "application/json" in refused.value.detail
