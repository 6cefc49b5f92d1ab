"""What the parts of the evaluation hand to each other: a dataset, a run, and nothing computed from them."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from core.record import Record

Qrels = Mapping[str, Mapping[str, int]]  # query id -> product id -> grade


class Conventions(Record):
    """How grades count: the gain of each for nDCG, and the lowest that is called relevant."""

    gains: Mapping[int, float]
    relevant: int = 1


class Dataset(Record):
    """A catalogue with queries and human judgments. `split` names the part of the queries that was read."""

    name: str
    split: str = "all"
    products: Path | None = None
    queries: Mapping[str, str]
    qrels: Qrels
    conventions: Conventions


class Ranked(NamedTuple):
    """A product in a run."""

    product_id: str
    score: float


class Run(Record):
    """What a system returned for each query, best first; a query without results has an empty ranking.

    `timings` holds milliseconds per query and stage ("total" among them); empty for a run from elsewhere.
    """

    name: str
    rankings: Mapping[str, tuple[Ranked, ...]]
    timings: Mapping[str, Mapping[str, float]] = {}
    provenance: Mapping[
        str, str
    ] = {}  # system, index stamp, settings, dataset: what a cached run is keyed by
