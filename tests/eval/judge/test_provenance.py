"""Judged qrels say that they are judged, in the file, in every table and in the report."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from core.errors import InvalidQuery, InvalidSource
from eval.compare import compare
from eval.datasets import dataset_of, load_dataset
from eval.details import describe
from eval.judge.card import judge_card
from eval.judge.provenance import (
    Provenance,
    provenance_of,
    provenance_path,
    read_provenance,
    write_judged,
)
from eval.judge.records import Judgment
from eval.records import Dataset, Ranked, Run
from eval.report import render
from eval.summary import summarise
from eval.trec import read_qrels
from tests.eval.judge.made_up import judgments
from ui.compare_view import comparison_table

SAID = judgments({f"q{n}": {"a": 3, "b": n % 2, "c": None} for n in range(6)})
PEOPLE = {f"q{n}": {"a": 3, "b": 0} for n in range(6)}
QUERIES = "".join(f"q{n}\tred mug {n}\n" for n in range(6))


def provenance(said: list[Judgment] = SAID, **known: object) -> Provenance:
    fields = {"made": datetime(2026, 1, 2, tzinfo=UTC), "depth": 10, "graded": 12, "missing": 6, **known}
    return Provenance.model_validate({"judge": "made up", "judgments": tuple(said), **fields})


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    path = tmp_path / "judged.qrels"
    card = judge_card(SAID, PEOPLE, dataset="mugs")
    write_judged(path, provenance(card=card))
    (tmp_path / "queries.tsv").write_text(QUERIES)
    return path


def dataset(judged: Path) -> Dataset:
    return dataset_of(judged.parent / "queries.tsv", judged)


def drawn(renderable: RenderableType) -> str:
    console = Console(width=200)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_judged_qrels_are_plain_trec_and_a_missing_grade_is_not_in_them(judged: Path) -> None:
    assert read_qrels(judged)["q1"] == {"a": 3, "b": 1}
    assert judged.read_text().splitlines()[0].split() == ["q0", "judged", "a", "3"]


def test_every_judgment_and_the_card_lie_beside_them(judged: Path) -> None:
    found = read_provenance(judged)
    assert found is not None
    assert list(found.judgments) == SAID
    assert found.card is not None


def test_who_judged_is_told_with_the_agreement_with_people(judged: Path) -> None:
    found = provenance_of(judged)
    assert found is not None
    assert found.pairs == 12
    assert found.quadratic == pytest.approx(1 - 3 / 48)  # three pairs off by one; 48 by chance
    assert found.said.startswith("judged by made up, not by people; quadratic kappa with people 0.94 over 12")
    assert found.facts["people graded too"] == "12 pairs of 6 queries"


def test_without_human_grades_trust_is_unknown(tmp_path: Path) -> None:
    write_judged(tmp_path / "j.qrels", provenance())
    found = provenance_of(tmp_path / "j.qrels")
    assert found is not None
    assert "how far people would agree is unknown" in found.said
    assert found.facts["agreement with people"] == "unknown"


def test_human_qrels_have_no_judge(tmp_path: Path) -> None:
    (tmp_path / "human.qrels").write_text("q1 0 a 3\n")
    assert provenance_of(tmp_path / "human.qrels") is None


def test_judged_qrels_that_lost_their_provenance_still_say_so(judged: Path) -> None:
    provenance_path(judged).unlink()
    found = provenance_of(judged)
    assert found is not None
    assert "where they are from was lost" in found.said


def test_a_hand_in_judged_qrels_is_noticed(judged: Path) -> None:
    judged.write_text(judged.read_text().replace("a 3", "a 0", 1))
    found = provenance_of(judged)
    assert found is not None
    assert "changed since" in found.said


def test_a_run_that_was_stopped_says_what_is_not_judged_yet(tmp_path: Path) -> None:
    write_judged(tmp_path / "j.qrels", provenance(left=82))
    found = provenance_of(tmp_path / "j.qrels")
    assert found is not None
    assert "82 of 100 pairs not judged yet" in found.said


def test_grades_by_people_are_never_written_over(tmp_path: Path) -> None:
    human = tmp_path / "human.qrels"
    human.write_text("q1 0 a 3\n")
    with pytest.raises(InvalidQuery, match="grades by people"):
        write_judged(human, provenance())
    assert human.read_text() == "q1 0 a 3\n"
    assert not provenance_path(human).exists()


def test_damaged_provenance_is_not_taken_for_none(judged: Path) -> None:
    provenance_path(judged).write_text("{}")
    with pytest.raises(InvalidSource, match="judge them again"):
        provenance_of(judged)


def test_every_table_and_the_report_say_who_judged(judged: Path) -> None:
    data = dataset(judged)
    runs = [
        Run(name=name, rankings={q: (Ranked(p, 1.0),) for q in data.queries})
        for name, p in (("one", "a"), ("other", "b"))
    ]
    assert data.judged is not None
    assert summarise(runs[0], data).judged == data.judged
    scores = {
        run.name: {q: float(p == "one") for q in data.queries} for run, p in zip(runs, "ab", strict=True)
    }
    comparison = compare(scores, slices={}, metric="nDCG@10", judged=data.judged)
    assert data.judged.said in drawn(comparison_table(comparison))
    page = render(comparison, describe(data, runs, {}, slices={}))
    assert "judged by made up, not by people" in page
    assert "12 pairs of 6 queries" in page
    human = data.model_copy(update={"judged": None})
    assert "not by people" not in render(
        compare(scores, slices={}, metric="nDCG@10"), describe(human, runs, {}, slices={})
    )


def test_a_data_set_of_one_s_own_with_judged_qrels_says_so(judged: Path) -> None:
    folder = judged.parent
    (folder / "products.csv").write_text("id,title\na,Mug\n")
    judged.rename(folder / "qrels.txt")
    provenance_path(judged).rename(provenance_path(folder / "qrels.txt"))
    found = load_dataset(folder)
    assert found.judged is not None
    assert found.judged.judge == "made up"
