"""Who is signed in to the insight page: random ids in memory, for an hour. Knows no request and no key."""

import hashlib
import secrets
from collections.abc import Callable
from time import monotonic

LASTS_S = 3600
MOST = 100  # sessions; the oldest makes room for a new one
ID_BYTES = 32


class Sessions:
    """The sessions of one server; a restart ends them all. Use from one thread."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._begun: dict[bytes, tuple[str, float]] = {}  # by the hash of the id: whose, and until when

    def begin(self, owner: str) -> str:
        """The id of a new session of the owner of a key."""
        session = secrets.token_urlsafe(ID_BYTES)
        self._begun[_hash(session)] = owner, self._now() + LASTS_S
        if len(self._begun) > MOST:
            del self._begun[next(iter(self._begun))]
        return session

    def owner(self, session: str) -> str | None:
        """Whose session this is, while it lasts."""
        owner, until = self._begun.get(_hash(session), (None, 0.0))
        return owner if self._now() < until else None

    def end(self, session: str) -> None:
        """Sign out."""
        self._begun.pop(_hash(session), None)


def _hash(session: str) -> bytes:
    return hashlib.sha256(session.encode("utf-8", "surrogateescape")).digest()
