"""Clients that send slowly, too much, or leave: each with a real connection to a real server."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_connection, socket

import pytest
from starlette.types import Receive, Scope, Send

from tests.ui.serving.conftest import listening
from ui.serving.bodies import Bodies
from ui.serving.connections import Connection

HEAD = b"POST / HTTP/1.1\r\nhost: localhost\r\n"


class Hasty(Connection):
    """A connection with little patience, and few beside it."""

    headers_s = 0.3
    most = 3


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body."""
    if scope["type"] == "lifespan":
        return
    body = (await receive())["body"]
    said = str(len(body)).encode()
    headers = [(b"content-length", str(len(said)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": said})


async def named(scope: Scope, receive: Receive, send: Send) -> None:
    """The layer that hands on bodies, with the id that the one above it gives."""
    scope.setdefault("state", {})["request_id"] = "r"
    await Bodies(echo, most_bytes=1000, seconds=0.3)(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening(named, http=Hasty, lifespan="off") as found:
        yield found


@contextmanager
def connected(port: int) -> Iterator[socket]:
    with create_connection(("127.0.0.1", port), timeout=30) as found:
        yield found


def heard(connection: socket) -> tuple[int, bytes]:
    """All that the server says until it closes the connection."""
    answer = b""
    while part := connection.recv(65536):
        answer += part
    if not answer:
        return 0, b""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def test_a_body_that_does_not_come_is_not_waited_for(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"content-length: 10\r\n\r\n12345")
        status, body = heard(connection)
    assert status == 408
    assert json.loads(body)["error"]["code"] == "request_timeout"


def test_headers_that_do_not_come_are_not_waited_for(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"x-slow: 1")
        assert heard(connection) == (0, b"")


def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    with connected(port) as connection:
        assert heard(connection) == (0, b"")


def test_a_stated_length_that_is_too_large_is_refused_unread(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"content-length: 99999999999\r\n\r\n")
        status, body = heard(connection)
    assert status == 413
    assert json.loads(body)["error"]["code"] == "too_large"


def test_a_length_that_is_not_stated_is_counted(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"transfer-encoding: chunked\r\n\r\n" + b"5dc\r\n" + b"x" * 1500 + b"\r\n")
        assert heard(connection)[0] == 413


def test_a_whole_body_is_handed_on(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"connection: close\r\ncontent-length: 1000\r\n\r\n" + b"x" * 1000)
        assert heard(connection) == (200, b"1000")


def test_one_connection_too_many_is_told_to_come_again(port: int) -> None:
    with connected(port) as first, connected(port) as second, connected(port) as third:
        for connection in (first, second, third):
            connection.sendall(HEAD)  # so that it is there before the next one comes
        with connected(port) as fourth:
            answer = fourth.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: " in answer
