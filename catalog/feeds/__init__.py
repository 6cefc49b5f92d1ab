"""Product feeds in, products and rejects out, one row at a time. Duplicate ids are the indexer's business.

A row goes source (bytes to text) -> rows (text to records) -> one module per foreign format, or columns
for plain tables (record to raw fields) -> draft (raw fields to Product or Reject).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from catalog.feeds import columns as tables
from catalog.feeds.acp import acp_drafts
from catalog.feeds.datasets import esci_fields, icecat_fields, wands_fields
from catalog.feeds.detect import READERS, format_of, layout_of
from catalog.feeds.draft import FIELDS, Draft, Fields, Reject, finish, sentence
from catalog.feeds.google import google_fields
from catalog.feeds.openai import openai_fields
from catalog.feeds.rows import Row
from catalog.feeds.schema_org import schema_org_drafts
from catalog.feeds.shopify import shopify_json_drafts, shopify_table_drafts
from catalog.feeds.source import Source
from catalog.feeds.text import scalar
from catalog.price import is_currency
from catalog.product import Product
from core.errors import InvalidQuery, InvalidSource

__all__ = ["FORMATS", "Reject", "detect_format", "read_feed"]

_PLAIN = ("csv", "tsv", "json", "jsonl", "parquet")
_FLAT: dict[str, Callable[[Mapping[str, Any], Mapping[str, str]], Fields]] = {
    "google_merchant": google_fields,
    "openai": openai_fields,
    "icecat": lambda row, columns: icecat_fields(row) | {f: row.get(c) for f, c in columns.items()},
    "esci_us": lambda row, columns: esci_fields(row) | {f: row.get(c) for f, c in columns.items()},
    "wands": lambda row, columns: wands_fields(row) | {f: row.get(c) for f, c in columns.items()},
}
_NESTED = ("acp", "shopify", "schema_org", "aisle")

FORMATS: tuple[str, ...] = (*_PLAIN, *_FLAT, *_NESTED)


def read_feed(
    source: Path, *, format: str = "auto", columns: Mapping[str, str] = {}, currency: str = "USD"
) -> Iterator[Product | Reject]:
    """The feed's rows, each a Product or a Reject that says why not; memory stays constant.

    `columns` maps product fields to source columns where their names do not tell; `currency` is assumed
    where the source names none. A source that is no feed at all raises InvalidSource.
    """
    if format != "auto" and format not in FORMATS:
        raise InvalidQuery(f"unknown format {format!r}; allowed are auto, {', '.join(FORMATS)}")
    if not is_currency(currency):
        raise InvalidQuery(f"unknown currency {currency!r}; give an ISO 4217 code such as USD or EUR")
    if unknown := sorted(set(columns) - FIELDS):
        raise InvalidQuery(f"cannot map {unknown[0]!r}; product fields are {', '.join(sorted(FIELDS))}")
    opened = Source(source)
    layout = format if format in _PLAIN else layout_of(opened)
    if format == "auto":
        format = format_of(opened, layout)
    if columns and format in _NESTED:
        raise InvalidQuery(f"--map works on tables; the {format} format fixes what each field means")
    return _finished(opened, layout, format, columns, currency)


def detect_format(source: Path) -> str:
    """The name in FORMATS of what this file, or the one products.* file of this folder, is written in."""
    opened = Source(source)
    return format_of(opened, layout_of(opened))


def _finished(
    source: Source, layout: str, format: str, columns: Mapping[str, str], currency: str
) -> Iterator[Product | Reject]:
    rows = READERS[layout](source)
    found = False
    if format == "aisle":
        results: Iterable[Product | Reject] = map(_own, rows)
    else:
        drafts = _drafts(rows, layout, format, columns, str(source.path))
        results = (draft if isinstance(draft, Reject) else finish(draft, currency) for draft in drafts)
    for result in results:
        found = True
        yield result
    if not found:
        raise InvalidSource(f"{source.path} holds no products (read as {format}); name another with --format")


def _drafts(
    rows: Iterable[Row | Reject], layout: str, format: str, columns: Mapping[str, str], name: str
) -> Iterator[Draft | Reject]:
    if format in _PLAIN:
        yield from tables.drafts(rows, columns, name)
    elif format in _FLAT:
        fields = _FLAT[format]
        for row in tables.with_title(rows, columns, name):
            yield row if isinstance(row, Reject) else Draft(row.line, fields(row.values, columns))
    elif format == "shopify" and layout in ("csv", "tsv"):
        yield from shopify_table_drafts(rows)
    else:
        expand = {"shopify": shopify_json_drafts, "acp": acp_drafts, "schema_org": schema_org_drafts}[format]
        for row in rows:
            if isinstance(row, Reject):
                yield row
            else:
                yield from expand(row)


def _own(row: Row | Reject) -> Product | Reject:
    """A line that Aisle itself wrote: a Product, to the letter."""
    if isinstance(row, Reject):
        return row
    try:
        return Product.model_validate(row.values)
    except ValidationError as error:
        return Reject(line=row.line, id=scalar(row.values.get("id")), reason=sentence(error))
