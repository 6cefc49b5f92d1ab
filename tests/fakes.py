"""Stand-ins for what is remote, slow or random; one small fake per seam."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agent.llm.chat import Abandoned, Ask, Call, Cancel, Pieces, Reply, Usage
from core.errors import ModelUnavailable


class WordEncoder:
    """An `Encoder` without a model: each word is a fixed random direction, a text their sum."""

    dimension = 64

    def __init__(self, name: str = "words") -> None:
        self.name = name
        self.encoded = 0

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._vector(text) for text in texts])

    def encode_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += len(texts)
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self.encode_queries(texts)

    def _vector(self, text: str) -> NDArray[np.float32]:
        total = np.full(self.dimension, 1e-3, np.float32)
        for word in text.casefold().split():
            seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest())
            total += np.random.default_rng(seed).standard_normal(self.dimension, np.float32)
        unit: NDArray[np.float32] = total / np.linalg.norm(total)
        return unit


class FakeChat:
    """A `ChatModel` that says or calls what is in its script, in turn; a failure there is raised."""

    def __init__(self, *script: str | tuple[Call, ...] | ModelUnavailable, name: str = "fake") -> None:
        self.name = name
        self.script = list(script)
        self.asked: list[Ask] = []

    def complete(self, ask: Ask, cancel: Cancel | None = None) -> Reply:
        *_, last = self.stream(ask, cancel)
        assert isinstance(last, Reply)
        return last

    def stream(self, ask: Ask, cancel: Cancel | None = None) -> Pieces:
        self.asked.append(ask)
        line = self.script.pop(0)
        if isinstance(line, ModelUnavailable):
            raise line
        text, calls = (line, ()) if isinstance(line, str) else ("", line)
        words = text.split()
        for word in words:
            if cancel and cancel.is_set:
                raise Abandoned("cancelled")
            yield f"{word} "
        prompt = sum(len(message.content.split()) for message in ask.messages)
        usage = Usage(prompt=prompt, completion=len(words) + len(calls))
        yield Reply(text=text, calls=calls, model=self.name, usage=usage, ms=1.0)
