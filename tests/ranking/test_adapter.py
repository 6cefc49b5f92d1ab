import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import AisleError, ModelDamaged
from core.settings import load_settings
from ranking.adapter import (
    CONFIG,
    FORMAT,
    TENSORS,
    AdapterConfig,
    base_digest,
    load_adapter,
    merged,
    save_adapter,
)
from ranking.reranker import open_reranker

LAYER = "encoder.layer.0.attention.self.query"
CONFIGURED = AdapterConfig(
    base="minilm",
    base_sha256=base_digest("minilm"),
    rank=2,
    alpha=6.0,
    modules=(LAYER,),
    head="cls",
    max_tokens=64,
)


def tensors(seed: int = 0) -> dict[str, NDArray[np.float32]]:
    shapes = {
        f"{LAYER}.lora_A": (2, 384),
        f"{LAYER}.lora_B": (384, 2),
        "head.dense.weight": (16, 384),
        "head.dense.bias": (16,),
        "head.out.weight": (1, 16),
        "head.out.bias": (1,),
    }
    random = np.random.default_rng(seed)
    return {name: random.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def test_what_is_saved_is_what_is_loaded(tmp_path: Path) -> None:
    saved = save_adapter(tmp_path / "adapter", tensors(), CONFIGURED)
    loaded = load_adapter(tmp_path / "adapter")
    assert (loaded.config, loaded.digest) == (CONFIGURED, saved.digest)
    assert loaded.tensors.keys() == tensors().keys()
    for name, tensor in tensors().items():
        assert loaded.tensors[name].dtype == np.float32
        assert np.allclose(loaded.tensors[name], tensor, rtol=1e-3, atol=1e-6)


def test_other_numbers_have_another_digest(tmp_path: Path) -> None:
    first = save_adapter(tmp_path, tensors(0), CONFIGURED)
    again = save_adapter(tmp_path, tensors(0), CONFIGURED)
    other = save_adapter(tmp_path, tensors(1), CONFIGURED)
    assert first.digest == again.digest != other.digest


def test_merging_adds_the_scaled_product_to_the_layer_and_to_nothing_else(tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path, tensors(), CONFIGURED)
    base = {f"{LAYER}.weight": np.ones((384, 384), np.float32), "other": np.ones(3, np.float32)}
    weights = merged(adapter, base)
    by_hand = 1 + 6.0 / 2 * (adapter.tensors[f"{LAYER}.lora_B"] @ adapter.tensors[f"{LAYER}.lora_A"])
    assert np.allclose(weights[f"{LAYER}.weight"], by_hand, atol=1e-4)
    assert np.array_equal(weights["other"], base["other"])
    assert np.array_equal(base[f"{LAYER}.weight"], np.ones((384, 384)))


def test_a_layer_that_the_base_has_not_or_in_another_shape_is_named(tmp_path: Path) -> None:
    adapter = save_adapter(tmp_path, tensors(), CONFIGURED)
    with pytest.raises(ModelDamaged, match=f"adapts {LAYER}.*minilm has no such layer"):
        merged(adapter, {})
    with pytest.raises(ModelDamaged, match=f"adapts {LAYER} as .*minilm has it as"):
        merged(adapter, {f"{LAYER}.weight": np.ones((3, 384), np.float32)})


Change = Callable[[dict[str, NDArray[np.float32]]], object]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.pop("head.out.bias"), r"lacks head\.out\.bias"),
        (lambda t: t.pop(f"{LAYER}.lora_B"), r"lacks .*query\.lora_B"),
        (lambda t: t.update({"encoder.extra.lora_A": np.ones((2, 384), np.float32)}), "has an unknown enc"),
        (lambda t: t.update({f"{LAYER}.lora_A": np.ones((3, 384), np.float32)}), r"is \(3, 384\), expected"),
        (lambda t: t.update({"head.out.weight": np.ones((2, 16), np.float32)}), r"is \(2, 16\), expected"),
        (lambda t: t.update({"head.dense.weight": np.ones(16, np.float32)}), r"is \(16,\), expected"),
        (lambda t: t["head.dense.weight"].fill(np.nan), r"head\.dense\.weight .* infinity or no number"),
        (lambda t: t["head.out.bias"].fill(np.inf), r"head\.out\.bias .* infinity or no number"),
        (lambda t: t["head.out.bias"].fill(1e9), r"head\.out\.bias .* infinity or no number"),  # as a half
    ],
)
@pytest.mark.filterwarnings("ignore:overflow encountered in cast:RuntimeWarning")
def test_an_adapter_whose_scores_would_be_wrong_is_refused_with_the_way_out(
    tmp_path: Path, change: Change, says: str
) -> None:
    content = tensors()
    change(content)
    with pytest.raises(ModelDamaged, match=f"{says}.*aisle train reranker"):
        save_adapter(tmp_path, content, CONFIGURED)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("format", FORMAT + 1, f"has format {FORMAT + 1}"),
        ("base_sha256", "0" * 64, "trained on other weights than this version's minilm"),
        ("base", "unheard-of", "trained on other weights.*not known here"),
        ("head", "max", "head: Input should be 'cls' or 'mean'"),
        ("rank", 0, "rank: "),
        ("rank", 4, "expected"),
        ("modules", [], "has an unknown"),
        ("surprise", 1, "surprise: "),
    ],
)
def test_a_config_that_does_not_fit_is_refused_by_name(
    tmp_path: Path, field: str, value: object, says: str
) -> None:
    save_adapter(tmp_path, tensors(), CONFIGURED)
    config = json.loads((tmp_path / CONFIG).read_text())
    (tmp_path / CONFIG).write_text(json.dumps({**config, field: value}))
    with pytest.raises(ModelDamaged, match=f"{says}.*aisle train reranker"):
        load_adapter(tmp_path)


