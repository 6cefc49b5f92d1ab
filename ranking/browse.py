"""A search without words: what satisfies the requirements, best liked first.

It finds and compares products by what shoppers thought of them. Variants, stock and sort orders are
`ranking.postrank`'s, as for any search.
"""

from catalog.conditions import Unknown
from catalog.index import ProductIndex
from ranking.exclusions import classifier
from ranking.receipts import receipt
from ranking.records import Hit, Search, Sort
from ranking.sorting import in_order

BROWSED = 300  # products looked at: those with the most reviews, or those that lead the order asked for
EVEN = 1.0  # every score: without words nothing is more relevant than anything else


def says_something(search: Search) -> bool:
    """Whether a search without words says what it wants at all."""
    required = not (search.where.is_empty and search.without.is_empty)
    return required or search.sort is not Sort.RELEVANCE or bool(search.prefer)


def browse(index: ProductIndex, search: Search, least: int) -> list[Hit]:
    """What is known to satisfy every requirement; where that is fewer than `least`, also what might."""
    points = _points(index, search, "fails")
    if len(points) < least and not search.where.is_empty:
        points = list(dict.fromkeys([*points, *_points(index, search, "passes")]))
    products, classify = index.products(points), classifier(search.without)
    found = [products[point] for point in points if point in products]  # others were deleted since
    hits = [
        Hit(product=product, score=EVEN, receipt=receipt(product, search.where, classify(product)))
        for product in found
    ]
    return in_order(hits, Sort.RATING)


def _points(index: ProductIndex, search: Search, unknown: Unknown) -> list[str]:
    """What many have reviewed is asked of the index, since a rating alone may be one enthusiast's."""
    prices = search.sort in (Sort.PRICE_UP, Sort.PRICE_DOWN)
    return index.matching(
        where=search.where,
        without=search.without,
        unknown=unknown,
        by="price" if prices else "reviews",
        lowest_first=search.sort is Sort.PRICE_UP,
        limit=max(BROWSED, search.limit),
    )
