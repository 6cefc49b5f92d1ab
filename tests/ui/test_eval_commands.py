"""`aisle eval` as scripts call it: a run, a comparison, a report, a diagnosis; and wrong use."""

import json
from pathlib import Path

import pytest

from tests.ui.test_cli import aisle

FEED = """\
id,title,price
1,Red electric kettle,39.99
2,Blue stovetop kettle,25.00
3,Desk lamp,19.00
4,Floor lamp,59.00
5,Garden hose,15.00
"""
QUERIES = "q1\tkettle\nq2\tlamp for the desk\nq3\twater the garden\n"
QRELS = "q1 0 1 3\nq1 0 2 3\nq2 0 3 3\nq2 0 4 2\nq3 0 5 3\n"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index, queries, judgments and the runs of two systems."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "feed.csv").write_text(FEED)
    (folder / "queries.tsv").write_text(QUERIES)
    (folder / "qrels.txt").write_text(QRELS)
    assert aisle("index", "feed.csv", cwd=folder).returncode == 0
    for system in ("bm25", "hybrid"):
        done = aisle(
            "eval", "run", "--queries", "queries.tsv", "--qrels", "qrels.txt", "--gains", "esci",
            "--system", system, "--run", f"{system}.trec", "--json", cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        (folder / f"{system}.json").write_text(done.stdout)
    return folder


def test_run_prints_metrics_and_writes_a_trec_run_with_timings(shop: Path) -> None:
    found = json.loads((shop / "hybrid.json").read_text())
    assert found["metrics"]["nDCG@10"] == pytest.approx(1.0)
    first = (shop / "hybrid.trec").read_text().splitlines()[0].split()
    assert (first[0], first[1], first[3], first[5]) == ("q1", "Q0", "1", "hybrid")
    timings = (shop / "hybrid.trec.timings.jsonl").read_text().splitlines()
    assert len(timings) == 1 + 3


def test_compare_says_how_certain_it_is_and_writes_a_report(shop: Path) -> None:
    done = aisle(
        "eval", "compare", "bm25.trec", "hybrid.trec", "--queries", "queries.tsv", "--qrels", "qrels.txt",
        "--html", "report.html", "--json", cwd=shop,
    )  # fmt: skip
    (difference,) = json.loads(done.stdout)["overall"]["differences"]
    assert (difference["run"], difference["other"]) == ("hybrid", "bm25")
    assert difference["wins"] + difference["ties"] + difference["losses"] == 3
    page = (shop / "report.html").read_text()
    assert "Red electric kettle" in page
    assert "aisle eval compare bm25.trec" in page


def test_diagnose_follows_the_products_of_a_query(shop: Path) -> None:
    done = aisle("eval", "diagnose", "--dataset", ".", "--query", "kettle", "--json", cwd=shop)
    assert done.returncode == 0, done.stderr
    assert [query["query_id"] for query in json.loads(done.stdout)["queries"]] == ["q1"]


def test_bench_prints_one_json_document(shop: Path) -> None:
    done = aisle("bench", "--queries", "queries.tsv", "--system", "bm25", "--json", cwd=shop)
    found = json.loads(done.stdout)
    assert found["total"]["p50_ms"] > 0
    assert found["throughput_qps"] > 0
    assert {"recall", "fuse", "fetch"} <= set(found["stages"])


def test_runs_of_another_data_set_are_noticed(shop: Path) -> None:
    (shop / "foreign.trec").write_text("q1 Q0 x 1 1.0 foreign\n")
    done = aisle("eval", "compare", "bm25.trec", "foreign.trec", "--qrels", "qrels.txt", cwd=shop)
    assert "is it a run of another data set?" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["run"], 2, "give --queries FILE"),
        (["run", "--queries", "nope.tsv"], 1, "no file at nope.tsv"),
        (
            ["run", "--queries", "queries.tsv", "--gains", "magic", "--qrels", "qrels.txt"],
            2,
            "exp, esci, linear",
        ),
        (["run", "--queries", "queries.tsv", "--system", "magic"], 2, "bm25, dense, hybrid"),
        (["run", "--dataset", "nothing"], 2, "esci_us, icecat"),
        (["compare", "bm25.trec", "--qrels", "qrels.txt"], 2, "give two or more"),
        (["compare", "bm25.trec", "bm25.trec", "--qrels", "qrels.txt"], 2, "two runs are called bm25"),
        (["compare", "bm25.trec", "feed.csv", "--qrels", "qrels.txt"], 1, "feed.csv:1"),
        (["compare", "bm25.trec", "hybrid.trec", "--qrels", "feed.csv"], 1, "feed.csv:1"),
        (["compare", "bm25.trec", "hybrid.trec", "--qrels", "qrels.txt", "--metric", "magic"], 2, "nDCG@k"),
        (["diagnose", "--dataset", ".", "--query", "zzz"], 2, "no query 'zzz'"),
    ],
)
def test_wrong_use_is_one_line_with_the_way_out(
    shop: Path, arguments: list[str], status: int, says: str
) -> None:
    done = aisle("eval", *arguments, cwd=shop)
    assert done.returncode == status, done.stderr
    assert says in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
