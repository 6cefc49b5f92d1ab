"""The Agentic Commerce Protocol's product feed (2026-04-17): one product a line, with its variants inside."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.feeds.columns import pairs
from catalog.feeds.draft import Draft, Reject
from catalog.feeds.rows import Row
from catalog.feeds.text import scalar
from catalog.price import is_currency
from catalog.product import Money


def acp_drafts(row: Row) -> Iterator[Draft | Reject]:
    """One draft per purchasable variant; what the variant leaves out it takes from its product."""
    product = row.values
    variants = product.get("variants")
    if not isinstance(variants, list) or not variants:
        yield Reject(line=row.line, id=scalar(product.get("id")), reason="a product without variants")
        return
    for variant in variants:
        if not isinstance(variant, dict):
            yield Reject(
                line=row.line, id=scalar(product.get("id")), reason="a variant that is not an object"
            )
            continue
        yield Draft(row.line, _fields(product, variant))


def _fields(product: Mapping[str, Any], variant: Mapping[str, Any]) -> dict[str, Any]:
    both = {**product, **{name: value for name, value in variant.items() if value not in (None, "", [], {})}}
    # The schema gives brands and attributes no place; feeds that carry them all the same are believed.
    attributes = [
        *pairs(both.get("attributes")),
        *pairs(variant.get("variant_options") or variant.get("options")),
    ]
    attributes += [("condition", both.get("condition"))]
    attributes += [
        (str(code.get("type", "gtin")), code.get("value")) for code in _objects(variant.get("barcodes"))
    ]
    return {
        "id": variant.get("id"),
        "title": both.get("title"),
        "description": both.get("description"),
        "brand": both.get("brand"),
        "categories": _categories(both.get("categories")),
        "price": _money(variant.get("price")),
        "list_price": _money(variant.get("list_price")),
        "availability": _availability(variant.get("availability")),
        "attributes": attributes,
        "images": _pictures(variant.get("media")),
        "more_images": _pictures(product.get("media")),
        "url": both.get("url"),
        "seller": both.get("seller"),
        "group_id": product.get("id"),
        "tags": both.get("tags"),
        "updated_at": both.get("updated_at"),
    }


def _money(value: Any) -> Money | None:
    """ACP amounts are whole minor units: 1999 is $19.99."""
    if not isinstance(value, dict):
        return None
    amount, currency = value.get("amount"), str(value.get("currency", "")).upper()
    if isinstance(amount, bool) or not isinstance(amount, int) or not is_currency(currency):
        return None
    return Money(amount=amount, currency=currency) if 0 <= amount <= 10**14 else None


def _availability(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return value["status"] if isinstance(value.get("status"), str) else value.get("available")


def _categories(value: Any) -> Any:
    """The merchant's own path where several taxonomies are given."""
    found = _objects(value)
    own = [item for item in found if item.get("taxonomy") == "merchant"] or found
    return own[0].get("value") if own else value


def _pictures(value: Any) -> list[Any]:
    return [item.get("url") for item in _objects(value) if str(item.get("type", "image")).startswith("image")]


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
