"""The shop's functions as other people's agents meet them: the official client, in process and over HTTP."""

import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from threading import Event, Thread
from typing import Any

import anyio
import httpx2
import pytest
import uvicorn
from fastapi import FastAPI
from mcp import Client, MCPError
from mcp.types import CallToolResult, TextContent
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from core.errors import IndexUnavailable, InvalidQuery
from tools.functions import SCOPES, Caller, Function, Scope
from tools.mcp_server import INSTRUCTIONS, McpApp, in_threads, mcp_server
from tools.shop import Shop
from tools.table import functions

pytestmark = pytest.mark.anyio
PROFILE = "https://agent.example/profile.json"
PATIENCE_S = 20.0
HEADERS = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
LATEST, EARLIER = "2026-07-28", "legacy"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def table(shop: Shop) -> tuple[Function, ...]:
    return functions(shop, b"secret")


def arguments(function: Function, example: Mapping[str, Any]) -> dict[str, Any]:
    """An example in the form that MCP takes."""
    meta = {"ucp-agent": {"profile": PROFILE}}
    return {"meta": meta, "catalog": dict(example)} if function.is_ucp else dict(example)


def made(name: str, call: Callable[[Mapping[str, Any], Caller], dict[str, Any]], **more: Any) -> Function:
    """A function of this test."""
    anything = {"type": "object"}
    return Function(name, name, name, takes=anything, returns=anything, call=call, examples=(), **more)


def text(result: CallToolResult) -> str:
    [part] = result.content
    assert isinstance(part, TextContent)
    return part.text


@asynccontextmanager
async def client_of(*table: Function, mode: str = "auto") -> AsyncIterator[Client]:
    async with Client(mcp_server(lambda: table, in_threads()), mode=mode) as client:
        yield client


@contextmanager
def served(table: Sequence[Function], app: McpApp | None = None) -> Iterator[str]:
    """The address of a server that mounts the functions as the application does."""
    mcp = app or McpApp(mcp_server(lambda: table, in_threads()))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with mcp.running():
            yield

    whole = FastAPI(lifespan=lifespan)
    whole.router.routes.append(Route("/mcp", mcp))
    listening = socket.create_server(("127.0.0.1", 0))  # a client that is early waits in its queue
    server = uvicorn.Server(uvicorn.Config(whole, log_level="warning"))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def url(table: tuple[Function, ...]) -> Iterator[str]:
    with served(table) as address:
        yield address


async def test_every_tool_is_listed_with_what_a_model_must_know(table: tuple[Function, ...]) -> None:
    async with client_of(*table) as client:
        tools = (await client.list_tools()).tools
        assert client.protocol_version == LATEST
        assert client.instructions == INSTRUCTIONS
    assert [tool.name for tool in tools] == [function.name for function in table]
    for tool in tools:
        assert tool.title
        assert tool.description
        assert tool.output_schema
        assert tool.annotations
        assert tool.annotations.read_only_hint
        assert tool.annotations.idempotent_hint
        assert tool.annotations.open_world_hint is False


def test_the_instructions_name_only_functions_that_there_are(table: tuple[Function, ...]) -> None:
    named = {word.strip(",.") for word in INSTRUCTIONS.split() if "_" in word}
    assert named == {"search_catalog", "describe_catalog", "ask_shop"}
    assert named - {"ask_shop"} <= {function.name for function in table}  # which a dialogue adds


@pytest.mark.parametrize("mode", [LATEST, EARLIER])
async def test_every_tool_answers_its_examples_over_http(
    table: tuple[Function, ...], url: str, mode: str
) -> None:
    """The client checks every answer against the schema that was listed."""
    async with Client(url, mode=mode) as client:
        await client.list_tools()
        for function in table:
            for example in function.examples:
                result = await client.call_tool(function.name, arguments(function, example))
                assert not result.is_error, text(result)
                assert json.loads(text(result)) == result.structured_content


