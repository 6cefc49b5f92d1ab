"""One run against one data set in a few numbers, for the terminal and for scripts. Compares nothing."""

from collections.abc import Iterable, Mapping

from core.record import Record
from eval.metrics import STANDARD, answerable, evaluate, mean
from eval.records import Dataset, Judged, Run

Means = Mapping[str, float | None]  # None where no query has a value


class Part(Record):
    """The means over some of the queries."""

    queries: int
    metrics: Means


class Latency(Record):
    """Milliseconds a query took, as the system itself measured them."""

    p50_ms: float
    p95_ms: float


class Summary(Record):
    """A run in numbers. `metrics` are means over all queries; without judgments there are none."""

    system: str
    dataset: str
    split: str
    queries: int
    metrics: Means
    answerable: Part | None = None  # over the queries that have a relevant product
    slices: Mapping[str, Part] = {}
    missing_products: int = 0  # judged, but not in the index
    latency: Latency | None = None
    judged: Judged | None = None  # None where people graded


def summarise(
    run: Run,
    dataset: Dataset,
    slices: Mapping[str, frozenset[str]] = {},
    *,
    missing: int = 0,
    metrics: Iterable[str] = STANDARD,
) -> Summary:
    """Evaluate a run and take the means over all queries, the answerable ones and each slice."""
    values = evaluate(run, dataset, metrics) if dataset.qrels else {}

    def part(among: frozenset[str]) -> Part:
        return Part(queries=len(among), metrics={name: mean(v, among) for name, v in values.items()})

    return Summary(
        system=run.name,
        dataset=dataset.name,
        split=dataset.split,
        queries=len(dataset.queries),
        metrics={name: mean(v) for name, v in values.items()},
        answerable=part(answerable(dataset)) if values else None,
        slices={name: part(ids) for name, ids in slices.items()} if values else {},
        missing_products=missing,
        latency=_latency(run),
        judged=dataset.judged,
    )


def _latency(run: Run) -> Latency | None:
    import numpy as np

    total = [ms["total"] for ms in run.timings.values() if "total" in ms]
    if not total:
        return None
    p50, p95 = np.percentile(total, [50, 95])
    return Latency(p50_ms=float(p50), p95_ms=float(p95))
