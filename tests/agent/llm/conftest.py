import socket
from collections.abc import Iterator
from typing import Any

import pytest

from tests.agent.llm.remote import Remote, serving


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Refuse every connection but those on loopback, and fail the test that tried."""
    tried: list[str] = []

    def only_loopback(name: str) -> None:
        real = getattr(socket.socket, name)

        def connect(self: socket.socket, address: Any) -> Any:
            if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "::1"):
                tried.append(str(address[0]))
                raise ConnectionRefusedError(f"no network in this suite: {address[0]}")
            return real(self, address)

        monkeypatch.setattr(socket.socket, name, connect)

    only_loopback("connect")
    only_loopback("connect_ex")
    yield tried
    assert not tried, "a test tried to reach the network"


@pytest.fixture
def remote() -> Iterator[Remote]:
    """Start a server that does as it is told."""
    with serving() as state:
        yield state
