"""From what a judge says to how people grade: calibrations fitted to human grades, and used on new pairs.

A calibration turns columns of scores into the chances of each grade. Three kinds: for several scores
(ordinal), for one score (isotonic), for one grade (per grade). Cross-validation is always over queries.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from core.errors import InvalidQuery
from core.record import Record
from eval.judge.records import GRADES, TOP

Floats = NDArray[np.float64]
Grades = NDArray[np.int64]
Columns = Mapping[str, Floats]

L2 = 0.1  # the middle of a plateau from 0.03 to 0.3 on both development sets
FREE = 1e-3  # a hold that decides nothing but what the grades leave open
FARTHEST = 4.0  # spreads from the centre; what lies beyond says no more
FOLDS = 10
SMOOTHING = 1.0  # pairs as all others are graded, added to each grade that a judge gives

Cuts = tuple[float, float, float]  # expected grades from which on a pair is called 1, 2, 3


class Ordinal(Record):
    """Proportional odds over standardised scores: one direction from irrelevant to relevant, three steps."""

    kind: Literal["ordinal"] = "ordinal"
    names: tuple[str, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    weights: tuple[float, ...]
    steps: tuple[float, float, float]
    cuts: Cuts = (0.5, 1.5, 2.5)

    def chances(self, columns: Columns) -> Floats:
        """The chances of grade 0, 1, 2 and 3, a row per pair."""
        design = _standardised(_matrix(columns, self.names), np.array(self.centre), np.array(self.spread))
        height = design @ np.array(self.weights)
        return _between(1.0 / (1.0 + np.exp(-(height[:, None] - np.array(self.steps)))))


class Isotonic(Record):
    """The share of pairs graded at least 1, 2 and 3 as rising functions of one score."""

    kind: Literal["isotonic"] = "isotonic"
    name: str
    knots: tuple[tuple[float, ...], ...]  # scores, for each of the three
    shares: tuple[tuple[float, ...], ...]
    cuts: Cuts = (0.5, 1.5, 2.5)

    def chances(self, columns: Columns) -> Floats:
        """The chances of grade 0, 1, 2 and 3, a row per pair."""
        score = _matrix(columns, (self.name,))[:, 0]
        steps = [np.interp(score, x, y) for x, y in zip(self.knots, self.shares, strict=True)]
        return _between(np.minimum.accumulate(np.stack(steps, axis=1), axis=1))


class PerGrade(Record):
    """How people grade what the judge calls 0, 1, 2 and 3: a row of chances for each."""

    kind: Literal["per grade"] = "per grade"
    name: str
    table: tuple[tuple[float, float, float, float], ...]
    cuts: Cuts = (0.5, 1.5, 2.5)

    def chances(self, columns: Columns) -> Floats:
        """The chances of grade 0, 1, 2 and 3, a row per pair."""
        called = np.clip(np.rint(_matrix(columns, (self.name,))[:, 0]), 0, TOP).astype(int)
        rows: Floats = np.array(self.table)[called]
        return rows


Learned = Ordinal | Isotonic | PerGrade
Stored = Annotated[Learned, Field(discriminator="kind")]
Fit = Callable[[Columns, Grades], Learned]


class HeldOut(NamedTuple):
    """What calibrations say of pairs whose queries they never saw."""

    chances: Floats
    grades: Grades


def expected(chances: Floats) -> Floats:
    """The mean grade of each row of chances."""
    means: Floats = chances @ np.array(GRADES, float)
    return means


def graded(chances: Floats, cuts: Cuts) -> Grades:
    """The grade that each row of chances comes to."""
    return np.searchsorted(np.sort(cuts), expected(chances), side="right").astype(np.int64)


def fit_ordinal(columns: Columns, grades: Grades, *, l2: float = L2, weight: Floats | None = None) -> Ordinal:
    """Fit a combination of all the columns; `weight` is how much each pair counts, all the same without."""
    names = tuple(columns)
    matrix = _matrix(columns, names)
    _check(matrix, grades)
    share = np.full(len(grades), 1.0) if weight is None else weight
    share = share / share.sum()
    centre = share @ matrix
    spread = np.sqrt(share @ (matrix - centre) ** 2)
    spread = np.where(spread > 1e-9 * np.maximum(1.0, np.abs(centre)), spread, 1.0)
    design = _standardised(matrix, centre, spread)
    weights, steps = _descended(design, grades, share, l2)
    height = design @ weights
    if (reach := float(np.sqrt(share @ (height - share @ height) ** 2))) > 1e-9:
        # Held back as it is, the sum tells too little; how far it reaches is found by itself, along one line.
        stretch, steps = _descended(height[:, None] / reach, grades, share, FREE)
        weights = weights * float(stretch[0]) / reach
    found = Ordinal(
        names=names,
        centre=tuple(centre.tolist()),
        spread=tuple(spread.tolist()),
        weights=tuple(weights.tolist()),
        steps=steps,
    )
    return found.model_copy(update={"cuts": _cuts(expected(found.chances(columns)), grades, share)})


def fit_isotonic(columns: Columns, grades: Grades) -> Isotonic:
    """Fit rising shares to the one column there is."""
    name = _only(columns)
    score = _matrix(columns, (name,))[:, 0]
    _check(score[:, None], grades)
    curves = [_rising(score, (grades >= grade).astype(float)) for grade in GRADES[1:]]
    found = Isotonic(
        name=name,
        knots=tuple(tuple(x.tolist()) for x, _ in curves),
        shares=tuple(tuple(y.tolist()) for _, y in curves),
    )
    return found.model_copy(update={"cuts": _cuts(expected(found.chances(columns)), grades)})


def fit_per_grade(columns: Columns, grades: Grades) -> PerGrade:
    """Count how people graded what the one judge called 0, 1, 2 and 3."""
    name = _only(columns)
    called = np.clip(np.rint(_matrix(columns, (name,))[:, 0]), 0, TOP).astype(int)
    _check(called[:, None].astype(float), grades)
    counts = np.zeros((len(GRADES), len(GRADES)))
    np.add.at(counts, (called, grades), 1.0)
    counts += SMOOTHING * counts.sum(axis=0) / counts.sum()
    table = counts / counts.sum(axis=1, keepdims=True)
    found = PerGrade(name=name, table=tuple((r[0], r[1], r[2], r[3]) for r in table.tolist()))
    return found.model_copy(update={"cuts": _cuts(expected(found.chances(columns)), grades)})


def cross_validated(
    columns: Columns,
    grades: Grades,
    queries: Sequence[str],
    fit: Fit = fit_ordinal,
    *,
    folds: int = FOLDS,
    seed: int = 0,
) -> HeldOut:
    """Chances and grades of every pair by a calibration that saw no pair of its query; cuts included."""
    ids = np.array(queries, dtype=object)
    distinct = np.array(list(dict.fromkeys(queries)), dtype=object)
    if len(distinct) < 2:
        raise InvalidQuery(
            f"{len(distinct)} query with human grades; to cross-validate over queries takes two or more"
        )
    order = np.random.default_rng(seed).permutation(len(distinct))
    chances = np.zeros((len(grades), len(GRADES)))
    called = np.zeros(len(grades), np.int64)
    for fold in range(min(folds, len(distinct))):
        held = np.isin(ids, distinct[order[fold :: min(folds, len(distinct))]])
        learned = fit({name: column[~held] for name, column in columns.items()}, grades[~held])
        chances[held] = learned.chances({name: column[held] for name, column in columns.items()})
        called[held] = graded(chances[held], learned.cuts)
    return HeldOut(chances, called)


def _descended(
    design: Floats, grades: Grades, share: Floats, l2: float
) -> tuple[Floats, tuple[float, float, float]]:
    """The weights and steps of the least loss; seedless, so always the same."""
    import torch

    columns, counts = torch.from_numpy(design), torch.from_numpy(share)
    place = torch.from_numpy(grades)[:, None]
    weights = torch.zeros(design.shape[1], dtype=torch.float64, requires_grad=True)
    # The first step, and the logarithms of the two distances up from it: steps then cannot cross.
    free = torch.tensor([0.0, -1.0, -1.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, free], max_iter=200, line_search_fn="strong_wolfe")

    def steps() -> torch.Tensor:
        return torch.cat([free[:1], free[:1] + torch.cumsum(torch.exp(free[1:]), 0)])

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        above = torch.sigmoid((columns @ weights)[:, None] - steps())
        edges = torch.cat([torch.ones(len(above), 1), above, torch.zeros(len(above), 1)], 1)
        mass = (edges.gather(1, place) - edges.gather(1, place + 1))[:, 0]
        total = -(counts * torch.log(mass.clamp_min(1e-12))).sum()
        # The steps are held a little too, or a grade that nobody gave would send one to infinity.
        total = total + l2 * (weights * weights).sum() + FREE * (free * free).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    first, second, third = (float(step) for step in steps().detach())
    return weights.detach().numpy(), (first, second, third)


def _cuts(levels: Floats, grades: Grades, share: Floats | None = None) -> Cuts:
    """The cuts by which as many pairs get each grade as people gave it.

    Rounding would call nearly nothing 0 or 3 where the judge is unsure: quadratic kappa 0.73 and not 0.76
    on icecat, 0.31 and not 0.41 on esci_us, with the same chances.
    """
    counts = np.full(len(grades), 1.0 / len(grades)) if share is None else share
    order = np.argsort(levels, kind="stable")
    filled = np.cumsum(counts[order])
    found = []
    for grade in GRADES[1:]:
        below = float(counts[grades < grade].sum())
        place = int(np.searchsorted(filled, below + 1e-9, side="left"))
        if below <= 1e-9:
            found.append(0.0)  # everybody reaches it
        elif place >= len(order):
            found.append(float(TOP) + 1.0)  # nobody does
        else:
            found.append(float(levels[order[place]]))
    return found[0], found[1], found[2]


def _rising(score: Floats, reached: Floats) -> tuple[Floats, Floats]:
    """Pool adjacent violators; each pool is a plateau from its lowest to its highest score."""
    values, inverse = np.unique(score, return_inverse=True)
    sizes = np.bincount(inverse).astype(float)
    means = np.bincount(inverse, reached) / sizes
    pools: list[list[float]] = []  # mean, size, first and last score
    for value, mean, size in zip(values, means, sizes, strict=True):
        pools.append([mean, size, value, value])
        while len(pools) > 1 and pools[-2][0] >= pools[-1][0]:
            upper, lower = pools.pop(), pools.pop()
            total = lower[1] + upper[1]
            pools.append([(lower[0] * lower[1] + upper[0] * upper[1]) / total, total, lower[2], upper[3]])
    knots = [end for pool in pools for end in dict.fromkeys((pool[2], pool[3]))]
    shares = [pool[0] for pool in pools for _ in dict.fromkeys((pool[2], pool[3]))]
    return np.array(knots), np.array(shares)


def _between(reached: Floats) -> Floats:
    """Chances of each grade from those of reaching 1, 2 and 3."""
    ones, zeros = np.ones((len(reached), 1)), np.zeros((len(reached), 1))
    return np.clip(-np.diff(np.hstack([ones, reached, zeros]), axis=1), 0.0, 1.0)


def _standardised(matrix: Floats, centre: Floats, spread: Floats) -> Floats:
    standard: Floats = np.clip((matrix - centre) / spread, -FARTHEST, FARTHEST)
    return standard


def _matrix(columns: Columns, names: Sequence[str]) -> Floats:
    if lacking := [name for name in names if name not in columns]:
        raise InvalidQuery(f"no scores {lacking[0]!r}, which the calibration was fitted with")
    return np.stack([np.asarray(columns[name], np.float64) for name in names], axis=1)


def _only(columns: Columns) -> str:
    if len(columns) != 1:
        raise InvalidQuery(f"{len(columns)} scores; this calibration takes one, fit_ordinal takes several")
    return next(iter(columns))


def _check(matrix: Floats, grades: Grades) -> None:
    if len(grades) == 0:
        raise InvalidQuery("no human grades to calibrate by; label some pairs first")
    if len(matrix) != len(grades):
        raise InvalidQuery(f"{len(matrix)} scores for {len(grades)} grades")
    if not np.isin(grades, GRADES).all():
        raise InvalidQuery(f"grades {sorted(set(grades.tolist()) - set(GRADES))} are not among 0 to {TOP}")
    if not np.isfinite(matrix).all():
        raise InvalidQuery("some scores are missing; calibrate with the pairs that have them all")
