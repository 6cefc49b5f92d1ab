"""Has the log counted for the page: in a thread, at most once a minute, and not for longer than ten seconds.

What is counted, `behavior.insight` says.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import TypeVar

from behavior.folder import Unread
from behavior.insight import Insight, insight
from behavior.reading import read
from core.record import Record

FRESH = timedelta(minutes=1)
MOST_S = 10.0  # less than a server that is stopped waits for
CHUNK = 500  # records: a few milliseconds' work, after which searches get their turn
REST_S = 0.002

T = TypeVar("T")


class Counted(Record):
    """Some days, both included, as they were counted at some time; no insight where there was too much."""

    insight: Insight | None
    since: date
    until: date
    at: datetime
    unread: int  # lines that are no records


class TooLong(Exception):
    """There is more than can be counted in time."""


def utc_now() -> datetime:
    """The time it is."""
    return datetime.now(UTC)


def count(folder: Path, days: int, now: datetime, most_s: float = MOST_S) -> Counted:
    """Count the last days of the log, today included."""
    until = now.date()
    since = until - timedelta(days=days - 1)
    unread: list[Unread] = []
    found: Insight | None
    try:
        found = insight(_in_time(read(folder, since, until, unread.append), most_s))
    except TooLong:
        found = None
    return Counted(insight=found, since=since, until=until, at=now, unread=len(unread))


class Counts:
    """The last count of each number of days. Use from one event loop, which is why it needs no lock."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = utc_now) -> None:
        self._folder = folder
        self._now = now
        self._counting = ThreadPoolExecutor(1, thread_name_prefix="aisle-insight")
        self._last: dict[int, asyncio.Future[Counted]] = {}

    async def of(self, days: int) -> Counted:
        """The last so many days; who asks while they are being counted waits for the same count."""
        last = self._last.get(days)
        if last is None or self._is_old(last):
            loop = asyncio.get_running_loop()
            last = loop.run_in_executor(self._counting, count, self._folder, days, self._now())
            self._last[days] = last
        return await asyncio.shield(last)

    def _is_old(self, last: asyncio.Future[Counted]) -> bool:
        if not last.done():
            return False
        if last.cancelled() or last.exception():
            return True
        return not timedelta() <= self._now() - last.result().at < FRESH  # a clock may also go back


def _in_time(records: Iterable[T], most_s: float) -> Iterator[T]:
    until = monotonic() + most_s
    for number, record in enumerate(records):
        if number % CHUNK == 0:
            if monotonic() > until:
                raise TooLong
            sleep(REST_S)
        yield record
