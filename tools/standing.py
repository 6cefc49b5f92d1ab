"""What every record says in the same place: price, sale, stock, reviews, rating, maker, seller."""

import re
from collections.abc import Callable, Mapping

from catalog.keys import key
from catalog.price import format_money
from catalog.product import Availability, Product
from ranking.records import Verdict
from tools.claims import Claim, tables
from tools.questions import BE


def standing(product: Product, asked: str) -> tuple[str, Claim | None] | None:
    """Price, stock, reviews and maker, which every record has in the same place."""
    for name, patterns in tables()["commerce"].items():
        if re.search("|".join(patterns), asked):
            return name, _COMMERCE[name](product, asked)
    maker = re.fullmatch(rf"{BE} it (?:made |manufactured |sold )?(?:by|from|a|an) (?P<said>.+)", asked)
    if maker and product.brand and key(maker["said"]) == key(product.brand):
        return "brand", Claim(field="brand", quote=product.brand, verdict=Verdict.MET)
    return None


def _price(product: Product, _: str) -> Claim | None:
    return Claim(field="price", quote=format_money(product.price)) if product.price else None


def _sale(product: Product, _: str) -> Claim | None:
    if product.price is None or product.list_price is None:
        return None
    lower = (
        product.price.currency == product.list_price.currency
        and product.price.amount < product.list_price.amount
    )
    quote = f"{format_money(product.price)}, list price {format_money(product.list_price)}"
    return Claim(field="price", quote=quote, verdict=Verdict.MET if lower else None)


def _stock(product: Product, asked: str) -> Claim | None:
    state = product.availability
    if state is Availability.UNKNOWN:
        return None
    verdict = Verdict.MET if state is Availability.IN_STOCK else Verdict.VIOLATED
    if re.search(r"\b(?:sold out|out of stock)\b", asked):
        sold_out = state in (Availability.OUT_OF_STOCK, Availability.DISCONTINUED)
        verdict = Verdict.MET if sold_out else Verdict.VIOLATED
    elif state in (Availability.PREORDER, Availability.BACKORDER) and "stock" not in asked:
        return Claim(field="availability", quote=state.value)
    open_question = asked.startswith(("when", "how", "where"))
    return Claim(
        field="availability", quote=state.value.replace("_", " "), verdict=None if open_question else verdict
    )


def _reviews(product: Product, _: str) -> Claim | None:
    if product.rating is None or product.rating.count is None:
        return None
    return Claim(field="reviews", quote=f"{product.rating.count:,}")


def _rating(product: Product, _: str) -> Claim | None:
    if product.rating is None:
        return None
    count = product.rating.count
    counted = "" if count is None else f" from {count:,} reviews"
    return Claim(field="rating", quote=f"{product.rating.value:.1f} of 5{counted}")


def _brand(product: Product, _: str) -> Claim | None:
    return Claim(field="brand", quote=product.brand) if product.brand else None


def _seller(product: Product, _: str) -> Claim | None:
    return Claim(field="seller", quote=product.seller) if product.seller else None


_COMMERCE: Mapping[str, Callable[[Product, str], Claim | None]] = {
    "price": _price,
    "sale": _sale,
    "stock": _stock,
    "reviews": _reviews,
    "rating": _rating,
    "brand": _brand,
    "seller": _seller,
}
