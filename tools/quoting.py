"""Products and findings as a model reads them: short fields of JSON, plain characters, nothing to obey.

What a feed says is data here, cut short and without characters that do not show. Decides nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.keys import PATH
from catalog.price import format_money
from catalog.product import Availability, Product
from ranking.records import Check, Hit, Results
from tools.comparison import Comparison
from tools.untrusted import tamed

LONGEST_ID = 80  # characters; a product with a longer one, or one that does not show, is not quoted
LONGEST_TITLE = 90
LONGEST_VALUE = 60
LONGEST_DESCRIPTION = 500
MOST_ATTRIBUTES = 20


def quotable(product: Product) -> bool:
    """Whether the product can be named to a model."""
    return tamed(product.id, LONGEST_ID) == product.id


def brief(product: Product) -> dict[str, Any]:
    """What tells a product from others: id, title, brand, price, rating, stock."""
    rating = product.rating
    known = product.availability is not Availability.UNKNOWN
    fields = {
        "id": product.id,
        "title": tamed(product.title, LONGEST_TITLE),
        "brand": product.brand and tamed(product.brand, LONGEST_VALUE),
        "price": product.price and format_money(product.price),
        "rating": rating and (f"{rating.value:.1f}" + (f" ({rating.count})" if rating.count else "")),
        "stock": product.availability.value.replace("_", " ") if known else None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def in_full(product: Product) -> dict[str, Any]:
    """A product with its department, attributes and the beginning of its description."""
    attributes = list(product.attributes.items())[:MOST_ATTRIBUTES]
    more = {
        "category": tamed(PATH.join(product.categories), LONGEST_TITLE),
        "attributes": {
            tamed(name, LONGEST_VALUE): tamed(", ".join(values), LONGEST_VALUE) for name, values in attributes
        },
        "description": tamed(product.description or "", LONGEST_DESCRIPTION),
    }
    return brief(product) | {name: value for name, value in more.items() if value}


def found(results: Results) -> dict[str, Any]:
    """What a search found: how many fit, and each hit with its receipt."""
    hits = [_hit(hit) for hit in results.hits if quotable(hit.product)]
    listed: dict[str, Any] = {"fit": results.fitting, "products": hits}
    if results.astray:
        listed["note"] = "the shop has nothing of the kind; these are merely the nearest"
    elif not hits:
        listed["note"] = "nothing found; ask for less, or in other words"
    return listed


def compared(comparison: Comparison) -> dict[str, Any]:
    """The rows of a comparison, each by product id."""
    ids = [product.id for product in comparison.products]
    rows = {
        tamed(row.name, LONGEST_VALUE): {
            id: tamed(value, LONGEST_VALUE)
            for id, value in zip(ids, row.values, strict=True)
            if value is not None
        }
        for row in comparison.rows
    }
    return {"products": [brief(product) for product in comparison.products], "differ": rows}


def listed(products: Sequence[Product]) -> dict[str, Any]:
    """Products one by one, in their order."""
    return {"products": [brief(product) for product in products]}


def quoted(data: Mapping[str, Any]) -> str:
    """The data on one line of JSON."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def _hit(hit: Hit) -> dict[str, Any]:
    receipt = [_check(check) for check in hit.receipt]
    return brief(hit.product) | ({"checks": receipt} if receipt else {})


def _check(check: Check) -> str:
    evidence = f" ({tamed(check.evidence, LONGEST_VALUE)})" if check.evidence else ""
    return f"{tamed(check.requirement, LONGEST_VALUE)}: {check.verdict}{evidence}"
