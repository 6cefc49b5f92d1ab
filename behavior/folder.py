"""Where the log lies: its files by day, writer and number, and what in it is whole. Writes no records.

    behavior/2026-08-22.w0.001.jsonl      one record of UBI a line; being written, or not yet compacted
    behavior/2026-08-21.w0.001.parquet    the same, finished
    behavior/writer-0.lock                held by the process that writes the files of w0
    behavior/secret, forgotten            for pseudonyms; pseudonyms of whom nothing is kept

One process owns a writer's files at a time, so that no two ever change the same file.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO, NamedTuple

from filelock import FileLock, Timeout
from pydantic import ValidationError

from behavior.records import Event, Query, parsed
from core.errors import InvalidSettings, StorageFull

LINES, TABLE = "jsonl", "parquet"
FORGOTTEN = "forgotten"
MOST_WRITERS = 1000
BLOCK = 1 << 16  # bytes read at a time while looking for the end of a line
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

_NAME = re.compile(r"(\d{4}-\d\d-\d\d)\.w(\d+)\.(\d+)")


class Stem(NamedTuple):
    """What a file of the log is called before its ending; sorts by day."""

    day: date
    writer: int
    number: int

    def __str__(self) -> str:
        return f"{self.day.isoformat()}.w{self.writer}.{self.number:03d}"

    def lines(self, folder: Path) -> Path:
        """The file as lines of JSON."""
        return folder / f"{self}.{LINES}"

    def table(self, folder: Path) -> Path:
        """The file as Parquet; where it is there, it holds all that the lines held."""
        return folder / f"{self}.{TABLE}"


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into what to do about it."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in NO_ROOM:
            raise StorageFull(f"no room for the behaviour log in {folder} ({reason}); free some") from error
        raise InvalidSettings(
            f"cannot write the behaviour log in {folder} ({reason}); set AISLE_DATA to a folder you own"
        ) from error


def stems(folder: Path) -> list[Stem]:
    """Every file of the log once, in whichever form, by day."""
    if not folder.is_dir():
        return []
    found = (
        _NAME.fullmatch(path.stem) for path in folder.iterdir() if path.suffix in (f".{LINES}", f".{TABLE}")
    )
    return sorted({Stem(date.fromisoformat(m[1]), int(m[2]), int(m[3])) for m in found if m})


def take_writer(folder: Path) -> tuple[int, FileLock]:
    """The first writer that no process is, and the lock that makes this process it."""
    for writer in range(MOST_WRITERS):
        lock = try_writer(folder, writer)
        if lock:
            return writer, lock
    raise InvalidSettings(f"{MOST_WRITERS} processes write to {folder} already; set AISLE_DATA to another")


def try_writer(folder: Path, writer: int) -> FileLock | None:
    """The lock of a writer, if no process has it; a process that was killed has it no longer."""
    lock = FileLock(folder / f"writer-{writer}.lock", thread_local=False, mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    return lock


def repair(path: Path) -> None:
    """Make the end of a file the end of a line: a torn last one goes, one that lacks only its end stays."""
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        end, tail = size, b""
        while end and b"\n" not in tail:
            begin = max(0, end - BLOCK)
            file.seek(begin)
            tail = file.read(end - begin) + tail
            end = begin
        last = tail.rpartition(b"\n")[2]
        if last and _record(last) is None:
            file.truncate(size - len(last))
        elif last:
            file.seek(size)
            file.write(b"\n")


class Unread(NamedTuple):
    """A line that is no record, and why."""

    place: str
    reason: str


def records(path: Path) -> Iterator[Query | Event | Unread]:
    """The records of a file of lines. A last line that is still being written, or torn, is not there yet."""
    with path.open("rb") as file:
        for number, text in enumerate(file, start=1):
            found = _record(text)
            if found is not None:
                yield found
            elif text.endswith(b"\n"):
                yield Unread(f"{path.name}:{number}", "not a record of this version")


def forgotten(folder: Path) -> frozenset[str]:
    """The pseudonyms of whom nothing is kept."""
    path = folder / FORGOTTEN
    return frozenset(path.read_text().split()) if path.exists() else frozenset()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file, its owner's to read, that takes its place when it is whole and on disk and not before."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        flush_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def flush_folder(folder: Path) -> None:
    """Make new names in the folder outlive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _record(text: bytes) -> Query | Event | None:
    try:
        return parsed(text)
    except ValidationError:
        return None
