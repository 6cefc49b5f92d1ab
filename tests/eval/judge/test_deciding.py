"""Runs of made-up queries whose first result is right in one run and wrong in the other."""

import pytest

from core.errors import InvalidQuery
from eval.conventions import scheme
from eval.judge.deciding import Decision, decide
from eval.judge.records import Judgment
from eval.records import Dataset, Ranked, Run
from tests.eval.judge.made_up import judgment

QUERIES = [f"q{n}" for n in range(60)]
GOOD = Run(name="good", rankings={q: (Ranked("right", 2.0), Ranked("wrong", 1.0)) for q in QUERIES})
BAD = Run(name="bad", rankings={q: (Ranked("wrong", 2.0), Ranked("right", 1.0)) for q in QUERIES})
TRUTH = {q: {"right": 3, "wrong": n % 2} for n, q in enumerate(QUERIES)}
SURE: list[Judgment] = [judgment(q, p, grade) for q, given in TRUTH.items() for p, grade in given.items()]


def decided(labelled: int, said: list[Judgment] = SURE, baseline: str | None = None) -> Decision:
    dataset = Dataset(
        name="made up",
        queries=dict.fromkeys(QUERIES, "mug"),
        qrels={q: TRUTH[q] for q in QUERIES[:labelled]},
        conventions=scheme("exp", range(4)),
    )
    return decide([BAD, GOOD], dataset, said, "nDCG@1", baseline=baseline)


def test_a_clear_difference_is_certain_with_few_grades() -> None:
    found = decided(12)
    (one,) = found.differences
    assert (one.first, one.second, one.leader) == ("good", "bad", "good")
    assert found.labelled == 12
    assert one.found.corrected
    assert one.found.corrected.value == pytest.approx((1 + 6 / 7) / 2, abs=0.01)  # grade 1 gains 1 of 7


def test_the_judge_alone_makes_nothing_certain() -> None:
    (one,) = decided(0).differences
    assert one.leader is None
    assert one.found.corrected is None
    assert one.found.judge.interval


def test_the_baseline_stands_second() -> None:
    (one,) = decided(12, baseline="good").differences
    assert (one.first, one.second, one.leader) == ("bad", "good", "good")


def test_what_is_to_be_graded_next_was_not_graded_yet() -> None:
    found = decided(12)
    assert len(found.label_next) == 10
    assert not set(found.label_next) & set(QUERIES[:12])


def test_queries_that_nobody_judged_count_for_nothing_and_are_told() -> None:
    found = decided(12, [one for one in SURE if one.pair.query_id not in QUERIES[:3]])
    assert (found.queries, found.labelled, found.left_out) == (57, 9, 3)


def test_grades_of_other_queries_are_refused() -> None:
    with pytest.raises(InvalidQuery, match="no query in common"):
        decided(3, [one for one in SURE if one.pair.query_id not in QUERIES[:3]])


def test_an_unknown_baseline_names_the_runs() -> None:
    with pytest.raises(InvalidQuery, match="bad, good"):
        decided(12, baseline="other")
