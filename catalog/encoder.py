"""Texts to unit vectors: what an encoder is, how a model folder is read, which runtime runs it.

The inference itself is in `encoder_openvino` and `encoder_torch`; both get their token batches from here.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.device import accelerator
from catalog.tokens import open_tokenizer, read_json, readable, token_limit
from core.artifacts import Progress, identify, resolve
from core.errors import InvalidSettings
from core.record import Record
from core.settings import Settings

Vectors = NDArray[np.float32]
Pooling = Literal["mean", "cls", "lasttoken"]


class Encoder(Protocol):
    """Turns texts into L2-normalised rows. Safe to call from several threads at once."""

    name: str  # the model and a short hash of its files: equal names mean comparable vectors
    dimension: int

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode what shoppers ask, one row each; made for few texts at low latency."""
        ...

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode what is searched, one row each; made for many texts at high throughput."""
        ...


class SentenceModel(Record):
    """What a sentence-transformers folder says about itself."""

    name: str
    identity: str  # of the files alone; the name also says where texts are cut
    folder: Path  # of the transformer: config.json, tokenizer.json and the weights
    dimension: int
    pooling: Pooling
    max_tokens: int
    lower_case: bool
    query_prompt: str
    document_prompt: str


class Batch(NamedTuple):
    """Token ids padded to the longest of the batch; `rows` says which texts they are."""

    rows: list[int]
    input_ids: NDArray[np.int64]
    attention_mask: NDArray[np.int64]


def open_encoder(settings: Settings, on_progress: Progress | None = None) -> Encoder:
    """Return the encoder of the settings, its model fetched and converted if this is the first time."""
    model = read_model(settings, resolve(settings.encoder, settings, on_progress))
    if (device := accelerator(settings.device)) is not None:
        from catalog.encoder_torch import TorchEncoder

        return TorchEncoder(model, device)
    from catalog.encoder_openvino import OpenVinoEncoder, converted

    return OpenVinoEncoder(model, converted(model, settings, on_progress), settings.threads)


def read_model(settings: Settings, folder: Path) -> SentenceModel:
    """Read a model's folder, in sentence-transformers layout or a plain transformer (then mean pooling)."""
    modules = read_json(folder / "modules.json") or [{"path": "", "type": "Transformer"}]
    paths = {str(module["type"]).rpartition(".")[2]: folder / module["path"] for module in modules}
    if unknown := paths.keys() - {"Transformer", "Pooling", "Normalize"}:
        raise InvalidSettings(
            f"encoder {folder} has a {min(unknown)} module, unknown to Aisle; choose another"
        )
    transformer = paths.get("Transformer", folder)
    config = read_json(transformer / "config.json")
    if not config or not (transformer / "tokenizer.json").is_file():
        raise InvalidSettings(f"encoder {folder} is no usable model: it needs config.json and tokenizer.json")
    prompts = read_json(folder / "config_sentence_transformers.json")
    pooling = read_json(paths["Pooling"] / "config.json") if "Pooling" in paths else {}
    query_prompt, document_prompt = _prompts(prompts)
    if pooling.get("include_prompt") is False and (query_prompt or document_prompt):
        raise InvalidSettings(
            f"encoder {folder} leaves its prompt out of pooling; Aisle cannot; choose another"
        )
    dimension = pooling.get("word_embedding_dimension") or pooling.get("embedding_dimension")
    sentence = read_json(transformer / "sentence_bert_config.json")
    limit = token_limit(transformer)
    name = identity = identify(folder, settings.cache)
    if settings.encoder_max_tokens < limit:
        limit = settings.encoder_max_tokens
        name = f"{name}-{limit}"  # documents cut elsewhere are other vectors: the index must know
    return SentenceModel(
        name=name,
        identity=identity,
        folder=transformer,
        dimension=dimension or config["hidden_size"],
        pooling=_pooling(pooling, folder),
        max_tokens=limit,
        lower_case=bool(sentence.get("do_lower_case")),
        query_prompt=query_prompt,
        document_prompt=document_prompt,
    )


class TokenBatches:
    """The tokenizer of a model: any text in, padded batches of similar length out."""

    def __init__(self, model: SentenceModel) -> None:
        self._model = model
        self._tokenizer, self._pad_id = open_tokenizer(model.folder)
        self._tokenizer.enable_truncation(model.max_tokens)

    def __call__(self, texts: Sequence[str], prompt: str, size: int) -> Iterator[Batch]:
        """Yield batches of up to `size` texts, longest first: a batch wastes little on padding."""
        encodings = self._tokenizer.encode_batch_fast([self._clean(prompt + text) for text in texts])
        ids = [encoding.ids or [self._pad_id] for encoding in encodings]
        order = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            shape = len(rows), len(ids[rows[0]])
            batch = Batch(rows, np.full(shape, self._pad_id, np.int64), np.zeros(shape, np.int64))
            for line, row in enumerate(rows):
                batch.input_ids[line, : len(ids[row])] = ids[row]
                batch.attention_mask[line, : len(ids[row])] = 1
            yield batch

    def _clean(self, text: str) -> str:
        return readable(text, self._model.max_tokens, lower_case=self._model.lower_case)


def _prompts(config: dict[str, Any]) -> tuple[str, str]:
    """Return the query's and the document's; E5 and its kin call the second one `passage`."""
    prompts = config.get("prompts") or {}
    documents = (prompts.get(name) for name in ("document", "passage", "corpus"))
    return prompts.get("query") or "", next((prompt for prompt in documents if prompt), "")


def _pooling(config: dict[str, Any], folder: Path) -> Pooling:
    legacy = (key for key, on in config.items() if key.startswith("pooling_mode_") and on is True)
    active = [re.sub("^pooling_mode_|_tokens?$", "", key) for key in legacy]
    mode = config.get("pooling_mode") or active or ["mean"]
    match [mode] if isinstance(mode, str) else mode:
        case ["mean" | "cls" | "lasttoken" as known]:
            return known
    raise InvalidSettings(
        f"encoder {folder} pools by {mode}; Aisle knows mean, cls and lasttoken; choose another"
    )
