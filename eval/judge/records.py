"""What is judged and what a judge says of it: shared by every kind of judge. Judges nothing itself."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field, model_validator

from agent.llm.chat import Usage
from catalog.product import Product
from core.record import Record
from eval.records import Dataset, Qrels

GRADES = (0, 1, 2, 3)
TOP = GRADES[-1]

Grade = Annotated[int, Field(ge=0, le=TOP)]
Chance = Annotated[float, Field(ge=0, le=1)]
Key = tuple[str, str]  # query id, product id


class Pair(Record):
    """A query and a product whose relevance to it is asked for."""

    query_id: str
    query: str
    product_id: str

    @property
    def key(self) -> Key:
        """The pair in a table."""
        return self.query_id, self.product_id


class Case(Record):
    """A pair with the product as the judge is to read it, which an audit may have altered."""

    pair: Pair
    product: Product


class Judgment(Record):
    """What one judge said of one pair.

    An answer that cannot be read has no grade: it is missing, never 0. `expected` is the grade on average
    where the judge is unsure, and `chances` are those of grade 0, 1, 2 and 3, where it can tell them.
    """

    pair: Pair
    grade: Grade | None
    expected: Annotated[float, Field(ge=0, le=TOP)] | None = None
    chances: tuple[Chance, Chance, Chance, Chance] | None = None
    reason: str = ""
    judge: str
    prompt: str = ""  # name and version; empty for a judge that reads none
    usage: Usage | None = None
    cost: float | None = None  # in the currency of the price table

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.chances is not None and abs(sum(self.chances) - 1.0) > 1e-6:
            raise ValueError(f"chances sum to {sum(self.chances):g}, not 1")
        if self.grade is None and (self.expected is not None or self.chances is not None):
            raise ValueError("a missing judgment expects nothing")
        return self

    @property
    def level(self) -> float | None:
        """The grade as finely as the judge says it; None where it is missing."""
        return self.expected if self.expected is not None else self.grade


class Judge(Protocol):
    """Grades pairs by reading them. Equal names mean comparable grades."""

    @property
    def name(self) -> str:
        """The judge with everything that decides its grades."""
        ...

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        """One judgment per case in the order given; what could not be judged has no grade."""
        ...


Preference = Literal["first", "second", "same"]
OPPOSITE: Mapping[Preference, Preference] = {"first": "second", "second": "first", "same": "same"}


class PairwiseJudge(Protocol):
    """Says which of two products suits a query better."""

    @property
    def name(self) -> str:
        """The judge with everything that decides what it prefers."""
        ...

    def prefer(self, first: Case, second: Case) -> Preference | None:
        """Which one; None where its answer could not be read."""
        ...


def cases_of(dataset: Dataset, products: Mapping[str, Product]) -> tuple[Case, ...]:
    """The judged pairs of a data set, without their grades; those whose product is gone are left out."""
    return tuple(
        Case(pair=Pair(query_id=q, query=dataset.queries[q], product_id=p), product=products[p])
        for q, grades in dataset.qrels.items()
        if q in dataset.queries
        for p in grades
        if p in products
    )


def by_key(judgments: Iterable[Judgment]) -> dict[Key, Judgment]:
    """Judgments by query and product; of a pair judged twice, the later one."""
    return {judgment.pair.key: judgment for judgment in judgments}


def flat(qrels: Qrels) -> dict[Key, int]:
    """Grades by pair."""
    return {(q, p): grade for q, grades in qrels.items() for p, grade in grades.items()}


def by_query(cases: Sequence[Case]) -> dict[Key, list[int]]:
    """The places of the cases of each query; a query whose text differs is another one."""
    places: dict[Key, list[int]] = {}
    for place, case in enumerate(cases):
        places.setdefault((case.pair.query_id, case.pair.query), []).append(place)
    return places
