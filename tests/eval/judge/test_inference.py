"""Corrected means by hand and by simulation: what calls itself 95% is right that often."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import InvalidQuery
from eval.judge.inference import FEWEST, Estimate, Inference, infer, infer_difference, wanted
from eval.judge.students import student_quantile
from eval.statistics import Interval


def values(numbers: list[float], start: int = 0) -> dict[str, float]:
    return {f"q{i}": number for i, number in enumerate(numbers, start)}


def drawn(seed: int, graded: int, judged: int, quality: float) -> tuple[dict[str, float], dict[str, float]]:
    """Scores as search has them, many zeros and many near one; the true mean is 0.7 x 0.8 / 1.3."""
    rng = np.random.default_rng(seed)
    human = rng.binomial(1, 0.7, graded + judged) * rng.beta(0.8, 0.5, graded + judged)
    noise = rng.binomial(1, 0.5, graded + judged) * rng.beta(0.8, 0.5, graded + judged)
    said = 0.2 + 0.8 * np.where(rng.random(graded + judged) < quality, human, noise)
    return values(human[:graded].tolist()), values(said.tolist())


TRUTH = 0.7 * 0.8 / 1.3


def test_the_corrected_mean_by_hand() -> None:
    """The judge's values are people's less 0.1, so the slope is 1; with 5 graded and 10 more judged queries
    the weight is 1 / (1 + 5/10) = 2/3. People: 0.4. Judge on the five: 0.3, on the ten: 0.6.
    0.4 - 2/3 x 0.3 + 2/3 x 0.6 = 0.6."""
    human = [0.2, 0.3, 0.4, 0.5, 0.6]
    judged = [value - 0.1 for value in human] + [0.5, 0.7] * 5
    found = infer(values(human), values(judged))
    assert found.power == pytest.approx(2 / 3)
    assert found.corrected is not None
    assert found.corrected.value == pytest.approx(0.6)
    assert found.human.value == pytest.approx(0.4)
    assert found.judge.value == pytest.approx((5 * 0.3 + 10 * 0.6) / 15)
    assert found.correlation == pytest.approx(1.0)
    assert found.narrower is not None
    assert found.narrower > 0.2


def test_a_biased_judge_is_put_right() -> None:
    human, judged = drawn(1, 60, 600, quality=0.9)
    biased = {query: value + 0.3 for query, value in judged.items()}
    plain, shifted = infer(human, judged), infer(human, biased)
    assert plain.corrected is not None
    assert shifted.corrected is not None
    assert shifted.corrected.value == pytest.approx(plain.corrected.value)
    assert shifted.judge.interval is not None
    assert shifted.judge.interval.low > TRUTH + 0.1


@pytest.mark.parametrize(
    "judged",
    [[0.5] * 40, list(np.linspace(1.0, 0.0, 10)) + [0.5] * 30],
    ids=["says the same of all", "says the opposite"],
)
def test_a_useless_judge_changes_nothing(judged: list[float]) -> None:
    found = infer(values(np.linspace(0.0, 1.0, 10).tolist()), values(judged))
    assert found.power == 0.0
    assert found.corrected is not None
    assert found.corrected.value == found.human.value
    assert found.corrected.interval == found.human.interval


def test_without_human_grades_nothing_is_corrected() -> None:
    found = infer({}, values([0.2, 0.4, 0.9]))
    assert found.corrected is None
    assert found.human.value is None
    assert found.narrower is None
    assert found.judge.value == pytest.approx(0.5)
    assert wanted(found) == (None, None)


def test_one_graded_query_has_no_interval_and_no_correction() -> None:
    found = infer({"q0": 0.7}, values([0.6, 0.2, 0.4]))
    assert found.human.value == 0.7
    assert found.human.interval is None
    assert found.corrected is not None
    assert (found.corrected.value, found.corrected.interval, found.power) == (0.7, None, 0.0)


def test_with_fewer_than_five_graded_queries_the_judge_has_no_weight() -> None:
    human = [0.1, 0.4, 0.6, 0.9]
    assert len(human) == FEWEST - 1
    assert infer(values(human), values(human + [0.5] * 20)).power == 0.0


def test_where_all_queries_were_graded_nothing_is_left_to_the_judge() -> None:
    human, judged = drawn(2, 40, 0, quality=0.9)
    found = infer(human, judged)
    assert found.corrected is not None
    assert found.corrected.interval == found.human.interval


def test_equal_values_have_an_interval_without_width() -> None:
    found = infer(values([1.0] * 8), values([1.0] * 30))
    assert found.corrected is not None
    assert found.corrected.interval == pytest.approx((1.0, 1.0))


def test_the_same_values_always_give_the_same_intervals() -> None:
    human, judged = drawn(3, 30, 60, quality=0.8)
    assert infer(human, judged) == infer(human, judged)


@pytest.mark.parametrize(
    ("human", "judged", "said"),
    [
        ({"a": 0.5}, {"b": 0.5}, "another data set"),
        ({"a": 0.5, "c": 0.1}, {"a": 0.5, "b": 0.5}, "1 queries with human grades were not judged"),
        ({"a": float("nan")}, {"a": 0.5}, "query a: nan"),
        ({"a": 0.5}, {}, "were not judged"),
    ],
)
def test_values_that_do_not_belong_together_are_refused(
    human: dict[str, float], judged: dict[str, float], said: str
) -> None:
    with pytest.raises(InvalidQuery, match=said):
        infer(human, judged)


def test_two_systems_have_to_be_scored_on_the_same_queries() -> None:
    with pytest.raises(InvalidQuery, match="1 differ, b first"):
        infer_difference(({"a": 1.0}, {"a": 0.5}), ({"a": 1.0, "b": 0.2}, {"a": 0.4}))


def test_a_difference_is_the_mean_of_the_differences() -> None:
    one, other = drawn(4, 30, 90, quality=0.9), drawn(5, 30, 90, quality=0.9)
    found = infer_difference((one[0], other[0]), (one[1], other[1]))
    less = infer(
        {q: v - other[0][q] for q, v in one[0].items()}, {q: v - other[1][q] for q, v in one[1].items()}
    )
    assert found == less


@pytest.mark.parametrize(
    ("quality", "judged"), [(0.9, 300), (0.9, 40), (0.0, 300)], ids=["good, many", "good, few", "useless"]
)
def test_intervals_cover_the_true_mean_19_times_in_20(quality: float, judged: int) -> None:
    """Of 400 intervals 380 are expected to cover; three standard deviations of that count are 13."""
    inside, narrower = np.zeros(2), []
    for trial in range(400):
        found = infer(*drawn(1000 + trial, 30, judged, quality))
        assert found.corrected is not None
        for side, estimate in enumerate((found.human, found.corrected)):
            assert estimate.interval is not None
            inside[side] += estimate.interval.low <= TRUTH <= estimate.interval.high
        assert found.narrower is not None
        narrower.append(found.narrower)
    assert (inside >= 367).all()
    assert (inside <= 393).all()
    gained = float(np.mean(narrower))
    assert {300: gained > 0.35, 40: gained > 0.15}[judged] if quality else abs(gained) < 0.05


def test_sparse_differences_are_covered_too() -> None:
    """Two systems differ on a third of the queries, mostly one way: Student's t covers 91% of such."""
    inside = 0
    for trial in range(400):
        rng = np.random.default_rng(trial)
        delta = rng.binomial(1, 0.35, 330) * (rng.beta(0.5, 2.0, 330) * 1.4 - 0.1)
        said = delta + rng.normal(0, 0.05, 330)
        found = infer(values(delta[:30].tolist()), values(said.tolist()))
        assert found.corrected is not None
        assert found.corrected.interval is not None
        inside += found.corrected.interval.low <= 0.35 * (0.2 * 1.4 - 0.1) <= found.corrected.interval.high
    assert 367 <= inside <= 395


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.lists(st.floats(0, 1), min_size=12, max_size=25),
)
def test_the_corrected_mean_lies_in_its_interval_and_power_between_0_and_1(
    human: list[float], judged: list[float]
) -> None:
    found: Inference = infer(values(human), values(judged))
    assert 0.0 <= found.power <= 1.0
    assert found.corrected is not None
    if interval := found.corrected.interval:
        assert interval.low - 1e-9 <= (found.corrected.value or 0.0) <= interval.high + 1e-9


