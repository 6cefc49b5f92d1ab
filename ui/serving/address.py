"""Where a running server can be found, noted on disk for `aisle mcp`, which may not open the same index.

A note counts only as long as the process that wrote it lives: that holds a lock, and a killed one's is free.
"""

import hashlib
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from core.settings import Settings

FOLDER = "serving"  # in the cache folder, which is one for all working directories of a user
PATIENCE_S = 2.0  # for a reader that just looks whether the lock is held

logger = logging.getLogger(__name__)


@contextmanager
def announce(settings: Settings, url: str) -> Iterator[None]:
    """Say that the index of the settings is served at `url`, as long as this is entered."""
    note = _note(settings)
    lock = FileLock(note.with_suffix(".lock"))
    try:
        note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire(timeout=PATIENCE_S)
        partial = note.with_suffix(".partial")
        partial.write_text(json.dumps({"url": url}), encoding="utf-8")
        partial.replace(note)
    except (OSError, Timeout) as error:  # serving is worth more than being found
        logger.warning("%s cannot be written (%s); aisle mcp needs --url %s", note, error, url)
    try:
        yield
    finally:
        if lock.is_locked:
            note.unlink(missing_ok=True)
            lock.release()


def announced(settings: Settings) -> str | None:
    """Where the index of the settings is being served, if a living process says so."""
    note = _note(settings)
    try:
        with FileLock(note.with_suffix(".lock"), timeout=0):
            return None  # nobody holds it: who wrote the note is gone
    except Timeout:
        pass
    except OSError:
        return None
    try:
        url = json.loads(note.read_bytes())["url"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return url if isinstance(url, str) else None


def _note(settings: Settings) -> Path:
    index = settings.index if "://" in settings.index else str(Path(settings.index).resolve())
    return settings.cache / FOLDER / f"{hashlib.sha256(index.encode()).hexdigest()[:16]}.json"
