"""The multi-stage ranker: repair, recall, pre-rank, cross-encoder, blend, post-rank, each under its name.

Wires the stages and keeps their scores; what each one does is written in its own module.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from catalog.index import ProductIndex, Vector
from catalog.points import DENSE, point_id
from catalog.where import Where, Without
from core.errors import InvalidQuery, ModelDamaged
from core.settings import Settings
from core.trace import Recorder
from ranking.asked import Asked, Reader, read
from ranking.astray import astray
from ranking.blend import SHIPPED, Blend, blended, heeded, load_blend
from ranking.browse import BROWSED, browse, says_something
from ranking.exclusions import classifier
from ranking.features import CROSS, EXCLUDED, Column, Field, features, fused
from ranking.fusion import best_first
from ranking.postrank import postrank
from ranking.reading import passage
from ranking.recall import DEPTH, Candidates, beside, joined, recall
from ranking.receipts import known_to_fit, receipt
from ranking.records import Hit, Results, Search
from ranking.reranker import Reranker, open_reranker
from ranking.sorting import relevant

FIELD = 100  # candidates that features are computed for; 150 are no better (docs/LOG.md)
READ = 50  # of them, those that the cross-encoder reads
YARDSTICKS = 20  # further ones that need not fit: what is relevant is measured by the best there is
NEAREST = 3  # shown where only what is relevant is wanted, and nothing is


@dataclass(frozen=True)
class Ranker:
    """What was learned: the weights of the blend, the cross-encoder, and who reads a query, if there are any.

    Without usable weights the fusion decides, and every answer says so in its notices.
    """

    blend: Blend | None
    reranker: Reranker | None = None
    reader: Reader | None = None  # who understands a query; without one it is only taken apart
    notices: tuple[str, ...] = ()


def open_ranker(settings: Settings, on_progress: Callable[[str], None] = lambda line: None) -> Ranker:
    """The ranker of the settings."""
    reranker = open_reranker(settings, on_progress=on_progress)
    try:
        return Ranker(load_blend(SHIPPED if settings.blend == "default" else Path(settings.blend)), reranker)
    except ModelDamaged as error:
        notice = f"{error}; until then products are ranked by fusion alone"
        on_progress(notice)
        return Ranker(None, notices=(notice,))


def rank(index: ProductIndex, request: Search, ranker: Ranker, until: float | None = None) -> Results:
    """Answer a search with every stage; the cross-encoder does not begin after `until`, in perf_counter's
    seconds.
    """
    recorder = Recorder()
    with recorder.stage("repair"):
        asked = read(index, request, ranker.reader)
    with recorder.stage("encode"):
        vectors = vectors_of(index, asked)
        if asked.search.by_meaning:
            vectors = {branch: vector for branch, vector in vectors.items() if branch == DENSE}
    if not vectors:
        return _browsed(index, asked, ranker, recorder)
    with recorder.stage("recall") as stage:
        candidates = recalled(index, asked, vectors)
        stage.n_out = len(candidates.points)
    with recorder.stage("fetch", n_in=len(candidates.points)) as stage:
        field = gather(index, asked, candidates)
        stage.n_out = len(field.points)
    if not field.points:
        return Results(hits=(), repair=asked.repair, notices=ranker.notices, trace=recorder.trace())
    with recorder.stage("pre-rank", n_in=len(field.points)) as stage:
        columns = features(field)
        learned = blended(columns, ranker.blend.before) if ranker.blend else columns["rrf"]
        before = columns["dense"] if asked.search.by_meaning else learned
        scores = {"pre-rank": heeded(before, columns[EXCLUDED])}
        order = np.argsort(-scores["pre-rank"], kind="stable")
        kind = asked.search.like or asked.search.where.categories  # what it is about is settled
        lost = not kind and astray(index, field, columns, order, asked.search.where.brands)
        stage.n_out = len(order)
    reranker = None if asked.search.by_meaning else ranker.reranker
    late = reranker is not None and until is not None and perf_counter() >= until
    if ranker.blend and reranker and not late:
        near, far = order[:READ], order[READ:]
        with recorder.stage("rerank", n_in=len(near)) as stage:
            crossed = cross(reranker, field, near)
            stage.n_out = len(near)
        with recorder.stage("blend", n_in=len(near)) as stage:
            scores |= blend(columns, near, crossed, ranker.blend)
            order = np.concatenate([near[np.argsort(-scores["blend"][near], kind="stable")], far])
            stage.n_out = len(order)
    results = _answer(list(_hits(field, order, scores, asked.search)), asked, ranker, recorder, field, lost)
    return results.model_copy(update={"late": late})


def _browsed(index: ProductIndex, asked: Asked, ranker: Ranker, recorder: Recorder) -> Results:
    """The answer to a search that has no words left, but says what must hold or which order is wanted."""
    with recorder.stage("browse") as stage:
        hits = browse(index, asked.search, least=READ) if says_something(asked.search) else []
        stage.n_out = len(hits)
    return _answer(hits, asked, ranker, recorder, most=max(BROWSED, asked.search.limit))


def _answer(
    hits: Sequence[Hit],
    asked: Asked,
    ranker: Ranker,
    recorder: Recorder,
    field: Field | None = None,
    lost: bool = False,
    most: int = FIELD,
) -> Results:
    """The first page of what was ranked, cut at `most`, and what all that is relevant comes to."""
    with recorder.stage("post-rank", n_in=len(hits)) as stage:
        vectors = dict(zip(field.points, field.vectors, strict=True)) if field else {}
        marked = [
            hit.model_copy(update={"relevant": passes and not lost})
            for hit, passes in zip(hits, relevant(hits), strict=True)
        ]
        ranked = postrank(marked, asked.search.model_copy(update={"limit": len(hits) or 1}), vectors)
        enough = [hit for hit in ranked if hit.relevant]
        if asked.search.relevant_only:
            ranked = enough or ranked[:NEAREST]
        shown = ranked[: asked.search.limit]
        stage.n_out = len(shown)
    return Results(
        hits=tuple(shown),
        fitting=sum(known_to_fit(hit.receipt) for hit in enough),
        uncounted=len(hits) >= most and all(hit.relevant for hit in marked),
        astray=lost,
        repair=asked.repair,
        notices=ranker.notices,
        trace=recorder.trace(),
    )


def vectors_of(index: ProductIndex, asked: Asked) -> dict[str, Vector]:
    """The query as each branch reads it, moved towards the products that the wanted one is like."""
    resembled = index.products([point_id(i) for i in asked.search.like])
    if missing := set(asked.search.like) - {product.id for product in resembled.values()}:
        raise InvalidQuery(f"like: no product {', '.join(sorted(missing))} in the index")
    words = " ".join([asked.wanted.positive, *(product.title for product in resembled.values())]).strip()
    if not words:
        return {}
    vectors = index.vectors(words)
    if resembled:
        vectors[DENSE] = _towards(index, resembled, asked.wanted.positive)
    return vectors


def _towards(index: ProductIndex, resembled: Collection[str], query: str) -> NDArray[np.float32]:
    """The mean of the products' vectors, and of the query's if there is one."""
    parts = list(index.stored_vectors(list(resembled)).values())
    if query:
        spoken = index.vectors(query, [DENSE])[DENSE]
        parts += [spoken] if isinstance(spoken, np.ndarray) else []
    mean: NDArray[np.float32] = np.mean(np.stack(parts), axis=0)
    return mean


def recalled(index: ProductIndex, asked: Asked, vectors: Mapping[str, Vector]) -> Candidates:
    """What is known to satisfy every requirement; where that is too little, also what might. Beside it, the
    best of the kind that satisfies none in particular.
    """
    request = asked.search
    depth = max(DEPTH, request.limit)
    found = recall(index, vectors, where=request.where, without=request.without, depth=depth)
    if request.where.is_empty:
        return found
    if len(found.points) < max(READ, request.limit):
        lenient = recall(
            index, vectors, where=request.where, without=request.without, unknown="passes", depth=depth
        )
        found = joined(found, lenient)
    kind = Where(categories=request.where.categories)
    anything = recall(
        index, vectors, where=kind, without=Without(products=request.without.products), depth=YARDSTICKS
    )
    return beside(found, anything)


def gather(index: ProductIndex, asked: Asked, candidates: Candidates) -> Field:
    """The leading candidates with all that the features look at."""
    by_rank = fused(candidates)
    sure = set(candidates.sure)
    order = best_first({point: by_rank.get(point, 0.0) for point in candidates.points})
    allowed = [point for point in order if point not in candidates.beside]
    leading = sorted(allowed, key=lambda point: point not in sure)[: max(FIELD, asked.search.limit)]
    leading += [point for point in order if point in candidates.beside][:YARDSTICKS]
    products, stored = index.products(leading), index.stored_vectors(leading)
    points = tuple(point for point in leading if point in products and point in stored)  # not deleted since
    vectors = np.stack([stored[point] for point in points]) if points else np.zeros((0, 1), np.float32)
    without = asked.search.without
    classify = classifier(Without(terms=asked.wanted.excluded) if without.is_empty else without)
    return Field(
        query=asked.wanted.positive,
        points=points,
        products=[products[point] for point in points],
        vectors=vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9),
        scores=candidates.scores,
        fused=by_rank,
        checks=[classify(products[point]) for point in points],
    )


def cross(reranker: Reranker, field: Field, near: NDArray[np.intp]) -> Column:
    """The cross-encoder's score of the nearest candidates, in their order."""
    passages = [passage(field.products[i]) for i in near]
    return reranker.score(field.query, passages).astype(np.float64)


