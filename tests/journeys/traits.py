"""Whether a demo product is what a script says: tested on its record and on the demo tables' claims.

The claims are the ground truth that receipts are judged by, so receipts are not consulted here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache

from catalog.demo import claims, products
from catalog.price import major_units
from catalog.product import Money, Product
from tests.journeys.form import Shows, Traits

_WORD = re.compile(r"[^\W_]+")


@cache
def catalogue() -> Mapping[str, Product]:
    """The demo products by id."""
    return {product.id: product for product in products()}


@cache
def claimed() -> Mapping[str, Mapping[str, bool]]:
    """What the shop states (true) or denies (false) of each product, by fact."""
    return {i: {claim.fact: claim.present for claim in found} for i, found in claims().items()}


def any_of(alternatives: str | None, texts: Iterable[str]) -> bool:
    """Whether any alternative stands in any of the texts as whole words, case aside."""
    plain = [_plain(text) for text in texts]
    wanted = [words for part in (alternatives or "").split("|") if (words := _plain(part)).strip()]
    return any(words in text for words in wanted for text in plain)


def _plain(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.casefold()))} "


def amount(money: Money | None) -> float | None:
    """A price in major units."""
    return None if money is None else float(major_units(money))


def lacking(product: Product, traits: Traits) -> Iterator[str]:
    """In which ways the product is not what the traits say; ids are not looked at."""
    if traits.category and not any_of(traits.category, product.categories):
        yield f"is in {' > '.join(product.categories)}, not {traits.category}"
    if traits.brand and not any_of(traits.brand, [product.brand or ""]):
        yield f"is of {product.brand}, not {traits.brand}"
    if traits.title and not any_of(traits.title, [product.title]):
        yield f"is not called {traits.title}"
    for name, wanted in traits.attributes.items():
        if not any_of(wanted, product.attributes.get(name, ())):
            yield f"{name} is {', '.join(product.attributes.get(name, ())) or 'not said'}, not {wanted}"
    for fact, wanted_fact in [(f, True) for f in traits.has] + [(f, False) for f in traits.lacks]:
        if claimed()[product.id].get(fact) is not wanted_fact:
            yield f"is not said to {'have' if wanted_fact else 'lack'} {fact}"
    if isinstance(traits, Shows):
        yield from _out_of_bounds(product, traits)


def _out_of_bounds(product: Product, shows: Shows) -> Iterator[str]:
    stars = product.rating.value if product.rating else None
    reviews = product.rating.count if product.rating else None
    bounds = {
        "price": (amount(product.price), shows.price_min, shows.price_max),
        "rating": (stars, shows.rating_min, None),
        "reviews": (reviews, shows.reviews_min, None),
    }
    for name, (value, low, high) in bounds.items():
        if low is not None and (value is None or value < low):
            yield f"{name} is {value}, below {low}"
        if high is not None and (value is None or value > high):
            yield f"{name} is {value}, above {high}"


def unwanted(product: Product, never: Traits) -> bool:
    """Whether any of the traits is there: one is enough."""
    return (
        product.id in never.ids
        or any_of(never.category, product.categories)
        or any_of(never.brand, [product.brand or ""])
        or any_of(never.title, [product.title])
        or any(any_of(values, product.attributes.get(name, ())) for name, values in never.attributes.items())
        or any(claimed()[product.id].get(fact) is True for fact in never.has)
        or any(claimed()[product.id].get(fact) is False for fact in never.lacks)
    )
