"""Metrics under doubt: the average over what the grades may be, not the metric of the likeliest grades."""

import pytest

from core.errors import InvalidQuery
from eval.conventions import ICECAT, scheme
from eval.judge.expected import expected_values
from eval.metrics import evaluate
from eval.records import Conventions, Dataset, Ranked, Run
from tests.eval.judge.made_up import judgment

RUN = Run(name="run", rankings={"q": (Ranked("a", 2.0), Ranked("b", 1.0))})


def dataset(conventions: Conventions = ICECAT) -> Dataset:
    return Dataset(name="made up", queries={"q": "mug"}, qrels={"q": {"a": 1}}, conventions=conventions)


def test_a_judge_without_doubt_gives_the_metric_of_its_grades() -> None:
    said = [judgment("q", "a", 0), judgment("q", "b", 3)]
    expected = evaluate(
        RUN, dataset().model_copy(update={"qrels": {"q": {"a": 0, "b": 3}}}), ["nDCG@10", "P@10"]
    )
    assert expected_values(RUN, dataset(), said, ["nDCG@10", "P@10"]) == expected


def test_doubt_is_averaged_over() -> None:
    """The one product is relevant or not, by equal chances: nDCG is 1 or 0, not the 1 of its mean gain."""
    said = [judgment("q", "a", 2, (0.5, 0.0, 0.0, 0.5))]
    found = expected_values(RUN, dataset(), said, ["nDCG@10"], draws=400)
    assert found["nDCG@10"]["q"] == pytest.approx(0.5, abs=0.1)


def test_runs_are_drawn_alike() -> None:
    said = [judgment("q", p, 1, (0.4, 0.2, 0.1, 0.3)) for p in "ab"]
    one = expected_values(RUN, dataset(), said, ["nDCG@10"])
    again = expected_values(RUN.model_copy(update={"name": "other"}), dataset(), said[::-1], ["nDCG@10"])
    assert one == again


def test_a_missing_judgment_counts_as_unjudged() -> None:
    said = [judgment("q", "a", None), judgment("q", "b", 3)]
    assert expected_values(RUN, dataset(), said, ["Judged@2"])["Judged@2"]["q"] == 0.5


def test_without_judgments_nothing_is_expected() -> None:
    for said in ([], [judgment("q", "a", None)]):
        with pytest.raises(InvalidQuery, match="no judgments"):
            expected_values(RUN, dataset(), said, ["nDCG@10"])


def test_a_grade_that_has_no_gain_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="grade 2 has no gain"):
        expected_values(RUN, dataset(scheme("linear", {0, 1})), [judgment("q", "a", 2)], ["nDCG@10"])
