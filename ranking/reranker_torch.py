"""A cross-encoder in torch: the reranker where there is a GPU, and what OpenVINO converts elsewhere."""

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from catalog.pretrained import load_pretrained
from core.errors import InvalidSettings, ModelDamaged
from core.manifest import digest
from ranking.adapter import BASE_WEIGHTS, Adapter, load_adapter, merged
from ranking.reranker import PairBatch, PairBatches, PairModel, Scores, score_batches

BATCH = 64


class LastLinear(torch.nn.Module):
    """A linear layer spelled as a sum of products, which OpenVINO leaves in float32.

    A matrix product would round the scores to bfloat16: in steps of 0.03 between 4 and 8, with many ties.
    """

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        self.weight, self.bias = linear.weight, linear.bias

    def forward(self, states: torch.Tensor) -> torch.Tensor:
        """What the layer would give."""
        sums = (states.unsqueeze(-2) * self.weight).sum(-1)
        return sums if self.bias is None else sums + self.bias


class AdaptedBert(torch.nn.Module):
    """The base with an adapter merged in: tokens in, one score per pair out."""

    def __init__(self, transformer: Any, adapter: Adapter) -> None:
        super().__init__()
        self.transformer = transformer
        self.first_only = adapter.config.head == "cls"
        self.last = transformer.encoder.layer.pop(-1) if self.first_only else None
        weights = {name: torch.from_numpy(tensor) for name, tensor in adapter.tensors.items()}
        self.dense = _linear(weights["head.dense.weight"], weights["head.dense.bias"])
        self.out = LastLinear(_linear(weights["head.out.weight"], weights["head.out.bias"]))

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """Read the score off the state that the head was trained on."""
        hidden = self.transformer(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        if self.first_only:
            state = self._first(hidden, attention_mask)
        else:
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            state = (hidden * mask).sum(1) / mask.sum(1)
        scores: torch.Tensor = self.out(torch.tanh(self.dense(state))).squeeze(-1)
        return scores

    def _first(self, hidden: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Run the last layer for the first token alone, as nothing else is read: a seventh less time."""
        layer: Any = self.last
        attention, size = layer.attention.self, layer.attention.self.attention_head_size

        def heads(states: torch.Tensor) -> torch.Tensor:
            return states.view(*states.shape[:2], -1, size).transpose(1, 2)

        first = hidden[:, :1]
        mixed = functional.scaled_dot_product_attention(
            heads(attention.query(first)),
            heads(attention.key(hidden)),
            heads(attention.value(hidden)),
            attn_mask=attention_mask[:, None, None, :].bool(),
        )
        attended = layer.attention.output(mixed.transpose(1, 2).flatten(2), first)
        state: torch.Tensor = layer.output(layer.intermediate(attended), attended)
        return state[:, 0]


class Classifier(torch.nn.Module):
    """A sequence-classification model: its one logit, or by how much the second exceeds the first."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        for name, layer in list(model.named_modules()):
            if isinstance(layer, torch.nn.Linear) and layer.out_features == model.config.num_labels:
                model.set_submodule(name, LastLinear(layer))
        self.with_types = (getattr(model.config, "type_vocab_size", None) or 0) > 1

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        """Models without token types do not get them."""
        types = {"token_type_ids": token_type_ids} if self.with_types else {}
        logits: torch.Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask, **types).logits
        return logits[:, -1] - logits[:, 0] if logits.shape[-1] == 2 else logits[:, 0]


class TorchReranker:
    """A `Reranker` on a torch device."""

    def __init__(self, model: PairModel, device: str) -> None:
        self.name = model.name
        self._model = model
        self._device = device
        self._module = load_module(model).to(device)
        self._batches = PairBatches(model)

    def score(self, query: str, passages: Sequence[str]) -> Scores:
        """Score the pairs batch by batch."""
        batches = self._batches(query, passages, BATCH)
        return score_batches(self._model, batches, len(passages), self._run)

    def _run(self, batch: PairBatch) -> Scores:
        inputs = batch.input_ids, batch.attention_mask, batch.token_type_ids
        with torch.inference_mode():
            scores: Scores = (
                self._module(*(torch.from_numpy(i).to(self._device) for i in inputs)).cpu().numpy()
            )
        return scores


def load_module(model: PairModel) -> torch.nn.Module:
    """Load a cross-encoder's weights in float32, the adapter merged in if it is one."""
    return (
        _classifier(model) if model.adapter is None else _adapted(model, load_adapter(model.adapter))
    ).eval()


def _adapted(model: PairModel, adapter: Adapter) -> torch.nn.Module:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file
    from transformers import AutoConfig, BertModel

    weights = model.folder / BASE_WEIGHTS
    found = digest(weights, "sha256").removeprefix("sha256:")
    if found != adapter.config.base_sha256:
        raise ModelDamaged(
            f"{weights} is not what {adapter.folder} was trained on (sha256 {found[:8]}, expected "
            f"{adapter.config.base_sha256[:8]}); run: aisle models pull {adapter.config.base}"
        )
    try:
        base = load_file(weights)
    except SafetensorError as error:
        raise ModelDamaged(f"{weights} cannot be read: {error}; fetch the model again") from error
    transformer = BertModel(AutoConfig.from_pretrained(model.folder), add_pooling_layer=False)
    state = {name: torch.from_numpy(tensor) for name, tensor in merged(adapter, base).items()}
    transformer.load_state_dict({name: state[name] for name in transformer.state_dict()})
    return AdaptedBert(transformer, adapter)


def _classifier(model: PairModel) -> torch.nn.Module:
    from transformers import AutoModelForSequenceClassification

    loaded, missing = load_pretrained(AutoModelForSequenceClassification, model.folder)
    if missing:
        raise InvalidSettings(
            f"reranker {model.folder} is no cross-encoder: it holds no {missing[0]}; choose another"
        )
    if loaded.config.num_labels not in (1, 2):
        raise InvalidSettings(
            f"reranker {model.folder} tells {loaded.config.num_labels} classes apart; "
            "Aisle needs one score, or two classes of which the second is relevant; choose another"
        )
    return Classifier(loaded)


def _linear(weight: torch.Tensor, bias: torch.Tensor) -> torch.nn.Linear:
    layer = torch.nn.Linear(weight.shape[1], weight.shape[0])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(bias)
    return layer
