"""The stack people assemble today, to measure against: sentence-transformers, qdrant-client's local mode,
a CrossEncoder. It answers with times only and is no search system of Aisle.
"""

from importlib.util import find_spec
from itertools import islice

from catalog.collection import Collection
from catalog.encoder import read_model
from catalog.points import product_of
from catalog.texts import dense_text
from core.artifacts import resolve
from core.errors import Blocked
from core.settings import Settings
from core.trace import Recorder, Trace

CANDIDATES = 50
PAIR_TOKENS = 64  # where Aisle cuts products too; the CrossEncoder's own limit of 512 would cost it far more
BATCH = 1000


def require_plain() -> None:
    """Say what to install if the stack is not here."""
    if find_spec("sentence_transformers") is None:
        raise Blocked("the plain stack is not installed; run: pip install 'aisle[plain]'")


class PlainStack:
    """The products of a collection under the plain stack, with the vectors that the collection has.

    No cross-encoder can be had offline, so its network is the encoder's with a fresh classification
    head: a trained one of this size costs exactly the same, and its scores are not looked at.
    """

    def __init__(self, live: Collection, settings: Settings) -> None:
        require_plain()
        from qdrant_client import QdrantClient
        from qdrant_client.models import Distance, PointStruct, VectorParams
        from sentence_transformers import CrossEncoder, SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        logging.set_verbosity_error()  # type: ignore[no-untyped-call]  # it would report the fresh head

        folder = resolve(settings.encoder, settings)
        transformer = read_model(settings, folder).folder
        device = None if settings.device == "auto" else settings.device
        self._encoder = SentenceTransformer(str(folder), device=device)
        self._reranker = CrossEncoder(str(transformer), num_labels=1, max_length=PAIR_TOKENS, device=device)
        self._client = QdrantClient(":memory:")
        size = VectorParams(size=live.stamp.dimension, distance=Distance.COSINE)
        self._client.create_collection("products", vectors_config=size)
        stored_products = live.scroll(["product"])
        while rows := list(islice(stored_products, BATCH)):
            vectors = live.vectors([point for point, _ in rows])
            self._client.upsert(
                "products",
                [
                    PointStruct(
                        id=point,
                        vector=vectors[point].tolist(),
                        payload={"text": dense_text(product_of(stored))},
                    )
                    for point, stored in rows
                ],
            )

    def answer(self, query: str) -> Trace:
        """Encode, find the candidates, score each against the query."""
        recorder = Recorder()
        with recorder.stage("encode"):
            vector = self._encoder.encode(query, show_progress_bar=False)
        with recorder.stage("search"):
            found = self._client.query_points("products", query=vector, limit=CANDIDATES, with_payload=True)
        with recorder.stage("rerank", n_in=len(found.points)):
            pairs = [(query, (point.payload or {})["text"]) for point in found.points]
            self._reranker.predict(pairs, show_progress_bar=False)
        return recorder.trace()
