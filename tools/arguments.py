"""Arguments as they come from outside, made into records; and the schemas that say what may come.

A mistake is an `InvalidQuery` that says what is wrong and what is allowed. Knows no shop.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar, get_args

from pydantic import BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.json_schema import JsonSchemaMode

from core.errors import InvalidQuery
from core.record import Record
from tools.untrusted import tamed

MOST_NAMES = 8  # of one argument
LONGEST_NAME = 200  # of a brand, category, attribute or exclusion
LONGEST_ID = 512
DEEPEST = 20  # arrays and objects within each other
LONGEST_PLACE = 80  # of what a mistake is about: its keys may be the caller's

R = TypeVar("R", bound=Record)


def _names(value: Any) -> Any:
    """One name without its list, as small models write it, and null for none."""
    return () if value is None else (value,) if isinstance(value, str) else value


def _pairs(value: Any) -> Any:
    """An object by attribute instead of a list of pairs."""
    if isinstance(value, Mapping) and not {"name", "value"} <= set(value):
        return [{"name": name, "value": one} for name, given in value.items() for one in _several(given)]
    return [value] if isinstance(value, Mapping) else _names(value)


def _several(value: Any) -> Any:
    given = _names(value)
    return given if isinstance(given, list | tuple) else (given,)


Name = Annotated[str, Field(max_length=LONGEST_NAME)]
Id = Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_names), Field(max_length=MOST_NAMES)]


class Having(Record):
    """An attribute and the value that a product must have of it."""

    name: Name
    value: Name


Pairs = Annotated[tuple[Having, ...], BeforeValidator(_pairs), Field(max_length=MOST_NAMES)]
Listed = BeforeValidator(_names)  # a lone name counts as a list of one


class Open(Record):
    """A record of arguments that may have further fields: they are kept apart and change nothing."""

    model_config = ConfigDict(extra="allow")

    @property
    def unknown(self) -> tuple[str, ...]:
        """The further fields, by name."""
        return tuple(self.model_extra or ())


def checked(record: type[R], arguments: Mapping[str, Any]) -> R:
    """The arguments as a record, or a mistake that names what is wrong and what is allowed."""
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
        return record.model_validate(arguments)
    except UnicodeEncodeError as error:
        raise InvalidQuery("arguments: a text in them is not valid Unicode; send UTF-8") from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = tamed(".".join(map(str, problem["loc"])), LONGEST_PLACE) or "arguments"
        allowed = ", ".join(_fields(record, problem["loc"]))
        said = problem["msg"].removeprefix("Value error, ")
        raise InvalidQuery(f"{where}: {said}; the arguments are {allowed}") from error


def _fields(record: type[Record], place: tuple[int | str, ...]) -> list[str]:
    """The fields of the innermost record around a place."""
    named = {field.alias or name: field.annotation for name, field in record.model_fields.items()}
    if len(place) > 1 and (inner := _record_of(named.get(str(place[0])))):
        return _fields(inner, tuple(part for part in place[1:] if isinstance(part, str)))
    return list(named)


def _record_of(annotation: Any) -> type[Record] | None:
    """The record that a field holds, be it optional or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    return next((found for part in get_args(annotation) if (found := _record_of(part))), None)


def given(arguments: Any, depth: int = DEEPEST) -> Any:
    """The arguments without nulls: models write null for what they do not want to say."""
    if depth == 0:
        raise InvalidQuery(f"arguments: nested more than {DEEPEST} deep; send them as the schema has them")
    if isinstance(arguments, Mapping):
        return {name: given(value, depth - 1) for name, value in arguments.items() if value is not None}
    if isinstance(arguments, list):
        return [given(value, depth - 1) for value in arguments if value is not None]
    return arguments


def schema(record: Any, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
    """The JSON schema of a record, without titles and empty defaults, which cost tokens and say nothing."""
    slim: dict[str, Any] = _slim(TypeAdapter(record).json_schema(mode=mode))
    slim.pop("description", None)
    return {"type": "object"} | slim


def _slim(part: Any) -> Any:
    if isinstance(part, list):
        return [_slim(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {name: value for name, value in part.items() if name != "title" or not isinstance(value, str)}
    if "default" in kept and (not kept["default"] or isinstance(kept["default"], dict)):
        del kept["default"]
    return {name: _slim(value) for name, value in kept.items()}
