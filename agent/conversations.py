"""Conversations kept on disk, so that they outlive a restart. Knows nothing of what is said in them.

A handle is random and opaque; to anyone but its owner it is as unknown as one that never was.
"""

import secrets
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from time import time

from pydantic import ValidationError

from agent.dialogue.state import State
from core.errors import InvalidQuery, StorageFull

DAY = 86_400.0
HANDLE_BYTES = 18
TABLE = """
create table if not exists conversations (
    handle text primary key, owner text not null, touched real not null, state text not null
) without rowid
"""


class Conversations:
    """The conversations of one shop. Safe to use from several threads; close it at the end."""

    def __init__(self, path: Path, keep_days: int = 30, now: Callable[[], float] = time) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._keep = keep_days * DAY
        self._now = now
        self._lock = Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = normal")
        self._database.execute(TABLE)
        self._forget()

    def begin(self, state: State, owner: str) -> str:
        """Keep a new conversation and return its handle."""
        handle = secrets.token_urlsafe(HANDLE_BYTES)
        self._write(handle, owner, state)
        return handle

    def load(self, handle: str, owner: str) -> State:
        """The conversation as its last turn left it."""
        with self._lock:
            found = self._database.execute(
                "select state from conversations where handle = ? and owner = ? and touched > ?",
                (handle, owner, self._now() - self._keep),
            ).fetchone()
        if found is None:
            raise InvalidQuery(f"no conversation {handle!r}; leave the handle out to begin a new one")
        try:
            return State.model_validate_json(found[0])
        except ValidationError as error:  # written by another version
            raise InvalidQuery(
                f"conversation {handle!r} is of another version; leave the handle out to begin a new one"
            ) from error

    def save(self, handle: str, owner: str, state: State) -> None:
        """Keep what a turn has left. The caller has loaded the conversation before."""
        self._write(handle, owner, state)

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._database.close()

    def _write(self, handle: str, owner: str, state: State) -> None:
        row = (handle, owner, self._now(), state.model_dump_json())
        try:
            with self._lock:
                self._database.execute("insert or replace into conversations values (?, ?, ?, ?)", row)
        except sqlite3.OperationalError as error:
            raise StorageFull(
                f"a conversation cannot be kept ({error}); make room and say it again"
            ) from error

    def _forget(self) -> None:
        """Remove what has been left for too long."""
        self._database.execute("delete from conversations where touched <= ?", (self._now() - self._keep,))
