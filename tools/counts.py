"""The values of each field among hits, counted: what they could be divided by.

A hit counts once for each value that it or one of its variants has. Which field is worth asking about,
`tools.facets` decides.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from catalog.keys import PATH
from catalog.price import format_money
from catalog.product import Money, Product
from catalog.vocabulary import Term, merged
from ranking.bounds import rounded_up
from ranking.records import Facet, Hit

CATEGORY, BRAND, PRICE = "category", "brand", "price"
LONGEST_VALUE = 30  # characters; longer ones are sentences
MOST_FIELDS = 20  # attributes, those that most hits have
MOST_OPTIONS = 40
SPREAD = 2  # times the lower limit of the middle band of prices, its upper one at least


def counted(hits: Sequence[Hit], variants: Mapping[str, Product]) -> tuple[Facet, ...]:
    """A facet per field: categories as paths of every level, brands, bands of price, attributes.

    `variants` are products by id; a variant that is not among them is not counted.
    """
    having: Counter[str] = Counter()
    values: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for hit in hits:
        members = [hit.product, *(variants[i] for i in hit.variants if i in variants)]
        facts = {fact for product in members for fact in _facts(product)}
        having.update({name for name, _ in facts})
        for name, value in facts:
            values[name][value] += 1
    facets = [_facet(name, values.pop(name)) for name in (CATEGORY, BRAND) if name in values]
    common = sorted(values, key=lambda name: (-having[name], name))[:MOST_FIELDS]
    facets += [_facet(name, values[name]) for name in common]
    if bands := _bands([hit.product.price for hit in hits if hit.product.price]):
        facets.append(Facet(name=PRICE, options=bands))
    return tuple(facets)


def _facts(product: Product) -> Iterator[tuple[str, str]]:
    levels = product.categories
    yield from ((CATEGORY, PATH.join(levels[:depth])) for depth in range(1, len(levels) + 1))
    if product.brand:
        yield BRAND, product.brand
    for name, given in product.attributes.items():
        yield from ((name, value) for value in given if len(value) <= LONGEST_VALUE)


def _facet(name: str, values: Counter[str]) -> Facet:
    return Facet(name=name, options=merged(values.items())[:MOST_OPTIONS])


def _bands(prices: Sequence[Money]) -> tuple[Term, ...]:
    """The prices in three bands of about as many each, in the currency that most of them have; none where
    they lie so close together that a shopper would not care.
    """
    if not prices:
        return ()
    currency = Counter(price.currency for price in prices).most_common(1)[0][0]
    known = sorted((p for p in prices if p.currency == currency), key=lambda price: price.amount)
    low, high = (rounded_up(known[len(known) * part // 3]) for part in (1, 2))
    if high.amount < SPREAD * low.amount:
        return ()
    bands = (
        (f"under {_written(low)}", 0, low.amount),
        (f"{_written(low)} to {_written(high)}", low.amount, high.amount),
        (f"over {_written(high)}", high.amount, known[-1].amount),
    )
    counts = [(label, sum(least <= p.amount <= most for p in known)) for label, least, most in bands]
    return tuple(Term(label=label, count=count) for label, count in counts if count)


def _written(money: Money) -> str:
    return format_money(money).removesuffix(".00")
