"""What happens to ranked hits before they are shown: variants, stock, variety, sort orders, promises.

Pure functions over an ordered sequence. Nothing here finds a product or changes a score.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.points import point_id
from catalog.product import Availability, Product
from ranking.preferences import leaning
from ranking.receipts import known_to_fit, known_to_violate, receipt
from ranking.records import Hit, Search, Sort
from ranking.sorting import in_order, shares

UNAVAILABLE = (Availability.OUT_OF_STOCK, Availability.DISCONTINUED)

# How much of the scores' range a variant may lack and still stand in for one that is sold out. In the demo
# catalogue variants lie within 0.1 unless the query names a color or size, and then 0.12 to 0.25 apart.
NEARLY = 0.1


def postrank(hits: Sequence[Hit], search: Search, vectors: Mapping[str, NDArray[np.float32]]) -> list[Hit]:
    """The hits as they are shown; give all that was ranked and whether it is relevant, with the stored
    vectors by point id.

    1. What violates a requirement goes, before it could stand for a variant that does not.
    2. Variants become one hit, before anything counts or compares hits.
    3. What is relevant enough is sorted or, where no order was asked for, diversified: variety would
       undo a sort, and either of them applied to everything recalled would bring up the irrelevant.
    4. Sold-out products go behind the relevant ones, not behind everything that was recalled: who
       names a product finds it, and that it is sold out.
    5. What is known to satisfy `where` stays before what might: a requirement outranks taste and stock.
       What is proven to be without something stays before what might be among the relevant only: a sandal
       that says "no buckle" is no better a belt (docs/LOG.md, "Met before unknown").
    """
    found = collapse(unknown_after_met(hits))
    tiers: defaultdict[tuple[bool, bool, bool], list[Hit]] = defaultdict(list)
    for hit in found:
        sure = known_to_fit(receipt(hit.product, search.where))
        tiers[sure, hit.relevant, known_to_fit(hit.receipt)].append(hit)
    shown: list[Hit] = []
    for tier in sorted(tiers, reverse=True):
        _, is_relevant, _ = tier
        ordered = tiers[tier]
        if is_relevant and search.sort is not Sort.RELEVANCE:
            ordered = in_order(ordered, search.sort, _currency(search))
        elif is_relevant:
            ordered = leaning(ordered, search.prefer, _currency(search))
            ordered = diversify(ordered, vectors, search.diversity, search.limit)
        shown += obtainable_first(ordered)
    return shown[: search.limit]


def collapse(hits: Sequence[Hit]) -> list[Hit]:
    """One hit per product group, at the place of its best member; the others' ids become its variants.

    The best member stands for the group, unless it is sold out and the next that is not is nearly as
    good and as well proven: a red kettle is no answer to "blue kettle" because the blue one is sold out.
    """
    groups: dict[tuple[str, str], list[tuple[float, Hit]]] = {}
    for share, hit in zip(shares([hit.score for hit in hits]), hits, strict=True):
        groups.setdefault(_group(hit.product), []).append((share, hit))
    return [_face(members) for members in groups.values()]


def obtainable_first(hits: Iterable[Hit]) -> list[Hit]:
    """What is sold out or discontinued after all the rest, each in the order it came."""
    return sorted(hits, key=lambda hit: hit.product.availability in UNAVAILABLE)


def unknown_after_met(hits: Iterable[Hit]) -> list[Hit]:
    """What is known to fit, then what might; what violates a requirement is dropped."""
    kept = [hit for hit in hits if not known_to_violate(hit.receipt)]
    return sorted(kept, key=lambda hit: not known_to_fit(hit.receipt))


def diversify(
    hits: Sequence[Hit], vectors: Mapping[str, NDArray[np.float32]], strength: float, limit: int
) -> list[Hit]:
    """Maximal marginal relevance (Carbonell and Goldstein 1998) for the first `limit` places.

    Each place goes to the best balance of relevance and unlikeness to what is placed already; at
    `strength` 0 nothing moves. Relevance is the share of the scores' range: ranks would make a clear
    first and a close second look alike (docs/LOG.md, "Diversity"). A product without a vector
    resembles nothing.
    """
    if strength == 0 or len(hits) < 2:
        return list(hits)
    relevance = np.array(shares([hit.score for hit in hits]))
    units = _units(hits, vectors)
    nearest = np.zeros(len(hits))
    chosen: list[int] = []
    free = np.ones(len(hits), bool)
    while len(chosen) < min(limit, len(hits)):
        worth = np.where(free, (1 - strength) * relevance - strength * nearest, -np.inf)
        best = int(worth.argmax())  # the first of equals
        chosen.append(best)
        free[best] = False
        nearest = np.maximum(nearest, units @ units[best])
    return [hits[place] for place in (*chosen, *np.flatnonzero(free))]


def interleave(groups: Sequence[Sequence[Hit]]) -> list[Hit]:
    """The searches of a bundle as one list: each in turn gives its next hit, no product group twice."""
    waiting = [iter(hits) for hits in groups]
    shown: dict[tuple[str, str], Hit] = {}
    while waiting:
        for queue in tuple(waiting):
            hit = next((hit for hit in queue if _group(hit.product) not in shown), None)
            if hit is None:
                waiting.remove(queue)
            else:
                shown[_group(hit.product)] = hit
    return list(shown.values())


def _currency(search: Search) -> str | None:
    limit = search.where.price_max or search.where.price_min
    return limit.currency if limit else None


def _group(product: Product) -> tuple[str, str]:
    return ("group", product.group_id) if product.group_id else ("product", product.id)


def _face(members: Sequence[tuple[float, Hit]]) -> Hit:
    """The member that is shown, with the ids of the others."""
    share, best = members[0]
    face = best
    if best.product.availability in UNAVAILABLE:
        stand_ins = (
            hit
            for other, hit in members
            if hit.product.availability not in UNAVAILABLE
            and other >= share - NEARLY
            and known_to_fit(hit.receipt) >= known_to_fit(best.receipt)
        )
        face = next(stand_ins, best)
    ids = dict.fromkeys(i for _, hit in members for i in (hit.product.id, *hit.variants))
    variants = tuple(i for i in ids if i != face.product.id)
    return face if variants == face.variants else face.model_copy(update={"variants": variants})


def _units(hits: Sequence[Hit], vectors: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
    stored = [vectors.get(point_id(hit.product.id)) for hit in hits]
    size = next((vector.size for vector in stored if vector is not None), 1)
    rows = np.stack([np.zeros(size, np.float32) if vector is None else vector for vector in stored])
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    units: NDArray[np.float32] = rows / lengths
    return units
