"""Which product field a column holds, told from its name by the table in columns.toml; nothing is learned."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from catalog.feeds.draft import FIELD_LIMIT, Draft, Fields, Reject
from catalog.feeds.rows import Row
from catalog.feeds.text import is_placeholder, shown
from catalog.price import is_currency
from core.errors import InvalidSource

_TABLE = tomllib.loads((Path(__file__).parent / "columns.toml").read_text("utf-8"))
_IGNORED = frozenset(_TABLE["ignored"]["columns"])
ATTRIBUTE, IGNORE = "attribute", "ignore"
NUMBERED, LEVEL, IMAGES = "numbered", "level", "image"
_PARTS = frozenset([NUMBERED, LEVEL, IMAGES])
_PREFIXES = re.compile(r"^(?:attr(?:ibutes?)?|spec|property|pa)[_.: ]+(?:t_|n_|b_)?", re.I)
_NUMBERED = re.compile(r"(?:attribute|option|spec|property)_?(\d+)_(name|values?)(?:_s)?")
_PRICED = re.compile(r"price_([a-z]{3})")
_LEVEL = re.compile(r"(?:category|cat)_?(?:level|lvl|l)?_?(\d)(?:_name)?|l(\d)_category")
_MORE_IMAGES = re.compile(r"(?:additional_)?(?:image|img|picture|photo)_?(?:link|url|src)?_?\d+")
LONGEST_UNNAMED = 200  # a longer text in an unrecognised column is prose, not an attribute
_LOOKED_AT = 20


class Role(NamedTuple):
    """What a column is for: a field and how good its name is among the field's synonyms."""

    field: str
    rank: int
    name: str = ""


_BY_NAME = {
    name: Role(field, rank) for field, names in _TABLE["fields"].items() for rank, name in enumerate(names)
} | {name: Role(LEVEL, depth) for name, depth in _TABLE["levels"].items()}


