"""Lexical vectors: BM25 term weights for title and body, the same on every engine.

The engine supplies the inverse document frequency; term saturation and length normalisation are
baked in here, which is why the parameters and average lengths are part of the index stamp.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from qdrant_edge import Bm25, Bm25Config

from core.record import Record


class FieldBm25(Record):
    """BM25 parameters of one text field; `average_length` is in tokens, measured on the catalogue."""

    k1: float = 1.2
    b: float = 0.75
    average_length: float = 16.0


@dataclass(frozen=True)
class Sparse:
    """A sparse vector."""

    indices: list[int]
    values: list[float]


class Lexer:
    """Turns the text of one field into BM25 vectors. English stemming and stop words."""

    def __init__(self, field: FieldBm25) -> None:
        self._field = field

    @cached_property
    def _model(self) -> Bm25:
        field = self._field
        return Bm25(
            Bm25Config(
                k=field.k1, b=field.b, avg_len=field.average_length, language="english", ascii_folding=True
            )
        )

    def document(self, text: str) -> Sparse:
        """The weights of a document's terms."""
        vector = self._model.embed_document(text)
        return Sparse(vector.indices, vector.values)

    def query(self, text: str) -> Sparse:
        """A query's terms, one each."""
        vector = self._model.embed_query(text)
        return Sparse(vector.indices, vector.values)


def average_length(texts: Iterable[str]) -> float:
    """Mean number of tokens that BM25 sees in these texts; 1.0 when there are none."""
    counter = Bm25(Bm25Config(k=1.0, b=0.0, avg_len=1.0, language="english", ascii_folding=True))
    total = count = 0
    for text in texts:
        # With b = 0 a term seen f times weighs 2f / (f + 1), so f = w / (2 - w): counts without a tokenizer.
        total += round(sum(w / (2.0 - w) for w in counter.embed_document(text).values))
        count += 1
    return max(1.0, total / count) if count else 1.0
