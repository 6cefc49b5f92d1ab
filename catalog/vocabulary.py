"""What the catalogue talks about: brands, category tree, attributes with values, price range.

Counted from the index itself, so it is as current as the last update. The planner and the tool
schemas are built from it. It knows nothing about queries.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Literal

from catalog.collection import Collection
from catalog.conditions import Condition, OneOf
from catalog.keys import PATH, key
from catalog.product import Money
from core.record import Record

MOST_BRANDS = 100_000
MOST_CATEGORIES = 20_000
MOST_ATTRIBUTES = 10_000
MOST_CHOICES = 100_000
MOST_PRICES = 200_000
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)

Kind = Literal["text", "number", "yes/no"]


class Term(Record):
    """A value as the shop writes it, and how many products have it."""

    label: str
    count: int


class Category(Record):
    """A node of the category tree; `count` includes everything below it."""

    path: tuple[str, ...]
    count: int


class Attribute(Record):
    """An attribute name; its values are listed where the index counts them."""

    name: str
    count: int
    kind: Kind = "text"
    values: tuple[Term, ...] = ()


class Prices(Record):
    """Price quantiles in one currency."""

    currency: str
    count: int
    quantiles: tuple[tuple[float, Money], ...]


class Vocabulary(Record):
    """Everything the catalogue can be asked for by name."""

    products: int
    brands: tuple[Term, ...]
    categories: tuple[Category, ...]
    attributes: tuple[Attribute, ...]
    prices: tuple[Prices, ...]


def read_vocabulary(collection: Collection) -> Vocabulary:
    """Count the whole collection."""
    return Vocabulary(
        products=collection.count(),
        brands=merged(collection.facet("brand_label", None, MOST_BRANDS)),
        categories=tuple(
            Category(path=tuple(path.split(PATH)), count=count)
            for path, count in collection.facet("category_path", None, MOST_CATEGORIES)
        ),
        attributes=_attributes(collection),
        prices=tuple(_prices(collection, code) for code, _ in collection.facet("currency", None, 200)),
    )


def _attributes(collection: Collection) -> tuple[Attribute, ...]:
    values = count_choices(collection, None)
    found = []
    for name, count in collection.facet("attributes", None, MOST_ATTRIBUTES):
        terms = values.get(name, ())
        kind = value_kind(term.label for term in terms)
        found.append(Attribute(name=name, count=count, kind=kind, values=terms))
    return tuple(found)


def count_choices(collection: Collection, condition: Condition | None) -> dict[str, tuple[Term, ...]]:
    """The values of every counted attribute among matching products, most common first."""
    counted: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for choice, count in collection.facet("choices", condition, MOST_CHOICES):
        name, _, label = choice.partition("=")
        counted[name].append((label, count))
    return {name: merged(terms) for name, terms in counted.items()}


def _prices(collection: Collection, currency: str) -> Prices:
    amounts = collection.facet("price", OneOf("currency", (currency,)), MOST_PRICES)
    counts = sorted((int(amount), count) for amount, count in amounts)
    total = sum(count for _, count in counts)
    quantiles = [(q, Money(amount=_quantile(counts, q * (total - 1)), currency=currency)) for q in QUANTILES]
    return Prices(currency=currency, count=total, quantiles=tuple(quantiles))


def _quantile(counts: list[tuple[int, int]], rank: float) -> int:
    seen = 0
    for amount, count in counts:
        seen += count
        if seen > rank:
            return amount
    return counts[-1][0]


def merged(counted: Iterable[tuple[str, int]]) -> tuple[Term, ...]:
    """Spellings that differ only in case or spacing count as one, under the most common spelling."""
    labels: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for label, count in sorted(counted, key=lambda pair: (-pair[1], pair[0])):
        labels.setdefault(key(label), label)
        counts[key(label)] += count
    return tuple(
        Term(label=labels[k], count=n) for k, n in sorted(counts.items(), key=lambda p: (-p[1], p[0]))
    )


def value_kind(values: Iterable[str]) -> Kind:
    """What the values of an attribute are: numbers (a unit may follow), yes/no, or words."""
    seen = [key(value) for value in values]
    if seen and all(value in ("yes", "no") for value in seen):
        return "yes/no"
    numeric = sum(value[:1].isdigit() for value in seen)
    return "number" if seen and numeric >= 0.9 * len(seen) else "text"
