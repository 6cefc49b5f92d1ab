"""A shopper who wants to be forgotten is: in lines, tables and files of other processes, and from then on."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from behavior.folder import forgotten
from behavior.forgetting import forget
from behavior.log import Log
from behavior.pseudonyms import pseudonym, secret_of
from behavior.reading import export, read
from behavior.records import Query, event, query
from core.errors import InvalidQuery, InvalidSource

TODAY = date(2026, 8, 22)


@pytest.fixture
def days() -> list[date]:
    """The last of these is today."""
    return [TODAY]


@pytest.fixture
def log(tmp_path: Path, days: list[date]) -> Iterator[Log]:
    opened = Log(tmp_path, today=lambda: days[-1])
    yield opened
    opened.close()


def asked(folder: Path, client: str, words: str) -> Query:
    return query(words, f"of {client}", client_id=pseudonym(secret_of(folder), "client", client))


def words(folder: Path) -> list[str]:
    return [record.user_query for record in read(folder) if isinstance(record, Query)]


def on_disk(folder: Path) -> str:
    """Every byte of the log, as whoever opens its files finds it."""
    lines = [path.read_text() for path in sorted(folder.glob("*.jsonl"))]
    return "".join(
        [*lines, *(str(pq.read_table(path).to_pylist()) for path in sorted(folder.glob("*.parquet")))]
    )


def test_what_a_shopper_did_is_erased_from_lines_and_tables(
    tmp_path: Path, log: Log, days: list[date]
) -> None:
    log.append(asked(tmp_path, "ann", "old kettle"), asked(tmp_path, "bob", "old mug"))
    days.append(TODAY + timedelta(days=1))
    log.append(asked(tmp_path, "ann", "new kettle"), asked(tmp_path, "bob", "new mug"))
    log.keep_up()
    log.close()
    done = forget(tmp_path, "ann")
    assert done.records == 2
    assert words(tmp_path) == ["old mug", "new mug"]
    assert "kettle" not in on_disk(tmp_path)
    assert done.client_id not in on_disk(tmp_path)


def test_a_writer_that_is_running_erases_its_own_files_and_goes_on(
    tmp_path: Path, log: Log, days: list[date]
) -> None:
    log.append(asked(tmp_path, "ann", "old kettle"), asked(tmp_path, "bob", "old mug"))
    days.append(TODAY + timedelta(days=1))
    log.append(asked(tmp_path, "ann", "kettle"), asked(tmp_path, "bob", "mug"))
    log.keep_up()
    assert forget(tmp_path, "ann").records == 0, "these files are not ours to change"
    assert words(tmp_path) == ["old mug", "mug"], "no reader sees them, from the first moment"
    log.keep_up()
    assert "kettle" not in on_disk(tmp_path)
    log.append(asked(tmp_path, "bob", "pan"))
    assert words(tmp_path) == ["old mug", "mug", "pan"]


def test_nothing_of_a_forgotten_shopper_is_logged_any_more(tmp_path: Path, log: Log) -> None:
    log.append(asked(tmp_path, "bob", "mug"))
    forget(tmp_path, "ann")
    log.erase_forgotten()
    log.append(asked(tmp_path, "ann", "kettle"), asked(tmp_path, "bob", "pan"))
    log.close()
    again = Log(tmp_path, today=lambda: TODAY)
    again.append(asked(tmp_path, "ann", "kettle"))
    again.close()
    assert "kettle" not in on_disk(tmp_path)
    assert words(tmp_path) == ["mug", "pan"]


def test_what_a_killed_writer_had_still_to_erase_is_erased_by_the_next(tmp_path: Path, log: Log) -> None:
    log.append(asked(tmp_path, "ann", "kettle"))
    log.close()
    name = pseudonym(secret_of(tmp_path), "client", "ann")
    (tmp_path / "forgotten").write_text(f"{name}\n")  # all that was done before the kill
    again = Log(tmp_path, today=lambda: TODAY)
    again.append(asked(tmp_path, "bob", "mug"))
    again.keep_up()
    again.close()
    assert "kettle" not in on_disk(tmp_path)


def test_a_pseudonym_from_an_export_can_be_forgotten_as_it_stands(tmp_path: Path, log: Log) -> None:
    log.append(asked(tmp_path, "ann", "kettle"))
    log.close()
    (record,) = read(tmp_path)
    assert record.client_id
    assert forget(tmp_path, record.client_id).records == 1


def test_the_words_of_another_do_not_count_as_an_id(tmp_path: Path, log: Log) -> None:
    name = pseudonym(secret_of(tmp_path), "client", "ann")
    said = f'"client_id":"{name}"'
    log.append(query(said, "q1", client_id=None), event("click", message=said))
    log.close()
    assert forget(tmp_path, "ann").records == 0
    assert words(tmp_path) == [said]


def test_the_list_of_the_forgotten_names_nobody(tmp_path: Path, log: Log) -> None:
    log.append(asked(tmp_path, "ann@example.com", "kettle"))
    log.close()
    forget(tmp_path, "ann@example.com")
    assert len(forgotten(tmp_path)) == 1
    assert "ann" not in (tmp_path / "forgotten").read_text()


def test_the_forgotten_are_in_no_export(tmp_path: Path, log: Log) -> None:
    log.append(asked(tmp_path, "ann", "kettle"), asked(tmp_path, "bob", "mug"))
    forget(tmp_path, "ann")  # while the writer has the file
    assert export(tmp_path, tmp_path / "out.parquet") == 1
    assert pq.read_table(tmp_path / "out.parquet")["user_query"].to_pylist() == ["mug"]


def test_a_damaged_table_is_named_rather_than_passed_over(tmp_path: Path, log: Log) -> None:
    log.append(asked(tmp_path, "ann", "kettle"))
    log.close()
    (tmp_path / "2026-08-20.w0.001.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(InvalidSource, match="delete it"):
        forget(tmp_path, "ann")


def test_who_is_to_be_forgotten_has_to_be_named_and_where(tmp_path: Path) -> None:
    with pytest.raises(InvalidQuery, match="name the client"):
        forget(tmp_path, " ")
    with pytest.raises(InvalidQuery, match="no behaviour log"):
        forget(tmp_path / "elsewhere", "ann")
