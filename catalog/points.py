"""A product as the index stores it: an id, three vectors and a payload. And back again.

The payload repeats some facts in the normal form that filters compare; the product itself is kept
whole beside them, so that what is shown is the record and never a reconstruction.
"""

import hashlib
import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.bm25 import Sparse
from catalog.keys import PATH, attribute_key, category_keys, key
from catalog.product import Availability, Product
from catalog.texts import dense_text

NAMESPACE = uuid.UUID("6f0b8a52-6c0e-5b5b-9d0d-3f1f6f4c9a11")

TITLE, BODY, DENSE = "title", "body", "dense"

Kind = str  # "keyword" | "integer" | "float"

# Every one costs a pass over all payloads when a segment is built: index what is filtered or counted only.
INDEXED: Mapping[str, Kind] = {
    "brand": "keyword",
    "brand_label": "keyword",
    "category": "keyword",
    "category_path": "keyword",
    "price": "integer",
    "currency": "keyword",
    "rating": "float",
    "reviews": "integer",
    "availability": "keyword",
    "facts": "keyword",
    "attributes": "keyword",
    "choices": "keyword",
}


@dataclass(frozen=True)
class Point:
    """One row of a collection, in no engine's terms."""

    id: str
    dense: NDArray[np.float32]
    sparse: Mapping[str, Sparse]
    payload: Mapping[str, Any]


def point_id(product_id: str) -> str:
    """The UUID under which a product is stored; the same id always gives the same point."""
    return str(uuid.uuid5(NAMESPACE, product_id))


def fingerprint(product: Product) -> str:
    """Changes whenever anything about the product does."""
    return hashlib.blake2b(product.model_dump_json().encode(), digest_size=12).hexdigest()


def wording(product: Product) -> str:
    """Changes whenever the text that the encoder reads does."""
    return hashlib.blake2b(dense_text(product).encode(), digest_size=12).hexdigest()


def payload(product: Product, counted: Collection[str] = ()) -> dict[str, Any]:
    """What is stored beside the vectors; `counted` are the attributes whose values can be counted."""
    fields: dict[str, Any] = {
        "fingerprint": fingerprint(product),
        "wording": wording(product),
        "product": product.model_dump_json(exclude_defaults=True),
        "brand": product.brand and key(product.brand),
        "brand_label": product.brand,
        "category": category_keys(product.categories),
        "category_path": [PATH.join(product.categories[:n]) for n in range(1, len(product.categories) + 1)],
        "rating": product.rating and product.rating.value,
        "reviews": product.rating and product.rating.count,
        "facts": [attribute_key(name, v) for name, values in product.attributes.items() for v in values],
        "attributes": [key(name) for name, values in product.attributes.items() if values],
        "choices": list(choices(product, counted)),
        **commerce(product),
    }
    return {name: value for name, value in fields.items() if value not in (None, [], {}, "")}


def commerce(product: Product) -> dict[str, Any]:
    """The payload fields that change by the hour: price and availability. Unknown is None."""
    known = product.availability is not Availability.UNKNOWN
    return {
        "price": product.price and product.price.amount,
        "currency": product.price and product.price.currency,
        "availability": product.availability.value if known else None,
    }


def product_of(stored: Mapping[str, Any]) -> Product:
    """The product a payload was made from."""
    return _parsed(stored["product"])


@lru_cache(maxsize=4_096)  # about 30 MB; one turn reads the same products several times over
def _parsed(text: str) -> Product:
    return Product.model_validate_json(text)


def choices(product: Product, counted: Collection[str]) -> Iterator[str]:
    """The values of the counted attributes, as the shop writes them: "color=Red"."""
    for name, values in product.attributes.items():
        if key(name) in counted:
            yield from (f"{key(name)}={value}" for value in values)
