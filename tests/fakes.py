"""Stand-ins for what is remote, slow or random; one small fake per seam."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class WordEncoder:
    """An `Encoder` without a model: each word is a fixed random direction, a text their sum."""

    dimension = 64

    def __init__(self, name: str = "words") -> None:
        self.name = name
        self.encoded = 0

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._vector(text) for text in texts])

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += len(texts)
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self.encode_queries(texts)

    def _vector(self, text: str) -> NDArray[np.float32]:
        total = np.full(self.dimension, 1e-3, np.float32)
        for word in text.casefold().split():
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
            total += np.random.default_rng(seed).standard_normal(self.dimension, np.float32)
        unit: NDArray[np.float32] = total / np.linalg.norm(total)
        return unit
