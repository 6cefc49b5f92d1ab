"""What the calls of one turn came to, for whoever shows or logs it. Limits nothing: that is the budget's."""

from contextlib import closing
from threading import Lock

from agent.llm.chat import Ask, Cancel, ChatModel, Pieces, Reply
from core.record import Record


class Use(Record):
    """What a turn took of a model; `cost` is unknown where the settings name no price."""

    model: str
    calls: int = 0
    cached: int = 0  # of the calls, those that an earlier answer served
    prompt: int = 0  # tokens
    completion: int = 0
    cost: float | None = None
    ms: float = 0.0


class Metered:
    """A `ChatModel` that sums up its replies. A call that failed counts as a call without tokens."""

    def __init__(self, model: ChatModel) -> None:
        self.name = model.name
        self._model = model
        self._lock = Lock()
        self._use = Use(model=model.name)

    @property
    def use(self) -> Use:
        """What has been used so far."""
        return self._use

    def complete(self, ask: Ask, cancel: Cancel | None = None) -> Reply:
        """Return the whole answer."""
        self._called()
        reply = self._model.complete(ask, cancel)
        self._answered(reply)
        return reply

    def stream(self, ask: Ask, cancel: Cancel | None = None) -> Pieces:
        """Yield the answer's text as it comes, then the reply."""
        self._called()
        with closing(self._model.stream(ask, cancel)) as pieces:
            for piece in pieces:
                if isinstance(piece, Reply):
                    self._answered(piece)
                yield piece

    def _called(self) -> None:
        with self._lock:
            self._use = self._use.model_copy(update={"calls": self._use.calls + 1})

    def _answered(self, reply: Reply) -> None:
        with self._lock:
            use, taken = self._use, None if reply.cached else reply.usage
            cost = use.cost if reply.cost is None else (use.cost or 0.0) + reply.cost
            self._use = use.model_copy(
                update={
                    "cached": use.cached + reply.cached,
                    "prompt": use.prompt + (taken.prompt if taken else 0),
                    "completion": use.completion + (taken.completion if taken else 0),
                    "cost": cost,
                    "ms": use.ms + reply.ms,
                }
            )
