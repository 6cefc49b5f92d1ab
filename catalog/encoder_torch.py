"""A sentence model in torch: the encoder where there is a GPU, and what OpenVINO converts elsewhere."""

from collections.abc import Sequence

import numpy as np
import torch

from catalog.encoder import Pooling, SentenceModel, TokenBatches, Vectors
from catalog.pretrained import load_pretrained

BATCH = 64


class SentenceModule(torch.nn.Module):
    """Token ids and mask in, unit sentence vectors out."""

    def __init__(self, transformer: torch.nn.Module, pooling: Pooling) -> None:
        super().__init__()
        self.transformer = transformer
        self.pooling = pooling

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
        """Pool over the real tokens only; padding is on the right."""
        hidden = self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        if self.pooling == "cls":
            pooled = hidden[:, 0]
        elif self.pooling == "lasttoken":
            last = (attention_mask.sum(1) - 1).view(-1, 1, 1).expand(-1, 1, hidden.shape[-1])
            pooled = hidden.gather(1, last).squeeze(1)
        else:
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1)
        return torch.nn.functional.normalize(pooled, dim=-1)


class TorchEncoder:
    """An `Encoder` on a torch device."""

    def __init__(self, model: SentenceModel, device: str) -> None:
        self.name = model.name
        self.dimension = model.dimension
        self._model = model
        self._device = device
        self._module = load_module(model).to(device)
        self._batches = TokenBatches(model)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode with the model's query prompt."""
        return self._encode(texts, self._model.query_prompt)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode with the model's document prompt."""
        return self._encode(texts, self._model.document_prompt)

    def _encode(self, texts: Sequence[str], prompt: str) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        with torch.inference_mode():
            for batch in self._batches(texts, prompt, BATCH):
                ids = torch.from_numpy(batch.input_ids).to(self._device)
                mask = torch.from_numpy(batch.attention_mask).to(self._device)
                vectors[batch.rows] = self._module(ids, mask).float().cpu().numpy()
        return vectors


def load_module(model: SentenceModel) -> SentenceModule:
    """Load the weights in float32, from the folder alone and never running code found there."""
    from transformers import AutoModel

    transformer, _ = load_pretrained(AutoModel, model.folder)  # a pooler that is missing is not used
    return SentenceModule(transformer, model.pooling).eval()
