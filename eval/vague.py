"""Vague needs: what a planner's searches find of the products that would solve the problem.

Who plans, and by which system is searched, is the caller's choice.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest

from catalog.index import ProductIndex
from eval.gold import VagueNeed
from eval.metrics import evaluate
from eval.records import Conventions, Dataset, Ranked, Run
from ranking.pipeline import Ranker
from ranking.records import Hit, Search
from ranking.systems import search

DEPTH = 20


def found(
    index: ProductIndex, searches: Iterable[Search], system: str = "hybrid", ranker: Ranker | None = None
) -> tuple[str, ...]:
    """The products of several searches, one of each in turn; the variants of a hit come right after it."""
    answers = [
        _products(search(index, one.model_copy(update={"limit": DEPTH}), system, ranker).hits)
        for one in searches
    ]
    in_turn = chain.from_iterable(zip_longest(*answers))
    return tuple(dict.fromkeys(product for product in in_turn if product is not None))[:DEPTH]


def recall(needs: Sequence[VagueNeed], shown: dict[str, tuple[str, ...]]) -> dict[str, float]:
    """Recall@20 of every need, of the products that were shown for it."""
    dataset = Dataset(
        name="vague needs",
        queries={need.id: need.query for need in needs},
        qrels={need.id: dict.fromkeys(need.relevant, 1) for need in needs},
        conventions=Conventions(gains={0: 0.0, 1: 1.0}),
    )
    rankings = {
        need: tuple(Ranked(product, -float(place)) for place, product in enumerate(products))
        for need, products in shown.items()
    }
    metric = f"Recall@{DEPTH}"
    return evaluate(Run(name="searches", rankings=rankings), dataset, [metric])[metric]


def _products(hits: Iterable[Hit]) -> list[str]:
    return [product for hit in hits for product in (hit.product.id, *hit.variants)]