def test_what_is_certain_needs_no_more_labels() -> None:
    found = infer(values([0.2, 0.25, 0.3, 0.2, 0.3, 0.25] * 4), values([0.2, 0.3] * 40))
    assert wanted(found) == (0, 0)


def test_a_difference_of_nothing_is_never_decided() -> None:
    delta = [0.3, -0.3] * 10
    assert wanted(infer(values(delta), values(delta * 5))) == (None, None)


def test_the_labels_still_wanted_by_hand() -> None:
    """An interval of 0.1 +- 0.2 by 20 graded queries has to shrink to half, which takes more than four times
    as many queries: 61 more. The judge explains 0.64 of the
    variance on the queries that only it has graded, so that each graded query takes some of that away.
    """
    around = Estimate(value=0.1, interval=Interval(-0.1, 0.3), queries=20)
    judge = Estimate(value=0.1, interval=Interval(0.0, 0.2), queries=200)
    found = Inference(human=around, judge=judge, corrected=around, power=0.8, correlation=0.8)
    needed = wanted(found)
    assert needed.human == 61
    assert needed.corrected is not None
    after = 20 + needed.corrected
    left = [(1 - 0.64 * (200 - n) / 200) / n / (0.424 / 20) for n in (after - 1, after)]
    assert left[0] >= 0.25 > left[1]


def test_a_good_judge_saves_labels() -> None:
    rng = np.random.default_rng(8)
    noise = rng.normal(size=20)
    graded = 0.12 + 0.3 * (noise - noise.mean()) / noise.std(ddof=1)
    said = np.tile(graded, 20) + rng.normal(0, 0.1, 400)
    needed = wanted(infer(values(graded.tolist()), values(said.tolist())))
    assert needed.corrected is not None
    assert needed.human is not None
    assert needed.corrected < needed.human


@pytest.mark.parametrize("freedom", [1, 2, 3, 5, 28, 120, 399, 5000])
@pytest.mark.parametrize("probability", [0.75, 0.975, 0.995])
def test_students_quantile_agrees_with_scipy(freedom: int, probability: float) -> None:
    assert student_quantile(probability, freedom) == pytest.approx(
        scipy.stats.t.ppf(probability, freedom), rel=2e-3 if freedom >= 400 else 1e-6
    )
