"""The planner's base between its two forms: quantised in a GGUF file, and as torch trains it.

llama.cpp keeps the rows of q and k in another order than transformers, because it turns them otherwise.
"""

from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import LlamaConfig, LlamaForCausalLM

from core.errors import ModelDamaged

PROJECTIONS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
_NORMS = {"input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
_TORCH = {theirs: ours for ours, theirs in (PROJECTIONS | _NORMS).items()}
_OUTSIDE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}

Float = TypeVar("Float", bound=np.floating)


def load_base(gguf: Path) -> LlamaForCausalLM:
    """The model as llama.cpp computes it: the quantised weights spelled out, not those before quantising."""
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(gguf)
    config = _config(reader)
    heads = heads_of(config)
    weights = {}
    for tensor in reader.tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        name = tensor.name
        if name.endswith("attn_q.weight"):
            values = from_llama_cpp(values, heads["attn_q"])
        elif name.endswith("attn_k.weight"):
            values = from_llama_cpp(values, heads["attn_k"])
        weights[_torch_name(name)] = torch.from_numpy(np.ascontiguousarray(values))
    model = LlamaForCausalLM(config)
    missing, unknown = model.load_state_dict(weights, strict=False)
    if unknown or [name for name in missing if name != "lm_head.weight"]:  # that is the embedding's
        raise ModelDamaged(f"{gguf} is not the model that is trained; run: aisle models pull smollm2")
    return model.requires_grad_(requires_grad=False)


def heads_of(config: LlamaConfig) -> dict[str, int]:
    """How many heads the projections have whose rows lie otherwise in llama.cpp."""
    return {"attn_q": config.num_attention_heads, "attn_k": config.num_key_value_heads or 0}


def to_llama_cpp(rows: NDArray[Float], heads: int) -> NDArray[Float]:
    """Rows of q or k, or of what is added to them, in llama.cpp's order: pairs side by side."""
    return rows.reshape(heads, 2, -1, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def from_llama_cpp(rows: NDArray[Float], heads: int) -> NDArray[Float]:
    """Rows of q or k in the order of transformers: the two halves of each head after each other."""
    return rows.reshape(heads, -1, 2, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)


def _torch_name(name: str) -> str:
    if not name.startswith("blk."):
        return _OUTSIDE.get(name, name)
    _, layer, part, _ = name.split(".")
    return f"model.layers.{layer}.{_TORCH.get(part, part)}.weight"


def _config(reader: "GGUFReader") -> LlamaConfig:  # type: ignore[name-defined]  # noqa: F821
    def of(key: str) -> int:
        return int(reader.fields[key].contents())

    return LlamaConfig(
        vocab_size=of("llama.vocab_size"),
        hidden_size=of("llama.embedding_length"),
        intermediate_size=of("llama.feed_forward_length"),
        num_hidden_layers=of("llama.block_count"),
        num_attention_heads=of("llama.attention.head_count"),
        num_key_value_heads=of("llama.attention.head_count_kv"),
        rms_norm_eps=float(reader.fields["llama.attention.layer_norm_rms_epsilon"].contents()),
        max_position_embeddings=of("llama.context_length"),
        rope_parameters={
            "rope_type": "default",
            "rope_theta": float(reader.fields["llama.rope.freq_base"].contents()),
        },
        tie_word_embeddings=True,
        bos_token_id=1,
        eos_token_id=2,
    )
