"""Metrics as people say them, "nDCG@10", computed by trec_eval's own code through ir_measures.

What it adds: the data set's gains, a score for every query of the data set, AUC, and broken constraints.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from core.errors import InvalidQuery
from eval.conventions import whole_gains
from eval.records import Dataset, Qrels, Ranked, Run
from ranking.records import Check, Verdict

STANDARD = ("nDCG@10", "judged-only nDCG@10", "Recall@100", "MRR", "P@10", "Judged@10", "AUC")
KNOWN = "nDCG@k, judged-only nDCG@k, Recall@k, MRR, MRR@k, P@k, Judged@k, AUC"

_NAME = re.compile(r"(?:(judged-only) )?([a-zA-Z]+)(?:@([1-9][0-9]*))?")

Values = Mapping[str, float]  # by query id


def evaluate(run: Run, dataset: Dataset, metrics: Iterable[str] = STANDARD) -> dict[str, dict[str, float]]:
    """Per metric, the value of every query of the data set.

    A query that the run lacks, that got no results or that has nothing relevant scores 0 (see
    `answerable`). AUC alone leaves out queries, those without two classes to tell apart.
    """
    if not dataset.qrels:
        raise InvalidQuery(f"{dataset.name} has no judgments to measure by")
    if run.rankings and not run.rankings.keys() & dataset.queries.keys():
        raise InvalidQuery(
            f"run {run.name} and {dataset.name} have no query in common; it is a run of another data set"
        )
    names = list(dict.fromkeys(metrics))
    graded, binary = _parsed(names)
    values = {
        name: _auc(run, dataset) if name == "AUC" else dict.fromkeys(dataset.queries, 0.0) for name in names
    }
    gains = whole_gains(dataset.conventions.gains)
    by_gain = {q: {p: gains[grade] for p, grade in grades.items()} for q, grades in dataset.qrels.items()}
    by_class = {
        q: {p: int(grade >= dataset.conventions.relevant) for p, grade in grades.items()}
        for q, grades in dataset.qrels.items()
    }
    for measures, qrels in ((graded, by_gain), (binary, by_class)):
        for name, query_id, value in _computed(measures, qrels, run, dataset):
            values[name][query_id] = value
    return values


def any_judged(run: Run, dataset: Dataset) -> bool:
    """Whether the run returns any product that was judged for its query; a foreign run does not."""
    return any(
        hit.product_id in dataset.qrels.get(query_id, {})
        for query_id, ranking in run.rankings.items()
        for hit in ranking
    )


def answerable(dataset: Dataset) -> frozenset[str]:
    """The queries that have a relevant product among their judgments: only they can score."""
    relevant = dataset.conventions.relevant
    return frozenset(
        q for q in dataset.queries if any(g >= relevant for g in dataset.qrels.get(q, {}).values())
    )


def mean(values: Values, among: Collection[str] | None = None) -> float | None:
    """The mean over queries, or over those `among` the given; None if there are none."""
    chosen = [value for query_id, value in values.items() if among is None or query_id in among]
    return sum(chosen) / len(chosen) if chosen else None


def violations(receipts: Mapping[str, Sequence[Sequence[Check]]], k: int = 10) -> dict[str, float]:
    """1 for each query that shows a product known to break a requirement among its first k, else 0.

    `receipts` has the receipts in ranked order, for the queries that have requirements; the mean is
    violations@k, the share of requests answered wrongly. Not knowing is no violation.
    """
    return {
        query_id: float(any(check.verdict is Verdict.VIOLATED for receipt in shown[:k] for check in receipt))
        for query_id, shown in receipts.items()
    }


def _parsed(names: Sequence[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The measures of ir_measures, those over gains apart from those over relevant or not."""
    import ir_measures

    graded, binary = {}, {}
    for name in names:
        found = _NAME.fullmatch(name)
        judged, measure, cut = found.groups() if found else (None, "", None)
        k = int(cut) if cut else None
        match judged, measure, k:
            case None, "AUC", None:
                pass
            case None, "nDCG", int():
                graded[name] = ir_measures.nDCG @ k
            case "judged-only", "nDCG", int():
                graded[name] = ir_measures.nDCG(judged_only=True) @ k
            case None, "Recall", int():
                binary[name] = ir_measures.R @ k
            case None, "P", int():
                binary[name] = ir_measures.P @ k
            case None, "MRR", _:
                binary[name] = ir_measures.RR @ k if k else ir_measures.RR
            case None, "Judged", int():
                binary[name] = ir_measures.Judged @ k
            case _:
                raise InvalidQuery(f"no metric {name!r}; choose from: {KNOWN}")
    return graded, binary


def _computed(
    measures: Mapping[str, Any], qrels: Qrels, run: Run, dataset: Dataset
) -> Iterable[tuple[str, str, float]]:
    """Ranks stand in for scores: trec_eval would sort by score in single precision and break ties its way."""
    import ir_measures

    ranked = {
        query_id: {hit.product_id: -float(rank) for rank, hit in enumerate(run.rankings[query_id])}
        for query_id in dataset.queries
        if run.rankings.get(query_id)
    }
    if not measures or not ranked:
        return
    names: dict[Any, list[str]] = {}
    for name, measure in measures.items():
        names.setdefault(measure, []).append(name)
    for metric in ir_measures.iter_calc(list(names), qrels, ranked):
        for name in names[metric.measure]:
            if metric.query_id in dataset.queries:
                yield name, metric.query_id, float(metric.value)


def _auc(run: Run, dataset: Dataset) -> dict[str, float]:
    found = {}
    for query_id in dataset.queries:
        grades = dataset.qrels.get(query_id, {})
        classes = {p: grade >= dataset.conventions.relevant for p, grade in grades.items()}
        if len(set(classes.values())) == 2:
            found[query_id] = auc(run.rankings.get(query_id, ()), classes)
    return found


def auc(ranking: Sequence[Ranked], relevant: Mapping[str, bool]) -> float:
    """How often a relevant judged product scores above another judged one; a tie counts half.

    What is judged but not in the ranking ties below all that is; an empty ranking scores 0, not 0.5.
    """
    import numpy as np

    if not ranking:
        return 0.0
    scores = {hit.product_id: hit.score for hit in ranking}
    good = np.array([scores.get(p, -np.inf) for p, is_good in relevant.items() if is_good])
    bad = np.array([scores.get(p, -np.inf) for p, is_good in relevant.items() if not is_good])
    above, level = good[:, None] > bad, good[:, None] == bad
    return float(np.mean(above + 0.5 * level))
