"""Who is let in when many come at once: so many at work, so many waiting, and no more. Answers nothing.

Work is blocking and runs in threads of the gate's own; the waiting room is their queue.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from time import perf_counter
from typing import TypeVar

T = TypeVar("T")

HURRY = 2  # times as many inside as can be at work: from there on what costs much is left out
TICK_S = 0.02
GRACE_S = 2.0  # after its deadline work may still put together what it has


class Full(Exception):
    """There is no room left; nothing was begun."""


class Late(Exception):
    """The answer was not there in time."""


class Gate:
    """Lets `workers` work at a time and `room` wait. Use from one event loop; close it at the end."""

    def __init__(self, name: str, workers: int, room: int) -> None:
        self.name = name
        self._workers = workers
        self._most = workers + room
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix=f"aisle-{name}")
        self._lock = Lock()  # work ends in other threads
        self._inside = 0

    @property
    def inside(self) -> int:
        """How many are at work or waiting."""
        return self._inside

    @property
    def is_hurried(self) -> bool:
        """Whether so many wait that everybody should be brief."""
        return self._inside > HURRY * self._workers

    def admit(self, work: Callable[[], T], until: float) -> "Future[T]":
        """Have work done in its turn, if there is room: `Full` if not, `Late` if its turn comes too late."""
        with self._lock:
            if self._inside >= self._most:
                raise Full
            self._inside += 1
        try:
            future = self._pool.submit(_in_time, work, until)
        except BaseException:
            self._leave(None)
            raise
        future.add_done_callback(self._leave)  # also of work that nobody waits for any more
        return future

    async def run(self, work: Callable[[], T], until: float) -> T:
        """The result of the work. Whoever is cancelled while waiting gives up the place."""
        future = self.admit(work, until)
        late = asyncio.timeout(max(0.0, until - perf_counter()) + GRACE_S)
        try:
            async with late:
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if late.expired():
                raise Late from None
            raise  # the work's own

    async def close(self, seconds: float) -> None:
        """Let nobody in any more, and wait so long for those at work."""
        with self._lock:
            self._most = 0
        until = perf_counter() + seconds
        while self._inside and perf_counter() < until:
            await asyncio.sleep(TICK_S)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _leave(self, _: object) -> None:
        with self._lock:
            self._inside -= 1


def _in_time(work: Callable[[], T], until: float) -> T:
    if perf_counter() > until:
        raise Late
    return work()
