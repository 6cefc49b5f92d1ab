"""The seam to language models: what is asked, what comes back, how a call ends early. Talks to none."""

import json
from collections.abc import Callable, Generator, Mapping
from threading import Lock
from typing import Any, Literal, Protocol

from pydantic import BaseModel, Field

from core.errors import ModelUnavailable
from core.record import Record


class Call(Record):
    """A tool that a model wants called. `arguments` are as it wrote them: they should be JSON."""

    id: str
    name: str
    arguments: str

    @property
    def object(self) -> dict[str, Any] | None:
        """The arguments by name, if they are a JSON object; no text at all is none of them."""
        try:
            said = json.loads(self.arguments or "{}")
        except (ValueError, RecursionError):
            return None
        return said if isinstance(said, dict) else None


class Tool(Record):
    """A tool that a model may call; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


class Message(Record):
    """One message of a chat; a tool's answers the call of an earlier one."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[Call, ...] = ()
    call_id: str = ""


class Ask(Record):
    """What a model is asked. `returns` is the record whose JSON the whole answer has to be.

    What decides the answer decides its key in the cache; `returns` enters there by its schema.
    """

    messages: tuple[Message, ...] = Field(min_length=1)
    returns: type[BaseModel] | None = Field(default=None, exclude=True)
    tools: tuple[Tool, ...] = ()  # one of which has to be called
    max_tokens: int = Field(default=256, ge=1)
    temperature: float = Field(default=0.0, ge=0, le=2)
    seed: int | None = None
    weighed: int = Field(default=0, ge=0, le=20)  # of every token, how many alternatives to tell of
    prompt: str = ""  # name and version of the prompt that the messages were written from
    timeout_s: float | None = Field(default=None, gt=0, exclude=True)  # none: as the settings say


class Usage(Record):
    """Tokens that an answer took. `cached` are those of the prompt that the model still knew."""

    prompt: int
    completion: int
    cached: int = 0


class Token(Record):
    """A piece of an answer as it was chosen, with the log-probabilities of what could have stood there."""

    text: str
    alternatives: Mapping[str, float]


class Reply(Record):
    """An answer: the JSON of what was to be returned, or text.

    Unknown is `None`: servers that count no tokens, models without a price. `cached` answers cost nothing.
    """

    text: str
    calls: tuple[Call, ...] = ()
    model: str
    usage: Usage | None = None
    cost: float | None = None  # in the currency of the price table
    ms: float
    first_ms: float | None = None  # until the first text of a stream
    tokens: tuple[Token, ...] = ()  # where alternatives were asked for, and the server tells them
    cut: bool = False  # ended by `max_tokens`
    cached: bool = False


Pieces = Generator[str | Reply, None, None]  # text as it comes, then the reply; closing it ends the call


class Abandoned(ModelUnavailable):
    """A call ended before its answer was whole: cancelled, too slow, or broken off. Its cost is unknown."""


class Unusable(ModelUnavailable):
    """A model answered, and has to be paid, but not with what was asked for."""

    def __init__(self, problem: str, usage: Usage | None) -> None:
        super().__init__(problem)
        self.usage = usage


class Cancel:
    """Ends the calls it was given to, from any thread; they raise `Abandoned`. Good for once."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._calls: list[Callable[[], object]] | None = []

    @property
    def is_set(self) -> bool:
        """Whether it has been used."""
        return self._calls is None

    def set(self) -> None:
        """End every call, now and to come."""
        with self._lock:
            calls, self._calls = self._calls or [], None
        for call in calls:
            call()

    def then(self, call: Callable[[], object]) -> None:
        """Have `call` made once this is set; at once if it is."""
        with self._lock:
            if self._calls is not None:
                self._calls.append(call)
                return
        call()


class ChatModel(Protocol):
    """A language model. Whatever goes wrong is a `ModelUnavailable`; safe to use from several threads.

    Who opened it closes it.
    """

    @property
    def name(self) -> str:
        """The model and everything else that decides its answers."""

    def complete(self, ask: Ask, cancel: Cancel | None = None) -> Reply:
        """Return the whole answer."""

    def stream(self, ask: Ask, cancel: Cancel | None = None) -> Pieces:
        """Yield the answer's text as it comes, then the reply."""
