"""`aisle mcp` as the programs meet it that start it: the official client, and some that are not so polite."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import IO, Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse
from mcp import Client, MCPError, StdioServerParameters
from starlette.routing import Route

from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.index import ProductIndex
from catalog.indexing import build_index
from core.settings import load_settings
from ranking.pipeline import Ranker
from tools.functions import Function
from tools.mcp_server import McpApp, in_threads, mcp_server
from tools.shop import Shop
from tools.table import functions
from ui.serving.address import announce

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
ROOT = Path(__file__).parent.parent.parent
AISLE = ["-m", "ui.cli", "mcp"]
FEW = 300
LATEST, EARLIER = "2026-07-28", "legacy"
INITIALIZE = {
    "jsonrpc": "2.0", "id": 0, "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"},
    },
}  # fmt: skip
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def home(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> EdgeHome:
    """A small index that nobody has open."""
    home = EdgeHome(tmp_path_factory.mktemp("shop") / "shop.index")
    build_index(lambda: islice(products(), FEW), home, encoder)
    return home


@pytest.fixture
def table(home: EdgeHome, encoder: Encoder) -> Iterator[tuple[Function, ...]]:
    """The functions over the index, which is open here meanwhile."""
    index = ProductIndex(home, home.live(), encoder)
    yield functions(Shop(index, Ranker(None)), b"secret")
    index.close()


def environment(home: EdgeHome, folder: Path, **more: str) -> dict[str, str]:
    """What a client's settings would give the command."""
    given = {"AISLE_INDEX": str(home.folder), "AISLE_DATA": str(folder / "data"), "AISLE_RERANKER": "none"}
    return {**os.environ, "PYTHONPATH": str(ROOT), **given, **more}


def started(env: dict[str, str], *arguments: str) -> Client:
    return Client(StdioServerParameters(command=sys.executable, args=[*AISLE, *arguments], env=env, cwd=ROOT))


def run(env: dict[str, str], *arguments: str, said: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *AISLE, *arguments],
        cwd=ROOT, env=env, input=said, capture_output=True, check=False,
    )  # fmt: skip


@contextmanager
def running(env: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, *AISLE], cwd=ROOT, env=env,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream
            stream.close()


