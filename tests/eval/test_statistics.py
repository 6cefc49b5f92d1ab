"""Statistics by hand, against scipy, and by simulation: what calls itself 95% must be right that often."""

import numpy as np
import pytest
import scipy.stats

from eval.statistics import FLIPS, holm, mean_interval, outcomes, paired_d, randomization_p


def test_the_interval_of_two_values_by_hand() -> None:
    """Resampled means are 0, 0.5 and 1 in the ratio 1:2:1, symmetric, so no end is moved: the outer 2.5%
    on each side are 0 and 1."""
    assert mean_interval([0.0, 1.0]) == (0.0, 1.0)


def test_the_interval_of_one_hit_in_ten_by_hand() -> None:
    """Resampled means are Binomial(10, 0.1) / 10. Half of those at 0.1 and all below are 0.5424, so the bias
    is 0.1065; the acceleration is 0.72 / (6 x 0.9^1.5) = 0.1405. The ends become the quantiles at 0.086 and
    0.9987, which are 0 and 0.5 (P(X <= 4) = 0.9984); plain percentiles would give 0 and 0.3."""
    found = mean_interval([0.0] * 9 + [1.0], resamples=1_000_000)
    assert found == pytest.approx((0.0, 0.5))


def test_the_interval_agrees_with_scipy() -> None:
    values = np.random.default_rng(1).beta(0.5, 0.7, 75)
    expected = scipy.stats.bootstrap((values,), np.mean, n_resamples=20_000, method="BCa", rng=2)
    found = mean_interval(values, resamples=20_000)
    assert found is not None
    assert found == pytest.approx(tuple(expected.confidence_interval), abs=0.004)


def test_the_interval_of_skewed_scores_is_not_symmetric() -> None:
    found = mean_interval([0.0] * 18 + [1.0] * 2)
    assert found is not None
    assert found.high - 0.1 > 1.5 * (0.1 - found.low)


def test_equal_scores_have_no_spread_and_one_score_has_no_interval() -> None:
    assert mean_interval([0.3] * 7) == pytest.approx((0.3, 0.3))
    assert mean_interval([0.3]) is None
    assert mean_interval([]) is None


def test_the_same_scores_always_give_the_same_interval() -> None:
    values = np.random.default_rng(3).random(40)
    assert mean_interval(values) == mean_interval(values)
    assert mean_interval(values) != mean_interval(values, seed=1)


def test_intervals_cover_the_true_mean_19_times_in_20() -> None:
    """Scores as search has them: many zeros, many near one. Of 600 intervals, 570 are expected to cover;
    three standard deviations of that count are 16."""
    rng = np.random.default_rng(4)
    covered = 0
    for trial in range(600):
        scores = rng.binomial(1, 0.7, 40) * rng.beta(0.8, 0.5, 40)
        found = mean_interval(scores, resamples=1000, seed=trial)
        assert found is not None
        covered += found.low <= 0.7 * 0.8 / 1.3 <= found.high
    assert 554 <= covered <= 586


def test_the_exact_test_by_hand() -> None:
    """Of the 8 sign patterns of 1, 2, 3 only two reach 6. Of those of 3, 1, -1, six reach 3 (twice 5 and
    four times 3)."""
    assert randomization_p([1.0, 2.0, 3.0]) == pytest.approx(2 / 8)
    assert randomization_p([3.0, 1.0, -1.0]) == pytest.approx(6 / 8)


def test_the_test_is_two_sided() -> None:
    assert randomization_p([-1.0, -2.0, -3.0]) == randomization_p([1.0, 2.0, 3.0])


def test_ties_change_no_p() -> None:
    assert randomization_p([1.0, 2.0, 3.0, 0.0, 1e-12]) == randomization_p([1.0, 2.0, 3.0])
    assert randomization_p([0.0, 0.0]) == 1.0


def test_a_sum_that_differs_only_by_rounding_counts_as_reached() -> None:
    """Six of the eight patterns of 0.6, 0.3, 0.3 reach 0.6; two of them fall just short in floats."""
    assert randomization_p([-0.6, 0.3, -0.3]) == pytest.approx(6 / 8)


def test_sign_flips_at_random_come_close_to_all_of_them() -> None:
    differences = np.random.default_rng(5).normal(0.1, 0.3, 16)
    exact = randomization_p(differences, flips=2**16)
    assert randomization_p(differences) == pytest.approx(exact, abs=4 * (exact * (1 - exact) / FLIPS) ** 0.5)


def test_random_sign_flips_never_claim_a_p_of_zero() -> None:
    assert randomization_p([0.5] * 200) == 1 / (FLIPS + 1)


@pytest.mark.parametrize("queries", [8, 40], ids=["exact", "random"])
def test_p_is_uniform_where_nothing_differs(queries: int) -> None:
    rng = np.random.default_rng(6)
    found = [randomization_p(rng.normal(size=queries), flips=999, seed=trial) for trial in range(500)]
    assert scipy.stats.kstest(found, "uniform").pvalue > 0.01
    assert 0.02 <= np.mean(np.array(found) <= 0.05) <= 0.08  # three standard deviations around 0.05


def test_holm_by_hand() -> None:
    """Sorted: 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 x 1, which may not be below the one before it."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.6, 0.7]) == (1.0, 1.0)
    assert holm([0.03]) == (0.03,)
    assert holm([]) == ()


def test_paired_d_by_hand() -> None:
    """Mean 2, standard deviation 1."""
    assert paired_d([1.0, 2.0, 3.0]) == pytest.approx(2.0)
    assert paired_d([0.0, 0.0]) == 0.0
    assert paired_d([0.2, 0.2]) is None
    assert paired_d([0.2]) is None


def test_a_difference_below_a_billionth_is_a_tie() -> None:
    assert outcomes([0.2, 1e-10, 0.0, -1e-10, -0.1, 0.3]) == (2, 3, 1)


def test_a_large_set_is_worked_through_in_parts() -> None:
    """25,000 queries at once would need 2 GB; 200 resamples of them already exceed one part."""
    values = np.random.default_rng(7).normal(0.5, 1.0, 25_000)
    found = mean_interval(values, resamples=200)
    assert found is not None
    assert found.low < values.mean() < found.high
    assert found.high - found.low == pytest.approx(2 * 1.96 / 25_000**0.5, rel=0.25)
    assert randomization_p(values, flips=200) == pytest.approx(1 / 201)
