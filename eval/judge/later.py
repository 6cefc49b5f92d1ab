"""Models known by name at once and loaded by the first question. Where none comes, none is loaded."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from threading import Lock

from agent.llm.chat import Ask, Cancel, ChatModel, Pieces, Reply
from agent.llm.embedded import MODEL as EMBEDDED
from agent.llm.opening import Llm, open_llm
from catalog.encoder import Encoder, Vectors, open_encoder, read_model
from core.artifacts import resolve
from core.errors import InvalidSettings
from core.settings import Settings
from ranking.reranker import HOSTED, Reranker, Scores, open_reranker, read_pair_model

TIMEOUT_S = 120.0  # of a call; nobody waits for one pair, and a model on this machine may be slow


class LaterChat:
    """A `ChatModel` that is opened by its first question, with no limit but those of the day.

    Its answers are kept as judgments, and not a second time as replies.
    """

    def __init__(self, settings: Settings) -> None:
        self.name = EMBEDDED if settings.llm == "embedded" else settings.llm.partition("#")[2]
        unlimited = {"llm_turn_calls": None, "llm_turn_tokens": None, "llm_turn_cost": None}
        timeout_s = max(settings.llm_timeout_s, TIMEOUT_S)
        self._settings = settings.model_copy(
            update={**unlimited, "llm_cache_mb": 0, "llm_timeout_s": timeout_s}
        )
        self._lock = Lock()
        self._open: tuple[Llm, ChatModel] | None = None

    def complete(self, ask: Ask, cancel: Cancel | None = None) -> Reply:
        """Return the whole answer."""
        return self._model().complete(ask, cancel)

    def stream(self, ask: Ask, cancel: Cancel | None = None) -> Pieces:
        """Yield the answer's text as it comes, then the reply."""
        return self._model().stream(ask, cancel)

    def close(self) -> None:
        """End all calls and close the model, if it was opened."""
        if self._open:
            self._open[0].close()

    def _model(self) -> ChatModel:
        with self._lock:
            if self._open is None:
                llm = open_llm(self._settings)
                if llm is None:
                    raise InvalidSettings("no language model is set; set AISLE_LLM to embedded or URL#MODEL")
                self._open = llm, llm.turn()
            return self._open[1]


@contextmanager
def open_chat(settings: Settings) -> Iterator[ChatModel]:
    """The language model of the settings, closed again at the end."""
    model = LaterChat(settings)
    try:
        yield model
    finally:
        model.close()


class LaterEncoder:
    """The encoder of the settings."""

    def __init__(self, settings: Settings) -> None:
        model = read_model(settings, resolve(settings.encoder, settings))
        self.name = model.name
        self.dimension = model.dimension
        self._settings = settings
        self._lock = Lock()

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        """Encode what shoppers ask."""
        return self._encoder().encode_queries(texts)

    def encode_documents(self, texts: Sequence[str]) -> Vectors:
        """Encode what is searched."""
        return self._encoder().encode_documents(texts)

    def _encoder(self) -> Encoder:
        with self._lock:
            return self._open

    @cached_property
    def _open(self) -> Encoder:
        return open_encoder(self._settings)


class LaterReranker:
    """The cross-encoder of the settings."""

    def __init__(self, settings: Settings) -> None:
        self.name = read_pair_model(settings).name
        self._settings = settings
        self._lock = Lock()

    def score(self, query: str, passages: Sequence[str]) -> Scores:
        """Return one score per passage in the given order."""
        with self._lock:
            opened = self._open
        if opened is None:
            raise InvalidSettings("the settings name no reranker; set AISLE_RERANKER")
        return opened.score(query, passages)

    @cached_property
    def _open(self) -> Reranker | None:
        return open_reranker(self._settings)


def later_reranker(settings: Settings) -> Reranker | None:
    """The reranker of the settings, or None; one that is hosted needs no loading."""
    if settings.reranker == "none" or settings.reranker.startswith(HOSTED):
        return open_reranker(settings)
    return LaterReranker(settings)
