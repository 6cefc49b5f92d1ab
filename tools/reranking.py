"""Somebody's own candidates in the order in which they suit some words: products by id, or bare texts.

The cross-encoder orders them, or their vectors where there is none. It finds nothing, and judges only order.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from catalog.points import DENSE, point_id
from catalog.product import Product
from core.errors import InvalidQuery
from core.record import Record
from ranking.reading import passage
from tools import names
from tools.arguments import Id, Listed
from tools.functions import Caller
from tools.messages import Message, late, not_found, told
from tools.shop import Shop
from tools.untrusted import tamed

LONGEST_QUERY, LONGEST_TEXT = 1_000, 2_000  # characters
MOST = 100
LONGEST_TITLE = 90

CROSS_ENCODER, VECTORS = "cross-encoder", "vectors"


class RerankProducts(Record):
    """The words, and what is to be put in order for them: either `ids` or `texts`."""

    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY, description="what is wanted")]
    ids: Annotated[
        tuple[Id, ...], Listed, Field(max_length=MOST, description="of products of this shop")
    ] = ()
    texts: Annotated[
        tuple[Annotated[str, Field(max_length=LONGEST_TEXT)], ...],
        Listed,
        Field(max_length=MOST, description="titles or descriptions of anything"),
    ] = ()


class Placed(Record):
    """A candidate in its place: `index` is where it stood in the request."""

    index: int
    id: str | None = None
    title: str | None = None
    score: float


class Reranked(Record):
    """All candidates, the best first. Scores compare within one answer only."""

    ranking: tuple[Placed, ...]
    ordered_by: str
    messages: tuple[Message, ...] = ()


def rerank_products(shop: Shop, asked: RerankProducts, caller: Caller) -> Reranked:
    """Put the caller's candidates in order; ids that there are none of are left out, and said."""
    if bool(asked.ids) == bool(asked.texts):
        raise InvalidQuery("ids, texts: give one of them: ids of products of this shop, or texts of your own")
    if not asked.query.strip():
        raise InvalidQuery("query: say what the candidates are to suit")
    messages: tuple[Message, ...] = ()
    if shop.ranker.reranker and (caller.hurried or late(caller)):
        shop = replace(shop, ranker=replace(shop.ranker, reranker=None))
        messages = told(caller)
    if asked.ids:
        products, missing = names.products(shop.index, asked.ids)
        places = {id: place for place, id in reversed(list(enumerate(asked.ids)))}
        ranking = [
            Placed(index=places[one.id], id=one.id, title=tamed(one.title, LONGEST_TITLE), score=score)
            for one, score in in_order_of(shop, asked.query, products)
        ]
        messages = (*messages, *map(not_found, missing))
    else:
        scores = _scores(shop, asked.query, asked.texts)
        ranking = [
            Placed(index=int(at), score=_short(scores[at])) for at in np.argsort(-scores, kind="stable")
        ]
    by = CROSS_ENCODER if shop.ranker.reranker else VECTORS
    return Reranked(ranking=tuple(ranking), ordered_by=by, messages=messages)


def in_order_of(shop: Shop, query: str, products: Sequence[Product]) -> list[tuple[Product, float]]:
    """Products with their scores, the one that suits the query best first."""
    if not products:
        return []
    if shop.ranker.reranker:
        scores = _scores(shop, query, [passage(product) for product in products])
    else:
        points = [point_id(product.id) for product in products]
        near = shop.index.search(shop.index.vectors(query, [DENSE]), among=points, limit=len(points))
        scored = dict(near.get(DENSE, ()))
        scores = np.array([scored.get(point, 0.0) for point in points], np.float32)
    return [(products[at], _short(scores[at])) for at in np.argsort(-scores, kind="stable")]


def _scores(shop: Shop, query: str, texts: Sequence[str]) -> NDArray[np.float32]:
    if shop.ranker.reranker:
        return np.asarray(shop.ranker.reranker.score(query, texts), np.float32)
    vectors = shop.index.meanings([query, *texts])
    units = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    nearness: NDArray[np.float32] = units[1:] @ units[0]
    return nearness


def _short(score: np.float32) -> float:
    return round(float(score), 4)
