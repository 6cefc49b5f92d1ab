import pytest

from core.errors import InvalidQuery
from eval.judge.recalibration import recalibrated
from eval.judge.records import by_key
from tests.eval.judge.made_up import judgment, judgments

GENEROUS = {f"q{n}": {"good": 3, "bad": 2, "new": 2} for n in range(20)}
PEOPLE = {f"q{n}": {"good": 3, "bad": 0} for n in range(20)}


def test_what_a_generous_judge_calls_2_becomes_what_people_make_of_it() -> None:
    anew = by_key(recalibrated(judgments(GENEROUS), PEOPLE))
    assert {one.grade for (_, product), one in anew.items() if product == "good"} == {3}
    assert {one.grade for (_, product), one in anew.items() if product in ("bad", "new")} == {0}
    assert anew["q0", "new"].judge == "made up+per-grade"


def test_a_query_s_own_human_grades_do_not_decide_its_grades() -> None:
    """One query where people turned it all round: its grades are as the other queries have it."""
    people = {**PEOPLE, "q0": {"good": 0, "bad": 3}}
    anew = by_key(recalibrated(judgments(GENEROUS), people))
    assert (anew["q0", "good"].grade, anew["q0", "bad"].grade) == (3, 0)


def test_what_is_missing_stays_missing() -> None:
    said = [*judgments(GENEROUS), judgment("q0", "odd", None)]
    assert recalibrated(said, PEOPLE)[-1].grade is None


def test_people_who_graded_something_else_are_no_measure() -> None:
    with pytest.raises(InvalidQuery, match="none of the judged pairs"):
        recalibrated(judgments(GENEROUS), {"q0": {"other": 3}})
