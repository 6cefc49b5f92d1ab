"""The learned blend: a weighted sum of standardised features, and the file that its weights live in.

Linear on purpose: the weights can be read, and a hundred judged queries
 cannot fill anything deeper (docs/LOG.md, "Linear or boosted"). It trains nothing.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from core.errors import ModelDamaged
from core.record import Record
from ranking.features import CROSS, FEATURES, Column, standardised

SHIPPED = Path(__file__).with_name("models") / "blend.json"
FORMAT = 1
LACKING = 0.5  # spreads of the scores; docs/LOG.md, "Exclusions in a bare query"

Weights = Mapping[str, float]


class Blend(Record):
    """Two sets of weights: for all candidates, and for those that the cross-encoder has read."""

    format: int = FORMAT
    before: Weights
    after: Weights
    trained_on: str = ""
    scores: Mapping[str, float] = Field(default_factory=dict)


def load_blend(path: Path = SHIPPED) -> Blend:
    """Read and check a blend; one that names unknown features is refused, as its sums would be wrong."""
    try:
        blend = Blend.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ModelDamaged(
            f"{path} cannot be read ({error.strerror}); restore it, or train it anew"
        ) from error
    except ValidationError as error:
        raise ModelDamaged(f"{path} is not a blend; restore it, or train it anew") from error
    if blend.format != FORMAT:
        raise ModelDamaged(f"{path} has format {blend.format}, this version reads {FORMAT}; train it anew")
    for weights, known in ((blend.before, FEATURES), (blend.after, (*FEATURES, CROSS))):
        if odd := sorted(set(weights) ^ set(known)):
            raise ModelDamaged(
                f"{path} does not match this version's features ({', '.join(odd)}); train it anew with: "
                "aisle train blend"
            )
    return blend


def blended(columns: Mapping[str, Column], weights: Weights) -> NDArray[np.float64]:
    """A score per candidate; only comparable with others of the same query."""
    names = tuple(weights)
    scores: NDArray[np.float64] = standardised(columns, names) @ np.array([weights[n] for n in names])
    return scores


def heeded(scores: Column, excluded: Column) -> Column:
    """The scores after exclusions: who has what is not wanted comes last, who says that it has not gains.

    Fixed, not learned: too few judged queries exclude something, and a wish is not a matter of taste.
    """
    if not excluded.any():
        return scores
    raised = scores - LACKING * scores.std() * np.minimum(excluded, 0.0)
    fallen = raised.min() - 1.0 - (raised.max() - raised)
    heard: Column = np.where(excluded > 0, fallen, raised)
    return heard
