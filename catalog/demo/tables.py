"""The demo catalogue's source tables, read and checked: families, their models, brands and facts.

What the tables say is decided here; which sentences and prices come of it is not.
"""

import csv
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from core.errors import InvalidSource
from core.record import Record

TABLES = Path(__file__).parent / "tables"
_VERDICT = re.compile(r"(?P<has>yes|no)(?::(?P<where>[ath]+))?")
_OWN_COLUMNS = ("model", "brand", "price", "color", "tags")


class Brand(Record):
    """An invented maker: 1 is a budget brand, 3 a premium one."""

    name: str
    tier: int = Field(ge=1, le=3)
    departments: tuple[str, ...]


class Fact(Record):
    """Something a product has or lacks, the words for it and the field that holds it."""

    name: str
    words: tuple[str, ...]
    attribute: str
    value: str | None = None
    no: tuple[str, ...]
    yes: tuple[str, ...]
    title: Mapping[Literal["no", "yes"], str]
    group: str | None = None


class Claim(Record):
    """Ground truth: the shop says that a product has or lacks something, and where it says so."""

    fact: str
    present: bool
    attribute: bool
    text: bool
    title: bool


class Size(Record):
    """One value of a family's size axis: the price factor, and attributes that change with it."""

    value: str
    times: float = 1.0
    attributes: Mapping[str, str] = Field(default_factory=dict)


class Model(Record):
    """One row of a family's table; it becomes a product per size and color."""

    name: str
    brand: str | None
    cents: int | None
    colors: tuple[str, ...]
    sizes: tuple[Size, ...]
    attributes: Mapping[str, tuple[str, ...]]
    claims: tuple[Claim, ...]
    tags: tuple[str, ...]


class Family(Record):
    """One kind of product: where it hangs in the tree, its models and the sentences for them."""

    key: str
    noun: str
    categories: tuple[str, ...]
    tags: tuple[str, ...]
    title: tuple[str, ...]
    tint: str | None  # the attribute that colors the picture where there is no color
    size_name: str | None
    sizes: tuple[Size, ...]
    opens: tuple[str, ...]
    more: tuple[str, ...]
    closes: tuple[str, ...]
    facts: Mapping[str, Mapping[Literal["no", "yes"], tuple[str, ...]]]  # its own words for a fact
    models: tuple[Model, ...]


@cache
def brands() -> Mapping[str, Brand]:
    """Every invented brand by name."""
    with (TABLES / "brands.csv").open(encoding="utf-8", newline="") as rows:
        return {
            row["brand"]: Brand(
                name=row["brand"], tier=int(row["tier"]), departments=tuple(row["departments"].split("; "))
            )
            for row in csv.DictReader(rows)
        }


@cache
def facts() -> Mapping[str, Fact]:
    """Every fact the tables can state, by name."""
    found = {}
    for key, entry in _read(TABLES / "facts.toml").items():
        name = entry.pop("name", key.replace("-", " "))
        found[key] = Fact(name=name, attribute=entry.pop("attribute", name), **entry)
    return found


@cache
def families() -> Mapping[str, Family]:
    """Every family by key, department after department."""
    found: dict[str, Family] = {}
    for path in sorted((TABLES / "departments").glob("*.toml")):
        table = _read(path)
        department = table.pop("department")
        for key, entry in table.items():
            found[key] = _family(key, department, entry)
    return found


def _family(key: str, department: str, entry: Mapping[str, Any]) -> Family:
    sizes = tuple(
        Size(value=value, times=extra.pop("times", 1.0), attributes=extra)
        for value, extra in entry.get("sizes", {}).items()
    )
    return Family(
        key=key,
        noun=entry["noun"],
        categories=(department, *entry["path"]),
        tags=entry.get("tags", ()),
        title=entry.get("title", ()),
        tint=entry.get("tint"),
        size_name=entry.get("size"),
        sizes=sizes,
        opens=entry["opens"],
        more=entry["more"],
        closes=entry.get("closes", ()),
        facts=entry.get("facts", {}),
        models=tuple(_models(key, entry, sizes)),
    )


def _models(key: str, entry: Mapping[str, Any], sizes: tuple[Size, ...]) -> Iterator[Model]:
    """Read a family's table: a header, then one model a line, cells between bars, values by comma."""
    by_value = {size.value: size for size in sizes}
    header, *rows = ([cell.strip() for cell in line.split("|")] for line in entry["models"].splitlines())
    for cells in rows:
        if len(cells) != len(header):
            raise InvalidSource(f"demo family {key}: {len(cells)} cells for {len(header)} columns: {cells}")
        row = dict(zip(header, cells, strict=True))
        size_cell = row.pop(entry["size"], "") if sizes else ""
        values = _values(size_cell)
        if unknown := [value for value in values if value not in by_value]:
            raise InvalidSource(f"demo family {key}: no size {unknown[0]!r}; known are {', '.join(by_value)}")
        yield Model(
            name=row["model"],
            brand=row["brand"] or None,
            cents=round(float(row["price"]) * 100) if row["price"] else None,
            colors=_values(row.get("color", "")),
            sizes=tuple(by_value[value] for value in values),
            attributes={
                name: _values(cell)
                for name, cell in row.items()
                if cell and name not in _OWN_COLUMNS and not name.endswith("?")
            },
            claims=tuple(
                _claim(key, name[:-1], cell) for name, cell in row.items() if cell and name.endswith("?")
            ),
            tags=_values(row.get("tags", "")),
        )


def _claim(family: str, fact: str, cell: str) -> Claim:
    match = _VERDICT.fullmatch(cell)
    if match is None or fact not in facts():
        raise InvalidSource(f"demo family {family}: cannot read {fact}? = {cell!r}")
    where = match["where"] or "at"
    return Claim(
        fact=fact,
        present=match["has"] == "yes",
        attribute="a" in where,
        text="t" in where,
        title="h" in where,
    )


def _values(cell: str) -> tuple[str, ...]:
    return tuple(value.strip() for value in cell.split(",") if value.strip())


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)
