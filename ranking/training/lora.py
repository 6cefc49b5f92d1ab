"""The MiniLM base with low-rank adapters and a scoring head, as torch trains it.

Its tensors are what `ranking.adapter` stores and merges; serving never comes here.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from core.errors import ModelDamaged

TARGETS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


class LowRank(nn.Module):
    """A frozen linear layer and a trainable low-rank change to it, zero at first."""

    def __init__(self, frozen: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.frozen = frozen
        self.lora_A = nn.Parameter(torch.randn(rank, frozen.in_features) / math.sqrt(frozen.in_features))
        self.lora_B = nn.Parameter(torch.zeros(frozen.out_features, rank))
        self.scale = alpha / rank

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        """The layer's output with the change."""
        changed: torch.Tensor = self.frozen(given) + (given @ self.lora_A.T @ self.lora_B.T) * self.scale
        return changed


class CrossEncoder(nn.Module):
    """Reads query and passage together; one score per pair from the mean of all tokens."""

    def __init__(self, base: Path, rank: int, alpha: float) -> None:
        super().__init__()
        from safetensors.torch import load_file
        from transformers import BertConfig, BertModel

        self.base: Any = BertModel(BertConfig.from_pretrained(base), add_pooling_layer=False)
        missing, _ = self.base.load_state_dict(load_file(base / "model.safetensors"), strict=False)
        if missing:
            raise ModelDamaged(f"{base} lacks {missing[0]}; fetch it again with: aisle models pull minilm")
        self.base.requires_grad_(requires_grad=False)
        for layer in self.base.encoder.layer:
            for target in TARGETS:
                parent, _, name = target.rpartition(".")
                holder = layer.get_submodule(parent)
                setattr(holder, name, LowRank(getattr(holder, name), rank, alpha))
        width = self.base.config.hidden_size
        self.dense = nn.Linear(width, width)
        self.out = nn.Linear(width, 1)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> torch.Tensor:
        """A score per row."""
        states = self.base(input_ids=ids, attention_mask=mask, token_type_ids=types).last_hidden_state
        real = mask.unsqueeze(-1)
        mean = (states.float() * real).sum(1) / real.sum(1)
        scores: torch.Tensor = self.out(torch.tanh(self.dense(mean)))[:, 0]
        return scores

    def trainable(self) -> dict[str, torch.Tensor]:
        """What is learned, under the names that an adapter file uses."""
        found: dict[str, torch.Tensor] = {}
        for name, parameter in self.named_parameters():
            if parameter.requires_grad:
                plain = name.removeprefix("base.")
                found[plain if plain.startswith("encoder.") else f"head.{plain}"] = parameter
        return found


def padded(rows: Sequence[tuple[Sequence[int], Sequence[int]]], pad: int) -> tuple[torch.Tensor, ...]:
    """Ids, mask and token types of tokenised pairs as one batch."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.full((len(rows), longest), pad)
    mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
    for row, (tokens, kinds) in enumerate(rows):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        types[row, : len(kinds)] = torch.tensor(kinds)
        mask[row, : len(tokens)] = 1
    return ids, mask, types
