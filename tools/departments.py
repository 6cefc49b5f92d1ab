"""The department nearest to something that the shop does not have. Knows shelves, shows no products."""

from collections import Counter
from dataclasses import replace

from catalog.where import Where, Without
from ranking.pipeline import rank
from ranking.records import Search
from tools.shop import Shop

LEVELS = 2
ASKED = 10  # products that have a say, the first of them the most
AGREED = 0.4  # of their say that must be for one department, or it is no more than chance


def nearest_department(shop: Shop, search: Search) -> tuple[str, ...] | None:
    """Where most of what is nearest to the words stands, two levels deep or one; None where it is scattered.

    Requirements do not count here: who wants a cheap chainsaw is sent where chainsaws would be.
    """
    if not search.query.strip() and not search.like:
        return None
    bare = search.model_copy(update={"where": Where(), "without": Without(), "limit": ASKED, "planned": True})
    nearest = rank(shop.index, bare, replace(shop.ranker, reranker=None)).hits
    for depth in range(LEVELS, 0, -1):
        votes: Counter[tuple[str, ...]] = Counter()
        for place, hit in enumerate(nearest, start=1):
            votes[hit.product.categories[:depth]] += 1 / place  # type: ignore[assignment]
        path, most = max(votes.items(), key=lambda one: one[1], default=((), 0.0))
        if path and most >= AGREED * votes.total():
            return path
    return None
