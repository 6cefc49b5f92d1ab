"""Public search data sets in native form: Icecat as in Chorus, Amazon ESCI with ESCI-S, Wayfair WANDS."""

import re
from collections.abc import Mapping
from typing import Any

from catalog.feeds.draft import Fields
from catalog.feeds.text import scalar
from catalog.product import Money

_YES_NO = {"Y": "yes", "N": "no", "y": "yes", "n": "no"}
# "attr_b_colour" tells whether a cartridge prints in colour, not which colour a thing has.
_ICECAT_NAMES = {"attr_b_colour": "prints in color"}
_ICECAT = re.compile(r"attr_([tnb])_(.+)")


def icecat_fields(row: Mapping[str, Any]) -> Fields:
    """Prices are whole cents; attributes are typed by their prefix: t text, n number, b boolean."""
    attributes: list[tuple[str, Any]] = [("model", row.get("name")), ("gtin", row.get("ean"))]
    for column, value in row.items():
        found = _ICECAT.fullmatch(column)
        if not found or value is None:
            continue
        name = _ICECAT_NAMES.get(column) or found[2].replace("__", " ").replace("_", " ").strip()
        attributes.append((name, _YES_NO.get(value, value) if isinstance(value, str) else value))
    price, kind = row.get("price"), scalar(row.get("attr_t_product_type"))
    picture = next(
        (row[size] for size in ("img_500x500", "img_high", "img_low", "img_thumb") if row.get(size)), None
    )
    return {
        "id": row.get("id"),
        "title": row.get("title") or row.get("name"),
        "description": row.get("short_description"),
        "brand": row.get("supplier"),
        # The set has no category path; about one product in twelve names its type ("1" is one of the values).
        "categories": [kind] if kind and any(char.isalpha() for char in kind) else None,
        "price": Money(amount=price, currency="USD") if isinstance(price, int) and price >= 0 else None,
        "attributes": attributes,
        "images": picture,
        "updated_at": row.get("date_released"),
    }


def esci_fields(row: Mapping[str, Any]) -> Fields:
    """Prices are dollars where known; the bullet points follow the description."""
    return {
        "id": row.get("asin") or row.get("_id"),
        "title": row.get("title"),
        "description": row.get("description"),
        "bullets": row.get("bullet_points"),
        "brand": row.get("brand"),
        "categories": row.get("category"),
        "price": row.get("price") or None,  # three rows say 0.0, which is not a price
        "currency": "USD",
        "rating": row.get("rating"),
        "rating_count": row.get("rating_count"),
        "attributes": [("color", row.get("color"))],
        "images": row.get("image"),
    }


def wands_fields(row: Mapping[str, Any]) -> Fields:
    """Features are "name:value" pairs between bars, sometimes several of one name; there are no prices."""
    attributes: list[tuple[str, Any]] = []
    for feature in str(row.get("product_features") or "").split("|"):
        name, colon, value = feature.partition(":")
        if colon:
            attributes.append((name.strip(), value.strip()))
    kinds = [kind for kind in str(row.get("product_class") or "").split("|") if kind]
    attributes.append(("product class", kinds))
    return {
        "id": row.get("product_id"),
        "title": row.get("product_name"),
        "description": row.get("product_description"),
        "categories": row.get("category hierarchy") or kinds[:1],
        "rating": row.get("average_rating"),
        "rating_count": row.get("rating_count") or row.get("review_count"),
        "attributes": attributes,
    }
