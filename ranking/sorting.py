"""Orders other than relevance, and the gate before them: only what is relevant enough is reordered.

By price alone a mug leads every search for a kettle. The gate knows scores and categories, not the query:
what the ranking itself places high passes. Of a score's scale it assumes only that higher is better.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from statistics import fmean

from catalog.product import Rating
from ranking.records import Hit, Sort

# docs/LOG.md, "The relevance gate": the lowest share at which what passes is, on both data sets, as
# relevant as the first page by relevance. The weight is the middle of a plateau from 0.2 to 0.4.
ENOUGH = 0.6
CATEGORY_WEIGHT = 0.3
LEADING = 20

# Votes that the average of all counts for: the variance of votes about a product's mean (2 to 3) over that of
# the means (0.06), on the 4,600 rated products that the development queries of esci_us recall.
PRIOR_VOTES = 30


def shares(scores: Sequence[float]) -> list[float]:
    """Scores between the worst, 0, and the best, 1.

    Where even the worst is more than half the best, that half counts as 0: a narrow search finds only
    good hits, and a hair's breadth between them must not read as all or nothing.
    """
    best, worst = max(scores, default=0.0), min(scores, default=0.0)
    floor = min(worst, best / 2) if best > 0 else worst
    return [(score - floor) / (best - floor) if best > floor else 1.0 for score in scores]


def relevant(hits: Sequence[Hit]) -> list[bool]:
    """Which hits are relevant enough to be reordered; give all that was recalled, not one page of it.

    The score's share of the range decides, together with how much of the leading hits' weight the hit's
    category has. The category counts for less the fewer of the leading hits have one.
    """
    standing = shares([hit.score for hit in hits])
    votes: defaultdict[tuple[str, ...], float] = defaultdict(float)
    best = {hit.product.group_id or hit.product.id: hit for hit in sorted(hits, key=lambda hit: hit.score)}
    leading = sorted(best.values(), key=lambda hit: -hit.score)[:LEADING]  # variants count once
    for rank, hit in enumerate(leading, start=1):
        votes[hit.product.categories] += 1 / rank
    everyone = sum(votes.values())
    unplaced = votes.pop((), 0.0)
    if not votes:
        return [share >= ENOUGH for share in standing]
    weight = CATEGORY_WEIGHT * (1 - unplaced / everyone)
    most = max(votes.values())

    def evidence(hit: Hit, share: float) -> float:
        category = hit.product.categories
        return (1 - weight) * share + weight * votes.get(category, 0.0) / most if category else share

    return [evidence(hit, share) >= ENOUGH for hit, share in zip(hits, standing, strict=True)]


def in_order(hits: Sequence[Hit], sort: Sort, currency: str | None = None) -> list[Hit]:
    """All the hits in the order asked for, ties as they came, what is not known last.

    Prices compare in `currency`, or in the one most of the hits have; a price in another counts as unknown.
    """
    match sort:
        case Sort.RELEVANCE:
            return list(hits)
        case Sort.PRICE_UP:
            return _highest_first(hits, lambda hit: _negative(_amount(hit, currency or _usual(hits))))
        case Sort.PRICE_DOWN:
            return _highest_first(hits, lambda hit: _amount(hit, currency or _usual(hits)))
        case Sort.RATING:
            ratings = [hit.product.rating for hit in hits if hit.product.rating]
            prior = fmean(rating.value for rating in ratings) if ratings else 0.0
            return _highest_first(hits, lambda hit: believed(hit.product.rating, prior))
        case Sort.NEWEST:
            return _highest_first(hits, lambda hit: _instant(hit.product.updated_at))


def believed(rating: Rating | None, prior: float) -> float | None:
    """The mean after adding `PRIOR_VOTES` of `prior`, so that one enthusiast does not beat two thousand.

    A rating that does not say how many gave it counts as one vote.
    """
    if rating is None:
        return None
    count = 1 if rating.count is None else rating.count
    return (rating.value * count + prior * PRIOR_VOTES) / (count + PRIOR_VOTES)


def _highest_first(hits: Sequence[Hit], value: Callable[[Hit], float | None]) -> list[Hit]:
    valued = [(value(hit), hit) for hit in hits]
    known = [(number, hit) for number, hit in valued if number is not None]
    known.sort(key=lambda pair: -pair[0])
    return [*(hit for _, hit in known), *(hit for number, hit in valued if number is None)]


def _usual(hits: Sequence[Hit]) -> str | None:
    counted = Counter(hit.product.price.currency for hit in hits if hit.product.price)
    return counted.most_common(1)[0][0] if counted else None


def _amount(hit: Hit, currency: str | None) -> int | None:
    price = hit.product.price
    return price.amount if price and price.currency == currency else None


def _negative(amount: int | None) -> int | None:
    return None if amount is None else -amount


def _instant(moment: datetime | None) -> float | None:
    if moment is None:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
