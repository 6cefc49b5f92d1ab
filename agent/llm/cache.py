"""Answers on disk, by model, prompt and everything else that was asked. Judges none of them.

The least recently used go when there is no room. A damaged file is begun anew: it held copies.
"""

import hashlib
import json
from contextlib import closing
from pathlib import Path
from threading import Lock
from time import perf_counter, time

from pydantic import ValidationError

from agent.llm.chat import Ask, Cancel, ChatModel, Pieces, Reply
from agent.llm.storage import FileDamaged, open_database, using

TABLE = "CREATE TABLE IF NOT EXISTS replies (key TEXT PRIMARY KEY, reply TEXT, size INTEGER, used REAL)"
ROW = 200  # bytes beside the reply: key, numbers, index, page overhead
SPARE = 0.9  # of the room is what stays, so that not every new answer has to make some


class Replies:
    """The file of answers."""

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._lock = Lock()
        try:
            self._database = open_database(path, TABLE)
        except FileDamaged:
            for part in path.parent.glob(f"{path.name}*"):  # with its -wal and -shm
                part.unlink(missing_ok=True)
            self._database = open_database(path, TABLE)
        with using(path):
            self._database.execute("CREATE INDEX IF NOT EXISTS by_use ON replies (used, size)")

    def get(self, key: str) -> Reply | None:
        """Return the answer, which is thereby used."""
        with self._lock, using(self._path):
            row = self._database.execute("SELECT reply FROM replies WHERE key = ?", (key,)).fetchone()
            if row is None:
                return None
            self._database.execute("UPDATE replies SET used = ? WHERE key = ?", (time(), key))
        try:
            return Reply.model_validate_json(row[0])
        except ValidationError:  # by another version: as if it were not there
            return None

    def put(self, key: str, reply: Reply) -> None:
        """Keep an answer, and no more in all than there is room for."""
        text = reply.model_dump_json()
        with self._lock, using(self._path):
            self._database.execute(
                "INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?)",
                (key, text, len(text.encode()) + ROW, time()),
            )
            if self._size() > self._max_bytes:
                self._drop_oldest()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _size(self) -> int:
        return int(self._database.execute("SELECT total(size) FROM replies").fetchone()[0])

    def _drop_oldest(self) -> None:
        self._database.execute(
            "DELETE FROM replies WHERE key IN (SELECT key FROM (SELECT key, sum(size) OVER"
            " (ORDER BY used DESC, key) AS upto FROM replies) WHERE upto > ?)",
            (self._max_bytes * SPARE,),
        )


class Cached:
    """A `ChatModel` that answers what was asked before from a file."""

    def __init__(self, model: ChatModel, replies: Replies) -> None:
        self.name = model.name
        self._model = model
        self._replies = replies

    def complete(self, ask: Ask, cancel: Cancel | None = None) -> Reply:
        """Return the whole answer."""
        if found := self._find(ask):
            return found
        reply = self._model.complete(ask, cancel)
        self._replies.put(key_of(self.name, ask), reply)
        return reply

    def stream(self, ask: Ask, cancel: Cancel | None = None) -> Pieces:
        """Yield the answer's text as it comes, in one piece if it is known, then the reply."""
        if found := self._find(ask):
            yield found.text
            yield found
            return
        with closing(self._model.stream(ask, cancel)) as pieces:
            for piece in pieces:
                if isinstance(piece, Reply):
                    self._replies.put(key_of(self.name, ask), piece)
                yield piece

    def _find(self, ask: Ask) -> Reply | None:
        started = perf_counter()
        found = self._replies.get(key_of(self.name, ask))
        if found is None:
            return None
        ms = (perf_counter() - started) * 1e3
        return found.model_copy(update={"cached": True, "cost": 0.0, "ms": ms, "first_ms": None})


def key_of(model: str, ask: Ask) -> str:
    """Return what an answer is kept under."""
    schema = ask.returns.model_json_schema() if ask.returns else None
    asked = [model, ask.model_dump(mode="json"), schema]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()
