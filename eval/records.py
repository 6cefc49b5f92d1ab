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


class Judged(Record):
    """Who graded, where it was no person, and how far that agrees with people; None is unknown."""

    judge: str
    quadratic: float | None = None  # kappa, with people's grades
    pairs: int = 0  # that people had graded too
    facts: Mapping[str, str] = {}  # of the judge card, in words
    note: str = ""

    @property
    def said(self) -> str:
        """One line for every table and report."""
        agreement = (
            "how far people would agree is unknown"
            if self.quadratic is None
            else f"quadratic kappa with people {self.quadratic:.2f} over {self.pairs:,} pairs"
        )
        return f"judged by {self.judge}, not by people; {agreement}{f'; {self.note}' if self.note else ''}"


class Dataset(Record):
    """A catalogue with queries and judgments. `split` names the part of the queries that was read.

    Without `judged` the judgments are people's.
    """

    name: str
    split: str = "all"
    products: Path | None = None
    queries: Mapping[str, str]
    qrels: Qrels
    conventions: Conventions
    judged: Judged | None = None


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
