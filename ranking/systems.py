"""The search systems by name, cheapest first: branches fused by a formula, or the whole pipeline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from catalog.conditions import Unknown
from catalog.index import ProductIndex, Vector
from catalog.points import BODY, DENSE, TITLE
from core.errors import InvalidQuery
from core.settings import Settings
from core.trace import Recorder
from ranking.features import fused
from ranking.fusion import best_first, bm25
from ranking.pipeline import Ranker, open_ranker, rank
from ranking.recall import DEPTH, Candidates, recall
from ranking.receipts import known_to_fit, receipt
from ranking.records import Hit, Results, Search

Fuse = Callable[[Candidates], dict[str, dict[str, float]]]


def _lexical(candidates: Candidates) -> dict[str, dict[str, float]]:
    return {"bm25": bm25(candidates.scores)}


def _semantic(candidates: Candidates) -> dict[str, dict[str, float]]:
    return {"dense": dict(candidates.scores.get(DENSE, {}))}


def _hybrid(candidates: Candidates) -> dict[str, dict[str, float]]:
    return {**_lexical(candidates), **_semantic(candidates), "rrf": fused(candidates)}


@dataclass(frozen=True)
class System:
    """A way to search: the branches it asks and how it combines them; the last score named decides.

    A `staged` system goes on from there: it is the pipeline, and needs what was learned; one that is
    `understanding` also needs a reader of queries.
    """

    branches: Sequence[str]
    fuse: Fuse
    staged: bool = False
    understanding: bool = False


SYSTEMS = {
    "bm25": System((TITLE, BODY), _lexical),
    "dense": System((DENSE,), _semantic),
    "hybrid": System((TITLE, BODY, DENSE), _hybrid),
    "rerank": System((TITLE, BODY, DENSE), _hybrid, staged=True),
    "full": System((TITLE, BODY, DENSE), _hybrid, staged=True, understanding=True),
}


def system_of(name: str) -> System:
    """The system of this name."""
    if name not in SYSTEMS:
        raise InvalidQuery(f"no system {name!r}; choose from: {', '.join(SYSTEMS)}")
    return SYSTEMS[name]


def ranker_for(
    system: str, settings: Settings, on_progress: Callable[[str], None] = lambda line: None
) -> Ranker | None:
    """What the system needs beside the index, but for a reader of queries; None where it needs nothing."""
    return open_ranker(settings, on_progress) if system_of(system).staged else None


def search(
    index: ProductIndex, request: Search, system: str = "hybrid", ranker: Ranker | None = None
) -> Results:
    """Answer a search: first what is known to satisfy every requirement, then what violates none."""
    chosen, recorder = system_of(system), Recorder()
    required = chosen.staged and not (request.where.is_empty and request.without.is_empty)
    if not request.query.strip() and not request.like and not required:
        raise InvalidQuery("the query is empty; say what you are looking for")
    if not chosen.staged and request != _plainly(request):
        raise InvalidQuery(f"system {system} does not exclude, resemble, sort or diversify; use rerank")
    if chosen.staged:
        if ranker is None:
            raise InvalidQuery(f"system {system} needs a ranker; open one with agent.reader.ranker_for")
        if chosen.understanding and ranker.reader is None:
            raise InvalidQuery(
                f"system {system} needs a reader; open its ranker with agent.reader.ranker_for"
            )
        return rank(index, request, ranker)
    with recorder.stage("encode"):
        vectors = index.vectors(request.query, chosen.branches)
    hits = _pass(index, request, vectors, chosen.fuse, "fails", recorder)
    if len(hits) < request.limit and not request.where.is_empty:
        lenient = _pass(index, request, vectors, chosen.fuse, "passes", recorder)
        hits += [hit for hit in lenient if not known_to_fit(hit.receipt)]
    return Results(hits=tuple(hits[: request.limit]), trace=recorder.trace())


def _plainly(request: Search) -> Search:
    """The part of a request that every system understands."""
    return Search(query=request.query, where=request.where, limit=request.limit, repair=request.repair)


def _pass(
    index: ProductIndex,
    request: Search,
    vectors: Mapping[str, Vector],
    fuse: Fuse,
    unknown: Unknown,
    recorder: Recorder,
) -> list[Hit]:
    depth = max(DEPTH, request.limit)
    with recorder.stage("recall") as stage:
        candidates = recall(index, vectors, where=request.where, unknown=unknown, depth=depth)
        stage.n_out = len(candidates.points)
    with recorder.stage("fuse", n_in=len(candidates.points)) as stage:
        scores = fuse(candidates)
        *_, final = scores.values()
        order = best_first(final)[: request.limit]
        stage.n_out = len(order)
    with recorder.stage("fetch", n_in=len(order)) as stage:
        products = index.products(order)
        stage.n_out = len(products)
    return [
        Hit(
            product=products[point],
            score=final[point],
            stages={name: by_point[point] for name, by_point in scores.items() if point in by_point},
            receipt=receipt(products[point], request.where),
        )
        for point in order
        if point in products  # deleted since
    ]
