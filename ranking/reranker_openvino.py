"""A cross-encoder on the CPU through OpenVINO, converted from torch once and then without torch."""

from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from catalog import graphs
from core.artifacts import Progress
from core.settings import Settings
from ranking.reranker import PairBatch, PairBatches, PairModel, Scores, score_batches

BATCH = 25  # pairs; 50 of 64 tokens take as long in one batch as in two, which need less padding
GRAPH = 1  # raise when the converted graph changes meaning
INPUTS = ("input_ids", "attention_mask", "token_type_ids")


class OpenVinoReranker:
    """A `Reranker` over a converted model. Inference runs outside the GIL."""

    def __init__(self, model: PairModel, graph: Path, threads: int) -> None:
        self.name = model.name
        self._model = model
        self._batches = PairBatches(model)
        self._requests: SimpleQueue[Any] = SimpleQueue()  # a request serves one thread at a time
        self._requests.put(graphs.compiled(graph, "LATENCY", threads).create_infer_request())

    def score(self, query: str, passages: Sequence[str]) -> Scores:
        """Score the pairs batch by batch; another thread's batches may run in between."""
        batches = self._batches(query, passages, BATCH)
        return score_batches(self._model, batches, len(passages), self._run)

    def _run(self, batch: PairBatch) -> Scores:
        request = self._requests.get()
        try:
            request.infer({0: batch.input_ids, 1: batch.attention_mask, 2: batch.token_type_ids})
            scores: Scores = request.get_output_tensor(0).data.copy()
        finally:
            self._requests.put(request)
        return scores


def converted(model: PairModel, settings: Settings, on_progress: Progress | None = None) -> Path:
    """Return the model's graph in OpenVINO form, converted now if this is the first time on this machine."""

    def load() -> Any:
        from ranking.reranker_torch import load_module

        return load_module(model)

    # A model that is also an encoder has another graph as such, under its identity alone.
    return graphs.converted(f"{model.identity}-pairs", GRAPH, load, INPUTS, settings, on_progress)