async def test_the_arguments_that_are_listed_are_those_that_are_taken(table: tuple[Function, ...]) -> None:
    from jsonschema import Draft202012Validator

    async with client_of(*table) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    for function in table:
        schema = tools[function.name].input_schema
        Draft202012Validator.check_schema(schema)
        for example in function.examples:
            Draft202012Validator(schema).validate(arguments(function, example))


async def test_an_example_in_a_description_has_the_form_that_is_taken(table: tuple[Function, ...]) -> None:
    async with client_of(*table) as client:
        [tool] = [tool for tool in (await client.list_tools()).tools if tool.name == "search_catalog"]
        example = json.loads((tool.description or "").partition(" Example: ")[2])
        assert not (await client.call_tool("search_catalog", example)).is_error


async def test_a_search_without_a_profile_is_answered_too(table: tuple[Function, ...]) -> None:
    async with client_of(*table) as client:
        result = await client.call_tool("search_catalog", {"catalog": {"query": "kettle"}})
    assert result.structured_content["products"]


async def test_the_profile_of_the_agent_reaches_the_function() -> None:
    who = made("who", lambda asked, caller: {"agent": caller.agent, **asked}, is_ucp=True)
    given = {"meta": {"ucp-agent": {"profile": PROFILE}}, "catalog": {"query": "x"}}
    async with client_of(who) as client:
        result = await client.call_tool("who", given)
    assert result.structured_content == {"agent": PROFILE, "query": "x"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, 'for example {"catalog": {'),
        ({"query": "kettle"}, 'for example {"catalog": {'),
        ({"catalog": "kettle"}, 'for example {"catalog": {'),
        ({"catalog": {"query": 7}}, "query"),
        ({"catalog": {"query": "kettle", "filters": {"price": {"max": -1}}}}, "price"),
        ({"catalog": {"query": "kettle", "pagination": {"cursor": "made up"}}}, "cursor"),
        ({"catalog": {"query": "q" * 1_000_000}}, "1000 characters"),
        ({"catalog": {"query": "kettle"}, "meta": {"ucp-agent": 3}}, "meta"),
        ({"catalog": {"query": "kettle"}, "meta": {"ucp-agent": {"profile": "x" * 5000}}}, "meta"),
    ],
)
async def test_a_wrong_call_says_what_is_allowed(
    table: tuple[Function, ...], given: dict[str, Any], said: str
) -> None:
    async with client_of(*table) as client:
        result = await client.call_tool("search_catalog", given)
    assert result.is_error
    assert said in text(result)
    assert "\n" not in text(result)
    assert len(text(result)) < 500
    assert result.structured_content["ucp"]["status"] == "error"
    [message] = result.structured_content["messages"]
    assert message["content"] == text(result)


async def test_half_a_character_is_refused_and_not_sent_back(url: str) -> None:
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": LATEST,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    asked = {"query": "\ud800", "texts": ["\udfff"]}
    params = {"_meta": meta, "name": "rerank_products", "arguments": asked}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    named = {"mcp-protocol-version": LATEST, "mcp-method": "tools/call", "mcp-name": "rerank_products"}
    async with httpx2.AsyncClient() as http:
        response = await http.post(url, content=json.dumps(body), headers=HEADERS | named)
    assert response.status_code == 200
    assert response.json()["result"]["isError"]
    assert "not valid Unicode" in response.text


async def test_an_unknown_id_is_an_answer_and_names_the_id(table: tuple[Function, ...]) -> None:
    async with client_of(*table) as client:
        result = await client.call_tool("lookup_catalog", {"catalog": {"ids": ["no-such-id"]}})
    assert not result.is_error
    assert result.structured_content["products"] == []
    assert result.structured_content["messages"][0]["content"] == "no-such-id"


@pytest.mark.parametrize("mode", [LATEST, EARLIER])
async def test_an_unknown_tool_is_told_which_there_are(url: str, mode: str) -> None:
    async with Client(url, mode=mode) as client:
        with pytest.raises(MCPError, match="the tools are search_catalog, lookup_catalog"):
            await client.call_tool("delete_everything", {})


