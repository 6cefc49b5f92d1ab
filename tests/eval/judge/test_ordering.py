"""Orders of systems by hand and against scipy."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidQuery
from eval.judge.ordering import compare_orderings, kendall_tau


def test_tau_by_hand() -> None:
    """Of six couples five are in order and one is not: (5 - 1) / 6."""
    assert kendall_tau([1, 2, 3, 4], [1, 2, 4, 3]) == pytest.approx(4 / 6)
    assert kendall_tau([1, 2, 3], [3, 2, 1]) == -1.0


def test_systems_that_nobody_tells_apart_have_no_tau() -> None:
    assert np.isnan(kendall_tau([1, 1, 1], [1, 2, 3]))


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=10))
def test_tau_agrees_with_scipy(pairs: list[tuple[int, int]]) -> None:
    first, second = zip(*pairs, strict=True)
    expected = float(scipy.stats.kendalltau(first, second).statistic)
    assert kendall_tau(list(first), list(second)) == pytest.approx(expected, nan_ok=True)


def scores(
    means: dict[str, float], seed: int, spread: float, queries: int = 60
) -> dict[str, dict[str, float]]:
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 0.2, queries)
    return {
        name: {f"q{i}": float(mean + hard[i] + rng.normal(0, spread)) for i in range(queries)}
        for name, mean in means.items()
    }


MEANS = {"a": 0.2, "b": 0.3, "c": 0.4, "d": 0.5}


def test_the_same_order_is_found_with_certainty_where_systems_are_far_apart() -> None:
    found = compare_orderings(scores(MEANS, 1, 0.05), scores(MEANS, 2, 0.05))
    assert found.tau.value == 1.0
    assert found.tau.interval == (1.0, 1.0)
    assert (found.certain, found.agreed) == (6, 6)
    assert [name for name, _ in found.human] == ["d", "c", "b", "a"]
    assert found.queries == 60


def test_a_reversed_judge_agrees_on_nothing_that_is_certain() -> None:
    found = compare_orderings(scores(MEANS, 1, 0.05), scores({n: -m for n, m in MEANS.items()}, 2, 0.05))
    assert found.tau.value == -1.0
    assert (found.certain, found.agreed) == (6, 0)


def test_systems_too_close_to_tell_leave_a_wide_interval() -> None:
    near = dict.fromkeys("abcdef", 0.5)
    found = compare_orderings(scores(near, 3, 0.3), scores(near, 4, 0.3))
    assert found.tau.interval is not None
    assert found.tau.interval.high - found.tau.interval.low > 0.5


def test_one_query_has_an_order_but_no_interval() -> None:
    found = compare_orderings({"a": {"q": 0.1}, "b": {"q": 0.4}}, {"a": {"q": 0.2}, "b": {"q": 0.3}})
    assert found.tau.value == 1.0
    assert found.tau.interval is None
    assert found.certain == 0


@pytest.mark.parametrize(
    ("human", "judged", "said"),
    [
        ({"a": {"q": 1.0}}, {"a": {"q": 1.0}}, "1 system"),
        (
            {"a": {"q": 1.0}, "b": {"q": 1.0}},
            {"a": {"q": 1.0}, "c": {"q": 1.0}},
            "not the same systems: b, c",
        ),
        ({"a": {"q": 1.0}, "b": {"q": 1.0}}, {"a": {"q": 1.0}, "b": {"x": 1.0}}, "same queries"),
        ({"a": {}, "b": {}}, {"a": {}, "b": {}}, "same queries"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    human: dict[str, dict[str, float]], judged: dict[str, dict[str, float]], said: str
) -> None:
    with pytest.raises(InvalidQuery, match=said):
        compare_orderings(human, judged)
