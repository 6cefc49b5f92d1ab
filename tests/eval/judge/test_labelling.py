from pathlib import Path

import pytest

from core.errors import InvalidQuery
from eval.conventions import ICECAT
from eval.judge.labelling import Labelling, by_lot, human_qrels, most_decisive
from eval.records import Ranked, Run
from eval.trec import read_qrels
from tests.eval.judge.made_up import case, judgment, pair

CASES = [case("q1", f"p{n}", f"Mug {n}") for n in range(3)]


def test_every_grade_is_in_the_file_at_once_and_may_be_changed(tmp_path: Path) -> None:
    labelling = Labelling(CASES, tmp_path / "human.qrels")
    labelling.put(0, 3)
    labelling.put(1, 0)
    labelling.put(0, 2)
    assert read_qrels(tmp_path / "human.qrels") == {"q1": {"p0": 2, "p1": 0}}
    assert (labelling.graded, labelling.first) == (2, 2)


def test_it_goes_on_where_it_ended_and_keeps_what_else_the_file_holds(tmp_path: Path) -> None:
    path = tmp_path / "human.qrels"
    path.write_text("q7 0 other 1\nq1 0 p0 3\n")
    labelling = Labelling(CASES, path)
    assert (labelling.first, labelling.graded, labelling.grade(0)) == (1, 1, 3)
    labelling.put(1, 1)
    assert read_qrels(path) == {"q7": {"other": 1}, "q1": {"p0": 3, "p1": 1}}


def test_when_all_have_a_grade_the_last_is_shown(tmp_path: Path) -> None:
    labelling = Labelling(CASES[:1], tmp_path / "human.qrels")
    labelling.put(0, 1)
    assert labelling.first == 0


@pytest.mark.parametrize(("place", "grade"), [(3, 1), (-1, 1), (0, 4), (0, -1)])
def test_what_is_no_place_or_no_grade_is_refused(tmp_path: Path, place: int, grade: int) -> None:
    with pytest.raises(InvalidQuery):
        Labelling(CASES, tmp_path / "human.qrels").put(place, grade)
    assert not (tmp_path / "human.qrels").exists()


def test_a_judge_s_grades_are_not_mixed_with_a_person_s(tmp_path: Path) -> None:
    (tmp_path / "judged.qrels").write_text("q1 judged p0 3\n")
    with pytest.raises(InvalidQuery, match="by a judge"):
        human_qrels(tmp_path / "judged.qrels")


def test_the_draw_takes_whole_queries_and_goes_on_with_a_higher_count() -> None:
    pairs = [pair(f"q{n}", f"p{m}") for n in range(9) for m in range(3)]
    few, more = by_lot(pairs, 2), by_lot(pairs, 5)
    assert len(few) == 6
    assert more[:6] == few
    assert len(by_lot(pairs, 99)) == 27


def test_what_decides_between_two_runs_comes_first_and_needs_two() -> None:
    runs = [
        Run(name=name, rankings={"q1": tuple(Ranked(p, 1.0) for p in ids)})
        for name, ids in (("a", "xyz"), ("b", "xzy"))
    ]
    said = [judgment("q1", p, 2, (0.25, 0.25, 0.25, 0.25)) for p in "xyz"]
    found = most_decisive(said, runs, ICECAT, {}, 10, 10)
    assert {choice.pair.product_id for choice in found} == {"y", "z"}
    assert most_decisive(said, runs, ICECAT, {"q1": {"y": 1}}, 10, 10)[0].pair.product_id == "z"
    with pytest.raises(InvalidQuery, match="takes two"):
        most_decisive(said, runs[:1], ICECAT, {}, 10, 10)
    with pytest.raises(InvalidQuery, match="no pair is left"):
        most_decisive(said, runs, ICECAT, {"q1": {"y": 1, "z": 0}}, 10, 10)
