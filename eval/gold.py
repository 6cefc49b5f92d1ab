"""What shoppers said, with the plan a careful shop assistant would note down. Scores nothing.

The files it reads are described in tests/agent/README.md.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from agent.plan import Intent
from core.record import Record
from eval.json_lines import read_json_lines

NUMBERS = ("price_min", "price_max", "rating_min", "rating_max", "reviews_min", "reviews_max")

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Kind = Literal[
    "constraint", "negation", "vague", "mission", "edit", "chat", "lookalike", "multi", "reference"
]


class Constraints(Record):
    """Requirements by name, as `aisle plan` prints them."""

    price_min: float | None = None
    price_max: float | None = None
    rating_min: float | None = None
    rating_max: float | None = None
    reviews_min: float | None = None
    reviews_max: float | None = None
    brands: tuple[Text, ...] = ()
    categories: tuple[Text, ...] = ()
    attributes: Mapping[str, tuple[Text, ...]] = Field(default_factory=dict)
    exclude: tuple[Text, ...] = ()

    @property
    def numbers(self) -> dict[str, float]:
        """The bounds that are set."""
        values = ((name, getattr(self, name)) for name in NUMBERS)
        return {name: value for name, value in values if value is not None}


class Query(Record):
    """A search that has to be there: words it must have, one of several as "mug|cup", words it must not.

    `constraints` are its own, beside those of all searches. An optional one is welcome and not missed.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    must: tuple[Text, ...] = ()
    must_not: tuple[Text, ...] = Field(default=(), alias="not")
    constraints: Constraints = Constraints()
    optional: bool = False


class Gold(Record):
    """The plan that was noted down; several intents that will do are written "find|bundle".

    With `more` there may be further searches, each again for one of the queries.
    """

    intent: Text
    queries: tuple[Query, ...] = ()
    more: bool = False
    constraints: Constraints = Constraints()
    budget: float | None = None  # for all searches together

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if unknown := sorted(set(self.intent.split("|")) - set(Intent)):
            raise ValueError(f"no intent {', '.join(unknown)}; choose from: {', '.join(Intent)}")
        if not self.more and any(query.optional for query in self.queries):
            raise ValueError("a query can be optional only where there may be more; set more")
        return self


class Request(Record):
    """What a shopper said, after which turns, and the plan it should become."""

    id: Text
    kind: Kind
    history: tuple[Text, ...] = ()
    utterance: Text
    gold: Gold


class VagueNeed(Record):
    """A problem in a person's words, and the products that would solve it."""

    id: Text
    query: Text
    relevant: Annotated[tuple[Text, ...], Field(min_length=1)]
    departments: tuple[Text, ...]


def read_requests(path: Path) -> tuple[Request, ...]:
    """Requests with their gold plans from JSON lines."""
    return read_json_lines(path, Request.model_validate, "request")


def read_vague_needs(path: Path) -> tuple[VagueNeed, ...]:
    """Vague needs with their products from JSON lines."""
    return read_json_lines(path, VagueNeed.model_validate, "need")
