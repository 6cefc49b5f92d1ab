"""Which pairs an audit asks about, and that it pays for none of them twice."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from agent.llm.chat import Unusable
from core.errors import ModelUnavailable
from eval.judge.audit import ASKINGS, Remembered, audited, couples, drawn
from eval.judge.records import Case, Judgment, Preference
from eval.judge.store import Judgments
from tests.eval.judge.made_up import WordJudge, case

CASES = [
    *[
        case(f"q{query}", f"p{query}{place}", f"Mug {place}", brand="Redware")
        for query in (1, 2)
        for place in range(6)
    ],
    case("q3", "p0", "Red mug", brand="Redware"),
]


class Counting(WordJudge):
    """Counts what it was asked, and fails where it was told to."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.asked = 0
        self._fails_at = fails_at

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        for one in cases:
            self.asked += 1
            if self.asked == self._fails_at:
                raise Unusable("gone", None)
            yield from super().judge([one])


class Steady:
    """Finds all products the same."""

    name = "steady"

    def prefer(self, first: Case, second: Case) -> Preference | None:
        return "same" if first != second else None


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Judgments]:
    opened = Judgments(tmp_path / "judgments.sqlite")
    yield opened
    opened.close()


def test_every_query_is_drawn_from_before_a_second_pair_of_any() -> None:
    assert {one.pair.query_id for one in drawn(CASES, 3)} == {"q1", "q2", "q3"}
    assert [one.pair.query_id for one in drawn(CASES, 5)] == ["q1", "q1", "q2", "q2", "q3"]
    assert drawn(CASES, 99) == CASES
    assert drawn(CASES, 4) == drawn(CASES, 4)
    assert len({one.pair.product_id for seed in range(9) for one in drawn(CASES[:6], 1, seed)}) > 1


def test_couples_are_two_products_of_one_query_and_each_query_once() -> None:
    found = couples(CASES, 5)
    assert [one.pair.query_id for one, _ in found] == ["q1", "q2"]
    assert all(one.pair.query_id == other.pair.query_id and one != other for one, other in found)
    assert len(couples(CASES, 1)) == 1


def test_a_second_audit_asks_only_what_it_has_to_ask_twice(store: Judgments) -> None:
    judge = Counting()
    first = audited(Remembered(judge, store), Steady(), CASES, 6)
    assert judge.asked == 6 * ASKINGS
    assert audited(Remembered(judge, store), Steady(), CASES, 6) == first
    assert judge.asked == 6 * ASKINGS + 6  # the second time of the retest
    assert first.again.agreement.pairs == 6
    assert first.swap is not None
    assert first.swap.consistent.value == 1.0


def test_an_audit_that_broke_off_goes_on(store: Judgments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.judge.offline.MOST_FAILURES", 1)
    broken, judge = Counting(fails_at=20), Counting()
    with pytest.raises(ModelUnavailable, match="the same command goes on"):
        audited(Remembered(broken, store), None, CASES, 6)
    found = audited(Remembered(judge, store), None, CASES, 6)
    assert broken.asked - 1 + judge.asked == 6 * ASKINGS
    assert found.swap is None
    assert {effect.name for effect in found.effects} == {
        "padding",
        "renamed",
        "stuffing",
        "claim",
        "injection",
    }
