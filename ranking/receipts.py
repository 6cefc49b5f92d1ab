"""Requirements held against a product, one by one, with the evidence. Decides nothing, proves."""

from collections.abc import Iterable, Iterator, Sequence

from catalog.keys import PATH, category_keys, key
from catalog.price import format_money
from catalog.product import Availability, Money, Product
from catalog.where import OBTAINABLE, Where
from ranking.records import Check, Verdict
from ranking.stated import stated, titled
from ranking.values import summed_up


def receipt(product: Product, where: Where, exclusions: Iterable[Check] = ()) -> tuple[Check, ...]:
    """One check per requirement of `where`, then those of what was excluded."""
    return (*_checks(product, where), *exclusions)


def known_to_fit(checks: Iterable[Check]) -> bool:
    """Whether every requirement is met, none merely not contradicted."""
    return all(check.verdict is Verdict.MET for check in checks)


def known_to_violate(checks: Iterable[Check]) -> bool:
    """Whether any requirement is contradicted."""
    return any(check.verdict is Verdict.VIOLATED for check in checks)


def _checks(product: Product, where: Where) -> Iterator[Check]:
    if where.brands:
        yield _brand(product, where.brands)
    if where.categories:
        names = category_keys(product.categories)
        fits = any(key(wanted) in names for wanted in where.categories)
        path = PATH.join(product.categories) or None
        yield _check(f"category {' or '.join(where.categories)}", path, fits)
    for limit, sign in ((where.price_min, "at least"), (where.price_max, "at most")):
        if limit:
            yield _price(product.price, limit, sign)
    stars = product.rating.value if product.rating else None
    yield from _bounds("rating", stars, where.rating_min, where.rating_max)
    reviews = product.rating.count if product.rating else None
    yield from _bounds("reviews", reviews, where.reviews_min, where.reviews_max)
    for name, wanted in where.attributes.items():
        verdict, evidence = stated(product, name, wanted)
        asked = " or ".join(summed_up(name, tuple(wanted)))
        yield Check(requirement=f"{name} {asked}", verdict=verdict, evidence=evidence)
    if where.available_only:
        known = product.availability is not Availability.UNKNOWN
        state = product.availability.value.replace("_", " ") if known else None
        yield _check("available", state, product.availability in OBTAINABLE)


def _brand(product: Product, brands: Sequence[str]) -> Check:
    """By the field; a product without one may say it in its title."""
    requirement = f"brand {' or '.join(brands)}"
    if product.brand is None:
        title = next((found for brand in brands if (found := titled(product, brand))), None)
        return _check(requirement, title, True)
    return _check(requirement, product.brand, key(product.brand) in map(key, brands))


def _check(requirement: str, evidence: str | None, fits: object) -> Check:
    if evidence is None:
        return Check(requirement=requirement, verdict=Verdict.UNKNOWN)
    verdict = Verdict.MET if fits else Verdict.VIOLATED
    return Check(requirement=requirement, verdict=verdict, evidence=evidence)


def _price(price: Money | None, limit: Money, sign: str) -> Check:
    requirement = f"price {sign} {format_money(limit)}"
    if price is None or price.currency != limit.currency:
        evidence = price and format_money(price)
        return Check(requirement=requirement, verdict=Verdict.UNKNOWN, evidence=evidence)
    fits = price.amount <= limit.amount if sign == "at most" else price.amount >= limit.amount
    return _check(requirement, format_money(price), fits)


def _bounds(name: str, value: float | None, low: float | None, high: float | None) -> Iterator[Check]:
    evidence = None if value is None else f"{value:g}"
    if low is not None:
        yield _check(f"{name} at least {low:g}", evidence, value is not None and value >= low)
    if high is not None:
        yield _check(f"{name} at most {high:g}", evidence, value is not None and value <= high)
