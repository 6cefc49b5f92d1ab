"""Combining the branches: a weighted sum of the BM25 fields, reciprocal ranks across kinds of score."""

from collections.abc import Mapping, Sequence

# Tuned on the development queries: docs/LOG.md, "BM25 parameters".
FIELD_WEIGHTS = {"title": 0.3, "body": 1.0}
RRF_K = 60  # Cormack, Clarke and Buettcher 2009


def bm25(
    scores: Mapping[str, Mapping[str, float]], weights: Mapping[str, float] = FIELD_WEIGHTS
) -> dict[str, float]:
    """The lexical score of every candidate that matches a word: its fields' scores, weighted."""
    total: dict[str, float] = {}
    for field, weight in weights.items():
        for point, score in scores.get(field, {}).items():
            total[point] = total.get(point, 0.0) + weight * score
    return total


def best_first(scores: Mapping[str, float]) -> list[str]:
    """Points by falling score; ties in a fixed order, so that runs repeat."""
    return sorted(scores, key=lambda point: (-scores[point], point))


def reciprocal_ranks(rankings: Sequence[Sequence[str]], k: int = RRF_K) -> dict[str, float]:
    """Reciprocal rank fusion: what several rankings place high comes first."""
    total: dict[str, float] = {}
    for ranking in rankings:
        for rank, point in enumerate(ranking, start=1):
            total[point] = total.get(point, 0.0) + 1.0 / (k + rank)
    return total
