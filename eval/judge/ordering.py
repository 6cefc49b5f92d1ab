"""Whether a judge puts systems in the order in which people put them: Kendall's tau, with its interval."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from core.errors import InvalidQuery
from core.record import Record
from eval.judge.agreement import Measured, resampled_measure
from eval.judge.calibration import Floats
from eval.statistics import TIE, mean_interval

Scores = Mapping[str, Mapping[str, float]]  # by system and query, one metric


class Ordering(Record):
    """The systems by people and by the judge, best first, and how far the two orders agree.

    `certain` are the couples whose difference is certain by people's grades alone (95%, each by itself);
    `agreed` are those of them that the judge orders the same way.
    """

    systems: int
    queries: int
    tau: Measured
    human: tuple[tuple[str, float], ...]
    judge: tuple[tuple[str, float], ...]
    certain: int
    agreed: int


def kendall_tau(first: Sequence[float] | Floats, second: Sequence[float] | Floats) -> float:
    """Tau-b of two scorings of the same systems; not a number where either tells none apart."""
    one, other = (_signs(np.asarray(values, float)) for values in (first, second))
    both = float(np.sqrt(np.count_nonzero(one) * np.count_nonzero(other)))
    return float((one * other).sum() / both) if both else float("nan")


def compare_orderings(human: Scores, judged: Scores) -> Ordering:
    """Compare two sets of scores over the same systems and queries; the interval is over queries."""
    if human.keys() != judged.keys():
        raise InvalidQuery(f"not the same systems: {', '.join(sorted(human.keys() ^ judged.keys()))}")
    if len(human) < 2:
        raise InvalidQuery(f"{len(human)} system to order; give two or more")
    queries = list(next(iter(human.values())))
    if not queries or any(set(v) != set(queries) for v in (*human.values(), *judged.values())):
        raise InvalidQuery("the systems are not scored on the same queries; evaluate all over one data set")
    tables = [
        np.array([[values[q] for q in queries] for values in side.values()]) for side in (human, judged)
    ]
    by_people, by_judge = tables

    def tau(often: Floats) -> float:
        return kendall_tau(by_people @ often / often.sum(), by_judge @ often / often.sum())

    certain = agreed = 0
    for one, other in combinations(range(len(human)), 2):
        delta = by_people[one] - by_people[other]
        interval = mean_interval(delta)
        if interval and (interval.low > TIE or interval.high < -TIE):
            certain += 1
            agreed += bool(delta.mean() * (by_judge[one] - by_judge[other]).mean() > 0)
    ranked = [
        tuple(sorted(zip(human, table.mean(axis=1).tolist(), strict=True), key=lambda pair: -pair[1]))
        for table in tables
    ]
    return Ordering(
        systems=len(human),
        queries=len(queries),
        tau=resampled_measure(tau, len(queries)),
        human=ranked[0],
        judge=ranked[1],
        certain=certain,
        agreed=agreed,
    )


def _signs(values: Floats) -> Floats:
    """The sign of every couple's difference; what differs by rounding alone is equal."""
    rows, columns = np.triu_indices(len(values), 1)
    delta = values[rows] - values[columns]
    signs: Floats = np.where(np.abs(delta) < TIE, 0.0, np.sign(delta))
    return signs
