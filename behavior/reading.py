"""The log as it is read: finished files and those being written alike, by whoever may read the folder.

Needs no lock: a file that is compacted meanwhile is read in the one form or in the other, never in both.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path

from behavior.folder import Stem, Unread, forgotten, records, stems
from behavior.records import Event, Query
from behavior.table import read_table, write_table
from core.errors import InvalidSettings


def read(
    folder: Path,
    since: date | None = None,
    until: date | None = None,
    on_unread: Callable[[Unread], None] = lambda unread: None,
) -> Iterator[Query | Event]:
    """All that was logged from one day to another, both included and in UTC, a file after the other.

    What is no record is left out and told to `on_unread`.
    """
    gone = forgotten(folder)
    for stem in stems(folder):
        for found in _of(folder, stem, since, until):
            if isinstance(found, Unread):
                on_unread(found)
            elif _between(found.timestamp.date(), since, until) and found.client_id not in gone:
                yield found


def export(
    folder: Path,
    to: Path,
    since: date | None = None,
    until: date | None = None,
    on_unread: Callable[[Unread], None] = lambda unread: None,
) -> int:
    """Write all that was logged to one Parquet file, and return how many records it holds."""
    try:
        return write_table(to, read(folder, since, until, on_unread))
    except OSError as error:
        raise InvalidSettings(f"cannot write {to} ({error.strerror or error}); name another file") from error


def _of(folder: Path, stem: Stem, since: date | None, until: date | None) -> Iterator[Query | Event | Unread]:
    """The file in the form that it has; while that changes, the table is there before the lines go."""
    table, lines = stem.table(folder), stem.lines(folder)
    for path in (table, lines, table):
        with suppress(FileNotFoundError):  # the other form, or kept long enough and gone
            yield from read_table(path, since, until) if path == table else records(path)
            return


def _between(day: date, since: date | None, until: date | None) -> bool:
    return (since is None or day >= since) and (until is None or day <= until)
