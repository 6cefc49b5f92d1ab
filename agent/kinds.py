"""What kind of message words are where rules cannot tell: small talk, an undertaking, a need, a product.

A linear classifier over an encoder's vectors, fitted to the hand-written lessons when these are read. It
knows no catalogue, and answers only where it is sure; docs/LOG.md, "What kind of message".
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

STIFFNESS = 3.0  # of the ridge; half and three times as much are as good


class Kind(StrEnum):
    """What a message is."""

    CHAT = "chat"  # looks for nothing: a greeting, an order, the weather
    MISSION = "mission"  # an undertaking, which takes products of several kinds
    NEED = "need"  # a problem that names no product
    PRODUCT = "product"
    TURN = "turn"  # said of what is looked for already


# How far a kind must be ahead of every other. By ten-fold cross-validation on the lessons, of 409 messages
# that name a product 7 are then taken for chat, 12 for an undertaking, 16 for a need: rules have a say too.
AHEAD: Mapping[Kind, float] = {Kind.CHAT: 0.2, Kind.MISSION: 0.3, Kind.NEED: 0.4}


class Telling(NamedTuple):
    """The fitted classifier: a column of weights for each kind, the last row being what it is by default."""

    weights: NDArray[np.float64]
    kinds: tuple[Kind, ...]

    def tell(self, vector: Vectors) -> Kind | None:
        """The kind of a message; none where it is not sure enough, or a kind that nobody asks for."""
        scores = np.append(vector, 1.0) @ self.weights
        first, second = np.argsort(scores)[::-1][:2]
        needed = AHEAD.get(self.kinds[first])
        return self.kinds[first] if needed is not None and scores[first] - scores[second] >= needed else None


def fitted(vectors: Vectors, kinds: Sequence[Kind]) -> Telling:
    """The classifier of these lessons: ridge regression on +1 and -1, each kind with the same weight."""
    known = tuple(Kind)
    places = np.array([known.index(kind) for kind in kinds])
    shares = np.bincount(places, minlength=len(known))[places] / len(places)
    weights = (1 / shares)[:, None] / np.mean(1 / shares)
    inputs = np.hstack([vectors, np.ones((len(vectors), 1))]).astype(np.float64)
    targets = 2 * np.eye(len(known))[places] - 1
    gram = inputs.T @ (weights * inputs) + STIFFNESS * np.eye(inputs.shape[1])
    return Telling(np.linalg.solve(gram, inputs.T @ (weights * targets)), known)