@lru_cache(maxsize=65_536)
def role_of(column: str) -> Role:
    """The role of a column, told from its name alone."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip().removeprefix("g:"))
    key = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    role = _BY_NAME.get(key) or _BY_NAME.get(f"_{key}" if column.startswith("_") else key)
    if role:
        return role
    if key in _IGNORED or not key:
        return Role(IGNORE, 0)
    if (priced := _PRICED.fullmatch(key)) and is_currency(priced[1].upper()):
        return Role("price", 50, priced[1].upper())
    if numbered := _NUMBERED.fullmatch(key):
        return Role(NUMBERED, int(numbered[1]), numbered[2][:4])
    if level := _LEVEL.fullmatch(key):
        return Role(LEVEL, int(level[1] or level[2]))
    if _MORE_IMAGES.fullmatch(key):
        return Role(IMAGES, int(re.sub(r"\D", "", key)[:3]))
    if prefix := _PREFIXES.match(column):
        return Role(ATTRIBUTE, 0, column[prefix.end() :])
    return Role(ATTRIBUTE, 1, column)


def fields_of(row: Mapping[str, Any], columns: Mapping[str, str] | None = None) -> Fields:
    """The raw fields of one flat row. `columns` says {field: column} where the names do not."""
    fields: Fields = {}
    ranks: dict[str, int] = {}
    attributes: list[tuple[str, Any]] = []
    parts: dict[Role, Any] = {}
    mapped = frozenset(columns.values()) if columns else frozenset()
    for column, value in row.items():
        if value is None or column in mapped or (isinstance(value, str) and is_placeholder(value)):
            continue
        role = role_of(column)
        field, rank, name = role
        if isinstance(value, str) and len(value) > FIELD_LIMIT:
            fields[shown(column)] = value  # refused, with its size, in draft
        elif field == ATTRIBUTE:
            if rank == 0 or _is_short(value):
                attributes.append((name, value))
        elif field == "attributes":
            attributes.extend(pairs(value))
        elif field in _PARTS:
            parts[role] = value
        elif field != IGNORE and rank < ranks.get(field, 1_000):
            fields[field] = value
            ranks[field] = rank
            if field == "price" and name:
                fields["currency"] = name
    if parts:
        _join(parts, fields, attributes)
    attributes.extend((code, fields[code]) for code in ("gtin", "sku") if code in fields and "id" in fields)
    fields["attributes"] = attributes
    for field, column in (columns or {}).items():
        fields[field] = pairs(row.get(column)) if field == "attributes" else row.get(column)
    return fields


def _join(parts: Mapping[Role, Any], fields: Fields, attributes: list[tuple[str, Any]]) -> None:
    """Values spread over several columns: category levels, further images, "attribute 1 name" and "value"."""
    levels = sorted((role.rank, value) for role, value in parts.items() if role.field == LEVEL)
    if levels and levels[0][0] > 0 and isinstance(fields.get("categories"), str):
        levels.insert(0, (0, fields["categories"]))
    if levels:
        fields["categories"] = [value for _, value in levels]
    more = sorted((role.rank, value) for role, value in parts.items() if role.field == IMAGES)
    given = fields.get("more_images")
    if more:
        fields["more_images"] = [
            *(given if isinstance(given, list) else [given]),
            *(value for _, value in more),
        ]
    for role, value in parts.items():
        name = parts.get(Role(NUMBERED, role.rank, "name"))
        if role.field == NUMBERED and role.name == "valu" and isinstance(name, str):
            attributes.append((name, value))


def pairs(value: Any) -> list[tuple[str, Any]]:
    """Named facts out of an object, a list of {name, value}, or "name: value | name: value"."""
    if isinstance(value, str):
        found = (fact.partition(":" if ":" in fact else "=") for fact in value.split("|"))
        return [(name.strip(), told.strip()) for name, mark, told in found if mark and len(name) <= 100]
    if isinstance(value, Mapping):
        if isinstance(value.get("name"), str) and "value" in value:
            return [(value["name"], value["value"])]
        return [(name, item) for name, item in value.items() if isinstance(name, str)]
    if isinstance(value, list | tuple):
        return [pair for item in value if isinstance(item, Mapping | str) for pair in pairs(item)]
    return []


def drafts(rows: Iterable[Row | Reject], columns: Mapping[str, str], name: str) -> Iterator[Draft | Reject]:
    """Drafts of flat rows, whatever file they came from."""
    for row in with_title(rows, columns, name):
        yield row if isinstance(row, Reject) else Draft(row.line, fields_of(row.values, columns))


def with_title(rows: Iterable[Row | Reject], columns: Mapping[str, str], name: str) -> Iterator[Row | Reject]:
    """The same rows, once the first of them show a title column and every mapped column."""
    waiting: list[Row | Reject] = []
    checked = False
    for row in rows:
        if checked:
            yield row
            continue
        waiting.append(row)
        if len(waiting) == _LOOKED_AT:
            _check_columns(waiting, columns, name)
            checked = True
            yield from waiting
    if not checked:
        _check_columns(waiting, columns, name)
        yield from waiting


def _check_columns(rows: Iterable[Row | Reject], columns: Mapping[str, str], name: str) -> None:
    found = list(
        dict.fromkeys(column for row in rows if not isinstance(row, Reject) for column in row.values)
    )
    if not found:
        return
    names = ", ".join(shown(column) for column in found[:30]) + (", ..." if len(found) > 30 else "")
    for field, column in columns.items():
        if column not in found:
            raise InvalidSource(f"{name} has no column {column!r} to map to {field}; it has {names}")
    if "title" not in columns and not any(role_of(column).field == "title" for column in found):
        raise InvalidSource(f"{name} has no title column among {names}; name it with --map title=COLUMN")


def _is_short(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= LONGEST_UNNAMED and not value.startswith(("http:", "https:", "//", "{", "[{"))
    if isinstance(value, list):
        return len(value) <= 50 and all(
            isinstance(item, str | int | float) and _is_short(item) for item in value
        )
    return not isinstance(value, dict)
