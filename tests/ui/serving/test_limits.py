"""Token buckets by hand: 60 a minute is one a second, and a minute's worth at once."""

import pytest

from ui.serving.limits import Buckets, household, is_loopback


class Clock:
    """Time as a test has it pass."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_runs_dry_and_fills_again() -> None:
    clock = Clock()
    buckets = Buckets(60, now=clock)
    assert [buckets.take("a") for _ in range(60)] == [0.0] * 60
    assert buckets.take("a") == 1.0
    clock.now = 0.5
    assert buckets.take("a") == 0.5
    clock.now = 1.0
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0


def test_one_callers_haste_is_not_anothers_wait() -> None:
    buckets = Buckets(1, now=Clock())
    assert buckets.take("a") == 0.0
    assert buckets.take("a") > 0
    assert buckets.take("b") == 0.0


def test_however_many_ask_memory_is_bounded() -> None:
    buckets = Buckets(1, most_known=100, now=Clock())
    for number in range(10_000):
        buckets.take(number)
    assert len(buckets) == 100
    assert buckets.take(9_999) > 0, "who asked last is still known"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("testclient", "testclient", True),
    ],
)
def test_one_subscriber_has_one_bucket(one: str, other: str, same: bool) -> None:
    assert (household(one) == household(other)) is same


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "localhost"])
def test_this_machine_is_known(address: str) -> None:
    assert is_loopback(address)


@pytest.mark.parametrize("address", ["192.0.2.1", "::", "evil.example", "", "127.0.0.1.evil.example"])
def test_nobody_else_is_this_machine(address: str) -> None:
    assert not is_loopback(address)