def say(stream: IO[bytes] | None, *lines: dict[str, Any] | bytes) -> None:
    assert stream
    for line in lines:
        stream.write((line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n")
    stream.flush()


def heard(stream: IO[bytes] | None) -> dict[str, Any]:
    assert stream
    said: dict[str, Any] = json.loads(stream.readline())
    return said


def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def address(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@contextmanager
def served(app: FastAPI, listening: socket.socket) -> Iterator[None]:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def application(table: Sequence[Function]) -> FastAPI:
    mcp = McpApp(mcp_server(lambda: table, in_threads()))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with mcp.running():
            yield

    app = FastAPI(lifespan=lifespan)
    app.router.routes.append(Route("/mcp", mcp))
    return app


async def calls_every(client: Client, table: Sequence[Function]) -> None:
    """That each function answers its examples; the client checks the answers against the schemas."""
    for function in table:
        for example in function.examples:
            given = {"catalog": dict(example)} if function.is_ucp else dict(example)
            result = await client.call_tool(function.name, given)
            assert not result.is_error, result


@pytest.mark.parametrize("mode", [LATEST, EARLIER])
async def test_every_tool_can_be_listed_and_called(
    home: EdgeHome, encoder: Encoder, tmp_path: Path, mode: str
) -> None:
    index = ProductIndex(home, home.live(), encoder)
    table = functions(Shop(index, Ranker(None)), b"")
    index.close()
    command = StdioServerParameters(
        command=sys.executable, args=AISLE, env=environment(home, tmp_path), cwd=ROOT
    )
    async with Client(command, mode=mode) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert names == [*(function.name for function in table), "ask_shop"]
        await calls_every(client, table)
        begun = await client.call_tool("ask_shop", {"message": "a tent"})
        handle = begun.structured_content["conversation"]
        again = await client.call_tool("ask_shop", {"message": "under $100", "conversation": handle})
        assert again.structured_content["conversation"] == handle
        assert all(
            product["price_range"]["min"]["amount"] <= 10_000
            for product in again.structured_content["products"]
        )
        foreign = await client.call_tool("ask_shop", {"message": "a tent", "conversation": "made-up"})
        assert foreign.is_error


def test_lines_that_are_no_messages_are_answered_and_hurt_nobody(home: EdgeHome, tmp_path: Path) -> None:
    with running(environment(home, tmp_path)) as process:
        say(process.stdin, b"\xff\xfe\x00", b"{", b"[]", b'"\\ud800"', b"x" * 1_000_000)
        for _ in range(5):
            assert heard(process.stdout)["error"]["code"] == -32700
        say(process.stdin, INITIALIZE)
        assert heard(process.stdout)["result"]["serverInfo"]["name"] == "aisle"
        say(process.stdin, INITIALIZED, LIST)
        assert heard(process.stdout)["result"]["tools"]
        assert process.stdin
        process.stdin.close()
        assert process.wait() == 0
        assert process.stdout
        assert process.stdout.read() == b""


def test_a_huge_query_is_refused_in_a_line(home: EdgeHome, tmp_path: Path) -> None:
    params = {"name": "search_catalog", "arguments": {"catalog": {"query": "q" * 1_000_000}}}
    with running(environment(home, tmp_path)) as process:
        say(process.stdin, INITIALIZE, INITIALIZED, {**LIST, "method": "tools/call", "params": params})
        assert heard(process.stdout)["id"] == 0
        answer = heard(process.stdout)
    assert answer["result"]["isError"]
    assert len(json.dumps(answer)) < 2_000


def test_the_end_of_input_frees_the_index(home: EdgeHome, tmp_path: Path) -> None:
    done = run(environment(home, tmp_path))
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    home.live().close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_quietly(home: EdgeHome, tmp_path: Path, number: signal.Signals) -> None:
    with running(environment(home, tmp_path)) as process:
        say(process.stdin, INITIALIZE)
        heard(process.stdout)
        process.send_signal(number)
        assert process.wait() == 128 + number
        assert process.stderr
        assert b"Traceback" not in process.stderr.read()
    home.live().close()


def test_a_client_that_goes_in_the_middle_of_a_call_leaves_nothing_behind(
    home: EdgeHome, tmp_path: Path
) -> None:
    params = {"name": "describe_catalog", "arguments": {}}
    with running(environment(home, tmp_path)) as process:
        say(process.stdin, INITIALIZE)
        heard(process.stdout)
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        calls = [{**LIST, "id": id, "method": "tools/call", "params": params} for id in range(1, 20)]
        say(process.stdin, INITIALIZED, *calls)
        process.stdin.close()
        assert process.wait() == 0
        assert b"Traceback" not in process.stderr.read()
    home.live().close()


async def test_beside_a_running_server_it_passes_everything_on(
    home: EdgeHome, table: tuple[Function, ...], tmp_path: Path
) -> None:
    settings = load_settings(index=str(home.folder), cache=tmp_path / "cache")
    env = environment(home, tmp_path, AISLE_CACHE=str(settings.cache))
    door = listening()
    with served(application(table), door), announce(settings, address(door)):
        async with started(env) as first, started(env) as second:
            for client in (first, second):
                assert [tool.name for tool in (await client.list_tools()).tools] == [f.name for f in table]
            await calls_every(first, table)
            wrong = await second.call_tool("search_catalog", {"catalog": {"query": 7}})
            assert wrong.is_error
            with pytest.raises(MCPError, match="no such tool"):
                await second.call_tool("nothing", {})


async def test_a_server_that_goes_and_comes_back_is_found_again(
    home: EdgeHome, table: tuple[Function, ...], tmp_path: Path
) -> None:
    door = listening()
    port = door.getsockname()[1]
    url = address(door)
    env = environment(home, tmp_path)
    with served(application(table), door):
        client = await started(env, "--url", url).__aenter__()
        assert (await client.list_tools()).tools
    with pytest.raises(MCPError, match="start the server with: aisle serve"):
        await client.call_tool("describe_catalog", {})
    with served(application(table), socket.create_server(("127.0.0.1", port))):
        assert not (await client.call_tool("describe_catalog", {})).is_error
        await client.__aexit__(None, None, None)


async def test_the_key_in_the_file_goes_with_every_call(
    home: EdgeHome, table: tuple[Function, ...], tmp_path: Path
) -> None:
    app = application(table)

    @app.middleware("http")
    async def ask_for_key(request: Any, go_on: Any) -> Any:
        if request.headers.get("authorization") != "Bearer aisle_key":
            return JSONResponse({"error": {"code": "unauthorized"}}, 401)
        return await go_on(request)

    door = listening()
    key = tmp_path / "key.txt"
    key.write_text("aisle_key\n")
    env = environment(home, tmp_path)
    with served(app, door):
        async with started(env, "--url", f"{address(door)}/mcp", "--key-file", str(key)) as client:
            assert (await client.list_tools()).tools
        refused = run(env, "--url", address(door))
    assert refused.returncode == 1
    assert b"asks for an API key; give it one with --key-file FILE" in refused.stderr.replace(b"\n", b" ")


def test_an_index_that_is_open_elsewhere_is_said_with_the_way_out(
    home: EdgeHome, encoder: Encoder, tmp_path: Path
) -> None:
    index = ProductIndex(home, home.live(), encoder)
    done = run(environment(home, tmp_path, AISLE_CACHE=str(tmp_path / "cache")))
    index.close()
    assert done.returncode == 1
    assert b"is open in process" in done.stderr
    assert b"aisle serve" in done.stderr
    assert done.stdout == b""


def test_an_address_where_nobody_answers_is_said_in_a_line(home: EdgeHome, tmp_path: Path) -> None:
    door = listening()
    url = address(door)
    door.close()
    done = run(environment(home, tmp_path), "--url", url)
    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert b"start the server with: aisle serve" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "127.0.0.1:7860"], b"write it as http://127.0.0.1:7860"),
        (["--key-file", "/nowhere/key"], b"cannot be read"),
        (["--key-file", os.devnull], b"holds no API key"),
    ],
)
def test_wrong_options_are_usage_errors(
    home: EdgeHome, tmp_path: Path, arguments: list[str], said: bytes
) -> None:
    done = run(environment(home, tmp_path), *arguments)
    assert done.returncode == 2
    assert said in done.stderr
