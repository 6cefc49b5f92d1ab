"""A sentence model on the CPU through OpenVINO, converted from torch once and then without torch.

Two plans are compiled from the one graph: low latency for queries, high throughput for documents.
"""

from collections import deque
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

import numpy as np

from catalog import graphs
from catalog.encoder import Batch, SentenceModel, TokenBatches, Vectors
from core.artifacts import Progress
from core.settings import Settings

BATCH = 16  # documents/s on 2 cores, 256 tokens: 149 at 4, 158 at 8, 161 at 16, 157 at 32
GRAPH = 1  # raise when the converted graph changes meaning


class OpenVinoEncoder:
    """An `Encoder` over a converted model. Inference runs outside the GIL."""

    def __init__(self, model: SentenceModel, graph: Path, threads: int) -> None:
        self.name = model.name
        self.dimension = model.dimension
        self._model = model
        self._graph = graph
        self._threads = threads
        self._batches = TokenBatches(model)
        self._requests: SimpleQueue[Any] = SimpleQueue()  # a request serves one thread at a time
        self._requests.put(graphs.compiled(graph, "LATENCY", threads).create_infer_request())
        self._compiling = Lock()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode with the model's query prompt; a call waits while another thread's query runs."""
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for batch in self._batches(texts, self._model.query_prompt, BATCH):
            request = self._requests.get()
            try:
                request.infer({0: batch.input_ids, 1: batch.attention_mask})
                vectors[batch.rows] = request.get_output_tensor(0).data
            finally:
                self._requests.put(request)
        return vectors

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode with the model's document prompt, several batches at a time."""
        with self._compiling:
            plan = self._throughput_plan
        vectors = np.empty((len(texts), self.dimension), np.float32)
        # Not AsyncInferQueue: its callbacks take the GIL in OpenVINO's threads, and one that is late when
        # the interpreter ends aborts the process (7 to 19 of 25 runs of a script that encodes and exits).
        streams = plan.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        idle = [plan.create_infer_request() for _ in range(streams + 1)]  # one is filled while the rest run
        running: deque[tuple[Any, Batch]] = deque()
        for batch in self._batches(texts, self._model.document_prompt, BATCH):
            request = idle.pop() if idle else _finish(*running.popleft(), vectors)
            request.start_async({0: batch.input_ids, 1: batch.attention_mask})
            running.append((request, batch))
        while running:
            _finish(*running.popleft(), vectors)
        return vectors

    @cached_property
    def _throughput_plan(self) -> Any:
        return graphs.compiled(self._graph, "THROUGHPUT", self._threads)


def _finish(request: Any, batch: Batch, vectors: Vectors) -> Any:
    """Wait for a request, keep its vectors, and return it for the next batch."""
    request.wait()
    vectors[batch.rows] = request.get_output_tensor(0).data
    return request


def converted(model: SentenceModel, settings: Settings, on_progress: Progress | None = None) -> Path:
    """Return the model's graph in OpenVINO form, converted now if this is the first time on this machine."""

    def load() -> Any:
        from catalog.encoder_torch import load_module

        return load_module(model)

    inputs = ("input_ids", "attention_mask")
    return graphs.converted(model.identity, GRAPH, load, inputs, settings, on_progress)
