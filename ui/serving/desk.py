"""Where callers have work done: who may, in whose turn, until when. What the work is, others know.

Searching keeps the processor busy, so as many search at a time as there are cores. Turns may wait for a
language model, and changes for the disk: neither takes the place of a search.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Future
from contextlib import closing, contextmanager
from time import perf_counter
from typing import TypeVar
from uuid import uuid4

from fastapi import HTTPException, Request

from agent.llm.chat import Cancel
from agent.steps import Answered, Searched, Step
from agent.talks import Talks
from behavior.recorder import Recorder
from core.errors import AisleError
from ranking.records import Results, Search
from tools.functions import Caller, Scope
from tools.rest import Event, Said, agent_of
from ui.serving.door import Guest
from ui.serving.gate import GRACE_S, Full, Gate, Late
from ui.serving.happenings import record_search, record_turn
from ui.serving.logs import failed, say
from ui.serving.metrics import Metrics
from ui.serving.problems import BLOCKED, BUSY, LATE, RETRY_S, UNEXPECTED, problem

T = TypeVar("T")


class ServingDesk:
    """The `Desk` of a server."""

    def __init__(
        self,
        gates: Mapping[Scope, Gate],
        talks: Talks,
        recorder: Recorder,
        timeout_s: float,
        metrics: Metrics,
    ) -> None:
        self._gates = gates
        self._talks = talks
        self._recorder = recorder
        self._timeout_s = timeout_s
        self._metrics = metrics

    async def run(self, request: Request, scope: Scope, work: Callable[[Caller], T]) -> T:
        """See `Desk`."""
        guest, gate, until = _allowed(request, scope), self._gates[scope], perf_counter() + self._timeout_s
        agent = agent_of(request)

        def begin() -> T:
            hurried = gate.is_hurried
            self._metrics.hurried.inc(hurried)
            query_id = str(uuid4())

            def found(asked: Search, searched: Search, results: Results) -> None:
                self._metrics.traced(results.trace)
                record_search(self._recorder, guest.owner, query_id, asked, searched, results)

            caller = Caller(
                owner=guest.owner, agent=agent, until=until, query_id=query_id, hurried=hurried, found=found
            )
            return work(caller)

        with self._shedding():
            return await gate.run(begin, until)

    async def turn(self, request: Request, said: Said) -> AsyncIterator[Event]:
        """See `Desk`. At the deadline no model is waited for any more: what there is is answered."""
        guest, until = _allowed(request, "ask"), perf_counter() + self._timeout_s
        turn = _Turn(asyncio.get_running_loop())

        def answer() -> None:
            handle, query_id = said.conversation or self._talks.begin(guest.owner), str(uuid4())
            done: list[Step] = []
            with closing(self._talks.say(handle, guest.owner, said.message, turn.cancel)) as steps:
                turn.tell(Event("Conversation", json.dumps({"conversation": handle, "query_id": query_id})))
                for step in steps:
                    done.append(step)
                    self._count(step)
                    turn.tell(Event(type(step).__name__, step.model_dump_json(exclude={"state", "unhelped"})))
                    if turn.is_left:
                        return
            record_turn(self._recorder, guest.owner, handle, said.message, query_id, done)

        with self._shedding():
            turn.begin(self._gates["ask"].admit(answer, until), self._timeout_s)
            try:
                first = await turn.next(until)
            except BaseException:
                turn.leave()
                raise
        return _told(turn, first, until, request.state.request_id)

    @contextmanager
    def _shedding(self) -> Iterator[None]:
        """Say when to come again, to those for whom there is no room or was no time."""
        again = {"retry-after": str(RETRY_S)}
        try:
            yield
        except Full:
            self._metrics.shed.labels("full").inc()
            raise HTTPException(503, BUSY, again) from None
        except Late:
            self._metrics.shed.labels("late").inc()
            raise HTTPException(503, LATE, again) from None

    def _count(self, step: Step) -> None:
        if isinstance(step, Answered) and step.unhelped:
            say("a language model was of no help", problem=step.unhelped)
        if isinstance(step, Searched):
            self._metrics.traced(step.results.trace)
        elif isinstance(step, Answered) and step.use:
            self._metrics.calls.inc(step.use.calls)
            self._metrics.cached.inc(step.use.cached)
            self._metrics.tokens.labels("prompt").inc(step.use.prompt)
            self._metrics.tokens.labels("completion").inc(step.use.completion)


class _Turn:
    """A turn that is answered in another thread, as the event loop sees it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.cancel = Cancel()
        self.is_left = False
        self._loop = loop
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._work: Future[None] | None = None

    def begin(self, work: "Future[None]", timeout_s: float) -> None:
        """Follow the work from here on."""
        self._work = work
        self._deadline = self._loop.call_later(timeout_s, self.cancel.set)
        work.add_done_callback(lambda _: self.tell(None))

    def tell(self, event: Event | None) -> None:
        """From the other thread: what happened, and in the end nothing."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def next(self, until: float) -> Event | None:
        """What happens next; what went wrong is raised here."""
        late = asyncio.timeout(max(0.0, until - perf_counter()) + GRACE_S)
        try:
            async with late:
                event = await self._events.get()
        except TimeoutError:
            raise Late from None
        if event is None and self._work:
            self._work.result()
        return event

    def leave(self) -> None:
        """Nobody listens any more."""
        self.is_left = True
        self._deadline.cancel()
        self.cancel.set()
        if self._work:
            self._work.cancel()


def _allowed(request: Request, scope: Scope) -> Guest:
    guest: Guest = request.state.guest
    if scope in guest.may:
        return guest
    if guest.owner == "local":
        raise HTTPException(
            403, "changes need a key, also on this machine; make one with: aisle keys add NAME"
        )
    raise HTTPException(403, f"this key has not the scope {scope}")


async def _told(turn: _Turn, first: Event | None, until: float, request_id: str) -> AsyncIterator[Event]:
    """The events of a turn; one named `error` is the last where it could not be answered."""
    event = first
    try:
        while event is not None:
            yield event
            event = await turn.next(until)
    except (Late, CancelledError):
        yield Event("error", json.dumps(problem(503, LATE, request_id)))
    except AisleError as error:
        failed("out of order", error, request_id=request_id, problem=str(error))
        yield Event("error", json.dumps(problem(503, BLOCKED, request_id)))
    except Exception as error:  # noqa: BLE001  the status is sent already: a failure is told as an event
        failed("failure", error, request_id=request_id)
        yield Event("error", json.dumps(problem(500, UNEXPECTED, request_id)))
    finally:
        turn.leave()
