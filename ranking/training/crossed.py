"""The cross-encoder's held-out scores as a file: what the blend is fitted on, and what others may check."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import InvalidSource
from ranking.features import Column
from ranking.reranker import Reranker
from ranking.training.examples import Example


def score_all(reranker: Reranker | None, found: Sequence[Example]) -> list[Column] | None:
    """The scores of every example's candidates by a reranker that never saw a judgment of theirs."""
    if reranker is None:
        return None
    return [reranker.score(e.text, e.passages).astype(np.float64) for e in found]


def write_crossed(path: Path, found: Sequence[Example], columns: Sequence[Column]) -> None:
    """Scores by data set, query and product."""
    scores: dict[str, dict[str, dict[str, float]]] = {}
    for example, column in zip(found, columns, strict=True):
        by_product = {i: round(float(score), 4) for i, score in zip(example.ids, column, strict=True)}
        scores.setdefault(example.source, {})[example.query_id] = by_product
    path.write_text(json.dumps(scores), encoding="utf-8")


def read_crossed(path: Path, found: Sequence[Example]) -> list[Column]:
    """The scores of every example's candidates, which must all be there."""
    try:
        scores = json.loads(path.read_text(encoding="utf-8"))
        return [np.array([scores[e.source][e.query_id][i] for i in e.ids], float) for e in found]
    except OSError as error:
        raise InvalidSource(f"cannot read {path} ({error.strerror})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidSource(
            f"{path} does not hold the scores of these candidates ({error}); train the reranker on this index"
        ) from error
