"""What a metric comes to, on average, when a judge is unsure of the grades.

The most likely grades are not enough: a query whose every product is probably irrelevant, but none
surely, scores as if it had an answer. So grades are drawn from the judge's chances and the values averaged.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from core.errors import InvalidQuery
from eval.judge.calibration import Floats
from eval.judge.records import GRADES, Judgment, by_key
from eval.metrics import evaluate
from eval.records import Dataset, Run
from eval.statistics import SEED

DRAWS = 32  # the mean over queries then moves by a thousandth from one seed to another


def expected_values(
    run: Run,
    dataset: Dataset,
    judgments: Iterable[Judgment],
    metrics: Sequence[str],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
) -> dict[str, dict[str, float]]:
    """Per metric, the expected value of every query by these judgments instead of the data set's.

    The same judgments are drawn alike for every run, so that runs differ by what they return alone.
    """
    known = [one for _, one in sorted(by_key(judgments).items()) if one.grade is not None]
    if not known:
        raise InvalidQuery("no judgments; nothing can be expected without any")
    chances = np.array([_chances(one) for one in known])
    drawn = [_drawn(chances, row) for row in np.random.default_rng(seed).random((draws, len(known)))]
    if all(one.chances is None for one in known):
        drawn = drawn[:1]
    if lacking := sorted({int(g) for g in np.unique(drawn)} - set(dataset.conventions.gains)):
        raise InvalidQuery(
            f"grade {lacking[0]} has no gain in {dataset.name}; state the gains of 0 to 3 in its dataset.toml"
        )
    totals: dict[str, dict[str, float]] = {}
    for grades in drawn:
        qrels: dict[str, dict[str, int]] = {}
        for one, grade in zip(known, grades, strict=True):
            qrels.setdefault(one.pair.query_id, {})[one.pair.product_id] = int(grade)
        values = evaluate(run, dataset.model_copy(update={"qrels": qrels}), metrics)
        for metric, by_query in values.items():
            total = totals.setdefault(metric, {})
            for query, value in by_query.items():
                total[query] = total.get(query, 0.0) + value / len(drawn)
    return totals


def _chances(judgment: Judgment) -> Sequence[float]:
    if judgment.chances is not None:
        return judgment.chances
    return [float(grade == judgment.grade) for grade in GRADES]


def _drawn(chances: Floats, row: Floats) -> Sequence[int]:
    reached = row[:, None] >= np.cumsum(chances, axis=1)[:, :-1]
    grades: list[int] = reached.sum(axis=1).tolist()
    return grades
