"""The demo products themselves: each model of the tables in each of its sizes and colors.

Prices, ratings and stock follow from the tables and from names; the clock and chance play no part.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import product as pairs

from catalog.demo.describe import description, draw, title
from catalog.demo.tables import Claim, Family, Model, Size, brands, facts, families
from catalog.product import Availability, Money, Product, Rating

_FIRST_DAY = datetime(2026, 1, 5, 9, tzinfo=UTC)
_SELLERS = ("Aisle Demo", "Corner & Main", "Harbor Lane Trading")
_REVIEWS = (2, 9, 24, 60, 130, 260, 520, 1100, 2600, 7400)  # deciles of a shop's long tail


def products() -> Iterator[Product]:
    """Every demo product, family after family, the same on every machine."""
    for family in families().values():
        for model in family.models:
            for size, color in _variants(model):
                yield _product(family, model, size, color)


def claims() -> Mapping[str, tuple[Claim, ...]]:
    """Ground truth by product id: what the shop says a product has or lacks. Silence is not listed."""
    return {
        _slug(family, model, size, color): model.claims
        for family in families().values()
        for model in family.models
        for size, color in _variants(model)
    }


def _variants(model: Model) -> Iterator[tuple[Size | None, str | None]]:
    yield from pairs(model.sizes or (None,), model.colors or (None,))


def _product(family: Family, model: Model, size: Size | None, color: str | None) -> Product:
    identity = _slug(family, model, size, color)
    attributes = _attributes(family, model, size, color)
    group = _slug(family, model, None, None)
    waiting = draw(group, "preorder") % 50 == 0
    rating = None if waiting or draw(group, "unrated") % 14 == 0 else _rating(group, model)
    price = _price(model, size)
    list_price = _list_price(group, model, size)
    return Product(
        id=identity,
        title=title(family, model, attributes),
        description=description(family, model, attributes),
        brand=model.brand,
        categories=family.categories,
        price=price,
        list_price=list_price,
        availability=Availability.PREORDER if waiting else _stock(identity),
        rating=rating,
        attributes=attributes,
        images=(f"/media/demo/{identity}.svg",),
        url=f"https://demo.aisle.example/p/{identity}",
        seller=_seller(model.brand),
        group_id=group if len(list(_variants(model))) > 1 else None,
        tags=tuple(dict.fromkeys(_tags(family, model, rating, list_price))),
        updated_at=_FIRST_DAY + timedelta(hours=draw(identity, "updated") % 5000),
    )


def _slug(family: Family, model: Model, size: Size | None, color: str | None) -> str:
    """A readable id such as `kettle-fjord-17l-red`."""
    parts = [family.key, model.name, (size.value if size else "").replace(" ", ""), color or ""]
    slugs = (re.sub(r"[^a-z0-9]+", "-", part.lower().replace(".", "")).strip("-") for part in parts)
    return "-".join(slug for slug in slugs if slug)


def _attributes(
    family: Family, model: Model, size: Size | None, color: str | None
) -> dict[str, tuple[str, ...]]:
    attributes: dict[str, tuple[str, ...]] = {"type": (family.noun.lower(),)}
    if family.size_name and size:
        attributes[family.size_name] = (size.value,)
    if color:
        attributes["color"] = (color,)
    attributes |= model.attributes
    if size:
        attributes |= {name: (value,) for name, value in size.attributes.items()}
    for claim in model.claims:
        if claim.attribute:
            fact = facts()[claim.fact]
            if fact.value is None:
                attributes[fact.attribute] = ("yes" if claim.present else "no",)
            else:
                name = fact.attribute if claim.present else "free from"
                attributes[name] = (*attributes.get(name, ()), fact.value)
    return attributes


def _price(model: Model, size: Size | None) -> Money | None:
    if model.cents is None:
        return None
    return Money(amount=_with_ending(model.cents * (size.times if size else 1), model.cents), currency="USD")


def _list_price(group: str, model: Model, size: Size | None) -> Money | None:
    """What the price was before a sale, for about one model in six."""
    price = _price(model, size)
    if price is None or model.cents is None or draw(group, "sale") % 6:
        return None
    raised = _with_ending(price.amount * (1.15 + draw(group, "cut") % 30 / 100), model.cents)
    return Money(amount=max(raised, price.amount + 100), currency="USD")


def _with_ending(amount: float, like: int) -> int:
    """Round to a shop price that ends in the same cents as the model's own: .99, .95 or .00."""
    ending = like % 100
    return round((amount - ending) / 100) * 100 + ending


def _rating(group: str, model: Model) -> Rating:
    """Stars around a mean that rises a little with the brand, and a long-tailed number of reviews."""
    tier = brands()[model.brand].tier if model.brand else 1
    spread = sum(draw(group, "stars", str(throw)) % 7 for throw in range(3)) - 9  # -9..9, bell-shaped
    value = max(32, min(49, 40 + tier + spread))
    decile, rest = divmod(draw(group, "reviews") % 900, 100)
    count = _REVIEWS[decile] + (_REVIEWS[decile + 1] - _REVIEWS[decile]) * rest // 100
    return Rating(value=value / 10, count=count)


def _stock(identity: str) -> Availability:
    share = draw(identity, "stock") % 100
    if share < 86:
        return Availability.IN_STOCK
    if share < 94:
        return Availability.OUT_OF_STOCK
    return Availability.BACKORDER if share < 98 else Availability.DISCONTINUED


def _seller(brand: str | None) -> str:
    if brand and draw(brand, "seller") % 3 == 0:
        return f"{brand} Store"
    return _SELLERS[draw(brand or "", "seller") % len(_SELLERS)]


def _tags(family: Family, model: Model, rating: Rating | None, list_price: Money | None) -> Iterator[str]:
    yield from family.tags
    yield from model.tags
    if model.attributes.get("vegan") == ("yes",):
        yield "vegan"
    if model.attributes.get("organic") == ("yes",):
        yield "organic"
    if rating is None:
        yield "new"
    elif rating.value >= 4.4 and (rating.count or 0) >= 1000:
        yield "bestseller"
    if list_price:
        yield "sale"
