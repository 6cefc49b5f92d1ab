"""How far two gradings of the same pairs agree: accuracy, kappas, AUC, with intervals over queries.

Pairs of one query are alike, so whole queries are resampled. It knows grades, not judges.
"""

import csv
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from core.errors import InvalidSource
from core.record import Record
from eval.judge.calibration import Floats, Grades
from eval.judge.records import GRADES, TOP, Key
from eval.statistics import SEED, Interval
from eval.trec import lines

RESAMPLES = 2_000
FEWEST = 2  # queries; one says nothing of the spread between queries
SIZE = len(GRADES)

Ratings = Mapping[Key, tuple[int | None, ...]]  # what each rater gave, by query and product


class Measured(Record):
    """A number with its 95% interval; None for what cannot be known from these pairs."""

    value: float | None
    interval: Interval | None = None


class Agreement(Record):
    """Two gradings of the same pairs; in `confusion` rows are grades of the first, columns of the second."""

    pairs: int
    queries: int
    accuracy: Measured
    kappa: Measured
    quadratic: Measured
    confusion: tuple[tuple[int, ...], ...]


class Ceiling(Record):
    """How far people agree among themselves: the means over all couples of raters, and the couples."""

    raters: int
    kappa: Measured
    quadratic: Measured
    couples: tuple[Agreement, ...]


def confusion(first: Grades, second: Grades) -> Floats:
    """How many pairs have each two grades."""
    table = np.zeros((SIZE, SIZE))
    np.add.at(table, (first, second), 1.0)
    return table


def accuracy(tables: Floats) -> Floats:
    """The share of pairs with the same grade, of one table or of many."""
    share: Floats = np.trace(tables, axis1=-2, axis2=-1) / np.maximum(tables.sum((-2, -1)), 1e-12)
    return share


def kappa(tables: Floats, *, quadratic: bool = False) -> Floats:
    """Cohen's kappa of one table or of many; not a number where both say one grade throughout.

    With quadratic weights a disagreement counts by the square of its distance.
    """
    far = np.subtract.outer(np.array(GRADES), np.array(GRADES)).astype(float)
    weights = far**2 if quadratic else (far != 0).astype(float)
    total = tables.sum((-2, -1))
    chance = tables.sum(-1)[..., :, None] * tables.sum(-2)[..., None, :]
    expected = (weights * chance).sum((-2, -1)) / np.maximum(total, 1e-12)
    observed = (weights * tables).sum((-2, -1))
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(expected > 0, 1.0 - observed / expected, np.nan)
    return found


def agree(first: Grades, second: Grades, queries: Sequence[str]) -> Agreement:
    """How far two gradings agree; `queries` has the query of each pair."""
    names, place = np.unique(np.array(queries, dtype=str), return_inverse=True)
    tables = np.zeros((len(names), SIZE, SIZE))
    np.add.at(tables, (place, first, second), 1.0)

    def measured(measure: Callable[[Floats], Floats]) -> Measured:
        if not len(names):
            return Measured(value=None)
        resampled = measure(np.einsum("rq,qij->rij", _multiplicities(len(names)), tables))
        return _measured(float(measure(tables.sum(0))), resampled, len(names))

    table = confusion(first, second).astype(int)
    return Agreement(
        pairs=len(first),
        queries=len(names),
        accuracy=measured(accuracy),
        kappa=measured(kappa),
        quadratic=measured(lambda many: kappa(many, quadratic=True)),
        confusion=tuple(tuple(row) for row in table.tolist()),
    )


def auc(levels: Floats, relevant: Grades, queries: Sequence[str]) -> Measured:
    """How often a relevant pair has a higher level than another one, over all queries; a tie is half."""
    names, place = np.unique(np.array(queries, dtype=str), return_inverse=True)
    if not len(names):
        return Measured(value=None)
    order = np.argsort(levels, kind="stable")
    good, group = relevant[order].astype(bool), place[order]
    starts = np.flatnonzero(np.r_[True, np.diff(levels[order]) > 0])  # of the runs of equal levels

    def of(multiplicities: Floats) -> float:
        weight = multiplicities[group]
        above = np.add.reduceat(np.where(good, weight, 0.0), starts)
        below = np.add.reduceat(np.where(good, 0.0, weight), starts)
        total = above.sum() * below.sum()
        beaten = np.cumsum(below) - 0.5 * below
        return float((above * beaten).sum() / total) if total else float("nan")

    resampled = np.array([of(row) for row in _multiplicities(len(names))])
    return _measured(of(np.ones(len(names))), resampled, len(names))


