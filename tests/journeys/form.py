"""The form of a scripted conversation: what is said, and what a demanding shopper expects of each turn.

Read strictly: a key that is not known here is an error. It runs nothing; README.md explains the keys.
"""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from agent.plan import Intent
from core.errors import InvalidSource
from core.record import Record
from ranking.records import Sort, Verdict

HERE = Path(__file__).parent
HELD_OUT = "held_out"

Text = Annotated[str, StringConstraints(min_length=1)]
OneOf = Text  # alternatives are set apart by bars: "navy|blue"
Shown = Annotated[str, StringConstraints(pattern=r"^shown \d+$")]  # an id by its place in the turn before


class Traits(Record):
    """What a product can be tested for, from its record and from what the demo tables claim of it."""

    ids: tuple[Text, ...] = ()
    category: OneOf | None = None
    brand: OneOf | None = None
    title: OneOf | None = None
    attributes: Mapping[str, OneOf] = Field(default_factory=dict)
    has: tuple[Text, ...] = ()  # facts of the demo tables that the shop states
    lacks: tuple[Text, ...] = ()  # facts of the demo tables that the shop denies


class Shows(Traits):
    """What all of the first `top` hits are; the `ids` must be among them."""

    top: Annotated[int, Field(ge=1, le=10)] = 3
    price_min: float | None = None
    price_max: float | None = None
    rating_min: float | None = None
    reviews_min: int | None = None
    order: Literal["price_up", "price_down", "rating"] | None = None
    new: bool = False  # none of them was shown in the turn before
    cheaper_than: Shown | None = None
    dearer_than: Shown | None = None
    brand_of: Shown | None = None


class Groups(Record):
    """The searches of a bundle: one group led by each of the categories, and what the picks cost together."""

    count: int | None = None
    categories: tuple[OneOf, ...] = ()
    total_max: float | None = None


class Says(Record):
    """The fact that answers a question about a product; `silent` where the record does not say."""

    quote: OneOf | None = None
    verdict: Verdict | None = None
    silent: bool = False


class Compares(Record):
    """Rows that the table must have, and which of the products wins a row."""

    rows: tuple[Text, ...] = ()
    best: Mapping[str, Text] = Field(default_factory=dict)


class Turn(Record):
    """What is said, `repeat` times over, and what must come of it; what is not given is not looked at."""

    say: str
    repeat: Annotated[int, Field(ge=1)] = 1
    intent: OneOf | None = None
    constraints: Mapping[str, Any] = Field(default_factory=dict)
    absent: tuple[Text, ...] = ()
    queries: int | None = None
    query_has: tuple[OneOf, ...] = ()
    query_lacks: tuple[Text, ...] = ()
    sort: Sort | None = None
    shows: Shows | None = None
    never: Traits | None = None
    proves: Mapping[str, Verdict] = Field(default_factory=dict)
    refers: tuple[Text, ...] | None = None
    groups: Groups | None = None
    relaxes: OneOf | None = None
    nothing: bool = False
    asks: bool | None = None
    says: Says | None = None
    compares: Compares | None = None
    answer_has: tuple[OneOf, ...] = ()
    answer_lacks: tuple[Text, ...] = ()
    same_as: int | None = None
    state_unharmed: bool = False
    forgets: bool = False
    may_fail: bool = False

    @property
    def message(self) -> str:
        """The utterance as it is put to the assistant."""
        return " ".join([self.say] * self.repeat)

    @model_validator(mode="after")
    def _known_intent(self) -> Self:
        for intent in (self.intent or "").split("|") if self.intent else ():
            Intent(intent)
        return self


class Conversation(Record):
    """A conversation of a theme, and why it is there."""

    theme: Text
    name: Text
    why: Text
    gap: str = ""  # what is not built that this expects; it must fail until it is
    turn: Annotated[tuple[Turn, ...], Field(min_length=1)]

    @property
    def label(self) -> str:
        """What it is called in reports."""
        return f"{self.theme}: {self.name}"


def read_conversations(path: Path) -> tuple[Conversation, ...]:
    """The conversations of one file; its name is their theme unless they name another."""
    with path.open("rb") as file:
        try:
            table = tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise InvalidSource(f"{path.name}: {error}") from error
    if set(table) != {"conversation"}:
        raise InvalidSource(f"{path.name}: only [[conversation]] may stand at the top, found {sorted(table)}")
    found = []
    for entry in table["conversation"]:
        try:
            found.append(Conversation.model_validate({"theme": path.stem, **entry}))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            field = ".".join(map(str, first["loc"]))
            raise InvalidSource(f"{path.name}: {entry.get('name')}: {field}: {first['msg']}") from error
    return tuple(found)


@cache
def conversations() -> tuple[Conversation, ...]:
    """Every conversation that rules may be looked at with."""
    paths = sorted(path for path in HERE.glob("*.toml") if path.stem != HELD_OUT)
    return tuple(conversation for path in paths for conversation in read_conversations(path))


@cache
def held_out() -> tuple[Conversation, ...]:
    """The conversations that no rule is fitted to."""
    return read_conversations(HERE / f"{HELD_OUT}.toml")
