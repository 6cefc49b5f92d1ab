"""Qrels and runs: what is refused and where, and that an order survives being written."""

import math
from pathlib import Path
from typing import Any

import ir_measures
import pytest

from core.errors import InvalidSource
from eval.records import Ranked, Run
from eval.trec import read_qrels, read_run, timings_path, write_run

THEIRS: Any = ir_measures  # its readers are not typed


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def run_of(*hits: tuple[str, float]) -> Run:
    return Run(name="run", rankings={"q1": tuple(Ranked(*hit) for hit in hits)})


def ids(run: Run, query_id: str = "q1") -> list[str]:
    return [hit.product_id for hit in run.rankings[query_id]]


def test_qrels_are_grades_by_query_and_product(tmp_path: Path) -> None:
    path = written(tmp_path / "qrels.txt", "q1 0 a 3\nq1 0 b -1\nq2\t0\ta\t0\n")
    assert read_qrels(path) == {"q1": {"a": 3, "b": -1}, "q2": {"a": 0}}


def test_mixed_line_ends_blank_lines_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = written(tmp_path / "qrels.txt", b"\xef\xbb\xbfq1 0 a 3\r\nq1 0 b 1\rq2 0 c 2\n\n  \nq3 0 d 0")
    assert read_qrels(path) == {"q1": {"a": 3, "b": 1}, "q2": {"c": 2}, "q3": {"d": 0}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "qrels.txt is empty"),
        ("\n \r\n", "qrels.txt is empty"),
        ("q1 0 a 3\nq1 0 b\n", "qrels.txt:2: 3 columns"),
        ("q1 0 a b 3\n", "qrels.txt:1: 5 columns"),
        ("q1 0 a 3\r\n\r\nq1 0 b 1.5\r\n", "qrels.txt:3: grade '1.5' is not a whole number"),
        ("q1 0 a high\n", "qrels.txt:1: grade 'high'"),
        ("q1 0 a 1_0\n", "qrels.txt:1: grade '1_0'"),
        ("q1 0 a 3\nq2 0 a 1\nq1 0 a 3\n", r"qrels.txt:3: product a .* q1 \(first in line 1\)"),
        (b"q1 0 a 3\rq1 0 caf\xe9 3\n", "qrels.txt:2: not UTF-8"),
        ("q1 0 a 3\n".encode("utf-16"), "qrels.txt:1: not UTF-8"),
    ],
)
def test_bad_qrels_are_refused_with_file_and_line(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(InvalidSource, match=message):
        read_qrels(written(tmp_path / "qrels.txt", content))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "a.trec is empty"),
        ("q1 Q0 a 1 2.5\n", "a.trec:1: 5 columns"),
        ("q1 Q0 a 1 2.5 x\nq1 Q0 b 2 best x\n", "a.trec:2: score 'best' is not a number"),
        ("q1 Q0 a 1 nan x\n", "a.trec:1: score 'nan'"),
        ("q1 Q0 a 1 2 x\nq1 Q0 a 2 1 x\n", "a.trec:2: product a occurs again for query q1"),
    ],
)
def test_bad_runs_are_refused_with_file_and_line(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InvalidSource, match=message):
        read_run(written(tmp_path / "a.trec", content))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match=r"no file at .*none\.txt"):
        read_qrels(tmp_path / "none.txt")
    with pytest.raises(InvalidSource, match="cannot read"):
        read_qrels(tmp_path)


def test_a_run_is_ordered_by_score_and_ties_by_falling_id_whatever_the_ranks_say(tmp_path: Path) -> None:
    path = written(tmp_path / "a.trec", "q1 Q0 a 1 1.0 x\nq1 Q0 c 2 1.0 x\nq1 Q0 b 3 2.0 x\n")
    assert ids(read_run(path)) == ["b", "c", "a"]
    assert read_run(path).name == "a"


def test_scores_that_single_precision_cannot_tell_apart_are_a_tie(tmp_path: Path) -> None:
    """trec_eval holds scores as floats: 1.0000000001 is 1 to it, and the later id comes first."""
    path = written(tmp_path / "a.trec", "q1 Q0 a 1 1.0000000001 x\nq1 Q0 b 2 1.0 x\n")
    assert ids(read_run(path)) == ["b", "a"]
    qrels = [ir_measures.Qrel("q1", "b", 1)]
    (first,) = ir_measures.pytrec_eval.iter_calc([ir_measures.RR], qrels, THEIRS.read_trec_run(str(path)))
    assert first.value == 1.0


