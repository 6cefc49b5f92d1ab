"""The command line as people and scripts meet it: in a process of its own, with right and wrong arguments."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ranking.records import Results

ROOT = Path(__file__).parent.parent.parent
FEED = """\
id,title,price,brand,availability,color
1,Red electric kettle,39.99 USD,Brevik,in stock,red
2,Blue stovetop kettle,"1.299,00 EUR",Solvei,out of stock,blue
3,Desk lamp,call us,,,
3,Desk lamp again,10,,,
4,,5.00,,,
"""


def aisle(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ui.cli", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1", "COLUMNS": "100", **env},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a feed and its index."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "feed.csv").write_text(FEED)
    done = aisle(
        "index", "feed.csv", "--index", "shop.index", "--rejects", "rejects.jsonl", "--json", cwd=folder
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["indexed"], report["rejected"]) == (3, 2)
    return folder


def test_rejects_say_where_and_why(shop: Path) -> None:
    rejects = [json.loads(line) for line in (shop / "rejects.jsonl").read_text().splitlines()]
    assert [(r["id"], r["line"]) for r in rejects] == [("3", None), ("4", 6)]
    assert "duplicate id, in record 4" in rejects[0]["reason"]
    assert "title" in rejects[1]["reason"]


def test_a_terminal_without_unicode_still_shows_the_results(shop: Path) -> None:
    done = aisle("search", "kettle", "--index", "shop.index", cwd=shop, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "Red electric kettle" in done.stdout


def test_square_brackets_in_a_feed_are_text(shop: Path) -> None:
    (shop / "brackets.csv").write_text("id,title\n[/red],One [bold]thing\n[/red],Two\n")
    done = aisle("index", "--check", "brackets.csv", cwd=shop)
    assert done.returncode == 0
    assert "[/red]" in done.stdout


def test_output_that_cannot_be_written_is_one_line(shop: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ui.cli", "datasets", "list", "--json"],
            cwd=shop, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=full, stderr=subprocess.PIPE,
            text=True, check=False,
        )  # fmt: skip
    assert done.returncode != 0
    assert "Traceback" not in done.stderr


def test_search_prints_one_json_document(shop: Path) -> None:
    done = aisle("search", "kettle", "--index", "shop.index", "--json", cwd=shop)
    results = json.loads(done.stdout)
    assert [hit["product"]["id"] for hit in results["hits"]][:2] == ["1", "2"]
    assert results["hits"][0]["product"]["price"] == {"amount": 3999, "currency": "USD"}
    assert done.stderr == ""


def test_search_prints_a_table_with_price_and_stock(shop: Path) -> None:
    done = aisle("search", "kettle", "--index", "shop.index", cwd=shop)
    assert "Red electric kettle" in done.stdout
    assert "$39.99" in done.stdout
    assert "sold out" in done.stdout


def test_filters_hold_and_are_proven(shop: Path) -> None:
    done = aisle(
        "search", "kettle", "--price-max", "50", "--brand", "brevik", "--attribute", "color=red",
        "--available", "--index", "shop.index", cwd=shop,
    )  # fmt: skip
    assert "✓ price at most $50.00 ($39.99)" in done.stdout
    assert "Blue stovetop" not in done.stdout


def test_explain_shows_scores_proofs_and_stages(shop: Path) -> None:
    done = aisle(
        "search", "kettle", "--brand", "brevik", "--price-max", "50", "--explain", "--index", "shop.index",
        cwd=shop,
    )  # fmt: skip
    table, _, reasons = done.stdout.partition(" ms (")
    assert "Red electric kettle" in table
    assert re.search(
        r"scores\s+title=[\d.]+ → body=[\d.]+ → dense=[\d.]+ → rrf=[\d.]+ →\s+pre-rank=", reasons
    )
    assert re.search(r"met\s+✓ brand brevik  Brevik", reasons)
    assert re.search(r"unknown\s+\? price at most \$50\.00  not stated", reasons)
    assert re.search(r"Stage\s+In\s+Out\s+ms", reasons)
    assert re.search(r"recall\s+-\s+\d+\s+[\d.]+", reasons)


def test_explain_adds_nothing_to_the_json_document(shop: Path) -> None:
    done = aisle("search", "kettle", "--explain", "--index", "shop.index", "--json", cwd=shop)
    assert list(json.loads(done.stdout)) == list(Results.model_fields)


def test_what_shapes_a_search_is_taken_together(shop: Path) -> None:
    done = aisle(
        "search", "kettle", "--sort", "price_up", "--diversity", "0.3", "--without", "buckle", "--without",
        "hood", "--no-repair", "--index", "shop.index", "--json", cwd=shop,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["repair"] is None


def test_a_system_that_cannot_exclude_says_so_instead_of_ignoring_it(shop: Path) -> None:
    done = aisle(
        "search", "kettle", "--without", "buckle", "--system", "hybrid", "--index", "shop.index", cwd=shop
    )
    assert done.returncode == 2
    assert "rerank" in done.stderr


@pytest.mark.parametrize("system", ["bm25", "dense", "hybrid", "rerank"])
def test_every_system_answers(shop: Path, system: str) -> None:
    done = aisle("search", "lamp", "--system", system, "--index", "shop.index", "--json", cwd=shop)
    assert json.loads(done.stdout)["hits"][0]["product"]["id"] == "3"


def test_readiness_is_reported_without_an_index(shop: Path) -> None:
    done = aisle("index", "--check", "feed.csv", "--json", cwd=shop)
    found = json.loads(done.stdout)
    assert (found["usable"], found["rejected"]) == (4, 1)
    assert found["duplicate_ids"]["examples"] == ["3"]
    assert not (shop / "demo.index").exists()
    assert "rows are usable" in aisle("index", "--check", "feed.csv", cwd=shop).stdout


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["search", "x"], 1, "no index at demo.index; build one with: aisle index PRODUCTS"),
        (["search", "", "--index", "shop.index"], 2, "the query is empty"),
        (
            ["search", "x", "--system", "magic", "--index", "shop.index"],
            2,
            "choose from: bm25, dense, hybrid",
        ),
        (["search", "x", "--limit", "0"], 2, "--limit"),
        (["search", "x", "--sort", "cheapest"], 2, "price_up"),
        (["search", "x", "--diversity", "2"], 2, "--diversity"),
        (["search", "x", "--without", " ", "--index", "shop.index"], 2, "--without buckle"),
        (["search", "x", "--rating-min", "9", "--index", "shop.index"], 2, "rating_min"),
        (["search", "x", "--price-max", "-5", "--index", "shop.index"], 2, "--price-max"),
        (["search", "x", "--attribute", "red", "--index", "shop.index"], 2, "--attribute color=red"),
        (["search", "x", "--index", "http://127.0.0.1:9/products"], 1, "the Qdrant server does not answer"),
        (["search", "x", "--index", "ftp://example"], 2, "must start with http"),
        (["search", "x", "--price-min", "90", "--price-max", "10", "--index", "shop.index"], 2, "swap them"),
        (["search", "x", "--index", "http://[::1"], 2, "index"),
        (["search", "x", "--index", "http://localhost:abc/x"], 2, "index"),
        (["search", "x", "--index", "http://"], 2, "names no host"),
        (["search", "x", "--index", "feed.csv"], 2, "Not a directory"),
        (["index", "feed.csv", "--index", "feed.csv"], 2, "cannot be used"),
        (["index", "feed.csv", "--rejects", "./feed.csv"], 2, "would overwrite the feed"),
        (["index", "feed.csv", "--map", "nofield=x"], 2, "cannot map"),
        (["datasets", "get", "demo", "--to", "feed.csv"], 2, "choose another with --to"),
        (["index", "nothing.csv"], 1, "nothing.csv"),
        (["index", "feed.csv", "--format", "morse"], 2, "morse"),
        (["index", "feed.csv", "--map", "title"], 2, "--map title=name"),
        (["index", "feed.csv", "--rejects", "no/such/folder/file"], 2, "cannot write"),
        (["index", "empty.csv"], 1, "empty"),
        (["index", "noise.bin"], 1, "noise.bin"),
        (["datasets", "get", "nothing"], 2, "icecat, esci_us, esci, wands, demo"),
        (["datasets", "get", "icecat", "--from", "."], 1, "no products file"),
        (["models", "pull", "no such model"], 1, "no such model"),
        (["dance"], 2, "No such command"),
    ],
)
def test_wrong_use_is_one_line_with_the_way_out(
    shop: Path, arguments: list[str], status: int, says: str
) -> None:
    (shop / "empty.csv").write_text("")
    (shop / "noise.bin").write_bytes(bytes(range(256)) * 20)
    done = aisle(*arguments, cwd=shop, AISLE_OFFLINE="1")
    assert done.returncode == status, done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_another_encoder_than_the_indexs_is_refused(shop: Path) -> None:
    done = aisle("search", "kettle", "--index", "shop.index", cwd=shop, AISLE_ENCODER_MAX_TOKENS="32")
    assert done.returncode == 1
    assert "the index was built with encoder minilm" in done.stderr


def test_a_locked_index_names_who_has_it(shop: Path) -> None:
    from catalog.edge_home import EdgeHome

    held = EdgeHome(shop / "shop.index").live()
    try:
        done = aisle("search", "kettle", "--index", "shop.index", cwd=shop)
    finally:
        held.close()
    assert done.returncode == 1
    assert f"is open in process {os.getpid()}" in done.stderr


def test_a_misspelt_setting_is_refused(shop: Path) -> None:
    done = aisle("search", "kettle", cwd=shop, AISLE_INDX="x")
    assert done.returncode == 2
    assert "did you mean AISLE_INDEX?" in done.stderr


def test_models_and_datasets_are_listed_as_json(shop: Path) -> None:
    models = json.loads(aisle("models", "list", "--json", cwd=shop).stdout)
    assert {"minilm", "smollm2"} <= {model["artifact"]["name"] for model in models}
    sets = json.loads(aisle("datasets", "list", "--json", cwd=shop).stdout)
    assert {"icecat", "esci_us", "esci", "wands"} == {one["name"] for one in sets}
    assert "minilm" in aisle("models", "list", cwd=shop).stdout


def test_a_dataset_is_taken_from_a_folder(shop: Path) -> None:
    source = shop / "elsewhere" / "icecat"
    source.mkdir(parents=True)
    (source / "products.jsonl").write_text('{"id": "1", "title": "Thing"}\n')
    done = aisle("datasets", "get", "icecat", "--from", "elsewhere", "--json", cwd=shop)
    assert json.loads(done.stdout)["path"] == "data/icecat"
    assert (shop / "data/icecat/products.jsonl").read_text() == '{"id": "1", "title": "Thing"}\n'


def test_who_helps_the_rules_is_none_embedded_or_an_address(shop: Path) -> None:
    done = aisle("plan", "kettle", "--llm", "magic", "--index", "shop.index", cwd=shop)
    assert done.returncode == 2
    assert "none, embedded, or URL#MODEL" in done.stderr
    plain = aisle("plan", "kettle under 50", "--llm", "none", "--index", "shop.index", "--json", cwd=shop)
    assert json.loads(plain.stdout)["constraints"] == {"price_max": 50.0}
