"""Which of several runs is better, by how much, and whether that is more than luck.

Takes the scores of one metric per run and query. It computes no metric and draws nothing.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import isfinite

import numpy as np

from core.errors import InvalidQuery
from core.record import Record
from eval.records import Judged
from eval.statistics import Interval, holm, mean_interval, outcomes, paired_d, randomization_p

ALPHA = 0.05
SMALL = 10  # queries; a slice with fewer is shown, not judged
ALL_PAIRS = 5  # runs; beyond that Holm's correction over all pairs leaves no power

PerQuery = Mapping[str, float]


class Mean(Record):
    """The mean of one run, with its 95% interval."""

    run: str
    value: float
    interval: Interval | None
    n: int


class Difference(Record):
    """How far `run` is from `other`, query by query: `value` is the mean of run minus other.

    `adjusted_p` is corrected over its family (all pairs overall, or all pairs in all slices large enough
    to judge) and `None` in a slice that is too small. `wins` are queries on which `run` is better.
    """

    run: str
    other: str
    value: float
    interval: Interval | None
    p: float
    adjusted_p: float | None
    effect: float | None
    wins: int
    ties: int
    losses: int

    @property
    def certain(self) -> bool:
        """Whether the difference is significant at 5% after correction."""
        return self.adjusted_p is not None and self.adjusted_p < ALPHA


class Part(Record):
    """The queries of one slice, or all of them: every run's mean and the differences."""

    name: str
    n: int
    means: tuple[Mean, ...]
    differences: tuple[Difference, ...]

    @property
    def small(self) -> bool:
        """Whether there are too few queries to judge by."""
        return self.n < SMALL


class Comparison(Record):
    """Several runs over the same queries by one metric; runs in the order given."""

    metric: str
    higher_is_better: bool = True
    baseline: str | None
    overall: Part
    slices: tuple[Part, ...]
    per_query: Mapping[str, PerQuery]
    judged: Judged | None = None  # None where people graded

    @property
    def runs(self) -> tuple[str, ...]:
        """The names of the runs."""
        return tuple(self.per_query)

    def ranked(self, part: Part) -> tuple[Mean, ...]:
        """The means of a part, best first; equal ones in the order given."""
        return tuple(sorted(part.means, key=lambda mean: mean.value, reverse=self.higher_is_better))

    def best(self, part: Part) -> frozenset[str]:
        """The runs with the best mean: several if they tie to the four decimals that are shown."""
        top = self.ranked(part)[0].value
        return frozenset(mean.run for mean in part.means if abs(mean.value - top) < 5e-5)


def compare(
    per_query: Mapping[str, PerQuery],
    *,
    baseline: str | None = None,
    slices: Mapping[str, frozenset[str]],
    metric: str,
    higher_is_better: bool = True,
    judged: Judged | None = None,
) -> Comparison:
    """Compare every run with the baseline, or all pairs of up to five runs where none is named.

    A slice may name queries that were not scored; those are left out, and so is a slice without any.
    """
    _check(per_query, baseline)
    pairs = _pairs(tuple(per_query), baseline)
    queries = tuple(next(iter(per_query.values())))
    overall = _part("all", queries, per_query, pairs, higher_is_better)
    kept = {name: tuple(query for query in queries if query in members) for name, members in slices.items()}
    parts = [_part(name, ids, per_query, pairs, higher_is_better) for name, ids in kept.items() if ids]
    return Comparison(
        metric=metric,
        higher_is_better=higher_is_better,
        baseline=baseline,
        overall=_corrected([overall])[0],
        slices=_corrected([part for part in parts if not part.small], [part for part in parts if part.small]),
        per_query=per_query,
        judged=judged,
    )


def _check(per_query: Mapping[str, PerQuery], baseline: str | None) -> None:
    if len(per_query) < 2:
        raise InvalidQuery(f"{len(per_query)} run to compare; give two or more")
    if baseline is not None and baseline not in per_query:
        raise InvalidQuery(f"no run {baseline!r} to be the baseline; choose from: {', '.join(per_query)}")
    if baseline is None and len(per_query) > ALL_PAIRS:
        raise InvalidQuery(f"{len(per_query)} runs are too many to compare all pairs; name a baseline")
    (first, expected), *others = per_query.items()
    if not expected:
        raise InvalidQuery(f"run {first} has no scored queries; evaluate it over a dataset with judgments")
    for name, scores in others:
        if differing := _differing(first, expected, name, scores):
            raise InvalidQuery(f"{differing}; evaluate both over the same queries")
    for name, scores in per_query.items():
        for query, score in scores.items():
            if not isfinite(score):
                raise InvalidQuery(f"run {name}, query {query}: the score is {score}, not a number")


def _differing(first: str, expected: PerQuery, name: str, scores: PerQuery) -> str:
    lacking = [query for query in expected if query not in scores]
    extra = [query for query in scores if query not in expected]
    said = []
    if lacking:
        said.append(f"run {name} lacks {_some(lacking)} that {first} has")
    if extra:
        said.append(f"run {name} has {_some(extra)} that {first} lacks")
    return ", and ".join(said)


def _some(queries: Sequence[str]) -> str:
    named = ", ".join(queries[:3]) + (", ..." if len(queries) > 3 else "")
    return f"{len(queries)} {'query' if len(queries) == 1 else 'queries'} ({named})"


def _pairs(runs: Sequence[str], baseline: str | None) -> list[tuple[str, str]]:
    """Run and other: the later named of two is the one that has to show it is better."""
    if baseline is not None:
        return [(run, baseline) for run in runs if run != baseline]
    return [(later, earlier) for earlier, later in combinations(runs, 2)]


def _part(
    name: str,
    queries: Sequence[str],
    per_query: Mapping[str, PerQuery],
    pairs: Sequence[tuple[str, str]],
    higher_is_better: bool,
) -> Part:
    scores = {run: np.array([by_query[q] for q in queries]) for run, by_query in per_query.items()}
    differences = []
    for run, other in pairs:
        delta = scores[run] - scores[other]
        better = outcomes(delta if higher_is_better else -delta)
        differences.append(
            Difference(
                run=run,
                other=other,
                value=float(delta.mean()),
                interval=mean_interval(delta),
                p=randomization_p(delta),
                adjusted_p=None,
                effect=paired_d(delta),
                wins=better.wins,
                ties=better.ties,
                losses=better.losses,
            )
        )
    means = tuple(
        Mean(run=run, value=float(values.mean()), interval=mean_interval(values), n=len(queries))
        for run, values in scores.items()
    )
    return Part(name=name, n=len(queries), means=means, differences=tuple(differences))


def _corrected(family: Sequence[Part], unjudged: Sequence[Part] = ()) -> tuple[Part, ...]:
    """The parts with Holm's correction over all their differences; the unjudged follow as they are."""
    adjusted = iter(holm([difference.p for part in family for difference in part.differences]))
    judged = [
        part.model_copy(
            update={
                "differences": tuple(
                    difference.model_copy(update={"adjusted_p": next(adjusted)})
                    for difference in part.differences
                )
            }
        )
        for part in family
    ]
    return (*judged, *unjudged)
