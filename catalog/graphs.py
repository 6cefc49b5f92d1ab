"""Torch modules as OpenVINO graphs: converted once on this machine, cached, compiled for its processor.

Knows nothing of texts or tokens. The precision is the plugin's choice for the processor: bfloat16 where
that is native, float32 elsewhere.
"""

import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from core.artifacts import Progress, writing
from core.errors import InvalidSettings
from core.settings import Settings

if TYPE_CHECKING:
    import torch


def converted(
    identity: str,
    revision: int,
    load: "Callable[[], torch.nn.Module]",
    inputs: Sequence[str],
    settings: Settings,
    on_progress: Progress | None = None,
) -> Path:
    """Return the graph of the module that `load` gives, converted now if this is the first time.

    `identity` says which files the module is made from, `revision` how: one of them changes when the graph
    would. Every input is a matrix of token numbers of any shape.
    """
    graphs = settings.cache / "openvino"
    target = graphs / f"{identity}-openvino{version('openvino')}-{revision}"
    graph = target / "model.xml"
    if graph.is_file():
        return graph
    part = graphs / f".{target.name}.part"
    with writing(graphs):
        graphs.mkdir(parents=True, exist_ok=True)
        with FileLock(graphs / f".{target.name}.lock"):
            if not graph.is_file():
                if on_progress:
                    on_progress(f"converting {identity} for this processor (once)")
                shutil.rmtree(part, ignore_errors=True)  # a killed conversion's
                try:
                    part.mkdir()
                    _convert(identity, load(), inputs, part / graph.name)
                    part.rename(target)
                finally:
                    shutil.rmtree(part, ignore_errors=True)
                compiled(graph, "LATENCY", settings.threads)  # fills the cache of compiled plans, alone
    return graph


def compiled(graph: Path, hint: str, threads: int) -> Any:
    """Compile a graph for one purpose: `LATENCY` or `THROUGHPUT`."""
    import openvino

    options: dict[str, Any] = {"PERFORMANCE_HINT": hint}
    if threads:
        options["INFERENCE_NUM_THREADS"] = threads
    if os.access(graph.parent, os.W_OK):
        options["CACHE_DIR"] = str(graph.parent / "compiled")  # 50 ms to open instead of 140
    return openvino.Core().compile_model(graph, "CPU", options)


def _convert(identity: str, module: "torch.nn.Module", inputs: Sequence[str], graph: Path) -> None:
    import openvino
    import torch
    from openvino.frontend import GeneralFailure, OpConversionFailure

    ids = torch.ones((2, 8), dtype=torch.long)
    any_shape = openvino.PartialShape([-1, -1])
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's: every branch it fixes is fixed for every shape
            traced = openvino.convert_model(
                module,
                example_input=dict.fromkeys(inputs, ids),
                input=[(name, any_shape, openvino.Type.i64) for name in inputs],
            )
    except (RuntimeError, TypeError, ValueError, OpConversionFailure, GeneralFailure) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InvalidSettings(f"{identity} cannot be converted: {reason}; choose another model") from error
    openvino.save_model(traced, graph, compress_to_fp16=False)
