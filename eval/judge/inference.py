"""What a metric is when people have graded a few queries and a judge many: prediction-powered inference.

PPI++ (Angelopoulos, Duchi and Zrnic 2023) with its power tuned: a judge that is no use is given no weight.
It takes one value per query; it assumes that the queries people graded were drawn at random.
"""

from collections.abc import Mapping
from math import sqrt
from typing import NamedTuple

import numpy as np

from core.errors import InvalidQuery
from core.record import Record
from eval.judge.calibration import Floats
from eval.judge.students import student_quantile
from eval.statistics import SEED, TIE, Interval

CONFIDENCE = 0.95
RESAMPLES = 2_000
LARGE = 200  # queries; of more, the mean is normal whatever the values are
FEWEST = 5  # graded queries; with fewer neither the weight of the judge nor a spread can be told

PerQuery = Mapping[str, float]


class Estimate(Record):
    """A mean over queries with its interval; None where there are too few queries to have one."""

    value: float | None
    interval: Interval | None
    queries: int


class Inference(Record):
    """The same mean three ways. The judge's own interval knows nothing of the judge being wrong.

    `power` is the weight of the judge in the corrected mean, `correlation` that of its values with people's
    over the queries that both graded. `corrected` is None without human grades: nothing is corrected then.
    """

    human: Estimate
    judge: Estimate
    corrected: Estimate | None
    power: float = 0.0
    correlation: float | None = None

    @property
    def narrower(self) -> float | None:
        """How much shorter the corrected interval is than people's alone, as a share of it."""
        if self.corrected is None or not self.corrected.interval or not self.human.interval:
            return None
        width = self.human.interval.high - self.human.interval.low
        return 1.0 - (self.corrected.interval.high - self.corrected.interval.low) / width if width else None


class Wanted(NamedTuple):
    """Human-graded queries that are still lacking for a difference to be certain, if it is as large as it
    seems; None where all the judged queries would not do.
    """

    corrected: int | None
    human: int | None


def infer(
    human: PerQuery, judged: PerQuery, *, confidence: float = CONFIDENCE, seed: int = SEED
) -> Inference:
    """The mean of a metric over queries like these; `judged` must have every query that `human` has."""
    _check(human, judged)
    graded = list(human)
    people = np.array([human[q] for q in graded], float)
    model = np.array([judged[q] for q in graded], float)
    rest = np.array([value for q, value in judged.items() if q not in human], float)
    everything = np.array(list(judged.values()), float)
    mine = Estimate(
        value=float(people.mean()) if len(people) else None,
        interval=_interval(people, people, np.zeros(0), 0.0, confidence, seed),
        queries=len(people),
    )
    alone = Estimate(
        value=float(everything.mean()) if len(everything) else None,
        interval=_interval(everything, everything, np.zeros(0), 0.0, confidence, seed),
        queries=len(everything),
    )
    if not len(people):
        return Inference(human=mine, judge=alone, corrected=None)
    power = _power(people, model, len(rest))
    value = float((people - power * model).mean() + (power * rest.mean() if len(rest) else 0.0))
    together = Estimate(
        value=value,
        interval=_interval(people - power * model, model, rest, power, confidence, seed),
        queries=len(people),
    )
    both = len(people) > 1 and people.std() > TIE and model.std() > TIE
    return Inference(
        human=mine,
        judge=alone,
        corrected=together,
        power=power,
        correlation=float(np.corrcoef(people, model)[0, 1]) if both else None,
    )


def infer_difference(
    human: tuple[PerQuery, PerQuery],
    judged: tuple[PerQuery, PerQuery],
    *,
    confidence: float = CONFIDENCE,
    seed: int = SEED,
) -> Inference:
    """How far the first of two systems is above the second, query by query."""
    return infer(_less(*human), _less(*judged), confidence=confidence, seed=seed)


def wanted(found: Inference) -> Wanted:
    """How many more queries people would have to grade until the interval leaves out zero."""
    if found.corrected is None:
        return Wanted(None, None)
    total, share = found.judge.queries, (found.correlation or 0.0) ** 2 if found.power else 0.0
    return Wanted(_needed(found.corrected, share, total), _needed(found.human, 0.0, total))