def blend(
    columns: Mapping[str, Column], near: NDArray[np.intp], crossed: Column, weights: Blend
) -> dict[str, Column]:
    """The last score of those that the cross-encoder read; the others have none."""
    size = len(next(iter(columns.values())))
    among = {name: column[near] for name, column in columns.items()} | {CROSS: crossed}
    scores = {CROSS: np.full(size, np.nan), "blend": np.full(size, np.nan)}
    scores[CROSS][near] = crossed
    scores["blend"][near] = heeded(blended(among, weights.after), among[EXCLUDED])
    return scores


def _hits(
    field: Field, order: NDArray[np.intp], scores: Mapping[str, Column], request: Search
) -> Iterator[Hit]:
    """Hits in order. Scores fall with it: what was not read follows the last that was."""
    *_, last = scores.values()
    lowest = float(np.nanmin(last))
    for place, i in enumerate(order):
        score = float(last[i]) if not np.isnan(last[i]) else lowest - float(place) / len(order)
        product, point = field.products[i], field.points[i]
        found = {name: by_point[point] for name, by_point in field.scores.items() if point in by_point}
        later = {name: float(column[i]) for name, column in scores.items() if not np.isnan(column[i])}
        yield Hit(
            product=product,
            score=score,
            stages={**found, "rrf": field.fused.get(point, 0.0), **later},
            receipt=receipt(product, request.where, () if request.without.is_empty else field.checks[i]),
        )