@pytest.mark.parametrize("name", [CONFIG, TENSORS])
@pytest.mark.parametrize("damage", [lambda data: data[:-7], lambda data: b"\xff" * 50, lambda data: b""])
def test_a_corrupt_file_is_named(tmp_path: Path, name: str, damage: Callable[[bytes], bytes]) -> None:
    save_adapter(tmp_path, tensors(), CONFIGURED)
    (tmp_path / name).write_bytes(damage((tmp_path / name).read_bytes()))
    with pytest.raises(ModelDamaged, match=name):
        load_adapter(tmp_path)


@pytest.mark.parametrize("name", [CONFIG, TENSORS])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    save_adapter(tmp_path, tensors(), CONFIGURED)
    (tmp_path / name).unlink()
    with pytest.raises(ModelDamaged, match=f"{name} cannot be read"):
        load_adapter(tmp_path)


def test_numbers_of_a_kind_that_cannot_be_read_are_refused(tmp_path: Path) -> None:
    import torch
    from safetensors.torch import save_file

    save_adapter(tmp_path, tensors(), CONFIGURED)
    halves = {name: torch.from_numpy(tensor).bfloat16() for name, tensor in tensors().items()}
    save_file(halves, tmp_path / TENSORS)
    with pytest.raises(ModelDamaged, match=TENSORS):
        load_adapter(tmp_path)


def test_a_base_that_was_tampered_with_is_refused_when_it_is_read(tmp_path: Path) -> None:
    import shutil

    from core.artifacts import resolve

    cached = resolve("minilm", load_settings())
    copy = tmp_path / "cache" / "models" / cached.name
    shutil.copytree(cached, copy)
    with (copy / "model.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\1")
    save_adapter(tmp_path / "adapter", tensors(), CONFIGURED)
    settings = load_settings(reranker=str(tmp_path / "adapter"), cache=tmp_path / "cache", device="cpu")
    with pytest.raises(AisleError, match=r"model\.safetensors is not what .* was trained on.*models pull"):
        open_reranker(settings)
