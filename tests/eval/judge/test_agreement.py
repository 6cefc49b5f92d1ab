"""Agreement by hand, against the textbook, and by resampling whole queries."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidSource
from eval.judge.agreement import accuracy, agree, auc, ceiling, confusion, kappa, mean_by_query, read_raters


def test_kappa_by_hand() -> None:
    """6 of 10 agree. Both say 0 five times and 3 five times: by chance 5. (6 - 5) / (10 - 5) = 0.2; with
    only two grades the distance is the same for every disagreement, so that quadratic kappa is too."""
    first = np.array([0, 0, 0, 0, 0, 3, 3, 3, 3, 3])
    second = np.array([0, 0, 0, 3, 3, 3, 3, 3, 0, 0])
    table = confusion(first, second)
    assert float(accuracy(table)) == pytest.approx(0.6)
    assert float(kappa(table)) == pytest.approx(0.2)
    assert float(kappa(table, quadratic=True)) == pytest.approx(0.2)


def test_quadratic_kappa_by_hand() -> None:
    """Distances 0, 1, 0, 1 squared sum to 2. Expected: over all 16 couples of (0, 1, 2, 3) and (0, 2, 2, 2)
    the squares sum to 4 + 3*2 ... = 14 + 3 * 6 = 32, a quarter of it is 8. So 1 - 2 / 8."""
    table = confusion(np.array([0, 1, 2, 3]), np.array([0, 2, 2, 2]))
    assert float(kappa(table, quadratic=True)) == pytest.approx(0.75)
    assert float(kappa(table)) == pytest.approx(1 - (2 / 4) / (1 - (1 + 3) / 16))


def test_two_that_only_ever_say_one_grade_have_no_kappa() -> None:
    found = agree(np.array([2, 2, 2]), np.array([2, 2, 2]), ["a", "b", "c"])
    assert found.accuracy.value == 1.0
    assert found.kappa.value is None
    assert found.quadratic.value is None


def test_a_judge_that_always_says_the_same_agrees_no_better_than_chance() -> None:
    found = agree(np.array([0, 1, 2, 3, 3]), np.array([3, 3, 3, 3, 3]), ["a", "b", "c", "d", "e"])
    assert found.kappa.value == pytest.approx(0.0)
    assert found.quadratic.value == pytest.approx(0.0)


def test_one_query_has_no_interval_and_none_has_no_number() -> None:
    one = agree(np.array([0, 3]), np.array([0, 3]), ["q", "q"])
    assert one.kappa.value == 1.0
    assert one.kappa.interval is None
    none = agree(np.array([], int), np.array([], int), [])
    assert (none.pairs, none.accuracy.value, none.kappa.value) == (0, None, None)


def test_pairs_of_one_query_are_resampled_together() -> None:
    """The same 40 pairs, once as 40 queries and once as 4 that are all right or all wrong."""
    human = np.array([0, 3] * 20)
    judge = human.copy()
    judge[:10] = 3 - judge[:10]
    apart = agree(human, judge, [str(i) for i in range(40)]).kappa
    together = agree(human, judge, [str(i // 10) for i in range(40)]).kappa
    assert apart.value == together.value
    assert apart.interval is not None
    assert together.interval is not None
    assert together.interval.high - together.interval.low > 1.4 * (apart.interval.high - apart.interval.low)


def test_auc_by_hand() -> None:
    """Relevant at 0.9 and 0.4, others at 0.4 and 0.1: of four couples three are won and one is level."""
    levels, relevant = np.array([0.9, 0.4, 0.4, 0.1]), np.array([1, 1, 0, 0])
    assert auc(levels, relevant, ["a", "a", "b", "b"]).value == pytest.approx(3.5 / 4)


def test_auc_of_one_class_is_unknown() -> None:
    assert auc(np.array([0.3, 0.5]), np.array([1, 1]), ["a", "b"]).value is None


def test_a_mean_over_pairs_is_not_a_mean_over_queries() -> None:
    found = mean_by_query(np.array([1.0, 1.0, 1.0, 0.0]), ["a", "a", "a", "b"])
    assert found.value == 0.75
    assert found.interval == (0.0, 1.0)


grades = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=40)


@given(grades)
def test_agreement_is_symmetric_and_never_above_one(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    for quadratic in (False, True):
        one = float(kappa(confusion(first, second), quadratic=quadratic))
        other = float(kappa(confusion(second, first), quadratic=quadratic))
        assert one == pytest.approx(other, nan_ok=True)
        assert np.isnan(one) or one <= 1.0
    if (first == second).all() and len(set(first)) > 1:
        assert float(kappa(confusion(first, second))) == 1.0


def test_the_ceiling_is_the_mean_over_couples_of_raters() -> None:
    """Raters 1 and 2 always agree; 3 differs on one pair of four: kappa 0.5 with both. The mean is 2/3."""
    ratings = {("q1", "a"): (0, 0, 0), ("q1", "b"): (3, 3, 3), ("q2", "a"): (0, 0, 0), ("q2", "b"): (3, 3, 0)}
    found = ceiling(ratings)
    assert found is not None
    assert (found.raters, len(found.couples)) == (3, 3)
    assert found.kappa.value == pytest.approx((1 + 0.5 + 0.5) / 3)


def test_one_rater_has_no_ceiling() -> None:
    assert ceiling({("q", "a"): (3,), ("q", "b"): (0,)}) is None
    assert ceiling({("q", "a"): (3, None)}) is None
    assert ceiling({}) is None


def test_raters_are_read_and_a_blank_is_no_grade(tmp_path: Path) -> None:
    path = tmp_path / "raters.csv"
    path.write_text("query_id,product_id,rater_1,rater_2\nq1,a,3,\nq1,b,0,2\n")
    assert read_raters(path) == {("q1", "a"): (3, None), ("q1", "b"): (0, 2)}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("query,product,rater_1,rater_2\n", "columns are"),
        ("query_id,product_id,rater_1\nq,a,3\n", "two or more raters"),
        ("query_id,product_id,rater_1,rater_2\nq,a,3\n", ":2: 3 columns"),
        ("query_id,product_id,rater_1,rater_2\nq,a,3,7\n", ":2: grade '7'"),
        ("query_id,product_id,rater_1,rater_2\nq,a,3,2\nq,a,1,1\n", ":3: product a is rated again"),
    ],
)
def test_what_is_no_table_of_raters_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "raters.csv"
    path.write_text(text)
    with pytest.raises(InvalidSource, match=said):
        read_raters(path)
