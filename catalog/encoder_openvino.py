"""A sentence model on the CPU through OpenVINO, converted from torch once and then without torch.

Two plans are compiled from the one graph: low latency for queries, high throughput for documents. The
precision is the plugin's choice for the processor: bfloat16 where that is native, float32 elsewhere.
"""

import os
import shutil
import warnings
from collections import deque
from collections.abc import Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

import numpy as np
from filelock import FileLock

from catalog.encoder import Batch, SentenceModel, TokenBatches, Vectors
from core.artifacts import Progress, writing
from core.errors import InvalidSettings
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
        self._requests.put(_compile(graph, "LATENCY", threads).create_infer_request())
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
        return _compile(self._graph, "THROUGHPUT", self._threads)


def _finish(request: Any, batch: Batch, vectors: Vectors) -> Any:
    """Wait for a request, keep its vectors, and return it for the next batch."""
    request.wait()
    vectors[batch.rows] = request.get_output_tensor(0).data
    return request


def converted(model: SentenceModel, settings: Settings, on_progress: Progress | None = None) -> Path:
    """Return the model's graph in OpenVINO form, converted now if this is the first time on this machine."""
    graphs = settings.cache / "openvino"
    target = graphs / f"{model.identity}-openvino{version('openvino')}-{GRAPH}"
    graph = target / "model.xml"
    if graph.is_file():
        return graph
    part = graphs / f".{target.name}.part"
    with writing(graphs):
        graphs.mkdir(parents=True, exist_ok=True)
        with FileLock(graphs / f".{target.name}.lock"):
            if not graph.is_file():
                if on_progress:
                    on_progress(f"converting {model.name} for this processor (once)")
                shutil.rmtree(part, ignore_errors=True)  # a killed conversion's
                try:
                    part.mkdir()
                    _convert(model, part / graph.name)
                    part.rename(target)
                finally:
                    shutil.rmtree(part, ignore_errors=True)
                _compile(graph, "LATENCY", settings.threads)  # fills the cache of compiled plans, alone
    return graph


def _convert(model: SentenceModel, graph: Path) -> None:
    import openvino
    import torch
    from openvino.frontend import GeneralFailure, OpConversionFailure

    from catalog.encoder_torch import load_module

    module = load_module(model)
    ids = torch.ones((2, 8), dtype=torch.long)
    any_shape = openvino.PartialShape([-1, -1])
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's: every branch it fixes is fixed for every shape
            traced = openvino.convert_model(
                module,
                example_input={"input_ids": ids, "attention_mask": torch.ones_like(ids)},
                input=[(name, any_shape, openvino.Type.i64) for name in ("input_ids", "attention_mask")],
            )
    except (RuntimeError, TypeError, ValueError, OpConversionFailure, GeneralFailure) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InvalidSettings(
            f"encoder {model.name} cannot be converted: {reason}; choose another"
        ) from error
    openvino.save_model(traced, graph, compress_to_fp16=False)


def _compile(graph: Path, hint: str, threads: int) -> Any:
    import openvino

    options: dict[str, Any] = {"PERFORMANCE_HINT": hint}
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    if os.access(graph.parent, os.W_OK):
        options["CACHE_DIR"] = str(graph.parent / "compiled")  # 50 ms to open instead of 140
    return openvino.Core().compile_model(graph, "CPU", options)
