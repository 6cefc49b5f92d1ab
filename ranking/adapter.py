"""The adapter on disk: what makes a cross-encoder of the shared base model, checked before it is used.

Low-rank pairs for some of the base's linear layers and a small head. Reads, checks, writes and merges; it
trains nothing and runs nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from core.errors import ModelDamaged
from core.manifest import manifest
from core.record import Record

SHIPPED = Path(__file__).with_name("models") / "reranker"
FORMAT = 1
CONFIG, TENSORS = "adapter.json", "adapter.safetensors"
BASE_WEIGHTS = "model.safetensors"
DOWN, UP = ".lora_A", ".lora_B"
HEAD = ("head.dense.weight", "head.dense.bias", "head.out.weight", "head.out.bias")
WAY_OUT = "restore it, or train it anew with: aisle train reranker"

Tensors = Mapping[str, NDArray[np.float32]]


class AdapterConfig(Record):
    """What an adapter was made for: the exact base, the layers it changes, how a score is read off."""

    format: int = FORMAT
    base: str  # a name in the manifest
    base_sha256: str  # of its weights
    rank: int = Field(ge=1)
    alpha: float = Field(gt=0, allow_inf_nan=False)
    modules: tuple[str, ...]  # linear layers by their name in the base
    head: Literal["cls", "mean"]  # which state the head reads: the first, or the mean of the real tokens
    max_tokens: int = Field(ge=8)  # of a pair in training; longer ones were never seen


@dataclass(frozen=True)
class Adapter:
    """A whole and consistent adapter; `digest` names its content."""

    folder: Path
    config: AdapterConfig
    tensors: Tensors
    digest: str


def save_adapter(folder: Path, tensors: Tensors, config: AdapterConfig) -> Adapter:
    """Check an adapter and write it into a folder, in half precision: finer than bfloat16, which runs it.

    An adapter that is there already is replaced. The card beside it is the trainer's to write.
    """
    from safetensors.numpy import save_file

    _check(folder, tensors, config)
    half = {name: np.ascontiguousarray(tensor, dtype=np.float16) for name, tensor in sorted(tensors.items())}
    folder.mkdir(parents=True, exist_ok=True)
    save_file(half, folder / TENSORS)
    (folder / CONFIG).write_text(config.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return load_adapter(folder)


def load_adapter(folder: Path = SHIPPED) -> Adapter:
    """Read an adapter and check everything that can be known without its base's weights."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    config_bytes, tensor_bytes = _read(folder / CONFIG), _read(folder / TENSORS)
    try:
        config = AdapterConfig.model_validate_json(config_bytes)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "it"
        raise ModelDamaged(f"{folder / CONFIG}: {where}: {problem['msg']}; {WAY_OUT}") from error
    try:
        tensors = {name: tensor.astype(np.float32) for name, tensor in load(tensor_bytes).items()}
    except (SafetensorError, KeyError, ValueError) as error:  # KeyError: numbers of an unknown kind
        raise ModelDamaged(f"{folder / TENSORS} cannot be read: {error}; {WAY_OUT}") from error
    _check(folder, tensors, config)
    digest = hashlib.sha256(config_bytes + b"\0" + tensor_bytes).hexdigest()
    return Adapter(folder, config, tensors, digest)


def merged(adapter: Adapter, base: Tensors) -> dict[str, NDArray[np.float32]]:
    """Return the base's weights with the adapter's added; the head stays apart."""
    config, weights = adapter.config, dict(base)
    for module in config.modules:
        down, up = adapter.tensors[module + DOWN], adapter.tensors[module + UP]
        weight = weights.get(f"{module}.weight")
        shape = (up.shape[0], down.shape[1])
        if weight is None or weight.shape != shape:
            found = "has no such layer" if weight is None else f"has it as {weight.shape}"
            raise ModelDamaged(
                f"{adapter.folder} adapts {module} as {shape}, but {config.base} {found}; {WAY_OUT}"
            )
        weights[f"{module}.weight"] = weight + np.float32(config.alpha / config.rank) * (up @ down)
    return weights


def base_digest(base: str) -> str:
    """Return the SHA-256 of the weights that the manifest promises for a base."""
    artifact = manifest().get(base)
    files = {file.path: file.digest for file in artifact.files} if artifact else {}
    return files.get(BASE_WEIGHTS, "").removeprefix("sha256:")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelDamaged(f"{path} cannot be read ({error.strerror}); {WAY_OUT}") from error


def _check(folder: Path, tensors: Mapping[str, NDArray[Any]], config: AdapterConfig) -> None:
    """Raise `ModelDamaged` at the first thing that makes the scores wrong."""
    if config.format != FORMAT:
        raise ModelDamaged(f"{folder} has format {config.format}, this version reads {FORMAT}; {WAY_OUT}")
    expected = base_digest(config.base)
    if not expected or config.base_sha256 != expected:
        raise ModelDamaged(
            f"{folder} was trained on other weights than this version's {config.base} "
            f"({config.base_sha256[:8]}, not {expected[:8] or 'known here'}); {WAY_OUT}"
        )
    names = {*HEAD, *(module + part for module in config.modules for part in (DOWN, UP))}
    if odd := sorted(names ^ set(tensors)):
        state = "lacks" if odd[0] in names else "has an unknown"
        raise ModelDamaged(f"{folder / TENSORS} {state} {odd[0]}; {WAY_OUT}")
    shapes = _shapes(tensors, config)
    for name, shape in shapes.items():
        if tensors[name].shape != shape:
            raise ModelDamaged(
                f"{name} of {folder / TENSORS} is {tensors[name].shape}, expected {shape}; {WAY_OUT}"
            )
        if not np.isfinite(tensors[name]).all():
            raise ModelDamaged(f"{name} of {folder / TENSORS} holds infinity or no number; {WAY_OUT}")


def _shapes(tensors: Mapping[str, NDArray[Any]], config: AdapterConfig) -> dict[str, tuple[int, ...]]:
    """What each tensor's shape must be for all to fit together; the outer sizes are the base's to check."""

    def size(name: str, axis: int) -> int:
        return int(tensors[name].shape[axis]) if tensors[name].ndim == 2 else 0

    width, hidden = size("head.dense.weight", 0), size("head.dense.weight", 1)
    shapes: dict[str, tuple[int, ...]] = {
        "head.dense.weight": (width, hidden),
        "head.dense.bias": (width,),
        "head.out.weight": (1, width),
        "head.out.bias": (1,),
    }
    for module in config.modules:
        shapes[module + DOWN] = (config.rank, size(module + DOWN, 1))
        shapes[module + UP] = (size(module + UP, 0), config.rank)
    return shapes
