"""What shoppers said, with the plan a careful shop assistant would note down. Scores nothing.

The files it reads are described in tests/agent/README.md.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import ConfigDict, Field, StringConstraints, ValidationError, model_validator

from agent.plan import Intent
from core.errors import InvalidSource
from core.record import Record
from eval.trec import lines

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


Noted = TypeVar("Noted", Request, VagueNeed)


def read_requests(path: Path) -> tuple[Request, ...]:
    """Requests with their gold plans from JSON lines."""
    return _read(path, Request)


def read_vague_needs(path: Path) -> tuple[VagueNeed, ...]:
    """Vague needs with their products from JSON lines."""
    return _read(path, VagueNeed)


def _read(path: Path, kind: type[Noted]) -> tuple[Noted, ...]:
    found: dict[str, Noted] = {}
    for number, line in lines(path):
        place = f"{path}:{number}"
        try:
            noted = kind.model_validate(json.loads(line))
        except json.JSONDecodeError as error:
            raise InvalidSource(f"{place}: not JSON ({error.msg})") from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "line"
            raise InvalidSource(f"{place}: {field}: {first['msg']}") from error
        if noted.id in found:
            raise InvalidSource(f"{place}: {noted.id} is there twice")
        found[noted.id] = noted
    return tuple(found.values())
