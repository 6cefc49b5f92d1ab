"""From the raw fields of one row to a `Product` or a `Reject`: the one place where every format ends.

A reader says which value belongs to which field; cleaning, limits, derived ids and validation are here.
"""

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from pydantic import ValidationError

from catalog.feeds import values
from catalog.feeds.text import Unusable, one_line, prose, scalar, shown
from catalog.price import is_currency, parse_money
from catalog.product import Money, Product
from core.record import Record

# Fields a reader may fill: those of Product (rating as value and count), and what only helps to derive them.
FIELDS = frozenset(Product.model_fields) | {"sku", "gtin", "bullets", "sale_price", "sale_window", "currency"}
FIELDS |= {"rating_scale", "rating_count", "more_images"}
LIMITS = {"id": 500, "title": 2_000, "description": 100_000, "brand": 500, "seller": 500, "group_id": 500}
FIELD_LIMIT = 1_000_000  # in any column, known or not: a cell like this is a broken row

Fields = dict[str, Any]


class Reject(Record):
    """A row that cannot be used: where it stood (1-based line or record), its id if it had one, and why."""

    line: int | None
    id: str | None
    reason: str


class Draft(NamedTuple):
    """One row's raw values by field, not yet cleaned. `attributes` is a list of (name, value) pairs."""

    line: int | None
    fields: Fields


def finish(draft: Draft, currency: str) -> Product | Reject:
    """Clean and validate a draft; every way to fail becomes a Reject with a sentence."""
    line, fields = draft
    identity: str | None = None
    try:
        identity = _given_id(fields)
        _refuse_oversize(fields)
        title = _title(fields)
        identity = identity or _derived_id(fields, title)
        return Product(
            id=identity,
            title=title,
            description=_description(fields),
            brand=_short(fields, "brand"),
            categories=values.categories(fields.get("categories")),
            **_prices(fields, currency),
            availability=values.availability(fields.get("availability")),
            rating=values.rating(
                fields.get("rating"), fields.get("rating_count"), fields.get("rating_scale")
            ),
            attributes=values.attributes(fields.get("attributes", ())),
            images=values.images(fields.get("images"), fields.get("more_images")),
            url=values.url(fields.get("url")),
            seller=_short(fields, "seller"),
            group_id=_short(fields, "group_id"),
            tags=values.tags(fields.get("tags")),
            updated_at=values.moment(fields.get("updated_at")),
        )
    except Unusable as error:
        return Reject(line=line, id=identity, reason=str(error))
    except ValidationError as error:
        return Reject(line=line, id=identity, reason=sentence(error))


def sentence(error: ValidationError) -> str:
    """The first complaint of pydantic in words for a shop's engineer."""
    first = error.errors(include_url=False, include_context=False)[0]
    where = " ".join(shown(str(part)) for part in first["loc"]) or "the row"
    what = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    given = first.get("input")
    named = (
        f", not {given!r}"
        if isinstance(given, int | float) or (isinstance(given, str) and len(given) < 40)
        else ""
    )
    return f"{where}: {what[:1].lower()}{what[1:]}{named}"


def _refuse_oversize(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, str) and len(value) > LIMITS.get(name, FIELD_LIMIT):
            raise Unusable(
                f"{name} is {len(value):,} characters long; the limit is {LIMITS.get(name, FIELD_LIMIT):,}"
            )


def _short(fields: Fields, name: str) -> str | None:
    text = scalar(fields.get(name))
    if text is not None and len(text) > LIMITS[name]:
        raise Unusable(f"{name} is {len(text):,} characters long; the limit is {LIMITS[name]:,}")
    return text


def _title(fields: Fields) -> str:
    title = _short(fields, "title")
    if title is None:
        raise Unusable("no title")
    return title


def _given_id(fields: Fields) -> str | None:
    return _short(fields, "id") or scalar(fields.get("sku")) or scalar(fields.get("gtin"))


def _derived_id(fields: Fields, title: str) -> str:
    """The same id for the same row in every reading."""
    url = values.url(fields.get("url"))
    kind, text = ("url", url) if url else ("title", title)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _description(fields: Fields) -> str | None:
    parts: list[str] = []
    for name in ("description", "bullets"):
        value = fields.get(name)
        for part in value if isinstance(value, list | tuple) else (value,):
            told = _told(part) if isinstance(part, dict) else part
            if isinstance(told, str) and (text := prose(told)) and text not in parts:
                parts.append(text)
    text = "\n".join(parts)
    if len(text) > LIMITS["description"]:
        raise Unusable(
            f"description is {len(text):,} characters long; the limit is {LIMITS['description']:,}"
        )
    return text or None


def _told(description: dict[str, Any]) -> Any:
    written = (description.get(form) for form in ("plain", "html", "markdown"))
    return next((text for text in written if text), None) or scalar(description)


def _prices(fields: Fields, default: str) -> dict[str, Money | None]:
    named = scalar(fields.get("currency"))
    currency = named.upper() if named and is_currency(named.upper()) else default
    price, sale = _money(fields.get("price"), currency), _money(fields.get("sale_price"), currency)
    listed = _money(fields.get("list_price"), currency)
    if sale and values.in_window(fields.get("sale_window")):
        if price is None:
            price = sale
        elif sale.currency == price.currency and sale.amount < price.amount:
            price, listed = sale, listed or price
    return {"price": price, "list_price": listed}


def _money(value: Any, currency: str) -> Money | None:
    if value is None or isinstance(value, Money):
        return value
    if isinstance(value, dict):
        named = scalar(value.get("currency") or value.get("currencyCode") or value.get("currency_code"))
        if named and is_currency(named.upper()):
            currency = named.upper()
        value = next((value[key] for key in ("amount", "value", "price") if value.get(key) is not None), None)
    elif isinstance(value, list | tuple):
        value = value[0] if len(value) == 1 else None
    if isinstance(value, str):
        text = one_line(value)
        return parse_money(text, currency) if text else None
    return parse_money(value, currency) if isinstance(value, int | float | Decimal) else None
