"""What is done to files that are written no more: compacted, removed in time, erased for some shoppers.

Whoever does it to a writer's files holds that writer's lock. Appends nothing.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from behavior.folder import Stem, Unread, records, replacing, stems, try_writer
from behavior.records import Event, Query
from behavior.table import ROWS, erase_from_table, write_table

_CLIENT = re.compile(rb'"client_id":"([^"]*)"')  # a quote in a shopper's words would be escaped


class UnreadLines(Exception):
    """Lines are no records of this version: compacting would lose them."""


def keep_up(
    folder: Path,
    finished: Iterable[Stem],
    oldest: date,
    gone: Collection[str],
    rest: Callable[[], None] = lambda: None,
) -> None:
    """Remove what is older than the oldest day, and compact the rest; what cannot be read stays lines.

    `rest` is called every few hundred records, for others to get their turn.
    """
    for stem in finished:
        if stem.day < oldest:
            remove(folder, stem)
        else:
            with suppress(UnreadLines):
                compact(folder, stem, gone, rest)


def compact(folder: Path, stem: Stem, gone: Collection[str], rest: Callable[[], None] = lambda: None) -> None:
    """Make lines a table. Killed at any moment, either form is whole; where both are, the table counts."""
    lines, table = stem.lines(folder), stem.table(folder)
    if not table.exists():
        write_table(table, _kept(lines, gone, rest))
    lines.unlink(missing_ok=True)


def remove(folder: Path, stem: Stem) -> None:
    """Remove a file in both its forms: the lines first, that a table may have replaced."""
    stem.lines(folder).unlink(missing_ok=True)
    stem.table(folder).unlink(missing_ok=True)


def erase(folder: Path, files: Iterable[Stem], clients: Collection[str]) -> int:
    """Remove all that these clients did from some files, and return how many records that was."""
    return sum(_erase(folder, stem, clients) for stem in files)


def orphans(folder: Path) -> Iterator[list[Stem]]:
    """The files of each writer that no process is, one writer after the other, while this process is it."""
    found = stems(folder)
    for writer in sorted({stem.writer for stem in found}):
        with _as_writer(folder, writer) as granted:
            if granted:
                yield [stem for stem in stems(folder) if stem.writer == writer]


@contextmanager
def _as_writer(folder: Path, writer: int) -> Iterator[bool]:
    lock = try_writer(folder, writer)
    if lock is None:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def _erase(folder: Path, stem: Stem, clients: Collection[str]) -> int:
    table, lines = stem.table(folder), stem.lines(folder)
    if table.exists():
        lines.unlink(missing_ok=True)
        return erase_from_table(table, clients)
    with lines.open("rb") as old:
        gone = sum(_client(text) in clients for text in old)
    if gone:
        with lines.open("rb") as old, replacing(lines) as new:
            new.writelines(text for text in old if _client(text) not in clients)
    return gone


def _client(text: bytes) -> str | None:
    found = _CLIENT.search(text)
    return found[1].decode() if found else None


def _kept(path: Path, gone: Collection[str], rest: Callable[[], None]) -> Iterator[Query | Event]:
    for number, found in enumerate(records(path)):
        if number % ROWS == 0:
            rest()
        if isinstance(found, Unread):
            raise UnreadLines(f"{found.place}: {found.reason}")
        if found.client_id not in gone:
            yield found
