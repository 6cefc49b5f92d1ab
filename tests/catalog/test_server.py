"""What only the server engine has to worry about: other builders, half-made drafts, odd answers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from qdrant_client import QdrantClient

from catalog.indexing import build_index
from catalog.points import INDEXED
from catalog.product import Product
from catalog.server import ServerHome, connect
from core.errors import AisleError, IndexLocked, IndexMissing, IndexUnavailable, InvalidSettings
from core.settings import load_settings
from tests.fakes import WordEncoder

SHOP = [Product(id=str(n), title=f"Thing number {n}") for n in range(1100)]


def test_the_later_of_two_builds_wins_and_the_earlier_is_told() -> None:
    client = QdrantClient(":memory:")

    class Overtaken(WordEncoder):
        def encode_documents(self, texts):  # type: ignore[no-untyped-def]
            if not self.encoded:
                build_index(lambda: SHOP, ServerHome(client), WordEncoder())
            return super().encode_documents(texts)

    with pytest.raises((IndexLocked, IndexMissing)):
        build_index(lambda: [*SHOP, Product(id="late", title="Late")], ServerHome(client), Overtaken())
    assert ServerHome(client).live().count() == 1100


def test_a_draft_killed_before_it_had_its_payload_indexes_gets_them(monkeypatch: pytest.MonkeyPatch) -> None:
    client = QdrantClient(":memory:")
    made: list[str] = []
    create = client.create_payload_index

    def killed_at_the_fourth(name: str, field: str, kind: object, *, wait: bool) -> object:
        if len(made) == 3:
            raise KeyboardInterrupt
        made.append(field)
        return create(name, field, kind, wait=wait)  # type: ignore[arg-type]

    monkeypatch.setattr(client, "create_payload_index", killed_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        build_index(lambda: SHOP, ServerHome(client), WordEncoder())
    made.clear()
    monkeypatch.setattr(client, "create_payload_index", lambda n, f, k, wait: made.append(f))
    build_index(lambda: SHOP, ServerHome(client), WordEncoder())
    assert made == list(INDEXED)


class Odd(BaseHTTPRequestHandler):
    answer: tuple[int, bytes] = (200, b"")

    def do_GET(self) -> None:
        status, body = self.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def address() -> Iterator[str]:
    """A server that says whatever `Odd.answer` holds."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/shop"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "kind", "says"),
    [
        (401, b"no", IndexUnavailable, "AISLE_QDRANT_API_KEY"),
        (403, b"no", IndexUnavailable, "AISLE_QDRANT_API_KEY"),
        (404, b"{}", IndexMissing, "aisle index"),
        (500, b"line one\nline two\n", IndexUnavailable, "line one line two"),
        (200, b"<html>hello</html>", IndexUnavailable, "not a Qdrant server"),
        (200, b"", IndexUnavailable, "not a Qdrant server"),
        (200, b"{}", IndexUnavailable, "not a Qdrant server"),
        (200, b'{"result": 5}', IndexUnavailable, "not a Qdrant server"),
    ],
)
def test_odd_answers_become_one_line(
    address: str, status: int, body: bytes, kind: type[AisleError], says: str
) -> None:
    Odd.answer = status, body
    with pytest.raises(kind, match=says) as caught:
        connect(address, load_settings(qdrant_timeout_s=0.5)).live()
    assert "\n" not in str(caught.value)


def test_nobody_at_the_address_is_said() -> None:
    with pytest.raises(IndexUnavailable, match="does not answer"):
        connect("http://127.0.0.1:9/shop", load_settings()).live()


def test_a_path_of_several_parts_is_refused() -> None:
    with pytest.raises(InvalidSettings, match="http://host:port/NAME"):
        connect("http://127.0.0.1:6333/a/b", load_settings())
