"""What a shopper would rather have, among what is relevant: cheap, premium, well rated, popular.

It leans the order and removes nothing; an order asked for outright is `ranking.sorting`'s.
"""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from ranking.records import Hit, Wish
from ranking.sorting import believed, shares

WEIGHT = 0.5  # of all wishes together, where relevance counts 1
WORTH = 0.5  # of a product that does not say what the wish is about


def leaning(hits: Sequence[Hit], wishes: Sequence[Wish], currency: str | None = None) -> list[Hit]:
    """The hits, those that come nearer to the wishes earlier; ties as they came."""
    if not wishes or len(hits) < 2:
        return list(hits)
    relevance = shares([hit.score for hit in hits])
    worths = [_worths(hits, wish, currency) for wish in wishes]
    value = [
        share + WEIGHT * fmean(worth[place] for worth in worths) for place, share in enumerate(relevance)
    ]
    return [hits[place] for place in sorted(range(len(hits)), key=lambda place: -value[place])]


def _worths(hits: Sequence[Hit], wish: Wish, currency: str | None) -> list[float]:
    """Of every hit the share of the others that it outdoes."""
    measured = _MEASURES[wish](hits, currency)
    known = sorted(value for value in measured if value is not None)
    if len(known) < 2:
        return [WORTH] * len(hits)
    return [WORTH if value is None else known.index(value) / (len(known) - 1) for value in measured]


def _price(hits: Sequence[Hit], currency: str | None) -> list[float | None]:
    codes = [hit.product.price.currency for hit in hits if hit.product.price]
    usual = currency or (max(sorted(set(codes)), key=codes.count) if codes else None)
    return [
        float(price.amount) if (price := hit.product.price) and price.currency == usual else None
        for hit in hits
    ]


def _cheapness(hits: Sequence[Hit], currency: str | None) -> list[float | None]:
    return [None if price is None else -price for price in _price(hits, currency)]


def _esteem(hits: Sequence[Hit], currency: str | None) -> list[float | None]:  # noqa: ARG001  one shape for all
    rated = [hit.product.rating for hit in hits if hit.product.rating]
    prior = fmean(rating.value for rating in rated) if rated else 0.0
    return [believed(hit.product.rating, prior) for hit in hits]


def _fame(hits: Sequence[Hit], currency: str | None) -> list[float | None]:  # noqa: ARG001
    return [
        float(rating.count) if (rating := hit.product.rating) and rating.count is not None else None
        for hit in hits
    ]


_MEASURES: Mapping[Wish, Callable[[Sequence[Hit], str | None], list[float | None]]] = {
    Wish.CHEAP: _cheapness,
    Wish.PREMIUM: _price,
    Wish.WELL_RATED: _esteem,
    Wish.POPULAR: _fame,
}
