"""Fits the weights of the blend: a softmax over each query's candidates against their gains, L2-regularised.

Convex, so the same examples always give the same weights. Measures nothing; `out_of_fold` gives the
scores that a measurement may use.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ranking.blend import Blend, blended, heeded
from ranking.features import CROSS, EXCLUDED, FEATURES, Column, standardised
from ranking.pipeline import READ
from ranking.training.examples import Example, folds

L2 = 0.1  # the middle of a plateau from 0.03 to 0.3: docs/LOG.md, "ranking, what was tried"
STEPS = 100


def fit(
    found: Sequence[Example],
    names: Sequence[str],
    extra: Sequence[Mapping[str, Column]] | None = None,
    l2: float = L2,
) -> dict[str, float]:
    """Weights that put the gains of each query's candidates on top; `extra` are further columns.

    Each source weighs the same however many queries it has: a large one would speak for all shops.
    """
    import torch

    designs, targets, sizes = [], [], []
    counts = Counter(example.source for example in found if example.gains.sum() > 0)
    for example, more in zip(found, extra or [{}] * len(found), strict=True):
        total = example.gains.sum()
        if total > 0:
            designs.append(torch.from_numpy(standardised({**example.columns, **more}, names)))
            targets.append(torch.from_numpy(example.gains / total))
            sizes.append(counts.total() / len(counts) / counts[example.source])
    weights = torch.zeros(len(names), dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        total = torch.zeros((), dtype=torch.float64)
        for design, target, size in zip(designs, targets, sizes, strict=True):
            total = total - size * (target * torch.log_softmax(design @ weights, 0)).sum()
        total = total / max(len(designs), 1) + l2 * (weights * weights).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimizer.step(loss)  # type: ignore[no-untyped-call]
    return dict(zip(names, weights.detach().tolist(), strict=True))


def fit_blend(found: Sequence[Example], crossed: Sequence[Column] | None = None, l2: float = L2) -> Blend:
    """The weights for all candidates and, from the cross-encoder's scores of each example's candidates,
    those for the ones it reads.

    `crossed` must come from models that never saw the query, or the blend learns to trust them too much.
    """
    before = fit(found, FEATURES, l2=l2)
    if crossed is None:
        return Blend(before=before, after={**before, CROSS: 0.0})
    near = [nearest(final_scores(example, Blend(before=before, after={}))) for example in found]
    narrowed = [_narrowed(example, kept) for example, kept in zip(found, near, strict=True)]
    extra = [{CROSS: column[kept]} for column, kept in zip(crossed, near, strict=True)]
    return Blend(before=before, after=fit(narrowed, (*FEATURES, CROSS), extra, l2))


def final_scores(example: Example, weights: Blend, crossed: Column | None = None) -> Column:
    """The scores by which the pipeline would order the example's candidates."""
    scores = heeded(blended(example.columns, weights.before), example.columns[EXCLUDED])
    if crossed is None:
        return scores
    kept = nearest(scores)
    lowest = scores.min() - 1.0
    among = {name: column[kept] for name, column in example.columns.items()} | {CROSS: crossed[kept]}
    after = heeded(blended(among, weights.after), among[EXCLUDED])
    final: Column = scores - scores.max() + lowest + after.min()  # below all that was read
    final[kept] = after
    return final


def out_of_fold(
    found: Sequence[Example],
    crossed: Sequence[Column] | None = None,
    *,
    count: int = 10,
    seed: int = 0,
    l2: float = L2,
) -> list[Column]:
    """The final scores of every example by weights that never saw its query."""
    fold = folds(found, count, seed)
    fitted: dict[int, Blend] = {}
    for held in set(fold):
        kept = [i for i, f in enumerate(fold) if f != held]
        some = None if crossed is None else [crossed[i] for i in kept]
        fitted[held] = fit_blend([found[i] for i in kept], some, l2)
    columns: Sequence[Column | None] = crossed or [None] * len(found)
    return [
        final_scores(example, fitted[f], column)
        for example, f, column in zip(found, fold, columns, strict=True)
    ]


def nearest(scores: Column) -> NDArray[np.intp]:
    """The candidates that the cross-encoder reads."""
    order: NDArray[np.intp] = np.argsort(-scores, kind="stable")[:READ]
    return order


def _narrowed(example: Example, kept: NDArray[np.intp]) -> Example:
    return replace(
        example,
        ids=tuple(example.ids[i] for i in kept),
        columns={name: column[kept] for name, column in example.columns.items()},
        passages=tuple(example.passages[i] for i in kept),
        gains=example.gains[kept],
    )
