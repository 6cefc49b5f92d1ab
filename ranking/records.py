"""What is asked of the ranking and what it answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from catalog.product import Product
from catalog.where import Where
from core.record import Record
from core.trace import Trace

LONGEST_QUERY = 10_000


class Search(Record):
    """One search: free text, and what every result must be."""

    query: Annotated[str, Field(max_length=LONGEST_QUERY)] = ""
    where: Where = Where()
    limit: Annotated[int, Field(ge=1, le=1000)] = 10


class Verdict(StrEnum):
    """Whether a product satisfies one requirement."""

    MET = "met"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


class Check(Record):
    """One requirement held against one product, with the field or words that decide it."""

    requirement: str
    verdict: Verdict
    evidence: str | None = None


class Hit(Record):
    """A product in its place, with the score of every stage that put it there."""

    product: Product
    score: float
    stages: Mapping[str, float] = Field(default_factory=dict)
    receipt: tuple[Check, ...] = ()


class Results(Record):
    """The answer to one search."""

    hits: tuple[Hit, ...]
    trace: Trace