def mean_by_query(values: Floats, queries: Sequence[str]) -> Measured:
    """The mean over pairs, with its interval over queries."""
    names, place = np.unique(np.array(queries, dtype=str), return_inverse=True)
    if not len(names):
        return Measured(value=None)
    sums, counts = np.bincount(place, values), np.bincount(place).astype(float)
    drawn = _multiplicities(len(names))
    return _measured(float(values.mean()), (drawn @ sums) / (drawn @ counts), len(names))


def resampled_measure(measure: Callable[[Floats], float], groups: int) -> Measured:
    """Any number that is computed from how often each query counts."""
    if not groups:
        return Measured(value=None)
    return _measured(
        measure(np.ones(groups)), np.array([measure(row) for row in _multiplicities(groups)]), groups
    )


def ceiling(ratings: Ratings) -> Ceiling | None:
    """How far raters agree with each other; None where no pair has two of them."""
    count = max((len(given) for given in ratings.values()), default=0)
    couples = []
    for one, other in combinations(range(count), 2):
        both = [(k, r[one], r[other]) for k, r in ratings.items() if len(r) > other]
        kept = [(k[0], a, b) for k, a, b in both if a is not None and b is not None]
        if kept:
            queries, first, second = zip(*kept, strict=True)
            couples.append(agree(np.array(first), np.array(second), queries))
    if not couples:
        return None
    return Ceiling(
        raters=count,
        kappa=_mean([couple.kappa for couple in couples]),
        quadratic=_mean([couple.quadratic for couple in couples]),
        couples=tuple(couples),
    )


def read_raters(path: Path) -> dict[Key, tuple[int | None, ...]]:
    """Grades by several raters, from a table with query_id, product_id and a column per rater."""
    numbered = list(lines(path))
    header, *rows = csv.reader([line for _, line in numbered])
    if header[:2] != ["query_id", "product_id"] or len(header) < 4:
        raise InvalidSource(f"{path}: the columns are query_id, product_id and two or more raters")
    found: dict[Key, tuple[int | None, ...]] = {}
    for (number, _), row in zip(numbered[1:], rows, strict=True):
        if len(row) != len(header):
            raise InvalidSource(f"{path}:{number}: {len(row)} columns, the header has {len(header)}")
        grades = [cell.strip() for cell in row[2:]]
        if odd := [cell for cell in grades if cell and cell not in {str(grade) for grade in GRADES}]:
            raise InvalidSource(f"{path}:{number}: grade {odd[0]!r} is not one of 0 to {TOP}")
        if (row[0], row[1]) in found:
            raise InvalidSource(f"{path}:{number}: product {row[1]} is rated again for query {row[0]}")
        found[row[0], row[1]] = tuple(int(cell) if cell else None for cell in grades)
    return found


def _multiplicities(groups: int) -> Floats:
    """How often each query is drawn, a row per resample; the same for all numbers of one card."""
    drawn = np.random.default_rng(SEED).multinomial(groups, np.full(groups, 1.0 / groups), RESAMPLES)
    return drawn.astype(np.float64)


def _measured(value: float, resampled: Floats, groups: int) -> Measured:
    if not np.isfinite(value):
        return Measured(value=None)
    known = resampled[np.isfinite(resampled)]
    if groups < FEWEST or not known.size:
        return Measured(value=value)
    low, high = np.quantile(known, (0.025, 0.975))
    return Measured(value=value, interval=Interval(float(low), float(high)))


def _mean(parts: Sequence[Measured]) -> Measured:
    values = [part.value for part in parts if part.value is not None]
    return Measured(value=float(np.mean(values)) if values else None)
