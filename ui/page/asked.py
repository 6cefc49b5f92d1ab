"""What the browser sends, checked, and what a change made by hand means for what is wanted."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field, ValidationError

from agent import editing
from agent.dialogue.state import State, Wanted
from agent.editing import Kind, Part
from catalog.price import parse_money
from catalog.product import Money, Product
from catalog.where import Where, Without
from core.errors import InvalidQuery
from core.record import Record
from ranking.records import Repair, Sort
from tools.counts import BRAND, CATEGORY

LONGEST_MESSAGE = 2000
MOST_IDS = 60
MOST_VALUES = 60

R = TypeVar("R", bound=Record)
Id = Annotated[str, Field(max_length=1000)]
Value = Annotated[str, Field(max_length=1000)]


class Edit(Record):
    """One change made by hand. Which of the fields count is for `do` to say."""

    do: Literal["remove", "change", "sort", "available", "browse", "hide", "like", "relax", "undo", "choose"]
    part: Part | None = None
    values: Annotated[tuple[Value, ...], Field(max_length=MOST_VALUES)] = ()
    id: Id = ""
    facet: Value = ""
    where: Where = Where()
    without: Without = Without()
    repair: Repair | None = None


class Ask(Record):
    """One turn: a message, or a change made by hand."""

    turn: Annotated[int, Field(ge=0)]
    handle: Annotated[str, Field(max_length=100)] = ""
    say: Annotated[str, Field(max_length=LONGEST_MESSAGE)] = ""
    edit: Edit | None = None
    query: Annotated[str, Field(max_length=100)] = ""  # the search that is on show, as the log knows it
    visitor: Annotated[str, Field(max_length=100)] = ""


class Errand(Record):
    """Something a page needs beside the dialogue."""

    what: Literal["open", "details", "compare", "shortlist", "editor", "event"]
    handle: Annotated[str, Field(max_length=100)] = ""
    ids: Annotated[tuple[Id, ...], Field(max_length=MOST_IDS)] = ()
    notes: Mapping[Id, Annotated[str, Field(max_length=500)]] = Field(default_factory=dict)
    part: Part | None = None
    action: Annotated[str, Field(max_length=40)] = ""
    query: Annotated[str, Field(max_length=100)] = ""
    place: Annotated[int, Field(ge=0, le=1000)] = 0
    visitor: Annotated[str, Field(max_length=100)] = ""


def checked(record: type[R], given: Any) -> R:
    """What was sent, as a record."""
    try:
        return record.model_validate(given)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise InvalidQuery(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}") from error


def edited(state: State, edit: Edit, products: Mapping[str, Product]) -> Wanted:
    """What is wanted after the change; `products` are those it names."""
    wanted = state.wanted
    part = edit.part or Part(kind=Kind.WORDS)
    match edit.do:
        case "remove":
            return editing.taken_away(wanted, part)
        case "change":
            return _changed(wanted, part, edit.values, state.currency)
        case "sort":
            return editing.ordered(wanted, _sort(edit.values))
        case "available":
            return editing.stocked(wanted, part.need)
        case "browse":
            return editing.browsed(edit.values) if edit.values else wanted
        case "hide":
            return editing.refused(wanted, (edit.id,))
        case "like":
            if edit.id not in products:
                raise InvalidQuery("that product is no longer sold here; search again")
            return editing.alike(wanted, products[edit.id])
        case "relax":
            return editing.relaxed(wanted, edit.where, edit.without)
        case "undo":
            return editing.as_written(wanted, edit.repair) if edit.repair else wanted
        case "choose":
            return _chosen(wanted, edit.facet, edit.values)


def _changed(wanted: Wanted, part: Part, values: tuple[str, ...], currency: str) -> Wanted:
    given = [value.strip() for value in values]
    first = given[0] if given else ""
    match part.kind:
        case Kind.PRICE:
            low, high = [*given, "", ""][:2]
            return editing.priced(wanted, part.need, _money(low, currency), _money(high, currency))
        case Kind.BUDGET:
            return editing.budgeted(wanted, _money(first, currency))
        case Kind.RATING:
            return editing.rated(wanted, part.need, _number(first))
        case Kind.REVIEWS:
            least = _number(first)
            return editing.reviewed(wanted, part.need, None if least is None else int(least))
        case Kind.BRAND:
            return editing.branded(wanted, part.need, given)
        case Kind.ATTRIBUTE:
            return editing.valued(wanted, part.need, part.name, given)
        case _:
            raise InvalidQuery(f"{part.kind} cannot be changed by hand; remove it, or say it in other words")


def _chosen(wanted: Wanted, facet: str, values: tuple[str, ...]) -> Wanted:
    """An answer to a question that was asked beside the results."""
    if facet == CATEGORY:
        return editing.shelved(wanted, 0, values)
    if facet == BRAND:
        return editing.branded(wanted, 0, values)
    return editing.valued(wanted, 0, facet, values)


def _sort(values: tuple[str, ...]) -> Sort:
    try:
        return Sort(values[0] if values else "")
    except ValueError as error:
        raise InvalidQuery(f"no such order; choose one of {', '.join(Sort)}") from error


def _money(text: str, currency: str) -> Money | None:
    if not text:
        return None
    money = parse_money(text, currency)
    if money is None:
        raise InvalidQuery(f"{text[:40]!r} is no price; write an amount such as 40")
    return money


def _number(text: str) -> float | None:
    if not text:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise InvalidQuery(f"{text[:40]!r} is no number") from error
    if not number.is_finite() or not 0 <= number <= 1_000_000_000:
        raise InvalidQuery(f"{text[:40]!r} is out of range")
    return float(number)
