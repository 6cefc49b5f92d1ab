"""What a new user types, in an empty folder, with the installed command. Run by `make e2e`."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

AISLE = str(Path(sys.executable).parent / "aisle")


def aisle(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "100"}
    return subprocess.run([AISLE, *arguments], cwd=cwd, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder in which the demo catalogue has been indexed."""
    place = tmp_path_factory.mktemp("new-user")
    done = aisle("index", "demo", cwd=place)
    assert done.returncode == 0, done.stderr
    assert "2,028 products searchable" in done.stdout
    return place


@pytest.mark.parametrize(
    ("query", "leaf"),
    [
        ("kettle", "Electric Kettles"),
        ("something to boil water for tea", "Electric Kettles"),
        ("warm hat for winter", "Hats"),
        ("trail running shoes", "Trail Running Shoes"),
        ("litter for my cat", "Litter"),
    ],
)
def test_the_demo_catalogue_answers_plain_wishes(folder: Path, query: str, leaf: str) -> None:
    hits = json.loads(aisle("search", query, "--json", cwd=folder).stdout)["hits"]
    assert leaf in [hit["product"]["categories"][-1] for hit in hits[:5]]


def test_filters_on_the_demo_catalogue_hold(folder: Path) -> None:
    done = aisle(
        "search", "rain jacket", "--price-max", "150", "--attribute", "color=navy", "--json", cwd=folder
    )  # fmt: skip
    hits = json.loads(done.stdout)["hits"]
    assert hits
    for hit in hits:
        assert all(check["verdict"] != "violated" for check in hit["receipt"])
        price = hit["product"].get("price")
        assert price is None or price["amount"] <= 15000


def test_ctrl_c_stops_a_build_in_one_line_and_the_next_one_finishes_it(folder: Path) -> None:
    def start() -> subprocess.Popen[str]:
        command = [AISLE, "index", "demo", "--index", "second.index"]
        return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)

    build = start()
    while not list((folder / "second.index").glob("g*/stamp.json")):
        assert build.poll() is None
        time.sleep(0.01)
    build.send_signal(signal.SIGINT)
    _, errors = build.communicate(timeout=60)
    assert build.returncode == 130
    assert "stopped; nothing is lost" in errors
    assert "Traceback" not in errors
    assert start().wait() == 0
    hits = json.loads(aisle("search", "kettle", "--index", "second.index", "--json", cwd=folder).stdout)[
        "hits"
    ]
    assert len(hits) == 10


def test_the_demo_data_set_has_a_picture_for_every_product(folder: Path) -> None:
    assert aisle("datasets", "get", "demo", cwd=folder).returncode == 0
    lines = (folder / "data/demo/products.jsonl").read_text().splitlines()
    ids = {json.loads(line)["id"] for line in lines}
    assert {path.stem for path in (folder / "data/demo/images").glob("*.svg")} == ids
