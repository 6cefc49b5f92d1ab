"""The log as it is written: one line of JSON for each record, by one process to a file, from any thread.

A record is in the hands of the operating system when `append` returns, so that no kill can lose it. The
disk is told to keep it twice a second, in the background: a power failure loses no more than that.
"""

import os
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Event as Signal
from threading import Lock, Thread

from filelock import FileLock

from behavior.folder import Stem, flush_folder, forgotten, repair, stems, take_writer, translated
from behavior.records import Event, Query, line
from behavior.upkeep import erase, keep_up, orphans
from core.errors import AisleError, Blocked

SYNC_S = 0.5
REST_S = 0.01  # that compacting leaves to others, every few hundred records
LARGEST = 64 << 20  # bytes of a file


def utc_today() -> date:
    """The day it is."""
    return datetime.now(UTC).date()


class Stopped(Exception):
    """The log is being closed; what was not compacted will be another time."""


class Log:
    """A folder's log, opened by its first record. Close it at the end.

    `on_problem` is told in one line what goes wrong in the background.
    """

    def __init__(
        self,
        folder: Path,
        keep_days: int = 90,
        on_problem: Callable[[str], None] = lambda problem: None,
        largest: int = LARGEST,
        today: Callable[[], date] = utc_today,
    ) -> None:
        self.folder = folder
        self._keep = timedelta(days=keep_days)
        self._on_problem = on_problem
        self._largest = largest
        self._today = today
        self._writing = Lock()  # the live file, and what is known of it
        self._keeping = Lock()  # this writer's other files; taken before `_writing` where both are
        self._writer = -1
        self._lock: FileLock | None = None
        self._stem: Stem | None = None  # of the live file
        self._file: int | None = None
        self._size = 0
        self._dirty = False
        self._gone: frozenset[str] = frozenset()  # nothing of these clients is kept
        self._erased: frozenset[str] = frozenset()  # of them, those that are in none of the files any more
        self._kept_up: tuple[date, Stem] | None = None
        self._closing = Signal()
        self._background = Thread(target=self._run, name="behaviour log", daemon=True)

    def append(self, *records: Query | Event) -> None:
        """Write records, but for those of clients that are to be forgotten. All of them together, or none."""
        lines = [(record.client_id, line(record)) for record in records]
        with self._writing, translated(self.folder):
            self._open()
            text = b"".join(text for client, text in lines if client not in self._gone)
            file = self._ready_for(len(text))
            left = memoryview(text)
            try:
                while left:
                    left = left[os.write(file, left) :]
            except OSError:
                self._undo(file)
                raise
            self._size += len(text)
            self._dirty = True

    def sync(self) -> None:
        """Have the disk keep what was appended."""
        with self._writing, translated(self.folder):
            if self._file is None or not self._dirty:
                return
            self._dirty = False
            descriptor = os.dup(self._file)  # the file may be put down meanwhile
        try:
            with translated(self.folder):
                os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def keep_up(self) -> None:
        """Erase what is to be forgotten and, once a day and a file, compact and remove what is due."""
        self.erase_forgotten()
        with self._keeping, translated(self.folder):
            with self._writing:
                if self._lock is None:
                    return
                today = self._today()
                if self._stem and self._stem.day < today:
                    self._put_down()
                live = self._live(today)
            if self._kept_up == (today, live):
                return
            self._kept_up = (today, live)  # also if it fails: there is another day
            oldest = today - self._keep
            own = [stem for stem in stems(self.folder) if stem.writer == self._writer]
            keep_up(self.folder, [stem for stem in own if stem < live], oldest, self._gone, self._rest)
            for left in orphans(self.folder):
                finished = [stem for stem in left if stem.day < today]
                keep_up(self.folder, finished, oldest, self._gone, self._rest)

    def erase_forgotten(self) -> int:
        """Remove what is here of clients that were added to the forgotten, and return how many records."""
        with self._keeping, translated(self.folder):
            if self._lock is None:
                return 0
            gone = forgotten(self.folder)
            new = gone - self._erased
            if not new:
                return 0
            with self._writing:
                self._gone = gone
                live = self._live(self._today())
                own = [stem for stem in stems(self.folder) if stem.writer == self._writer]
                self._put_down()
                count = erase(self.folder, [stem for stem in own if stem >= live], new)
            count += erase(self.folder, [stem for stem in own if stem < live], new)
            self._erased = gone
            return count

    def close(self) -> None:
        """Have the disk keep everything, and let another process be this writer."""
        self._closing.set()
        if self._background.is_alive():
            self._background.join()
        with self._writing, translated(self.folder):
            self._put_down()
            if self._lock:
                self._lock.release()
                self._lock = None

    def _open(self) -> None:
        if self._closing.is_set():
            raise Blocked("the behaviour log is closed")
        if self._lock is None:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._gone = forgotten(self.folder)
            self._writer, self._lock = take_writer(self.folder)
            self._background.start()

    def _ready_for(self, size: int) -> int:
        """The live file: one of today, with room."""
        today = self._today()
        if self._stem is None or self._stem.day < today:
            self._put_down()
            self._stem = self._live(today)
        file = self._file if self._file is not None else self._take_up(self._stem)
        if self._size and self._size + size > self._largest:
            self._put_down()
            self._stem = self._stem._replace(number=self._stem.number + 1)
            file = self._take_up(self._stem)
        return file

    def _live(self, today: date) -> Stem:
        """The file to append to, which no other of this writer is later than, whatever the clock did."""
        if self._stem and self._stem.day >= today:
            return self._stem
        last = max((stem for stem in stems(self.folder) if stem.writer == self._writer), default=None)
        if last is None or last.day < today:
            return Stem(today, self._writer, 1)
        return last._replace(number=last.number + 1) if last.table(self.folder).exists() else last

    def _take_up(self, stem: Stem) -> int:
        path = stem.lines(self.folder)
        if path.exists():
            repair(path)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._file).st_size
        if not self._size:
            flush_folder(self.folder)
        return self._file

    def _put_down(self) -> None:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                os.fdatasync(file)
            finally:
                os.close(file)

    def _undo(self, file: int) -> None:
        """Take back what was written of records that did not find room."""
        self._file = None  # should this fail too, taking the file up again repairs it
        try:
            os.truncate(file, self._size)
        finally:
            os.close(file)

    def _rest(self) -> None:
        if self._closing.wait(REST_S):
            raise Stopped

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._closing.wait(SYNC_S)
            try:
                self.sync()
                if not is_last:
                    self.keep_up()
            except AisleError as error:
                self._on_problem(str(error))
            except Stopped:
                is_last = True
