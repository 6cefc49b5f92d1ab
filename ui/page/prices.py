"""Prices as the page writes them. They come from records, and nothing is converted."""

import re
from collections.abc import Sequence

from catalog.price import format_money
from catalog.product import Money, Product

_ROUND = re.compile(r"[.,]00(?!\d)")


def price(money: Money) -> str:
    """A price in a few characters: $40, $39.90."""
    return _ROUND.sub("", format_money(money))


def saving(product: Product) -> int | None:
    """By how many percent the price is below the list price."""
    now, before = product.price, product.list_price
    if not now or not before or now.currency != before.currency or before.amount <= now.amount:
        return None
    return round(100 * (1 - now.amount / before.amount)) or None


def total(products: Sequence[Product]) -> Money | None:
    """What they cost together; unknown where one has no price or another currency."""
    prices = [product.price for product in products if product.price]
    if not prices or len(prices) < len(products) or len({one.currency for one in prices}) > 1:
        return None
    return Money(amount=sum(one.amount for one in prices), currency=prices[0].currency)
