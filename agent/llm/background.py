"""An event loop on a thread of its own, so that a blocked call can be ended from another thread.

Cancelling a task closes its connection; a thread that waits in `recv` hears nothing.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from agent.llm.chat import Abandoned, Cancel

T = TypeVar("T")
P = TypeVar("P")


class Background:
    """Runs coroutines for threads that wait for them."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=f"llm {name}", daemon=True)
        self._thread.start()

    def result(self, work: Coroutine[Any, Any, T], cancel: Cancel | None) -> T:
        """Wait for what `work` returns; `cancel` ends it, and so does an interrupt of this thread."""
        future = self._begin(work, cancel)
        try:
            return self._outcome(future)
        finally:
            future.cancel()

    def pieces(
        self, work: Callable[[Callable[[P], None]], Coroutine[Any, Any, T]], cancel: Cancel | None
    ) -> Generator[P | T, None, None]:
        """Yield what `work` hands to its argument as it comes, then what it returns."""
        queue: SimpleQueue[tuple[P] | None] = SimpleQueue()
        future = self._begin(work(lambda piece: queue.put((piece,))), cancel)
        future.add_done_callback(lambda _: queue.put(None))
        try:
            while (item := queue.get()) and not future.cancelled():
                yield item[0]
            yield self._outcome(future)
        finally:
            future.cancel()

    def close(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Cancel what runs, do the `last` thing and end the thread; a second time changes nothing."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._wind_up(last), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _wind_up(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        running = asyncio.all_tasks() - {asyncio.current_task()}
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await last()
        await self._loop.shutdown_asyncgens()
        await self._loop.shutdown_default_executor()

    def _begin(self, work: Coroutine[Any, Any, T], cancel: Cancel | None) -> Future[T]:
        if self._loop.is_closed():
            work.close()
            raise Abandoned(f"{self._name} has been closed; open it again")
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        if cancel:
            cancel.then(future.cancel)
        return future

    def _outcome(self, future: Future[T]) -> T:
        try:
            return future.result()
        except CancelledError as error:
            raise Abandoned(f"the call to {self._name} was cancelled; ask again if it is wanted") from error
