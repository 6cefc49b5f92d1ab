"""Query and passage read together for one score: what a reranker is, and which one the settings ask for.

The inference itself is in `reranker_openvino`, `reranker_torch` and `listwise`; the first two get their
pairs of tokens from here, and so does training.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.device import accelerator
from catalog.tokens import open_tokenizer, read_json, readable, token_limit
from core.artifacts import Progress, identify, resolve
from core.errors import InvalidSettings, ModelDamaged
from core.record import Record
from core.settings import Settings
from ranking.adapter import CONFIG as ADAPTER
from ranking.adapter import SHIPPED, load_adapter

HOSTED = "llm:"  # before the address of a language model

Scores = NDArray[np.float32]
Pair = tuple[Sequence[int], Sequence[int]]  # token ids and token types
Tokenise = Callable[[str, Sequence[str]], Sequence[Pair]]


class Reranker(Protocol):
    """Scores passages against a query. Safe to call from several threads at once."""

    name: str  # the model and a short hash of its files: equal names mean comparable scores

    def score(self, query: str, passages: Sequence[str]) -> Scores:
        """Return one score per passage in the given order; higher is better, the scale is the model's."""
        ...


class PairModel(Record):
    """A cross-encoder on disk: a model of its own, or the shared base with an adapter."""

    name: str
    identity: str  # of the files alone; the name also says where pairs are cut
    folder: Path  # of the transformer: config.json, tokenizer.json and the weights
    adapter: Path | None
    max_tokens: int


class PairBatch(NamedTuple):
    """Pairs padded to the longest of the batch; `rows` says which passages they hold."""

    rows: list[int]
    input_ids: NDArray[np.int64]
    attention_mask: NDArray[np.int64]
    token_type_ids: NDArray[np.int64]


def open_reranker(settings: Settings, on_progress: Progress | None = None) -> Reranker | None:
    """Return the reranker of the settings, fetched and converted if this is the first time; or None."""
    if settings.reranker == "none":
        return None
    if settings.reranker.startswith(HOSTED):
        from ranking.listwise import open_listwise

        return open_listwise(settings.reranker.removeprefix(HOSTED), settings.llm_api_key)
    model = read_pair_model(settings, on_progress)
    if (device := accelerator(settings.device)) is not None:
        from ranking.reranker_torch import TorchReranker

        return TorchReranker(model, device)
    from ranking.reranker_openvino import OpenVinoReranker, converted

    return OpenVinoReranker(model, converted(model, settings, on_progress), settings.threads)


def read_pair_model(settings: Settings, on_progress: Progress | None = None) -> PairModel:
    """Find the cross-encoder of the settings: an adapter, or a model by its folder or Hugging Face id."""
    given = SHIPPED if settings.reranker == "default" else Path(settings.reranker).expanduser()
    if given == SHIPPED or (given / ADAPTER).is_file():
        adapter = load_adapter(given)
        folder = resolve(adapter.config.base, settings, on_progress)
        identity = f"{identify(folder, settings.cache)}-{adapter.digest[:8]}"
        limit = adapter.config.max_tokens
        own: Path | None = given
    else:
        folder = resolve(settings.reranker, settings, on_progress)
        own = None
        identity = identify(folder, settings.cache)
        limit = token_limit(folder)
        if not read_json(folder / "config.json") or not (folder / "tokenizer.json").is_file():
            raise InvalidSettings(
                f"reranker {folder} is no usable model: it needs config.json and tokenizer.json"
            )
    limit = min(limit, settings.reranker_max_tokens)
    return PairModel(
        name=f"{identity}-{limit}", identity=identity, folder=folder, adapter=own, max_tokens=limit
    )


def pair_tokeniser(folder: Path, max_tokens: int) -> Tokenise:
    """Return the function that pairs a query with its passages, by the tokenizer of a model's folder.

    A query has at most half of the tokens, a passage whatever the query leaves.
    """
    return _tokeniser(open_tokenizer(folder)[0], max_tokens)


def _tokeniser(tokenizer: Any, max_tokens: int) -> Tokenise:
    special = tokenizer.num_special_tokens_to_add(is_pair=True)

    def tokenise(query: str, passages: Sequence[str]) -> list[Pair]:
        texts = [readable(passage, max_tokens) for passage in passages]
        first = tokenizer.encode(readable(query, max_tokens), add_special_tokens=False)
        first.truncate(max_tokens // 2)
        room = max(max_tokens - special - len(first), 0)
        pairs = []
        for second in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            second.truncate(room)
            pair = tokenizer.post_process(first, second)
            pairs.append((pair.ids, pair.type_ids))
        return pairs

    return tokenise


class PairBatches:
    """The pairs of a model in padded batches of similar length."""

    def __init__(self, model: PairModel) -> None:
        tokenizer, self._pad_id = open_tokenizer(model.folder)
        self._tokenise = _tokeniser(tokenizer, model.max_tokens)

    def __call__(self, query: str, passages: Sequence[str], size: int) -> Iterator[PairBatch]:
        """Yield batches of up to `size` pairs, longest first: a batch wastes little on padding."""
        pairs = self._tokenise(query, passages)
        order = sorted(range(len(pairs)), key=lambda row: -len(pairs[row][0]))
        for start in range(0, len(order), size):
            rows = order[start : start + size]
            shape = len(rows), max(len(pairs[rows[0]][0]), 1)
            ids = np.full(shape, self._pad_id, np.int64)
            batch = PairBatch(rows, ids, np.zeros(shape, np.int64), np.zeros(shape, np.int64))
            for line, row in enumerate(rows):
                tokens, types = pairs[row] if pairs[row][0] else ([self._pad_id], [0])
                batch.input_ids[line, : len(tokens)] = tokens
                batch.attention_mask[line, : len(tokens)] = 1
                batch.token_type_ids[line, : len(types)] = types
            yield batch


def score_batches(
    model: PairModel, batches: Iterator[PairBatch], count: int, run: Callable[[PairBatch], Scores]
) -> Scores:
    """Run every batch and return the scores in the order of the passages; all of them are numbers."""
    scores = np.empty(count, np.float32)
    for batch in batches:
        scores[batch.rows] = run(batch)
    if not np.isfinite(scores).all():
        raise ModelDamaged(
            f"{model.name} gives scores that are no numbers; fetch or train it again, "
            "or set AISLE_RERANKER=default"
        )
    return scores
