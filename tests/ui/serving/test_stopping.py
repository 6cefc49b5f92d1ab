"""`aisle serve` as a process of its own: what it says at the start, and that it ends what it has begun."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection, socket
from time import monotonic

import pytest

from core.settings import Settings
from tests.ui.serving.conftest import settings_of

ROOT = Path(__file__).parent.parent.parent.parent
SERVE = "import typer; from ui.serve_command import serve; app = typer.Typer(); app.command()(serve); app()"


def free_port() -> int:
    with socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@contextmanager
def serving(settings: Settings, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """The command at work, from when it answers."""
    env = {**os.environ, "AISLE_DATA": str(settings.data), "AISLE_DEVICE": "cpu"}
    command = [sys.executable, "-c", SERVE, "--index", settings.index, "--port", str(port), *options]
    with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) as server:
        try:
            deadline = monotonic() + 120
            while not answers(port):
                assert server.poll() is None, server.stderr and server.stderr.read()
                assert monotonic() < deadline, "the server does not answer"
            yield server
        finally:
            server.kill()


def answers(port: int) -> bool:
    """Whether anybody takes connections there."""
    try:
        with create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def settings(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(tmp_path_factory.mktemp("stopped"), catalogue)


@pytest.mark.slow
def test_a_stop_finishes_what_is_asked_already_and_takes_nothing_new(settings: Settings) -> None:
    port = free_port()
    body = b'{"query": "red kettle"}'
    head = (
        f"POST /api/catalog/search HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-type: application/json\r\n"
        f"content-length: {len(body)}\r\n\r\n"
    ).encode()
    with serving(settings, port) as server, create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        alive = b""
        while not alive.endswith(b"}"):  # head and body may come apart
            alive += connection.recv(65536)
        connection.sendall(head + body[:5])
        with create_connection(("127.0.0.1", port), timeout=60) as other:  # the half request is there by now
            other.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            assert b"200 OK" in other.recv(65536)
        server.send_signal(signal.SIGTERM)
        while answers(port):
            pass
        connection.sendall(body[5:])
        answer = b""
        while part := connection.recv(65536):
            answer += part
        assert answer.startswith(b"HTTP/1.1 200 OK")
        assert b"kettle" in answer
        assert server.wait(60) in (0, -signal.SIGTERM)
        assert server.stderr
        assert "Traceback" not in server.stderr.read()


def test_a_port_that_is_taken_is_said_at_once(settings: Settings) -> None:
    with socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        command = [
            sys.executable,
            "-c",
            SERVE,
            "--index",
            settings.index,
            "--port",
            str(sock.getsockname()[1]),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "choose another --port" in done.stderr
