"""A search retraced as named stages, each an order of product ids, and where a product fell out of it.

It runs the search again and looks over its shoulder; it judges nothing.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from catalog.index import ProductIndex
from ranking.fusion import best_first
from ranking.pipeline import Ranker
from ranking.recall import DEPTH, recall
from ranking.records import Search
from ranking.systems import search, system_of

RECALL, CUT = "recall", "cut"  # a stage that reorders gives its own name


class Stage(NamedTuple):
    """What one stage of a search handed on, best first."""

    name: str
    order: Sequence[str]


class Journey(NamedTuple):
    """A search retraced: the branches run side by side, the later stages one after the other."""

    branches: Sequence[Stage]
    later: Sequence[Stage]


def journey(index: ProductIndex, request: Search, system: str, ranker: Ranker | None = None) -> Journey:
    """Retrace a search; what a staged system does after fusion is one more stage."""
    chosen = system_of(system)
    vectors = index.vectors(request.query, chosen.branches)
    passes = [recall(index, vectors, where=request.where)]
    if not request.where.is_empty:
        passes.append(recall(index, vectors, where=request.where, unknown="passes"))
    orders: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for candidates in passes:
        for branch, points in candidates.ranked.items():
            orders[branch].update(dict.fromkeys(points))
        scores = chosen.fuse(candidates)
        for name in list(scores)[:-1]:  # the last one is the fusion itself
            if name not in candidates.ranked:
                orders[name].update(dict.fromkeys(best_first(scores[name])[:DEPTH]))
    ids = {point: product.id for point, product in index.products(_distinct(orders)).items()}
    deep = request.model_copy(update={"limit": DEPTH})
    later = [Stage("fusion", _answered(index, deep, "hybrid" if chosen.staged else system))]
    if chosen.staged:
        later.append(Stage("rerank", _answered(index, deep, system, ranker)))
    return Journey(
        branches=[Stage(n, [ids[point] for point in order if point in ids]) for n, order in orders.items()],
        later=later,
    )


def _answered(index: ProductIndex, request: Search, system: str, ranker: Ranker | None = None) -> list[str]:
    return [hit.product.id for hit in search(index, request, system, ranker).hits]


def locate(travelled: Journey, product_id: str, k: int) -> str:
    """Where a product outside the top k was lost: the last stage that took it out of its top k.

    A product that no stage ever had in its top k is below the cut; a branch counts as having it there
    if any of them has.
    """
    ranks = [rank_in(branch, product_id) for branch in travelled.branches]
    if not any(ranks):
        return RECALL
    within = any(rank is not None and rank <= k for rank in ranks)
    lost = CUT
    for stage in travelled.later:
        rank = rank_in(stage, product_id)
        kept = rank is not None and rank <= k
        if within and not kept:
            lost = stage.name
        within = kept
    return lost


def rank_in(stage: Stage, product_id: str) -> int | None:
    """The place of a product in a stage, from 1; None when the stage does not have it."""
    return stage.order.index(product_id) + 1 if product_id in stage.order else None


def _distinct(orders: Mapping[str, Mapping[str, None]]) -> list[str]:
    return list(dict.fromkeys(point for order in orders.values() for point in order))
