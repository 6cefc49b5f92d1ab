"""Writes low-rank changes as the GGUF adapter that llama.cpp puts on the quantised base."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.llm.training.weights import PROJECTIONS, to_llama_cpp

ARCHITECTURE = "llama"

Change = tuple[NDArray[np.float32], NDArray[np.float32]]  # A (rank, in) and B (out, rank)


def write_adapter(path: Path, changes: Mapping[str, Change], alpha: float, heads: Mapping[str, int]) -> None:
    """Write the changes by projection, as `model.layers.0.self_attn.q_proj`, in half precision."""
    from gguf import GGUFWriter

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    writer = GGUFWriter(os.fspath(partial), ARCHITECTURE)
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for name, (a, b) in changes.items():
        _, _, layer, projection = name.split(".", maxsplit=3)
        part = PROJECTIONS[projection]
        rows = to_llama_cpp(b, heads[part]) if part in heads else b
        for letter, tensor in (("a", a), ("b", rows)):
            half = np.ascontiguousarray(tensor, dtype=np.float16)
            writer.add_tensor(f"blk.{layer}.{part}.weight.lora_{letter}", half)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    partial.replace(path)
