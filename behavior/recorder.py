"""What the server and the page call when a shopper has searched or done something. Never breaks a search.

A record that cannot be written is counted and told of, once for each reason; the shopper is answered.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from uuid import uuid4

from behavior.folder import translated
from behavior.forgetting import Forgotten, forget
from behavior.log import Log
from behavior.pseudonyms import pseudonym, secret_of
from behavior.records import LONGEST_ID, PLAIN, Action, Event, Query, QueryAttributes, Visitor, event, query
from core.errors import AisleError
from core.settings import Settings

FOLDER = "behavior"  # in the folder of the settings' data


class Recorder:
    """Writes to a folder's log or, without one, nothing. Safe to use from several threads; close it."""

    def __init__(
        self,
        folder: Path | None,
        keep_days: int = 90,
        on_problem: Callable[[str], None] = lambda problem: None,
    ) -> None:
        self.lost = 0  # records that could not be written
        self.problems: tuple[str, ...] = ()  # what went wrong, each once
        self._on_problem = on_problem
        self._telling = Lock()
        self._log = Log(folder, keep_days, self._tell) if folder else None
        self._secret = b""

    def searched(
        self,
        by: Visitor,
        words: str,
        hits: Sequence[str] = (),
        about: QueryAttributes = PLAIN,
        query_id: str | None = None,
    ) -> str:
        """Log a search with the ids of its hits; returns its id, by which events refer to it."""
        query_id = query_id or str(uuid4())
        record = query(words, query_id, hits=tuple(hits), about=about, application=by.application)
        self._write([record], by)
        return query_id

    def shown(self, by: Visitor, query_id: str, products: Sequence[str], first: int = 1) -> None:
        """Log that products came into view, in their order from the place `first` on."""
        at, told = datetime.now(UTC), by.application
        places = [(n, i) for n, i in enumerate(products, start=first) if len(i) <= LONGEST_ID]
        if len(places) < len(products):
            self._lose(len(products) - len(places), f"ids longer than {LONGEST_ID} characters are not logged")
        shown = [
            event(Action.IMPRESSION, query_id, product=i, position=n, application=told, at=at)
            for n, i in places
        ]
        self._write(shown, by)

    def event(
        self,
        by: Visitor,
        action: str,
        query_id: str | None = None,
        *,
        product: str | None = None,
        position: int | None = None,
        message: str = "",
    ) -> None:
        """Log something done with the answer of a query. `InvalidQuery` where an argument is not usable."""
        record = event(
            action,
            query_id,
            product=product,
            position=position,
            message=message,
            application=by.application,
        )
        self._write([record], by)

    def forget(self, client: str) -> Forgotten | None:
        """Erase what a shopper did and log nothing of them any more; none where nothing is logged at all."""
        if self._log is None or not self._log.folder.is_dir():
            return None
        elsewhere = forget(self._log.folder, client)
        return elsewhere.model_copy(update={"records": elsewhere.records + self._log.erase_forgotten()})

    def close(self) -> None:
        """Have the disk keep everything."""
        if self._log:
            self._log.close()

    def _write(self, records: Sequence[Query | Event], by: Visitor) -> None:
        if self._log is None:
            return
        try:
            self._log.append(*(self._signed(record, by, self._log.folder) for record in records))
        except AisleError as error:
            self._lose(len(records), str(error))

    def _signed(self, record: Query | Event, by: Visitor, folder: Path) -> Query | Event:
        """The record with pseudonyms of whose it is."""
        if not self._secret:
            with translated(folder):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._secret = secret_of(folder)
        client = pseudonym(self._secret, "client", by.client) if by.client else None
        session = pseudonym(self._secret, "session", by.session) if by.session else None
        if isinstance(record, Event):
            return record.model_copy(update={"client_id": client, "session_id": session})
        about = record.query_attributes.model_copy(update={"session_id": session})
        return record.model_copy(update={"client_id": client, "query_attributes": about})

    def _lose(self, count: int, problem: str) -> None:
        with self._telling:
            self.lost += count
        self._tell(problem)

    def _tell(self, problem: str) -> None:
        with self._telling:
            if problem in self.problems:
                return
            self.problems = (*self.problems, problem)
        self._on_problem(problem)


def open_recorder(settings: Settings, on_problem: Callable[[str], None] = lambda problem: None) -> Recorder:
    """The recorder of the settings' data folder, or one that writes nothing if that is what they say."""
    folder = log_folder(settings) if settings.behavior else None
    return Recorder(folder, settings.behavior_days, on_problem)


def log_folder(settings: Settings) -> Path:
    """Where the log of these settings lies."""
    return settings.data / FOLDER
