"""Calibrations by hand and by property: chances are chances, rising scores never fall, folds keep apart."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidQuery
from eval.judge.agreement import confusion, kappa
from eval.judge.calibrated import CalibratedJudge
from eval.judge.calibration import (
    Columns,
    Fit,
    Grades,
    Ordinal,
    cross_validated,
    expected,
    fit_isotonic,
    fit_ordinal,
    fit_per_grade,
    graded,
)
from eval.judge.records import Case
from tests.eval.judge.made_up import WordJudge, case

FITS: list[Fit] = [fit_ordinal, fit_isotonic, fit_per_grade]


def sample(seed: int = 0, queries: int = 40, per_query: int = 15) -> tuple[Columns, Grades, list[str]]:
    """Two scores that tell relevance, unevenly from query to query, and one that tells nothing."""
    rng = np.random.default_rng(seed)
    ids = [f"q{i}" for i in range(queries) for _ in range(per_query)]
    truth = rng.normal(size=len(ids))
    shift = np.repeat(rng.normal(size=queries) * 0.5, per_query)
    columns = {
        "good": truth + rng.normal(size=len(ids)) + shift,
        "fair": truth + 2 * rng.normal(size=len(ids)),
        "noise": rng.normal(size=len(ids)),
    }
    return columns, np.searchsorted([-0.3, 0.4, 0.6], truth).astype(np.int64), ids


def test_isotonic_shares_by_hand() -> None:
    """Scores 1 to 4 with grades 0, 3, 0, 3: the fall from 1 to 0 in the middle is levelled to a half."""
    found = fit_isotonic({"s": np.array([1.0, 2.0, 3.0, 4.0])}, np.array([0, 3, 0, 3]))
    chances = found.chances({"s": np.array([1.0, 2.0, 2.5, 3.0, 4.0, 9.0])})
    assert chances[:, 3] == pytest.approx([0.0, 0.5, 0.5, 0.5, 1.0, 1.0])
    assert chances[:, 1:3] == pytest.approx(np.zeros((6, 2)))


def test_what_a_judge_calls_three_is_what_people_made_of_it() -> None:
    """Of 20 that the judge calls 3 people call 15 so and 5 a 0; all 10 that it calls 0 are 0. To each row
    is added one pair as all others are: half 0, half 3."""
    called = np.array([3.0] * 20 + [0.0] * 10)
    human = np.array([3] * 15 + [0] * 15)
    table = np.array(fit_per_grade({"j": called}, human).table)
    assert table[3] == pytest.approx([5.5 / 21, 0, 0, 15.5 / 21])
    assert table[0] == pytest.approx([10.5 / 11, 0, 0, 0.5 / 11])
    assert table[1] == pytest.approx([0.5, 0, 0, 0.5])


def test_as_many_pairs_get_each_grade_as_people_gave_it() -> None:
    columns, human, _ = sample()
    learned = fit_ordinal(columns, human)
    given_grades = graded(learned.chances(columns), learned.cuts)
    assert np.bincount(given_grades, minlength=4).tolist() == np.bincount(human, minlength=4).tolist()


def test_the_combination_is_better_than_either_score_and_ignores_noise() -> None:
    columns, human, ids = sample()

    def quadratic(names: list[str]) -> float:
        held = cross_validated({name: columns[name] for name in names}, human, ids)
        return float(kappa(confusion(human, held.grades), quadratic=True))

    assert quadratic(["good", "fair"]) > quadratic(["good"]) > quadratic(["noise"])
    learned = fit_ordinal(columns, human)
    weights = dict(zip(learned.names, learned.weights, strict=True))
    assert weights["good"] > weights["fair"] > 5 * abs(weights["noise"])


def test_chances_are_calibrated_on_queries_that_were_not_seen() -> None:
    columns, human, ids = sample(queries=80)
    said = expected(cross_validated(columns, human, ids).chances)
    assert said.mean() == pytest.approx(human.mean(), abs=0.1)
    high = said > np.quantile(said, 0.8)
    assert human[high].mean() == pytest.approx(said[high].mean(), abs=0.25)


def test_a_calibration_never_sees_the_query_it_is_held_out_for() -> None:
    """Each query has a score of its own that gives its grades away; held out, that says nothing."""
    rng = np.random.default_rng(1)
    ids = [f"q{i}" for i in range(30) for _ in range(6)]
    human = np.repeat(rng.integers(0, 2, 30) * 3, 6)
    columns = {f"is q{i}": np.array([float(q == f"q{i}") for q in ids]) for i in range(30)}
    seen = fit_ordinal(columns, human, l2=0.001)
    assert float(kappa(confusion(human, graded(seen.chances(columns), seen.cuts)))) > 0.9
    held = cross_validated(columns, human, ids, lambda c, g: fit_ordinal(c, g, l2=0.001))
    assert float(kappa(confusion(human, held.grades))) < 0.1


@pytest.mark.parametrize("fit", FITS)
def test_labels_that_are_all_the_same_give_that_grade(fit: Fit) -> None:
    for grade in (0, 2, 3):
        learned = fit({"s": np.array([0.1, 1.2, 2.3])}, np.array([grade] * 3))
        chances = learned.chances({"s": np.array([-5.0, 1.0, 50.0])})
        assert graded(chances, learned.cuts).tolist() == [grade] * 3
        assert np.isfinite(chances).all()


@pytest.mark.parametrize("fit", FITS)
def test_a_score_that_is_always_the_same_gives_one_answer(fit: Fit) -> None:
    learned = fit({"s": np.full(6, 2.0)}, np.array([0, 0, 3, 3, 3, 3]))
    level = expected(learned.chances({"s": np.full(2, 2.0)}))
    assert level == pytest.approx(np.full(2, 2.0), abs=0.15)


@pytest.mark.parametrize("fit", FITS)
def test_without_labels_nothing_is_calibrated(fit: Fit) -> None:
    with pytest.raises(InvalidQuery, match="no human grades"):
        fit({"s": np.zeros(0)}, np.zeros(0, np.int64))


@pytest.mark.parametrize(
    ("columns", "human", "said"),
    [
        ({"s": np.zeros(2)}, np.array([0, 4]), r"\[4\] are not among"),
        ({"s": np.array([0.0, np.nan])}, np.array([0, 3]), "missing"),
        ({"s": np.zeros(3)}, np.array([0, 3]), "3 scores for 2 grades"),
    ],
)
def test_what_cannot_be_fitted_is_refused(columns: Columns, human: Grades, said: str) -> None:
    with pytest.raises(InvalidQuery, match=said):
        fit_ordinal(columns, human)


def test_one_query_cannot_be_cross_validated() -> None:
    with pytest.raises(InvalidQuery, match="two or more"):
        cross_validated({"s": np.zeros(3)}, np.array([0, 1, 3]), ["q", "q", "q"])


def test_one_score_is_not_two() -> None:
    with pytest.raises(InvalidQuery, match="fit_ordinal takes several"):
        fit_isotonic({"s": np.zeros(2), "t": np.zeros(2)}, np.array([0, 3]))


def test_a_calibration_asks_for_the_scores_it_was_fitted_with() -> None:
    learned = fit_ordinal({"s": np.array([0.0, 1.0])}, np.array([0, 3]))
    with pytest.raises(InvalidQuery, match="no scores 's'"):
        learned.chances({"t": np.zeros(1)})


scored = st.lists(st.tuples(st.floats(-50, 50, allow_nan=False), st.integers(0, 3)), min_size=1, max_size=30)


@settings(deadline=None, max_examples=40)
@given(scored, st.sampled_from([fit_isotonic, fit_ordinal]))
def test_chances_are_chances_and_a_better_score_is_never_graded_lower(
    pairs: list[tuple[float, int]], fit: Fit
) -> None:
    score, human = (np.array(side) for side in zip(*pairs, strict=True))
    learned = fit({"s": score}, human.astype(np.int64))
    asked = np.sort(np.concatenate([score, [-100.0, 0.0, 100.0]]))
    chances = learned.chances({"s": asked})
    assert chances.min() >= 0.0
    assert chances.sum(axis=1) == pytest.approx(np.ones(len(asked)))
    levels = expected(chances)
    if not isinstance(learned, Ordinal) or learned.weights[0] >= 0:
        assert (np.diff(levels) >= -1e-9).all()
        assert (np.diff(graded(chances, learned.cuts)) >= 0).all()


@pytest.mark.parametrize("fit", FITS)
def test_a_calibration_survives_being_written(fit: Fit) -> None:
    columns, human, _ = sample(queries=10)
    one = {"good": columns["good"]}
    learned = fit(one, human)
    again = type(learned).model_validate_json(learned.model_dump_json())
    assert again.chances(one) == pytest.approx(learned.chances(one))


def test_a_calibrated_judge_passes_on_what_is_missing() -> None:
    cases = [case("q", "a", "Red mug"), case("q", "b", "Unreadable red mug"), case("q", "c", "Plate")]
    learned = fit_per_grade({"words": np.array([0.0, 0.0, 2.0, 2.0])}, np.array([0, 0, 3, 3]))
    judge = CalibratedJudge("calibrated words", (_levels,), learned)
    said = list(judge.judge(cases))
    assert [one.grade for one in said] == [3, None, 0]
    assert [one.pair.product_id for one in said] == ["a", "b", "c"]
    assert said[1].reason == "a score is missing"
    assert said[0].chances is not None
    assert sum(said[0].chances) == pytest.approx(1.0)


def test_judging_is_lazy_and_nothing_comes_of_nothing() -> None:
    learned = fit_per_grade({"words": np.array([0.0, 2.0])}, np.array([0, 3]))
    judge = CalibratedJudge("calibrated words", (_levels,), learned)
    assert list(judge.judge([])) == []
    endless = (case("q", str(i)) for i in iter(int, 1))
    assert next(judge.judge(endless)).grade == 0


def _levels(cases: Sequence[Case]) -> Columns:
    """What `WordJudge` says, as a column; nothing where it cannot read."""
    levels = [judgment.level for judgment in WordJudge().judge(cases)]
    return {"words": np.array([np.nan if level is None else level for level in levels])}
