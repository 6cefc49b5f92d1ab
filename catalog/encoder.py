"""Texts to unit vectors: what an encoder is, how a model folder is read, which runtime runs it.

The inference itself is in `encoder_openvino` and `encoder_torch`; both get their token batches from here.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from core.artifacts import Progress, identify, resolve
from core.errors import InvalidSettings, ModelDamaged
from core.record import Record
from core.settings import Settings

Vectors = NDArray[np.float32]
Pooling = Literal["mean", "cls", "lasttoken"]

# Tokenising a megabyte takes 0.9 s to keep 256 tokens of it. No token a model was trained on needs more
# characters than this; only text that is mostly blanks or unbroken runs would be cut short by it.
CHARACTERS_PER_TOKEN = 100


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
    if (device := _accelerator(settings.device)) is not None:
        from catalog.encoder_torch import TorchEncoder

        return TorchEncoder(model, device)
    from catalog.encoder_openvino import OpenVinoEncoder, converted

    return OpenVinoEncoder(model, converted(model, settings, on_progress), settings.threads)


def read_model(settings: Settings, folder: Path) -> SentenceModel:
    """Read a model's folder, in sentence-transformers layout or a plain transformer (then mean pooling)."""
    modules = _read_json(folder / "modules.json") or [{"path": "", "type": "Transformer"}]
    paths = {str(module["type"]).rpartition(".")[2]: folder / module["path"] for module in modules}
    if unknown := paths.keys() - {"Transformer", "Pooling", "Normalize"}:
        raise InvalidSettings(
            f"encoder {folder} has a {min(unknown)} module, unknown to Aisle; choose another"
        )
    transformer = paths.get("Transformer", folder)
    config = _read_json(transformer / "config.json")
    if not config or not (transformer / "tokenizer.json").is_file():
        raise InvalidSettings(f"encoder {folder} is no usable model: it needs config.json and tokenizer.json")
    prompts = _read_json(folder / "config_sentence_transformers.json")
    pooling = _read_json(paths["Pooling"] / "config.json") if "Pooling" in paths else {}
    query_prompt, document_prompt = _prompts(prompts)
    if pooling.get("include_prompt") is False and (query_prompt or document_prompt):
        raise InvalidSettings(
            f"encoder {folder} leaves its prompt out of pooling; Aisle cannot; choose another"
        )
    dimension = pooling.get("word_embedding_dimension") or pooling.get("embedding_dimension")
    sentence = _read_json(transformer / "sentence_bert_config.json")
    limit = _max_tokens(sentence, config, _read_json(transformer / "tokenizer_config.json"))
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
        from tokenizers import Tokenizer

        self._model = model
        try:
            self._tokenizer = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
        except Exception as error:
            raise ModelDamaged(f"{model.folder / 'tokenizer.json'} cannot be read: {error}") from error
        self._pad_id = _pad_id(self._tokenizer, model.folder)
        self._tokenizer.no_padding()
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
        text = text[: self._model.max_tokens * CHARACTERS_PER_TOKEN]
        text = text.encode("utf-8", "replace").decode("utf-8")  # JSON feeds do contain half an emoji
        return text.lower() if self._model.lower_case else text


def _accelerator(device: str) -> str | None:
    """Return the torch device to use, or None for the CPU. Only where a GPU is likely is torch asked."""
    if device == "cpu":
        return None
    likely = {"cuda": shutil.which("nvidia-smi") is not None, "mps": sys.platform == "darwin"}
    if device == "auto" and not any(likely.values()):
        return None
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next((name for name, usable in present.items() if usable), None)
    if not present[device]:
        raise InvalidSettings(f"device is {device}, but torch finds none here; set AISLE_DEVICE=auto")
    return device


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ModelDamaged(f"{path} is not JSON: {error}") from error


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


def _max_tokens(sentence: dict[str, Any], config: dict[str, Any], tokenizer: dict[str, Any]) -> int:
    positions = config.get("max_position_embeddings", 512)
    if config.get("model_type") in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        positions -= 2  # they count positions from after the padding id
    return int(
        min(sentence.get("max_seq_length") or tokenizer.get("model_max_length") or positions, positions)
    )


def _pad_id(tokenizer: Any, folder: Path) -> int:
    """Return the padding id: position-counting models (RoBERTa) skip exactly this one."""
    if tokenizer.padding:
        return int(tokenizer.padding["pad_id"])
    return int(_read_json(folder / "config.json").get("pad_token_id") or 0)
