"""How ready a feed is to be searched: what is there, what is missing, what looks wrong. Counts, no advice.

It holds a hash per id and title and the prices by category, about 150 bytes a product, not the products.
"""

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from math import log
from statistics import median

from catalog.feeds import Reject
from catalog.product import Availability, Product
from core.record import Record

COVERED = (
    "brand",
    "categories",
    "price",
    "list_price",
    "availability",
    "rating",
    "images",
    "description",
    "attributes",
    "group_id",
    "url",
)
SHORT_TITLE, SHORT_DESCRIPTION = 10, 40  # characters; below them there is little to match or to tell apart
EXAMPLES = 5
MOST_ATTRIBUTES = 20
# A price is an outlier when it is 10 times above or below its category's median and also more than 5 robust
# standard deviations (1.4826 x median absolute deviation, on the logarithm) away from it.
FAR, ROBUST, ENOUGH_PRICES = log(10), 5 * 1.4826, 10


class Finding(Record):
    """One kind of flaw: how many products have it and the ids of the first few."""

    count: int = 0
    examples: tuple[str, ...] = ()


class AttributeCoverage(Record):
    """An attribute, how many products state it, and their share of all."""

    name: str
    products: int
    share: float


class Readiness(Record):
    """What a feed holds. Shares are of usable products, from 0 to 1."""

    rows: int
    usable: int
    rejected: int
    rejects: Mapping[str, int]  # by reason, numbers in it replaced by #
    coverage: Mapping[str, float]
    duplicate_ids: Finding
    duplicate_titles: Finding
    unknown_prices: Finding
    zero_prices: Finding
    list_price_below_price: Finding
    price_outliers: Finding
    missing_images: Finding
    short_titles: Finding
    short_descriptions: Finding
    attributes: tuple[AttributeCoverage, ...]


def readiness(feed: Iterable[Product | Reject]) -> Readiness:
    """Read the feed to its end and count."""
    rejects: Counter[str] = Counter()
    has: Counter[str] = Counter()
    attributes: Counter[str] = Counter()
    flaws: defaultdict[str, _Flaw] = defaultdict(_Flaw)
    ids: set[int] = set()
    titles: dict[int, int | None] = {}
    prices = _Prices()
    usable = 0
    for row in feed:
        if isinstance(row, Reject):
            rejects[re.sub(r"\d[\d,.]*", "#", row.reason)] += 1
            continue
        usable += 1
        has.update(_present(row))
        attributes.update(row.attributes.keys())
        for flaw in _flaws(row):
            flaws[flaw].add(row.id)
        if hash(row.id) in ids:
            flaws["duplicate_ids"].add(row.id)
        ids.add(hash(row.id))
        group = hash(row.group_id) if row.group_id else None
        title = hash(row.title.casefold())
        # Variants of one product may share its title.
        if title in titles and (group is None or titles[title] != group):
            flaws["duplicate_titles"].add(row.id)
        titles.setdefault(title, group)
        prices.add(row)
    flaws["price_outliers"] = prices.outliers()
    return Readiness(
        rows=usable + rejects.total(),
        usable=usable,
        rejected=rejects.total(),
        rejects=dict(rejects.most_common()),
        coverage={name: _share(has[name], usable) for name in COVERED},
        attributes=tuple(
            AttributeCoverage(name=name, products=count, share=_share(count, usable))
            for name, count in attributes.most_common(MOST_ATTRIBUTES)
        ),
        **{
            name: flaws[name].finding()
            for name, field in Readiness.model_fields.items()
            if field.annotation is Finding
        },
    )


def _present(product: Product) -> list[str]:
    given = [name for name in COVERED if name != "availability" and getattr(product, name)]
    return given if product.availability is Availability.UNKNOWN else [*given, "availability"]


def _flaws(product: Product) -> list[str]:
    price, listed = product.price, product.list_price
    below = price and listed and price.currency == listed.currency and listed.amount < price.amount
    wrong = {
        "unknown_prices": price is None,
        "zero_prices": price is not None and price.amount == 0,
        "list_price_below_price": bool(below),
        "missing_images": not product.images,
        "short_titles": len(product.title) < SHORT_TITLE,
        "short_descriptions": product.description is not None
        and len(product.description) < SHORT_DESCRIPTION,
    }
    return [name for name, found in wrong.items() if found]


def _share(count: int, of: int) -> float:
    return round(count / of, 4) if of else 0.0


class _Flaw:
    """Counts products and keeps the first ids."""

    def __init__(self) -> None:
        self._count = 0
        self._examples: list[str] = []

    def add(self, product_id: str) -> None:
        self._count += 1
        if len(self._examples) < EXAMPLES:
            self._examples.append(product_id)

    def finding(self) -> Finding:
        return Finding(count=self._count, examples=tuple(self._examples))


class _Prices:
    """Prices of each leaf category, in one currency each."""

    def __init__(self) -> None:
        self._amounts: defaultdict[tuple[str, str], array[float]] = defaultdict(lambda: array("d"))
        self._ids: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def add(self, product: Product) -> None:
        if product.price is None or product.price.amount == 0 or not product.categories:
            return
        leaf = (product.categories[-1], product.price.currency)
        self._amounts[leaf].append(log(product.price.amount))
        self._ids[leaf].append(product.id)

    def outliers(self) -> _Flaw:
        found = _Flaw()
        for leaf, amounts in self._amounts.items():
            if len(amounts) < ENOUGH_PRICES:
                continue
            middle = median(amounts)
            spread = median(abs(amount - middle) for amount in amounts)
            for amount, product_id in zip(amounts, self._ids[leaf], strict=True):
                if abs(amount - middle) > max(FAR, ROBUST * spread):
                    found.add(product_id)
        return found
