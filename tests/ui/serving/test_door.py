"""Who comes in: with a key, without one, from elsewhere, too often. Behind the door is the real server."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from core.errors import InvalidSettings
from core.settings import Settings, load_settings
from tests.ui.serving.conftest import called, keys_of, settings_of
from ui.serve_command import address, check_exposure
from ui.server import build_app
from ui.serving.keys import add_key, remove_key

SEARCH, KETTLE = "/api/catalog/search", {"query": "kettle"}
PRODUCT = {"products": [{"id": "p", "title": "A thing"}]}
ANYWHERE = "0.0.0.0"  # noqa: S104  asked about, not listened on
Keys = list[dict[str, str]]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": "Bearer aisle_wrong"},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer"},
        {"authorization": "Bearer \xff"},
    ],
)
@pytest.mark.parametrize(
    "path", [SEARCH, "/api/ask", "/api/admin/products", "/mcp", "/metrics", "/api/no/such"]
)
def test_without_a_right_key_nothing_is_told(client: TestClient, path: str, headers: dict[str, str]) -> None:
    raw = {name: value.encode("latin-1") for name, value in headers.items()}
    response = client.post(path, json=KETTLE, headers=raw)  # type: ignore[arg-type]
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["error"]["code"] == "unauthorized"


def test_a_key_does_what_its_scopes_say_and_no_more(client: TestClient, keys: Keys) -> None:
    searches_only, asks = keys[3], keys[0]
    assert client.post(SEARCH, json=KETTLE, headers=searches_only).status_code == 200
    assert client.post("/api/ask", json={"message": "kettle"}, headers=searches_only).status_code == 403
    assert client.put("/api/admin/products", json=PRODUCT, headers=asks).status_code == 403
    assert client.delete("/api/admin/products", params={"id": "p"}, headers=asks).status_code == 403


def test_a_removed_key_is_refused_from_the_next_request_on(client: TestClient, settings: Settings) -> None:
    path = settings.data / "keys.toml"
    headers = {"authorization": f"Bearer {add_key(path, 'brief', ['search'])}"}
    assert client.post(SEARCH, json=KETTLE, headers=headers).status_code == 200
    remove_key(path, "brief")
    assert client.post(SEARCH, json=KETTLE, headers=headers).status_code == 401


def test_health_and_the_document_need_no_key(client: TestClient) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/.well-known/ucp"):
        assert client.get(path).status_code == 200


@pytest.fixture(scope="module")
def keyless(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    chosen = {"serve_address_per_minute": 12, "serve_origins": ("https://shop.example",)}
    return build_app(settings_of(tmp_path_factory.mktemp("keyless"), catalogue, **chosen))


def test_without_keys_this_machine_searches_and_asks_but_changes_nothing(keyless: FastAPI) -> None:
    with called(keyless) as here:
        assert here.post(SEARCH, json=KETTLE).status_code == 200
        assert here.post("/api/ask", json={"message": "kettle"}).status_code == 200
        refused = here.put("/api/admin/products", json=PRODUCT)
        assert refused.status_code == 403
        assert "aisle keys add" in refused.json()["error"]["message"]
        _no_one_else(keyless)
        _named_otherwise(here)
        _too_often(here)
        _origins(here)


def _no_one_else(keyless: FastAPI) -> None:
    elsewhere = TestClient(keyless, base_url="http://127.0.0.1:7860", client=("192.0.2.7", 50000))
    for path in (SEARCH, "/openapi.json", "/metrics"):
        assert elsewhere.post(path, json=KETTLE).status_code == 403


def _named_otherwise(here: TestClient) -> None:
    """A web page whose own name leads to this address."""
    for name in ("evil.example", "evil.example:7860", "127.0.0.1.evil.example", "[2001:db8::1]:7860"):
        assert here.post(SEARCH, json=KETTLE, headers={"host": name}).status_code == 403
    for name in ("localhost:7860", "[::1]:7860"):
        assert here.post(SEARCH, json=KETTLE, headers={"host": name}).status_code == 200


def _too_often(here: TestClient) -> None:
    answers = [here.post(SEARCH, json=KETTLE) for _ in range(13)]
    last = answers[-1]
    assert last.status_code == 429
    assert int(last.headers["retry-after"]) >= 1
    assert last.json()["error"]["code"] == "too_many_requests"
    assert here.get("/healthz").status_code == 200, "whoever watches the server is always answered"


def _origins(here: TestClient) -> None:
    asks = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}
    ours = here.options(SEARCH, headers={"origin": "https://shop.example", **asks})
    assert ours.headers["access-control-allow-origin"] == "https://shop.example"
    theirs = here.options(SEARCH, headers={"origin": "https://evil.example", **asks})
    assert theirs.status_code == 400
    assert "access-control-allow-origin" not in theirs.headers


def test_each_key_has_its_own_limit_and_guessing_keys_has_one_too(catalogue: Path, tmp_path: Path) -> None:
    chosen = settings_of(tmp_path, catalogue, serve_key_per_minute=2, serve_address_per_minute=3)
    one, other = keys_of(chosen, ("search",), ("search",))
    with called(build_app(chosen)) as client:
        statuses = [client.post(SEARCH, json=KETTLE, headers=one).status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert client.post(SEARCH, json=KETTLE, headers=other).status_code == 200
        wrong = {"authorization": "Bearer guessed"}
        guesses = [client.post(SEARCH, json=KETTLE, headers=wrong).status_code for _ in range(4)]
        assert guesses == [401, 401, 401, 429]


def test_it_listens_to_others_only_where_there_are_keys(tmp_path: Path) -> None:
    chosen = load_settings(data=tmp_path)
    for host in (ANYWHERE, "::", "192.0.2.1", "shop.example"):
        with pytest.raises(InvalidSettings, match="aisle keys add"):
            check_exposure(chosen, host)
    for host in ("127.0.0.1", "::1", "localhost"):
        check_exposure(chosen, host)
    add_key(tmp_path / "keys.toml", "app", ["search"])
    check_exposure(chosen, ANYWHERE)
    remove_key(tmp_path / "keys.toml", "app")
    with pytest.raises(InvalidSettings, match="aisle keys add"):
        check_exposure(chosen, ANYWHERE)
    with pytest.raises(InvalidSettings, match="is not there"):
        check_exposure(load_settings(data=tmp_path, serve_keys=tmp_path / "gone.toml"), "127.0.0.1")


def test_programs_of_this_machine_reach_it_by_an_address_of_this_machine() -> None:
    assert address(ANYWHERE, 80) == "http://127.0.0.1:80"
    assert address("::", 80) == "http://[::1]:80"
    assert address("shop.example", 80) == "http://shop.example:80"