@pytest.mark.parametrize("mode", [LATEST, EARLIER])
async def test_a_failure_inside_tells_nothing_of_itself(mode: str) -> None:
    def broken(_: Mapping[str, Any], __: Caller) -> dict[str, Any]:
        raise RuntimeError("password=hunter2 in /etc/shop")

    async with client_of(made("broken", broken), mode=mode) as client:
        result = await client.call_tool("broken", {})
    assert result.is_error
    assert result.structured_content["error"]["code"] == "internal"
    assert "hunter2" not in result.model_dump_json()


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidQuery("ids: name at least one"), "try_again"),
        (IndexUnavailable("no answer; start it"), "blocked"),
    ],
)
async def test_a_refusal_tells_whether_other_arguments_would_help(error: Exception, code: str) -> None:
    def refusing(_: Mapping[str, Any], __: Caller) -> dict[str, Any]:
        raise error

    async with client_of(made("refusing", refusing)) as client:
        result = await client.call_tool("refusing", {})
    assert result.structured_content == {"error": {"code": code, "message": str(error)}}
    assert text(result) == str(error)


async def test_what_is_out_of_order_inside_is_not_told_to_those_outside() -> None:
    def blocked(_: Mapping[str, Any], __: Caller) -> dict[str, Any]:
        raise IndexUnavailable("no answer from http://10.0.0.7:6333")

    with served([made("blocked", blocked)]) as url:
        async with Client(url) as client:
            result = await client.call_tool("blocked", {})
    assert result.structured_content["error"]["code"] == "blocked"
    assert "10.0.0.7" not in result.model_dump_json()


async def test_a_refusal_of_whoever_watches_is_told_as_it_is() -> None:
    async def full(_: Request | None, __: Scope, ___: Any) -> dict[str, Any]:
        raise HTTPException(503, "too many are being served; ask again in a moment")

    server = mcp_server(lambda: [made("any", lambda asked, caller: {})], full)
    async with Client(server) as client:
        result = await client.call_tool("any", {})
    assert result.is_error
    assert text(result) == "too many are being served; ask again in a moment"


