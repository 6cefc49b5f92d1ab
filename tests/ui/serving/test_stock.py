"""The catalogue changed while it is served: seen by the next query, through a rebuild, and after a kill."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.index import open_index
from catalog.indexing import build_index
from core.settings import Settings
from tests.ui.serving.conftest import called, keys_of, settings_of
from ui.server import build_app

ADMIN, SEARCH = "/api/admin/products", "/api/catalog/search"
ROOT = Path(__file__).parent.parent.parent.parent
THEREMIN = {
    "id": "theremin-1",
    "title": "Theremin with two antennas",
    "description": "An instrument that is played without being touched.",
    "categories": ["Music", "Theremins"],
    "price": {"amount": 39900, "currency": "USD"},
    "availability": "in_stock",
}


@pytest.fixture(scope="module")
def settings(catalogue: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings_of(tmp_path_factory.mktemp("stock"), catalogue)


def found(client: TestClient, query: str, headers: dict[str, str], **asked: Any) -> list[dict[str, Any]]:
    response = client.post(SEARCH, json={"query": query, **asked}, headers=headers)
    assert response.status_code == 200, response.text
    listed: list[dict[str, Any]] = response.json()["products"]
    return listed


def test_what_is_put_in_changed_and_taken_out_is_seen_by_the_next_query(
    client: TestClient, keys: list[dict[str, str]]
) -> None:
    admin = keys[2]
    assert "theremin-1" not in [one["id"] for one in found(client, "theremin", admin)]
    put = client.put(ADMIN, json={"products": [THEREMIN]}, headers=admin)
    assert put.json() == {"done": ["theremin-1"], "unknown": []}
    first = found(client, "theremin", admin)[0]
    assert first["id"] == "theremin-1"

    price = {"amount": 19900, "currency": "USD"}
    changes = [{"id": "theremin-1", "price": price}, {"id": "gone", "availability": "out_of_stock"}]
    patched = client.patch(ADMIN, json={"products": changes}, headers=admin)
    assert patched.json() == {"done": ["theremin-1"], "unknown": ["gone"]}
    product = client.post("/api/catalog/product", json={"id": "theremin-1"}, headers=admin).json()["product"]
    assert product["variants"][0]["price"]["amount"] == 19900

    deleted = client.delete(ADMIN, params={"id": ["theremin-1", "gone"]}, headers=admin)
    assert deleted.json() == {"done": ["theremin-1"], "unknown": ["gone"]}
    assert "theremin-1" not in [one["id"] for one in found(client, "theremin", admin)]


@pytest.mark.parametrize(
    ("method", "body", "field"),
    [
        ("PUT", {"products": []}, "products"),
        ("PUT", {"products": [{"id": "", "title": "x"}]}, "products.0.id"),
        (
            "PUT",
            {"products": [{**THEREMIN, "price": {"amount": -1, "currency": "USD"}}]},
            "products.0.price.amount",
        ),
        ("PUT", {"products": [{**THEREMIN, "prize": 1}]}, "products.0.prize"),
        ("PUT", {"products": [THEREMIN, THEREMIN]}, "theremin-1 is named twice"),
        ("PATCH", {"products": [{"id": "theremin-1"}]}, "price, an availability, or both"),
    ],
)
def test_a_change_that_makes_no_sense_changes_nothing_and_says_why(
    client: TestClient, keys: list[dict[str, str]], method: str, body: dict[str, Any], field: str
) -> None:
    response = client.request(method, ADMIN, json=body, headers=keys[2])
    assert response.status_code == 400
    assert field in response.json()["error"]["message"]
    assert (
        client.post("/api/catalog/lookup", json={"ids": ["theremin-1"]}, headers=keys[2]).json()["products"]
        == []
    )


@pytest.mark.slow
def test_a_rebuild_that_is_published_under_load_fails_no_request(
    app: FastAPI, client: TestClient, keys: list[dict[str, str]], settings: Settings, encoder: Encoder
) -> None:
    assert app.state.ready
    before = client.get("/readyz").json()["generation"]
    done = Event()

    def search(query: str) -> set[int]:
        statuses = set()
        while not done.is_set():
            response = client.post(SEARCH, json={"query": query}, headers=keys[0])
            statuses.add(response.status_code)
            assert response.json()["products"], "never an empty answer"
        return statuses

    with ThreadPoolExecutor(3) as pool:
        searching = [pool.submit(search, query) for query in ("kettle", "leather belt", "desk lamp")]
        try:
            build_index(products, EdgeHome(Path(settings.index)), encoder)
        finally:
            done.set()
        assert [one.result() for one in searching] == [{200}] * 3
    assert found(client, "kettle", keys[0])
    assert client.get("/readyz").json()["generation"] != before


WRITES = """
import sys
from pathlib import Path
from core.settings import load_settings
from starlette.testclient import TestClient
from ui.server import build_app

index, data, key = sys.argv[1:]
app = build_app(load_settings(index=index, data=Path(data), device="cpu", serve_key_per_minute=100000))
headers = {"authorization": f"Bearer {key}"}
with TestClient(app, base_url="http://127.0.0.1:7860", client=("127.0.0.1", 50000)) as client:
    for number in range(100000):
        product = {"id": f"new-{number}", "title": f"Thing number {number}"}
        put = client.put("/api/admin/products", json={"products": [product]}, headers=headers)
        old = {"id": f"new-{number - 50}"}
        deleted = client.delete("/api/admin/products", params=old, headers=headers)
        assert put.status_code == deleted.status_code == 200
        print(number, flush=True)
"""


@pytest.mark.slow
def test_a_server_killed_in_the_middle_of_changes_leaves_an_index_that_opens(
    catalogue: Path, tmp_path: Path
) -> None:
    chosen = settings_of(tmp_path, catalogue)
    [key] = keys_of(chosen, ("admin",))
    secret = key["authorization"].removeprefix("Bearer ")
    for _ in range(2):
        command = [sys.executable, "-c", WRITES, chosen.index, str(chosen.data), secret]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout
            last = -1
            for line in server.stdout:
                last = int(line)
                if last == 70:
                    server.kill()
        assert last >= 70
    index = open_index(chosen)
    try:
        kept = index.get([f"new-{number}" for number in range(last - 20, last + 1)])
        assert len(kept) == 21, "what was answered as done is done"
        assert index.get([f"new-{number}" for number in range(last - 50)]) == {}
    finally:
        index.close()
    with called(build_app(chosen)) as client:
        one = {"products": [{"id": "after", "title": "After the kill"}]}
        assert client.put(ADMIN, json=one, headers=key).status_code == 200
    assert json.loads((tmp_path / "demo.index" / "g0001" / "stamp.json").read_text())
