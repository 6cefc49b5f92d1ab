"""Offline runs: nothing is judged twice, nothing is lost, and a budget is kept to."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from agent.llm.budget import Limits, Price
from agent.llm.chat import Abandoned
from core.errors import InvalidQuery, ModelUnavailable
from eval.judge.llm_judge import LlmJudge
from eval.judge.offline import MOST_MISSING, Progress, Tariff, estimate, judge_offline
from eval.judge.records import Case, Judgment
from eval.judge.rubrics import load_rubric
from eval.judge.store import Judgments
from tests.eval.judge.made_up import WordJudge, case
from tests.fakes import FakeChat

CASES = [case(f"q{n // 4}", f"p{n}", "Red mug" if n % 2 else "Garden hose") for n in range(12)]
PRICE = Price(prompt=1_000, completion=1_000)  # a thousandth of a unit for a token
ROOT = Path(__file__).parents[3]


class Counting(WordJudge):
    """Notes whom it judges, and what happens before an answer."""

    def __init__(self, before: Callable[[int], None] = lambda place: None) -> None:
        self.asked: list[str] = []
        self._before = before

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        for one in cases:
            self.asked.append(one.product.id)
            self._before(len(self.asked))
            yield from super().judge([one])


def no_pause(seconds: float) -> None:
    assert seconds > 0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Judgments]:
    opened = Judgments(tmp_path / "judgments.sqlite")
    yield opened
    opened.close()


def test_every_case_is_judged_and_comes_back_in_order(store: Judgments) -> None:
    done = judge_offline(WordJudge(), CASES, store, workers=3)
    assert [one.pair for one in done.judgments] == [one.pair for one in CASES]
    assert [one.grade for one in done.judgments] == [2 * (n % 2) for n in range(12)]
    assert (done.asked, done.known, done.left, done.stopped) == (12, 0, 0, "")


def test_a_second_run_asks_nobody(store: Judgments) -> None:
    judge_offline(WordJudge(), CASES, store)
    again = Counting()
    done = judge_offline(again, CASES, store)
    assert again.asked == []
    assert (done.asked, done.known) == (0, 12)
    assert estimate(again, CASES, store).pairs == 0


def test_a_second_run_asks_only_what_is_new(store: Judgments) -> None:
    judge_offline(WordJudge(), CASES[:5], store)
    again = Counting()
    judge_offline(again, CASES, store)
    assert sorted(again.asked) == sorted(one.product.id for one in CASES[5:])


def test_a_short_failure_is_waited_for_and_loses_nothing(store: Judgments) -> None:
    def fails_twice(place: int) -> None:
        if place in (3, 4):
            raise ModelUnavailable("busy; wait")

    judge, waited = Counting(fails_twice), list[float]()
    done = judge_offline(judge, CASES, store, pause=waited.append)
    assert done.left == 0
    assert waited == [1.0, 2.0]
    assert judge.asked.count("p2") == 3


def test_a_model_that_stays_away_stops_the_run_and_says_how_to_go_on(store: Judgments) -> None:
    def gone(place: int) -> None:
        if place > 5:
            raise ModelUnavailable("http://x cannot be reached; check the address")

    with pytest.raises(ModelUnavailable, match=r"check the address; 5 judgments are kept, the same command"):
        judge_offline(Counting(gone), CASES, store, pause=no_pause)
    again = Counting()
    assert judge_offline(again, CASES, store).known == 5
    assert len(again.asked) == 7


def test_a_model_that_drifts_for_good_is_stopped_and_its_drift_is_not_kept(store: Judgments) -> None:
    many = [case(f"q{n}", f"p{n}", "Red mug") for n in range(30)]
    chat = FakeChat("3", "2", *["I would say it depends"] * 28)
    judge = LlmJudge(chat, load_rubric("esci"))
    with pytest.raises(ModelUnavailable, match=r"no grade for 10 pairs in a row .*2 judgments are kept"):
        judge_offline(judge, many, store)
    assert len(chat.asked) == 2 + MOST_MISSING
    assert len(store.known(judge.name, many)) == 2


def test_a_pair_that_cannot_be_read_is_missing_and_is_not_asked_again(store: Judgments) -> None:
    odd = [*CASES, case("q9", "p99", "Red mug, unreadable")]
    done = judge_offline(WordJudge(), odd, store)
    assert done.missing == 1
    assert done.judgments[-1].grade is None
    again = Counting()
    assert judge_offline(again, odd, store).missing == 1
    assert again.asked == []


def test_a_budget_of_pairs_stops_cleanly_and_the_rest_follows(store: Judgments) -> None:
    done = judge_offline(WordJudge(), CASES, store, limits=Limits(calls=5))
    assert (done.asked, done.left) == (5, 7)
    assert "budget of pairs is spent; 5 judgments are kept, the same command goes on" in done.stopped
    assert judge_offline(WordJudge(), CASES, store).known == 5


def test_a_budget_of_money_is_never_overdrawn_whoever_works(store: Judgments) -> None:
    chat = FakeChat(*["2"] * 12)
    judge = LlmJudge(chat, load_rubric("esci"), price=PRICE)
    tariff = Tariff(judge.expected_usage, PRICE)
    one = tariff.most(CASES[0]).cost
    done = judge_offline(judge, CASES, store, tariff=tariff, limits=Limits(cost=4 * one), workers=4)
    assert 0 < done.asked < 12
    assert done.cost is not None
    assert 0 < done.cost <= 4 * one
    assert done.stopped.startswith("the budget of money is spent")


def test_the_true_cost_is_that_of_the_tokens_and_below_the_estimate(store: Judgments) -> None:
    priced = [FakeChat(*["2"] * 12)]
    judge = LlmJudge(priced[0], load_rubric("esci"), price=PRICE)
    tariff = Tariff(judge.expected_usage, PRICE)
    ahead = estimate(judge, CASES, store, tariff)
    done = judge_offline(judge, CASES, store, tariff=tariff)
    assert done.cost == pytest.approx(PRICE.of(done.usage))
    assert ahead.cost is not None
    assert done.cost is not None
    assert done.cost < ahead.cost
    assert ahead.seconds is None
    later = estimate(judge, [*CASES, case("q9", "p99")], store, tariff)
    assert (later.pairs, later.known) == (1, 12)
    assert later.seconds is not None


def test_a_call_that_broke_off_counts_as_paid(store: Judgments) -> None:
    chat = FakeChat(Abandoned("broke off"), "2")
    judge = LlmJudge(chat, load_rubric("esci"), price=PRICE)
    tariff = Tariff(judge.expected_usage, PRICE)
    done = judge_offline(judge, CASES[:1], store, tariff=tariff, pause=no_pause)
    assert done.cost == pytest.approx(tariff.most(CASES[0]).cost + PRICE.of(done.usage))


def test_money_cannot_be_kept_to_without_a_price(store: Judgments) -> None:
    judge = LlmJudge(FakeChat(), load_rubric("esci"))
    with pytest.raises(InvalidQuery, match="AISLE_LLM_PRICES"):
        judge_offline(judge, CASES, store, tariff=Tariff(judge.expected_usage), limits=Limits(cost=1))


def test_progress_says_what_is_left(store: Judgments) -> None:
    heard: list[Progress] = []
    judge = LlmJudge(FakeChat(*["2"] * 12), load_rubric("esci"), price=PRICE)
    tariff = Tariff(judge.expected_usage, PRICE)
    done = judge_offline(judge, CASES, store, tariff=tariff, on_progress=heard.append)
    assert [now.done for now in heard] == list(range(1, 13))
    assert {now.total for now in heard} == {12}
    assert heard[-1].cost == done.cost
    assert heard[-1].cost_left == heard[-1].seconds_left == 0
    assert all(now.seconds_left > 0 for now in heard[:-1])


def test_killed_and_resumed_no_pair_is_judged_twice(tmp_path: Path) -> None:
    """A process that is killed in the middle of its eighth pair, twice."""
    asked = tmp_path / "asked"
    command = [sys.executable, "-m", "tests.eval.judge.test_offline", str(tmp_path)]
    for _ in range(2):
        killed = subprocess.run(command, cwd=ROOT, check=False)
        assert killed.returncode == -signal.SIGKILL
    store = Judgments(tmp_path / "judgments.sqlite")
    judge = Counting()
    done = judge_offline(judge, CASES_TO_KILL, store)
    store.close()
    answered = asked.read_text().split()
    assert len(answered) == 14
    assert len(set(answered) | set(judge.asked)) == len(answered) + len(judge.asked) == 40
    assert done.left == 0


CASES_TO_KILL = [case(f"q{n // 4}", f"p{n}") for n in range(40)]


def killed_at_the_eighth(folder: Path) -> None:
    """Judges, noting each pair once it is kept, until the eighth is asked."""

    def die(place: int) -> None:
        if place == 8:
            os.kill(os.getpid(), signal.SIGKILL)

    def note(progress: Progress) -> None:
        with (folder / "asked").open("a") as file:
            file.write(f"{judge.asked[progress.done - 1]}\n")

    judge = Counting(die)
    judge_offline(judge, CASES_TO_KILL, Judgments(folder / "judgments.sqlite"), on_progress=note)


if __name__ == "__main__":
    killed_at_the_eighth(Path(sys.argv[1]))
