"""How long each stage of a request took and how many items passed through it. No logging."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter_ns

from core.record import Record


class Stage(Record):
    """One step of a request: items in, items out, milliseconds."""

    name: str
    n_in: int | None = None
    n_out: int | None = None
    ms: float


class Trace(Record):
    """The stages of one request in the order they ended, and the time from first to last."""

    stages: tuple[Stage, ...] = ()
    total_ms: float


class OpenStage:
    """A stage that is still running: set `n_out` before it ends."""

    def __init__(self, n_in: int | None) -> None:
        self.n_in = n_in
        self.n_out: int | None = None


class Recorder:
    """Collects the stages of one request; use one per request."""

    def __init__(self) -> None:
        self._started = perf_counter_ns()
        self._stages: list[Stage] = []

    @contextmanager
    def stage(self, name: str, n_in: int | None = None) -> Iterator[OpenStage]:
        """Time what happens inside; a stage that raises is recorded too, without an `n_out` it never set."""
        stage = OpenStage(n_in)
        started = perf_counter_ns()
        try:
            yield stage
        finally:
            ms = (perf_counter_ns() - started) / 1e6
            self._stages.append(Stage(name=name, n_in=stage.n_in, n_out=stage.n_out, ms=ms))

    def trace(self) -> Trace:
        """Return what has been recorded so far."""
        return Trace(stages=tuple(self._stages), total_ms=(perf_counter_ns() - self._started) / 1e6)
