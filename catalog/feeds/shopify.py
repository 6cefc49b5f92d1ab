"""Shopify: the product CSV export (several lines a product) and products.json. One product per variant."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from catalog.feeds.draft import Draft, Fields, Reject
from catalog.feeds.rows import Row
from catalog.feeds.text import is_placeholder, scalar
from catalog.feeds.values import whole_number

# The export's headings of 2024 and later, and the older ones they stand for.
_RENAMED = {
    "url handle": "handle",
    "description": "body (html)",
    "product image url": "image src",
    "variant image url": "variant image",
    "price": "variant price",
    "compare-at price": "variant compare at price",
    "sku": "variant sku",
    "barcode": "variant barcode",
    "inventory quantity": "variant inventory qty",
    "inventory tracker": "variant inventory tracker",
    "continue selling when out of stock": "variant inventory policy",
    "published on online store": "published",
}
_METAFIELD = re.compile(r"(.+?) \((?:product|variant)\.metafields\.[\w.-]+\)")
_SHOPPING = "google shopping / "
_FACTS = frozenset(["gender", "age group", "condition", "material"])
_ONLY_VARIANT = "default title"

_Lines = list[tuple[int, dict[str, str]]]


def shopify_table_drafts(rows: Iterable[Row | Reject]) -> Iterator[Draft | Reject]:
    """Drafts of the CSV export: lines with one handle are one product and its variants."""
    lines: _Lines = []
    for row in rows:
        if isinstance(row, Reject):
            yield row
            continue
        cells = {_heading(name): value for name, value in row.values.items() if isinstance(value, str)}
        handle = cells.get("handle", "").strip()
        if lines and handle != lines[0][1].get("handle", "").strip():
            yield from _table_product(lines)
            lines = []
        lines.append((row.line, cells))
    if lines:
        yield from _table_product(lines)


def _heading(name: str) -> str:
    name = name.strip().lower()
    return _RENAMED.get(name, name)


def _table_product(lines: _Lines) -> Iterator[Draft | Reject]:
    number, first = lines[0]
    handle = first.get("handle", "").strip()
    status = first.get("status", "").strip().lower()
    if status in ("draft", "archived") or first.get("published", "").strip().lower() == "false":
        yield Reject(line=number, id=handle or None, reason="not for sale: the shop has not published it")
        return
    names = {n: cells[f"option{n} name"] for n in "123" for _, cells in lines if cells.get(f"option{n} name")}
    pictures = [cells["image src"] for _, cells in lines if cells.get("image src")]
    variants = [
        (line, cells) for line, cells in lines if cells.get("variant price") or cells.get("option1 value")
    ]
    taken: set[str] = set()
    for line, cells in variants or lines[:1]:
        options = [
            (name, cells[f"option{n} value"]) for n, name in names.items() if cells.get(f"option{n} value")
        ]
        fields = _fields(handle, first.get("title"), options, several=len(variants) > 1)
        sku = cells.get("variant sku", "").lstrip("'").strip()
        if sku and sku not in taken and not is_placeholder(sku):
            fields["id"] = sku
        taken.add(sku)
        fields |= {
            "description": first.get("body (html)"),
            "brand": first.get("vendor"),
            "categories": first.get("product category") or first.get("type"),
            "price": cells.get("variant price"),
            "list_price": _above_zero(cells.get("variant compare at price")),
            "availability": _table_stock(cells),
            "images": cells.get("variant image"),
            "more_images": pictures,
            "tags": first.get("tags"),
        }
        fields["attributes"] += [*_table_facts(first), ("gtin", cells.get("variant barcode", "").lstrip("'"))]
        yield Draft(line, fields)


def _table_stock(cells: Mapping[str, str]) -> str | None:
    quantity = (
        whole_number(cells.get("variant inventory qty")) if cells.get("variant inventory qty") else None
    )
    below_zero = cells.get("variant inventory qty", "").startswith("-")
    if "variant inventory tracker" in cells and not cells["variant inventory tracker"]:
        return "in stock"  # Shopify sells what it does not count
    if quantity:
        return "in stock"
    if quantity == 0 or below_zero:
        return (
            "backorder"
            if cells.get("variant inventory policy", "").lower() in ("continue", "true")
            else "sold out"
        )
    return None


def _table_facts(first: Mapping[str, str]) -> list[tuple[str, Any]]:
    facts: list[tuple[str, Any]] = []
    for name, value in first.items():
        if value and (found := _METAFIELD.fullmatch(name)):
            facts.append((found[1], [part.strip() for part in value.split(";")]))
        elif value and name.startswith(_SHOPPING) and name.removeprefix(_SHOPPING) in _FACTS:
            facts.append((name.removeprefix(_SHOPPING), value))
    return facts


def shopify_json_drafts(row: Row) -> Iterator[Draft | Reject]:
    """Drafts of one entry of products.json."""
    product = row.values
    if product.get("status") in ("draft", "archived"):
        reason = "not for sale: the shop has not published it"
        yield Reject(line=row.line, id=scalar(product.get("id")), reason=reason)
        return
    names = [scalar(option) for option in _objects(product.get("options"))]
    variants = _objects(product.get("variants")) or [{}]
    handle = scalar(product.get("handle")) or scalar(product.get("id")) or ""
    for variant in variants:
        options = [
            (name or f"option {n}", value)
            for n, name in enumerate([*names, None, None, None][:3], start=1)
            if isinstance(value := variant.get(f"option{n}"), str)
        ]
        fields = _fields(handle, product.get("title"), options, several=len(variants) > 1)
        picture = variant.get("featured_image")
        fields |= {
            "id": variant.get("id") or product.get("id"),
            "description": product.get("body_html"),
            "brand": product.get("vendor"),
            "categories": product.get("product_type"),
            "price": variant.get("price"),
            "list_price": _above_zero(variant.get("compare_at_price")),
            "availability": _json_stock(variant),
            "images": [picture] if picture else None,
            "more_images": product.get("images") or [product.get("image")],
            "tags": product.get("tags"),
            "updated_at": variant.get("updated_at") or product.get("updated_at"),
        }
        fields["attributes"] += [("sku", variant.get("sku")), ("gtin", variant.get("barcode"))]
        yield Draft(row.line, fields)


def _json_stock(variant: Mapping[str, Any]) -> Any:
    if "available" in variant:
        return variant["available"]
    if "inventory_management" in variant and not variant["inventory_management"]:
        return True
    quantity = variant.get("inventory_quantity")
    if isinstance(quantity, int) and quantity <= 0 and variant.get("inventory_policy") == "continue":
        return "backorder"
    return quantity


def _fields(handle: str, title: Any, options: list[tuple[str, str]], *, several: bool) -> Fields:
    """What both forms share: a variant is called as Shopify calls it, "Title - Red / M"."""
    options = [(name, value) for name, value in options if value.strip().lower() != _ONLY_VARIANT]
    chosen = [value.strip() for _, value in options]
    slug = "-".join(re.sub(r"\W+", "-", value.lower()).strip("-") for value in chosen)
    return {
        "id": f"{handle}-{slug}" if handle and several and slug else handle,
        "title": f"{title} - {' / '.join(chosen)}"
        if several and chosen and isinstance(title, str)
        else title,
        "group_id": handle if several else None,
        "attributes": list(options),
    }


def _above_zero(value: Any) -> Any:
    """Shopify writes 0.00 where there is no price to compare with."""
    return value if isinstance(value, str) and value.strip("0., ") else None


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