@pytest.mark.parametrize(
    "hits",
    [
        [("a", 1.0), ("b", 1.0), ("c", 1.0)],
        [("a", 0.0), ("b", 0.0), ("c", 0.0), ("d", -1e-35)],
        [("a", 0.016393442622950821), ("b", 0.01639344262295082)],
        [("a", 2.0), ("b", 3.0), ("c", 2.5)],
        [("a", 1e30), ("b", 1e30), ("c", -1e30)],
        [(f"p{n:03}", 7.25) for n in range(500)],
    ],
)
def test_our_order_survives_in_every_reader(tmp_path: Path, hits: list[tuple[str, float]]) -> None:
    path = tmp_path / "a.trec"
    write_run(run_of(*hits), path)
    expected = [product_id for product_id, _ in hits]
    assert ids(read_run(path)) == expected
    doubles = {row.doc_id: row.score for row in THEIRS.read_trec_run(str(path))}
    assert len(set(doubles.values())) == len(hits)
    assert sorted(doubles, key=lambda i: -doubles[i]) == expected
    for rank, product_id in enumerate(expected[:5], start=1):
        qrels = [ir_measures.Qrel("q1", product_id, 1)]
        rows = THEIRS.read_trec_run(str(path))
        (found,) = ir_measures.pytrec_eval.iter_calc([ir_measures.RR], qrels, rows)
        assert found.value == pytest.approx(1 / rank)


def test_distinct_scores_are_written_as_they_are(tmp_path: Path) -> None:
    write_run(run_of(("a", 12.5), ("b", 0.1), ("c", -3.0)), tmp_path / "a.trec")
    assert (tmp_path / "a.trec").read_text().splitlines() == [
        "q1 Q0 a 1 12.5 run",
        "q1 Q0 b 2 0.100000001 run",
        "q1 Q0 c 3 -3 run",
    ]


def test_timings_lie_beside_the_run_and_keep_queries_without_results(tmp_path: Path) -> None:
    run = Run(
        name="hybrid",
        rankings={"q1": (Ranked("a", 1.0),), "q2": ()},
        timings={"q1": {"recall": 2.5, "total": 3.0}, "q2": {"total": 1.0}},
        provenance={"system": "hybrid"},
    )
    path = tmp_path / "runs" / "hybrid.trec"
    write_run(run, path)
    assert read_run(path) == run
    assert [p.name for p in sorted(path.parent.iterdir())] == ["hybrid.trec", "hybrid.trec.timings.jsonl"]


def test_a_run_that_found_nothing_at_all_can_be_read_again(tmp_path: Path) -> None:
    run = Run(name="a", rankings={"q1": ()}, timings={"q1": {"total": 1.0}})
    write_run(run, tmp_path / "a.trec")
    assert read_run(tmp_path / "a.trec").rankings == {"q1": ()}


def test_timings_of_an_earlier_run_do_not_stay_beside_a_later_one(tmp_path: Path) -> None:
    path = tmp_path / "a.trec"
    timed = run_of(("a", 1.0)).model_copy(update={"timings": {"q1": {"total": 1.0}}})
    write_run(timed, path)
    write_run(run_of(("b", 1.0)), path)
    assert read_run(path).timings == {}


def test_timings_that_are_none_are_refused(tmp_path: Path) -> None:
    write_run(run_of(("a", 1.0)), tmp_path / "a.trec")
    timings_path(tmp_path / "a.trec").write_text("hello\n")
    with pytest.raises(InvalidSource, match="not the timings of a run"):
        read_run(tmp_path / "a.trec")


@pytest.mark.parametrize("hit", [("two words", 1.0), ("", 1.0), ("a", math.nan), ("a", math.inf)])
def test_what_a_trec_file_cannot_hold_is_refused_before_anything_is_written(
    tmp_path: Path, hit: tuple[str, float]
) -> None:
    with pytest.raises(InvalidSource):
        write_run(run_of(hit), tmp_path / "a.trec")
    assert list(tmp_path.iterdir()) == []
