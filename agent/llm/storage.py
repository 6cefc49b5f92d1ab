"""Small SQLite files in the cache folder, shared by processes and whole after a kill. Knows no tables."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ModelUnavailable, StorageFull

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
WAIT_S = 5.0  # for another process that is writing


class FileDamaged(ModelUnavailable):
    """A file is not the database that it was."""


def open_database(path: Path, table: str) -> sqlite3.Connection:
    """Open or create a file that only its owner can read: it may hold what shoppers said.

    Threads share the connection under a lock of its user's.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    except OSError as error:
        raise ModelUnavailable(f"cannot write to {path} ({error.strerror}); set AISLE_CACHE") from error
    with using(path):
        database = sqlite3.connect(path, timeout=WAIT_S, isolation_level=None, check_same_thread=False)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=NORMAL")
            database.execute(table)
        except sqlite3.Error:
            database.close()
            raise
        return database


@contextmanager
def using(path: Path) -> Iterator[None]:
    """Translate what SQLite can refuse."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in DAMAGED:
            raise FileDamaged(f"{path} is damaged; delete it") from error
        if code == sqlite3.SQLITE_FULL:
            raise StorageFull(f"no room for {path}; free some space or set AISLE_CACHE") from error
        raise ModelUnavailable(f"cannot use {path} ({error}); set AISLE_CACHE to a folder you own") from error
