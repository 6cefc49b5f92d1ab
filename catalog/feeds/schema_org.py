"""schema.org/Product as JSON-LD: a document, lines of them, or the scripts of an HTML page."""

import json
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from catalog.feeds.draft import Draft, Fields, Reject
from catalog.feeds.rows import Row
from catalog.feeds.source import Source
from catalog.feeds.text import scalar

_PRODUCTS = frozenset(
    ["Product", "IndividualProduct", "ProductModel", "SomeProducts", "Vehicle", "Car", "Book"]
)
_CONTAINERS = ("@graph", "itemListElement", "item", "mainEntity", "itemOffered", "dataFeedElement")
_FACTS = ["color", "material", "size", "pattern", "model", "mpn", "sku", "isbn", "weight", "width", "height"]
_FACTS += ["depth", "countryOfOrigin", "award", "audience", "itemCondition", "energyEfficiencyScale"]
_FACTS += ["gtin", "gtin8", "gtin12", "gtin13", "gtin14"]
_DEEPEST = 8


def schema_org_drafts(row: Row) -> Iterator[Draft | Reject]:
    """Drafts of every product found in a JSON-LD node, through @graph, ItemList and ProductGroup."""
    found = [Draft(row.line, fields) for fields in _products(row.values, {}, 0)]
    if not found and not _is(
        row.values, {"BreadcrumbList", "WebSite", "WebPage", "Organization", "SearchAction"}
    ):
        yield Reject(line=row.line, id=scalar(row.values.get("@id")), reason="no schema.org Product in it")
    yield from found


def html_rows(source: Source) -> Iterator[Row | Reject]:
    """One row per JSON-LD node in the page's ld+json scripts."""
    page = _Scripts()
    number = 0
    with source.text() as text:
        while chunk := text.read(1 << 16):
            page.feed(chunk)
        page.close()
    for script in page.scripts:
        try:
            value = json.loads(script.strip().removeprefix("<!--").removesuffix("-->"), strict=False)
        except (ValueError, RecursionError):
            number += 1
            yield Reject(line=number, id=None, reason="a ld+json script that is not valid JSON")
            continue
        for node in value if isinstance(value, list) else [value]:
            number += 1
            if isinstance(node, dict):
                yield Row(number, node)


def _products(node: Mapping[str, Any], inherited: Mapping[str, Any], depth: int) -> Iterator[Fields]:
    if depth > _DEEPEST:
        return
    if _is(node, {"ProductGroup"}):
        shared = {
            name: value for name, value in node.items() if name not in ("hasVariant", "@type", "@id", "sku")
        }
        group = scalar(node.get("productGroupID")) or scalar(node.get("@id")) or scalar(node.get("sku"))
        variants = [
            item for item in _many(node.get("hasVariant")) if isinstance(item, dict) and len(item) > 1
        ]
        for variant in variants:
            yield _fields({**shared, **variant}, group)
        if not variants:
            yield _fields(node, None)
    elif _is(node, _PRODUCTS):
        parent = node.get("isVariantOf")
        group = scalar(node.get("inProductGroupWithID"))
        if isinstance(parent, dict):
            group = scalar(parent.get("productGroupID")) or scalar(parent.get("@id")) or group
        yield _fields({**inherited, **node}, group)
    else:
        for name in _CONTAINERS:
            for item in _many(node.get(name)):
                if isinstance(item, dict):
                    yield from _products(item, inherited, depth + 1)


def _fields(node: Mapping[str, Any], group: str | None) -> Fields:
    offer = _offer(node.get("offers"))
    rating = _first(node.get("aggregateRating"))
    attributes = [(name, _measured(value)) for name in _FACTS for value in _many(node.get(name))]
    attributes.extend(
        (fact["name"], [_measured({**fact, "value": value}) for value in _many(fact.get("value"))])
        for fact in _many(node.get("additionalProperty"))
        if isinstance(fact, dict) and isinstance(fact.get("name"), str)
    )
    return {
        "id": node.get("sku") or node.get("productID") or node.get("@id"),
        "gtin": next(
            (node[name] for name in ("gtin", "gtin13", "gtin14", "gtin12", "gtin8") if name in node), None
        ),
        "title": node.get("name"),
        "description": node.get("description"),
        "brand": node.get("brand") or node.get("manufacturer"),
        "categories": node.get("category"),
        **_offered(offer),
        "rating": rating.get("ratingValue"),
        "rating_scale": rating.get("bestRating"),
        "rating_count": rating.get("reviewCount") or rating.get("ratingCount"),
        "attributes": attributes,
        "images": node.get("image"),
        "url": node.get("url") or offer.get("url"),
        "group_id": group,
        "updated_at": node.get("dateModified"),
    }


def _offer(value: Any) -> Mapping[str, Any]:
    """The offer a shopper would take: of several, the first that is in stock."""
    offers = [item for item in _many(value) if isinstance(item, dict)]
    if len(offers) == 1 and _is(offers[0], {"AggregateOffer"}) and "lowPrice" not in offers[0]:
        offers = [item for item in _many(offers[0].get("offers")) if isinstance(item, dict)] or offers
    in_stock = [offer for offer in offers if "instock" in str(offer.get("availability", "")).lower()]
    return (in_stock or offers or [{}])[0]


def _offered(offer: Mapping[str, Any]) -> Fields:
    price, currency, listed = offer.get("price", offer.get("lowPrice")), offer.get("priceCurrency"), None
    for part in _many(offer.get("priceSpecification")):
        if not isinstance(part, dict):
            continue
        kind = str(part.get("priceType", "")).rsplit("/", 1)[-1]
        currency = currency or part.get("priceCurrency")
        if kind in ("ListPrice", "StrikethroughPrice", "SRP", "MSRP"):
            listed = part.get("price")
        elif price is None and not part.get("referenceQuantity"):
            price = part.get("price")
    return {
        "price": _number(price),
        "list_price": _number(listed),
        "currency": currency,
        "availability": offer.get("availability"),
        "seller": offer.get("seller"),
    }


def _number(price: Any) -> Any:
    """schema.org prices are numbers, with a point for decimals even when written as text: "1.299" is 1.30."""
    if isinstance(price, str) and price.strip().replace(".", "", 1).isdecimal():
        from decimal import Decimal

        return Decimal(price.strip())
    return price


def _measured(value: Any) -> Any:
    """A QuantitativeValue as words: 2 kg."""
    if isinstance(value, dict) and (unit := scalar(value.get("unitText") or value.get("unitCode"))):
        amount = scalar(value.get("value"))
        return f"{amount} {unit}" if amount else None
    if isinstance(value, str) and value.startswith(("https://schema.org/", "http://schema.org/")):
        return value.rsplit("/", 1)[-1].removesuffix("Condition")
    return value.get("value", value) if isinstance(value, dict) else value


def _is(node: Mapping[str, Any], types: set[str] | frozenset[str]) -> bool:
    return any(
        isinstance(kind, str) and kind.rsplit("/", 1)[-1].rsplit(":", 1)[-1] in types
        for kind in _many(node.get("@type"))
    )


def _first(value: Any) -> Mapping[str, Any]:
    return next((item for item in _many(value) if isinstance(item, dict)), {})


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


class _Scripts(HTMLParser):
    """Collects the texts of <script type="application/ld+json">."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        kind = next((value or "" for name, value in attrs if name == "type"), "")
        if tag == "script" and kind.strip().lower().startswith("application/ld+json"):
            self._inside = True
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data
