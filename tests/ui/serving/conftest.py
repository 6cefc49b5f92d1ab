import json
import logging
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from threading import Thread
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.indexing import build_index
from core.settings import Settings, load_settings
from tools.functions import Scope
from ui.server import build_app
from ui.serving.connections import Connection
from ui.serving.keys import add_key

URL = "http://127.0.0.1:7860"
HERE = ("127.0.0.1", 50000)

Serve = Callable[..., Any]


@pytest.fixture(scope="session")
def catalogue(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo catalogue's index, opened by nobody: copy it."""
    folder = tmp_path_factory.mktemp("served") / "demo.index"
    build_index(products, EdgeHome(folder), encoder)
    return folder


def settings_of(folder: Path, catalogue: Path, **chosen: Any) -> Settings:
    """Settings of a server that has the folder for itself."""
    shutil.copytree(catalogue, folder / "demo.index")
    given = {"serve_key_per_minute": 100_000, "serve_address_per_minute": 100_000, "device": "cpu", **chosen}
    return load_settings(index=str(folder / "demo.index"), data=folder / "data", **given)


def keys_of(settings: Settings, *scopes: tuple[Scope, ...]) -> list[dict[str, str]]:
    """Headers with a new key for each of the scopes."""
    path = settings.data / "keys.toml"
    keys = [add_key(path, f"key-{number}", given) for number, given in enumerate(scopes)]
    return [{"authorization": f"Bearer {key}"} for key in keys]


@contextmanager
def called(app: FastAPI, client: tuple[str, int] = HERE, url: str = URL) -> Iterator[TestClient]:
    """The app with its lifespan, called without a network."""
    with TestClient(app, base_url=url, client=client, raise_server_exceptions=False) as opened:
        yield opened


@contextmanager
def listening(app: ASGIApp, http: type[Connection] = Connection, **chosen: Any) -> Iterator[int]:
    """The port on which the app is served for real."""
    with socket() as sock:
        sock.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=http, ws="none", log_config=None, **chosen)
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the server did not start"
                thread.join(0.01)
            yield sock.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(30)


def events(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Server-sent events by name."""
    found = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What would have been written to the log, a line each."""
    from ui.serving.logs import Lines

    caplog.set_level(logging.INFO, logger="aisle")
    return lambda: [Lines().format(record) for record in caplog.records]


@pytest.fixture(scope="module")
def settings(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(tmp_path_factory.mktemp("shop"), catalogue)


@pytest.fixture(scope="module")
def keys(settings: Settings) -> list[dict[str, str]]:
    """Headers with the key of a shopper's agent, of another one, and of the shop's keeper."""
    return keys_of(settings, ("search", "ask"), ("search", "ask"), ("search", "ask", "admin"), ("search",))


@pytest.fixture(scope="module")
def app(settings: Settings, keys: list[dict[str, str]]) -> FastAPI:
    assert keys
    return build_app(settings)


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    """A server with keys."""
    with called(app) as opened:
        yield opened
