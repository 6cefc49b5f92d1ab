"""Finding candidates: every branch names its nearest, and then scores what the others named.

So each candidate carries the score of every branch, and a later stage never mistakes "not among the
first hundred" for zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.conditions import Unknown
from catalog.index import ProductIndex, Vector
from catalog.where import Where, Without
from ranking.fusion import best_first

DEPTH = 100
NOTHING = Without()


@dataclass(frozen=True)
class Candidates:
    """Points with their score per branch, and the order in which each branch found its own."""

    points: tuple[str, ...]
    scores: Mapping[str, Mapping[str, float]]
    ranked: Mapping[str, Sequence[str]]
    depth: int
    sure: tuple[str, ...] = ()  # known to satisfy every requirement, so not to be lost among those that might
    beside: frozenset[str] = frozenset()  # not satisfying them; to compare with


def recall(
    index: ProductIndex,
    vectors: Mapping[str, Vector],
    *,
    where: Where,
    without: Without = NOTHING,
    unknown: Unknown = "fails",
    depth: int = DEPTH,
) -> Candidates:
    """Up to `depth` products per branch that satisfy `where` and have no fact of `without`, each scored
    by all the branches.
    """
    found = index.search(vectors, where=where, without=without, unknown=unknown, limit=depth)
    points = tuple(dict.fromkeys(point for scored in found.values() for point, _ in scored))
    scores = {branch: dict(scored) for branch, scored in found.items()}
    if len(found) > 1 and points:
        for branch, scored in index.search(vectors, among=points, limit=len(points)).items():
            scores[branch].update(scored)
    ranked = {branch: [point for point, _ in scored] for branch, scored in found.items()}
    return Candidates(points, scores, ranked, depth)


def beside(candidates: Candidates, best: Candidates) -> Candidates:
    """The candidates with the best of all products to compare with; these are marked."""
    both = joined(candidates, best)
    others = frozenset(best.points) - set(candidates.points)
    sure = candidates.sure or candidates.points
    return replace(both, sure=sure, beside=others, depth=candidates.depth)


def joined(strict: Candidates, lenient: Candidates) -> Candidates:
    """What is known to satisfy every requirement together with what might."""
    scores = {
        branch: {**lenient.scores.get(branch, {}), **strict.scores.get(branch, {})}
        for branch in {**lenient.scores, **strict.scores}
    }
    return Candidates(
        points=tuple(dict.fromkeys([*strict.points, *lenient.points])),
        scores=scores,
        ranked={branch: best_first(by_point) for branch, by_point in scores.items()},
        depth=lenient.depth,
        sure=strict.points,
    )