def _needed(now: Estimate, share: float, total: int) -> int | None:
    """As the interval narrows from what it is now: the variance of the mean falls with the graded queries,
    and `share` of it is explained by the judge as far as there are queries that only it has graded.
    """
    if now.value is None or now.interval is None:
        return None

    def variance(graded: int) -> float:
        return (1.0 - share * (total - graded) / total) / graded

    width = (now.interval.high - now.interval.low) / 2
    for graded in range(now.queries, total + 1):
        if width * sqrt(variance(graded) / variance(now.queries)) < abs(now.value):
            return graded - now.queries
    return None


def _power(people: Floats, model: Floats, rest: int) -> float:
    """The weight with the least variance, between 0 and 1; a wrong sign or no spread is no weight."""
    spread = model - model.mean()
    if len(people) < FEWEST or not rest or float(np.abs(spread).max()) < TIE:
        return 0.0
    slope = float(spread @ (people - people.mean()) / (spread @ spread))
    return float(np.clip(slope / (1.0 + len(people) / rest), 0.0, 1.0))


def _interval(
    values: Floats, model: Floats, rest: Floats, power: float, confidence: float, seed: int
) -> Interval | None:
    """Symmetric bootstrap-t around the mean of the values, plus what the judged rest adds.

    Not Student's t: differences of two systems are zero on most queries, and on such 30 it covers 91%
    where this covers 93 to 97. A query that decides the weight of the judge lies too near its own fit;
    its residual is enlarged for that (HC2).
    """
    count = len(values)
    if count < (FEWEST if power else 2):
        return None
    spread = model - model.mean()
    pull = spread**2 / (spread @ spread) if power else np.zeros(count)
    residuals = (values - values.mean()) / np.sqrt(np.maximum(1.0 - 1.0 / count - pull, 1.0 / count))
    variance = float(residuals @ residuals) / count**2
    centre = float(values.mean())
    if power:
        centre += power * float(rest.mean())
        variance += (
            power**2 * float(rest.var(ddof=1) if len(rest) > 1 else spread @ spread / count) / len(rest)
        )
    if variance < TIE**2:
        return Interval(centre, centre)
    width = _factor(values, confidence, count - (2 if power else 1), seed) * sqrt(variance)
    return Interval(centre - width, centre + width)


def _factor(values: Floats, confidence: float, freedom: int, seed: int) -> float:
    """How many standard errors the mean is off, in resamples of the values, at this confidence."""
    count = len(values)
    if count > LARGE:
        return student_quantile((1 + confidence) / 2, freedom)
    drawn = values[np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))]
    errors = drawn.std(axis=1, ddof=1) / sqrt(count)
    varied = errors > TIE  # a resample of one value alone has no standard error
    if np.count_nonzero(varied) < RESAMPLES / 2:
        return student_quantile((1 + confidence) / 2, freedom)
    off = np.abs(drawn.mean(axis=1) - values.mean())[varied] / errors[varied]
    return float(np.quantile(off, confidence))


def _less(first: PerQuery, second: PerQuery) -> dict[str, float]:
    if odd := sorted(first.keys() ^ second.keys()):
        raise InvalidQuery(
            f"the two systems are not scored on the same queries ({len(odd)} differ, {odd[0]} first)"
        )
    return {query: value - second[query] for query, value in first.items()}


def _check(human: PerQuery, judged: PerQuery) -> None:
    if human and judged and not human.keys() & judged.keys():
        raise InvalidQuery(
            "people and the judge graded no query in common; one of them is of another data set"
        )
    if lacking := [query for query in human if query not in judged]:
        raise InvalidQuery(
            f"{len(lacking)} queries with human grades were not judged ({lacking[0]} first); judge them too"
        )
    for query, value in (*human.items(), *judged.items()):
        if not np.isfinite(value):
            raise InvalidQuery(f"query {query}: {value} is not a number")
