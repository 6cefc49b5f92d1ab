"""What judges hand on: a missing judgment is missing everywhere, and chances are chances."""

import pytest
from pydantic import ValidationError

from eval.judge.records import Judgment, by_key, cases_of
from eval.records import Conventions, Dataset
from tests.eval.judge.made_up import case, judgment, judgments, pair


def test_a_missing_grade_has_no_level() -> None:
    said = judgments({"q1": {"a": 0, "b": None}, "q2": {"a": None}})
    assert [one.level for one in said] == [0, None, None]


def test_the_level_is_the_expected_grade_where_there_is_one() -> None:
    said = Judgment(pair=pair("q", "a"), grade=2, expected=1.6, judge="made up")
    assert said.level == 1.6
    assert judgment("q", "a", 2).level == 2


@pytest.mark.parametrize(
    "wrong",
    [
        {"grade": 4},
        {"grade": -1},
        {"grade": 1, "chances": (0.5, 0.1, 0.1, 0.1)},
        {"grade": None, "expected": 0.0},
        {"grade": None, "chances": (1.0, 0.0, 0.0, 0.0)},
        {"grade": 1, "score": 0.3},
    ],
)
def test_what_is_no_judgment_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Judgment.model_validate({"pair": pair("q", "a"), "judge": "made up", **wrong})


def test_of_a_pair_judged_twice_the_later_counts() -> None:
    said = [judgment("q", "a", 1), judgment("q", "a", 3)]
    assert by_key(said)["q", "a"].grade == 3


def test_products_gone_from_the_index_are_not_asked_about() -> None:
    dataset = Dataset(
        name="made up",
        queries={"q": "red mug"},
        qrels={"q": {"a": 3, "gone": 2}},
        conventions=Conventions(gains={0: 0, 2: 2, 3: 3}),
    )
    product = case("q", "a").product
    assert [one.pair.key for one in cases_of(dataset, {"a": product})] == [("q", "a")]
