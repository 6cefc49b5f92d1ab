"""More callers than can be served: some are told when to come again, and nobody gets a wrong answer."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from tests.ui.serving.conftest import called, keys_of, settings_of
from ui.server import build_app

CALLERS = 24
QUERIES = ("red kettle", "leather belt", "desk lamp", "backpack")


def shown(answer: dict[str, Any]) -> list[str]:
    return [product["id"] for product in answer["products"]]


@pytest.mark.slow
def test_under_overload_answers_are_shed_or_right(
    catalogue: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ui.server.ROOM", 10)
    settings = settings_of(tmp_path, catalogue)
    [key] = keys_of(settings, ("search", "admin"))
    with called(build_app(settings)) as client:

        def search(query: str) -> Any:
            return client.post("/api/catalog/search", json={"query": query}, headers=key)

        alone = {query: search(query).json() for query in QUERIES}
        together = Barrier(CALLERS)

        def crowd(number: int) -> list[tuple[str, Any]]:
            together.wait(60)
            return [(query, search(query)) for query in (QUERIES[number % len(QUERIES)],) * 3]

        with ThreadPoolExecutor(CALLERS) as pool:
            answers = [one for each in pool.map(crowd, range(CALLERS)) for one in each]
        hurried = 0
        for query, response in answers:
            if response.status_code == 503:
                assert int(response.headers["retry-after"]) >= 1
                assert response.json()["error"]["code"] == "unavailable"
                continue
            assert response.status_code == 200
            answer = response.json()
            hurried += "reduced_ranking" in [message["code"] for message in answer["messages"]]
            assert answer["products"], "never an empty answer"
            assert len(set(shown(answer)) & set(shown(alone[query]))) >= len(shown(alone[query])) // 2
        statuses = [response.status_code for _, response in answers]
        assert statuses.count(503), "nobody was shed: the test proves nothing"
        assert statuses.count(200)
        assert hurried, "nobody was hurried: the test proves nothing"
        text = client.get("/metrics", headers=key).text
        assert 'aisle_shed_total{reason="full"}' in text
        assert 'aisle_inside{gate="search"} 0.0' in text
        assert search("red kettle").json()["products"] == alone["red kettle"]["products"], (
            "and all is well again"
        )
