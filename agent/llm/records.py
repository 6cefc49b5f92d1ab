"""Products as a model reads them before it writes of them: one line of JSON each, behind a marker to cite."""

import json
from collections.abc import Sequence

from catalog.price import format_money
from catalog.product import Availability, Product
from tools.untrusted import tamed

LONGEST_TITLE = 150  # characters
LONGEST_DESCRIPTION = 500
LONGEST_VALUE = 80
MOST_ATTRIBUTES = 24


def records(products: Sequence[Product]) -> str:
    """The products as one line of JSON each behind the marker by which a reply cites it, from [1]."""
    return "\n".join(f"[{place}] {_record(product)}" for place, product in enumerate(products, start=1))


def _record(product: Product) -> str:
    fields: dict[str, object] = {"title": tamed(product.title, LONGEST_TITLE)}
    if product.brand:
        fields["brand"] = tamed(product.brand, LONGEST_VALUE)
    if product.price:
        fields["price"] = format_money(product.price)
    if product.list_price:
        fields["list price"] = format_money(product.list_price)
    if product.availability is not Availability.UNKNOWN:
        fields["availability"] = product.availability.value.replace("_", " ")
    if product.rating:
        fields["stars of 5"] = product.rating.value
        if product.rating.count is not None:
            fields["reviews"] = product.rating.count
    shown = list(product.attributes.items())[:MOST_ATTRIBUTES]
    if shown:
        fields["attributes"] = {
            tamed(name, LONGEST_VALUE): tamed(", ".join(values), LONGEST_VALUE) for name, values in shown
        }
    if product.description:
        fields["description"] = tamed(product.description, LONGEST_DESCRIPTION)
    return json.dumps(fields, ensure_ascii=False)