async def test_progress_is_told_while_a_call_takes_its_time() -> None:
    heard: list[str | None] = []
    enough = Event()

    def slow(_: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        caller.progress("looking")
        caller.progress("ranking")
        assert enough.wait(PATIENCE_S)
        return {"done": True}

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert (progress, total) == (len(heard) + 1, None)
        heard.append(message)
        if len(heard) == 2:
            enough.set()

    with served([made("slow", slow)]) as url:
        async with Client(url) as client:
            result = await client.call_tool("slow", {}, progress_callback=hear)
    assert result.structured_content == {"done": True}
    assert heard == ["looking", "ranking"]


@pytest.mark.parametrize("mode", [LATEST, EARLIER])
async def test_work_for_a_client_that_is_gone_ends(mode: str) -> None:
    begun, ended, never = Event(), Event(), Event()

    def endless(_: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        begun.set()
        try:
            while not never.wait(0.01):
                caller.progress("still at it")
            return {}
        finally:
            ended.set()

    with served([made("endless", endless), made("short", lambda asked, caller: {"ok": True})]) as url:
        async with Client(url, mode=mode) as client, anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "endless", {})
            assert await anyio.to_thread.run_sync(begun.wait, PATIENCE_S)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(ended.wait, PATIENCE_S)
        async with Client(url, mode=mode) as client:
            assert (await client.call_tool("short", {})).structured_content == {"ok": True}


async def test_two_clients_at_once_each_get_their_own_answer(url: str) -> None:
    titles: dict[str, list[str]] = {}

    async def ask(query: str) -> None:
        async with Client(url) as client:
            result = await client.call_tool("search_catalog", {"catalog": {"query": query}})
            titles[query] = [product["title"].lower() for product in result.structured_content["products"]]

    async with anyio.create_task_group() as group:
        group.start_soon(ask, "kettle")
        group.start_soon(ask, "tent")
    assert all("kettle" in title for title in titles["kettle"][:1])
    assert all("tent" in title for title in titles["tent"][:1])


async def test_what_may_not_be_called_is_as_good_as_not_there() -> None:
    scopes: dict[str, tuple[Scope, ...]] = {"search": ("search",), "all": SCOPES}

    def allowed(request: Request | None) -> tuple[Scope, ...]:
        assert request
        return scopes[request.headers["x-who"]]

    both = [made("find", lambda asked, caller: {}), made("change", lambda asked, caller: {}, scope="admin")]
    app = McpApp(mcp_server(lambda: both, in_threads(), allowed))
    listing = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    calling = {**listing, "method": "tools/call", "params": {"name": "change", "arguments": {}}}
    with served(both, app) as url:
        async with httpx2.AsyncClient(headers=HEADERS) as http:
            few = await http.post(url, json=listing, headers={"x-who": "search"})
            many = await http.post(url, json=listing, headers={"x-who": "all"})
            refused = await http.post(url, json=calling, headers={"x-who": "search"})
            done = await http.post(url, json=calling, headers={"x-who": "all"})
    assert '"find"' in few.text
    assert '"change"' not in few.text
    assert '"change"' in many.text
    assert "no such tool; the tools are find" in refused.text
    assert '"isError":false' in done.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "shop.attacker.example"}, 421),
        ({"origin": "https://attacker.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://localhost:3000"}, 200),
        ({}, 200),
    ],
)
async def test_a_web_page_of_somebody_else_gets_nothing(
    url: str, headers: dict[str, str], status: int
) -> None:
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with httpx2.AsyncClient() as http:
        response = await http.post(url, json=body, headers=HEADERS | headers)
    assert response.status_code == status


async def test_behind_keys_any_host_will_do_and_still_no_foreign_page(table: tuple[Function, ...]) -> None:
    app = McpApp(mcp_server(lambda: table, in_threads()), hosts=(), origins=["https://app.example"])
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    with served(table, app) as url:
        async with httpx2.AsyncClient(headers=HEADERS | {"host": "shop.example"}) as http:
            assert (await http.post(url, json=body)).status_code == 200
            own = await http.post(url, json=body, headers={"origin": "https://app.example"})
            foreign = await http.post(url, json=body, headers={"origin": "https://attacker.example"})
    assert (own.status_code, foreign.status_code) == (200, 403)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"{", b"[]", b'"x"', b'{"jsonrpc":"2.0","id":1}', b""])
@pytest.mark.parametrize("version", [LATEST, "2025-11-25", "1999-01-01"])
async def test_a_body_that_is_no_request_is_refused_in_json_rpc(url: str, body: bytes, version: str) -> None:
    async with httpx2.AsyncClient() as http:
        response = await http.post(url, content=body, headers=HEADERS | {"mcp-protocol-version": version})
    assert 400 <= response.status_code < 500
    assert "error" in response.json()


async def test_a_body_that_is_too_large_is_not_read(url: str) -> None:
    async with httpx2.AsyncClient() as http:
        response = await http.post(url, content=b" " * 300_000, headers=HEADERS)
    assert response.status_code == 413


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
async def test_only_posts_are_answered_so_that_no_connection_is_held(url: str, method: str) -> None:
    async with httpx2.AsyncClient() as http:
        response = await http.request(method, url, headers=HEADERS)
    assert response.status_code == 405


async def test_nothing_is_answered_before_the_application_runs(table: tuple[Function, ...]) -> None:
    app = McpApp(mcp_server(lambda: table, in_threads()))
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://localhost") as http:
        response = await http.post("/mcp", json={}, headers=HEADERS)
    assert response.status_code == 503
