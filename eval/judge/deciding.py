"""Which of several systems is better, by the few queries people graded and the many that a judge did.

Each mean three ways, side by side: people alone, the judge alone, and corrected. Draws nothing.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

from core.errors import InvalidQuery
from core.record import Record
from eval.judge.choose import draw_queries
from eval.judge.expected import expected_values
from eval.judge.inference import FEWEST, Inference, infer, infer_difference, wanted
from eval.judge.records import Judgment
from eval.metrics import evaluate
from eval.records import Dataset, Judged, Run

NEXT = 10  # queries that are named to label next

PerRun = Mapping[str, Mapping[str, float]]


class System(Record):
    """One system's mean."""

    run: str
    found: Inference


class Difference(Record):
    """How far the first of two systems is above the second, and what is lacking to be sure.

    `leader` is whom the corrected interval, or people's alone where there is none, puts ahead for certain.
    """

    first: str
    second: str
    found: Inference
    leader: str | None
    more_corrected: int | None  # queries that people would still have to grade; None: all would not do
    more_human: int | None


class Decision(Record):
    """All systems and couples by one metric. `label_next` are queries drawn by lot."""

    metric: str
    judged: Judged | None
    queries: int  # that the judge graded
    labelled: int  # of them, those that people graded
    left_out: int  # that people graded and the judge did not
    systems: tuple[System, ...]
    differences: tuple[Difference, ...]
    label_next: tuple[str, ...]


def decide(
    runs: Sequence[Run],
    dataset: Dataset,
    judgments: Sequence[Judgment],
    metric: str,
    *,
    baseline: str | None = None,
) -> Decision:
    """Compare runs by a data set whose qrels are people's, if there are any, and a judge's judgments."""
    names = [run.name for run in runs]
    if baseline is not None and baseline not in names:
        raise InvalidQuery(f"no run {baseline!r}; the runs are {', '.join(names)}")
    seen = {one.pair.query_id for one in judgments if one.grade is not None}
    by_people = {query: grades for query, grades in dataset.qrels.items() if query in seen}
    if dataset.qrels and not by_people:
        raise InvalidQuery("people and the judge have graded no query in common; are these of one data set?")
    graded = _only(dataset, seen)
    judged = {run.name: expected_values(run, graded, judgments, [metric])[metric] for run in runs}
    human = {run.name: _by_people(run, dataset, by_people, metric) for run in runs}
    couples = [(a, b) for a, b in combinations(names, 2) if baseline in (None, a, b)]
    return Decision(
        metric=metric,
        judged=dataset.judged,
        queries=len(seen),
        labelled=len(by_people),
        left_out=len(dataset.qrels) - len(by_people),
        systems=tuple(System(run=name, found=infer(human[name], judged[name])) for name in names),
        differences=tuple(_difference(*_headed(a, b, baseline), human, judged) for a, b in couples),
        label_next=draw_queries(seen, by_people, NEXT),
    )


def _difference(first: str, second: str, human: PerRun, judged: PerRun) -> Difference:
    found = infer_difference((human[first], human[second]), (judged[first], judged[second]))
    more = wanted(found)
    return Difference(
        first=first,
        second=second,
        found=found,
        leader=_leader(first, second, found),
        more_corrected=more.corrected,
        more_human=more.human,
    )


def _leader(first: str, second: str, found: Inference) -> str | None:
    """Who is ahead for certain; the judge alone makes nothing certain."""
    estimate = found.corrected
    if estimate is None or estimate.interval is None or estimate.queries < FEWEST:
        return None
    if estimate.interval.low > 0:
        return first
    return second if estimate.interval.high < 0 else None


def _headed(a: str, b: str, baseline: str | None) -> tuple[str, str]:
    """The baseline second, or else the run that was named first: by how much the other is above it."""
    return (a, b) if b == baseline else (b, a)


def _by_people(
    run: Run, dataset: Dataset, qrels: Mapping[str, Mapping[str, int]], metric: str
) -> dict[str, float]:
    if not qrels:
        return {}
    graded = _only(dataset, set(qrels)).model_copy(update={"qrels": qrels})
    return dict(evaluate(run, graded, [metric])[metric])


def _only(dataset: Dataset, queries: set[str]) -> Dataset:
    return dataset.model_copy(
        update={"queries": {query: text for query, text in dataset.queries.items() if query in queries}}
    )
