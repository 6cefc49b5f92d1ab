"""What a comparison says of runs whose scores are known, and what it refuses."""

import pytest

from core.errors import InvalidQuery
from eval.compare import Comparison, compare
from eval.records import Judged
from eval.wording import headline

QUERIES = [f"q{i}" for i in range(20)]
OLD = dict.fromkeys(QUERIES, 0.5)
BETTER = {query: 0.6 + 0.01 * place for place, query in enumerate(QUERIES)}
MIXED = {query: 0.9 if place % 2 else 0.11 for place, query in enumerate(QUERIES)}
EARLY = frozenset(QUERIES[:12])
FEW = frozenset(QUERIES[:4])


def compared(baseline: str | None = None, **runs: dict[str, float]) -> Comparison:
    return compare(runs, baseline=baseline, slices={"early": EARLY, "few": FEW}, metric="nDCG@10")


def test_two_runs_by_hand() -> None:
    """The means are 0.5 and 0.695; the second is better everywhere, by 0.1 to 0.29: standard deviation of
    0, 0.01, ..., 0.19 is 0.0592, so d is 3.30. No sign flip of 10,000 reaches all the same sign."""
    found = compared(old=OLD, new=BETTER).overall
    assert [round(mean.value, 6) for mean in found.means] == [0.5, 0.695]
    (difference,) = found.differences
    assert (difference.run, difference.other) == ("new", "old")
    assert difference.value == pytest.approx(0.195)
    assert (difference.wins, difference.ties, difference.losses) == (20, 0, 0)
    assert difference.effect == pytest.approx(0.195 / 0.0591608)
    assert difference.p < 0.001
    assert difference.interval is not None
    assert 0.1 < difference.interval.low < 0.195 < difference.interval.high < 0.29
    assert difference.certain


def test_without_a_baseline_all_pairs_are_compared() -> None:
    pairs = [(d.run, d.other) for d in compared(a=OLD, b=BETTER, c=MIXED).overall.differences]
    assert pairs == [("b", "a"), ("c", "a"), ("c", "b")]


def test_with_a_baseline_each_run_meets_only_it() -> None:
    found = compared(baseline="b", a=OLD, b=BETTER, c=MIXED)
    assert [(d.run, d.other) for d in found.overall.differences] == [("a", "b"), ("c", "b")]


def test_p_is_corrected_over_the_pairs_and_the_slices_are_a_family_of_their_own() -> None:
    found = compared(a=OLD, b=BETTER, c=MIXED)
    smallest = min(found.overall.differences, key=lambda d: d.p)
    assert smallest.adjusted_p == pytest.approx(3 * smallest.p)
    early = found.slices[0].differences
    least = min(early, key=lambda d: d.p)
    assert least.adjusted_p == pytest.approx(3 * least.p)


def test_a_slice_under_ten_queries_is_shown_but_not_judged() -> None:
    found = compared(old=OLD, new=BETTER)
    early, few = found.slices
    assert (early.name, early.n, early.small) == ("early", 12, False)
    assert early.differences[0].p == pytest.approx(2 / 2**12)
    assert early.differences[0].certain
    assert (few.n, few.small) == (4, True)
    assert few.means[1].value == pytest.approx(0.615)
    assert few.differences[0].adjusted_p is None
    assert not few.differences[0].certain


def test_a_slice_no_query_falls_in_is_left_out() -> None:
    slices = {"none": frozenset[str](), "elsewhere": frozenset({"other"}), "early": EARLY}
    found = compare({"a": OLD, "b": BETTER}, slices=slices, metric="P@10")
    assert [part.name for part in found.slices] == ["early"]


def test_where_less_is_better_less_wins() -> None:
    runs = {"many": BETTER, "fewer": OLD}
    found = compare(runs, slices={}, metric="Violations@10", higher_is_better=False)
    assert found.best(found.overall) == {"fewer"}
    (difference,) = found.overall.differences
    assert difference.value == pytest.approx(-0.195)
    assert (difference.wins, difference.losses) == (20, 0)
    assert headline(found).claim == "fewer is better than many"
    assert headline(found).also == "Certain at 5%: fewer above many."


def test_equal_runs_are_level() -> None:
    found = compared(a=OLD, b=dict(OLD))
    assert found.best(found.overall) == {"a", "b"}
    assert found.overall.differences[0].adjusted_p == 1.0
    assert headline(found).claim == "a and b are level"


def test_the_headline_says_certain_only_of_what_is() -> None:
    assert headline(compared(old=OLD, new=BETTER)).claim == "new is better than old"
    shaky = headline(compared(old=OLD, new=MIXED))
    assert shaky.claim == "new leads, but its lead over old may be chance"
    assert "0.5050 against 0.5000: +0.0050" in shaky.evidence
    assert "ahead on 10 of 20 queries, behind on 10" in shaky.evidence
    assert shaky.also.startswith("No difference")


def test_what_a_judge_graded_is_certain_only_as_far_as_the_judge_is_right() -> None:
    found = compare({"old": OLD, "new": BETTER}, slices={}, metric="P@10", judged=Judged(judge="combined"))
    assert headline(found).claim == "new is better than old, says the judge"
    assert headline(found).also.startswith(
        "Certain at 5%, if the judge grades as people would: new above old"
    )


def test_the_headline_is_the_same_whichever_run_comes_first() -> None:
    one, other = headline(compared(a=OLD, b=BETTER)), headline(compared(b=BETTER, a=OLD))
    assert one.claim == other.claim
    assert one.evidence.split(" (95%")[0] == other.evidence.split(" (95%")[0]
    assert "(95% interval +0." in one.evidence
    assert "(95% interval +0." in other.evidence
    assert "ahead on 20 of 20 queries" in other.evidence


def test_against_a_baseline_the_headline_speaks_of_the_baseline() -> None:
    close = {query: score - 0.001 for query, score in BETTER.items()}
    found = compared(baseline="old", old=OLD, new=BETTER, close=close)
    assert headline(found).claim == "new is better than the baseline old"


def test_runs_over_other_queries_are_refused_with_the_difference() -> None:
    lacking = {query: score for query, score in OLD.items() if query not in {"q3", "q7"}}
    with pytest.raises(InvalidQuery, match=r"run b lacks 2 queries \(q3, q7\) that a has;"):
        compared(a=OLD, b=lacking)
    with pytest.raises(InvalidQuery, match=r"run b has 1 query \(q99\) that a lacks"):
        compared(a=OLD, b={**OLD, "q99": 1.0})


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="1 run to compare; give two or more"):
        compared(a=OLD)
    with pytest.raises(InvalidQuery, match="no run 'c' to be the baseline; choose from: a, b"):
        compared(baseline="c", a=OLD, b=BETTER)
    with pytest.raises(InvalidQuery, match="name a baseline"):
        compared(a=OLD, b=OLD, c=OLD, d=OLD, e=OLD, f=OLD)
    with pytest.raises(InvalidQuery, match="run a has no scored queries"):
        compared(a={}, b={})
    with pytest.raises(InvalidQuery, match="run b, query q3: the score is nan"):
        compared(a=OLD, b={**OLD, "q3": float("nan")})


def test_a_comparison_survives_json() -> None:
    found = compared(a=OLD, b=BETTER)
    assert Comparison.model_validate_json(found.model_dump_json()) == found
