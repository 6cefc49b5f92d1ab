"""Which format a feed is in, told from its first bytes and its first records, never from its file name."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from catalog.feeds.draft import Reject
from catalog.feeds.google import xml_rows
from catalog.feeds.openai import MARKERS
from catalog.feeds.rows import WRAPPERS, Row, array_rows, delimiter_of, line_rows, parquet_rows, table_rows
from catalog.feeds.schema_org import html_rows
from catalog.feeds.source import Source
from catalog.product import Product

Reader = Callable[[Source], Iterator[Row | Reject]]

# How the bytes are laid out, as distinct from whose field names they carry.
READERS: dict[str, Reader] = {
    "csv": table_rows,
    "tsv": table_rows,
    "json": array_rows,
    "jsonl": line_rows,
    "parquet": parquet_rows,
    "xml": xml_rows,
    "html": html_rows,
}
_HTML = re.compile(r"<(?:!doctype\s+html|html|head|body|script|meta|div)\b", re.I)
_WRAPPED = re.compile(r'\{\s*"([^"]{1,40})"\s*:\s*\[')
_LOOKED_AT = 5


def layout_of(source: Source) -> str:
    """A key of READERS."""
    if source.head.startswith(b"PAR1"):
        return "parquet"
    opening = source.opening().lstrip("\ufeff \t\r\n\0")
    if opening.startswith("<"):
        return "html" if _HTML.search(opening[:2_000]) and "<?xml" not in opening[:10] else "xml"
    if opening.startswith("["):
        return "json"
    if opening.startswith("{"):
        return _json_layout(opening)
    return "tsv" if delimiter_of(opening) == "\t" else "csv"


def format_of(source: Source, layout: str) -> str:
    """Whose field names these are; plain ones are called by their layout."""
    if layout in ("xml", "html"):
        return {"xml": "google_merchant", "html": "schema_org"}[layout]
    first = [row.values for row in islice(READERS[layout](source), _LOOKED_AT) if isinstance(row, Row)]
    names = frozenset(name for values in first for name in values)
    if layout in ("json", "jsonl"):
        return _of_records(first, names) or layout
    return _of_header(frozenset(name.strip().lower() for name in names)) or layout


def _of_records(first: list[dict[str, Any]], names: frozenset[str]) -> str | None:
    if names & {"@type", "@context", "@graph"}:
        return "schema_org"
    if names == frozenset(Product.model_fields):
        return "aisle"
    if {"img_500x500", "supplier", "short_description"} <= names:
        return "icecat"
    if {"asin", "bullet_points", "is_book"} <= names:
        return "esci_us"
    variants = [values["variants"] for values in first if _objects(values.get("variants"))]
    if variants:
        return "shopify" if names & {"handle", "body_html", "product_type", "vendor"} else "acp"
    return _of_header(names)


def _of_header(names: frozenset[str]) -> str | None:
    if "variant price" in names or {"url handle", "option1 name"} <= names:
        return "shopify"
    if {"product_id", "product_name", "product_class"} <= names:
        return "wands"
    plain = {name.removeprefix("g:").replace(" ", "_") for name in names}
    if plain & MARKERS:
        return "openai"
    if {"id", "title", "link"} <= plain and plain & {
        "image_link",
        "item_group_id",
        "google_product_category",
    }:
        return "google_merchant"
    return None


def _json_layout(opening: str) -> str:
    """One document or one object a line: an object that ends with its line is a line unless it wraps."""
    first, _, rest = opening.partition("\n")
    if rest.lstrip().startswith("{"):
        return "jsonl"
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        wrapped = _WRAPPED.match(opening)
        long = not rest and len(opening) >= 1 << 16
        return "jsonl" if long and not (wrapped and wrapped[1] in WRAPPERS) else "json"
    return "json" if not rest.strip() and _wraps(value) else "jsonl"


def _wraps(value: Mapping[str, Any]) -> bool:
    inner = [item for name, item in value.items() if name in WRAPPERS]
    nested = any(_wraps(item) for item in inner if isinstance(item, dict))
    return nested or any(item == [] or _objects(item) for item in inner) or "@context" in value


def _objects(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)
