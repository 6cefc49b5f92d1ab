"""What a report shows beside the comparison: queries, products, grades, timings, where it all came from.

It gathers from a dataset and its runs; it scores and renders nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np

from catalog.price import format_money
from catalog.product import Product
from core.record import Record
from eval.records import Conventions, Dataset, Judged, Run

DEPTH = 10  # products shown per query and system


class Shown(Record):
    """A product in a ranking as a person sees it; `grade` is `None` where nobody judged it."""

    id: str
    title: str | None
    brand: str | None
    price: str | None
    grade: int | None
    score: float


class QueryDetail(Record):
    """One query, the slices it is in, how many products are relevant, and each run's first products."""

    id: str
    text: str
    slices: tuple[str, ...] = ()
    relevant: int
    rankings: Mapping[str, tuple[Shown, ...]]


class Latency(Record):
    """How long a run took per query."""

    p50_ms: float
    p95_ms: float


class Details(Record):
    """What the report shows beside the comparison. Runs without timings have no entry in `latencies`."""

    dataset: str
    split: str
    conventions: Conventions
    grade_names: Mapping[int, str] = {}
    queries: tuple[QueryDetail, ...]
    latencies: Mapping[str, Latency] = {}
    provenance: Mapping[str, Mapping[str, str]] = {}
    commands: tuple[str, ...] = ()
    judged: Judged | None = None  # None where people graded
    made: datetime


def describe(
    dataset: Dataset,
    runs: Sequence[Run],
    products: Mapping[str, Product],
    *,
    slices: Mapping[str, frozenset[str]],
    grade_names: Mapping[int, str] | None = None,
    commands: Sequence[str] = (),
    depth: int = DEPTH,
) -> Details:
    """The details of runs over a dataset; a product that `products` lacks is shown by its id."""
    latencies = {}
    for run in runs:
        if totals := [stages["total"] for stages in run.timings.values() if "total" in stages]:
            p50, p95 = np.percentile(totals, [50, 95])
            latencies[run.name] = Latency(p50_ms=float(p50), p95_ms=float(p95))
    queries = []
    for query_id, text in dataset.queries.items():
        grades = dataset.qrels.get(query_id, {})
        rankings = {
            run.name: tuple(
                _shown(product_id, score, products.get(product_id), grades.get(product_id))
                for product_id, score in run.rankings.get(query_id, ())[:depth]
            )
            for run in runs
        }
        relevant = sum(grade >= dataset.conventions.relevant for grade in grades.values())
        queries.append(
            QueryDetail(
                id=query_id,
                text=text,
                slices=tuple(name for name, members in slices.items() if query_id in members),
                relevant=relevant,
                rankings=rankings,
            )
        )
    return Details(
        dataset=dataset.name,
        split=dataset.split,
        conventions=dataset.conventions,
        grade_names=grade_names or {},
        queries=tuple(queries),
        latencies=latencies,
        provenance={run.name: run.provenance for run in runs if run.provenance},
        commands=tuple(commands),
        judged=dataset.judged,
        made=datetime.now(UTC),
    )


def _shown(product_id: str, score: float, product: Product | None, grade: int | None) -> Shown:
    return Shown(
        id=product_id,
        title=product.title if product else None,
        brand=product.brand if product else None,
        price=format_money(product.price) if product and product.price else None,
        grade=grade,
        score=score,
    )
