"""The log as Parquet: what was written is what is read, by Aisle and by anybody else."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from behavior.folder import Unread
from behavior.log import Log
from behavior.reading import export, read
from behavior.records import Event, LlmUse, Query, QueryAttributes, Rewrite, SubQuery, event, query
from behavior.table import GROUP, read_table, write_table
from core.errors import InvalidSettings

AT = datetime(2026, 8, 22, 10, 0, 0, 123456, UTC)
ABOUT = QueryAttributes(
    session_id="s1",
    intent="find",
    constraints={"price_max": 50.0, "brands": ("Bosch",), "attributes": {"color": ("red", "blue")}},
    rewrites=(Rewrite(written="ketle", searched="kettle"),),
    sub_queries=(SubQuery(query="kettle", constraints={"exclude": ("plastic",)}),),
    found=12,
    timings_ms={"total": 41.5},
    llm=LlmUse(calls=2, tokens=900, cost=0.002),
)
RECORDS: list[Query | Event] = [
    query("a ketle ☕", "q1", hits=("p1", "p2"), about=ABOUT, client_id="c", application="page", at=AT),
    query("", "q2", at=AT),
    event("click", "q1", product="p2", position=2, client_id="c", session_id="s1", application="page", at=AT),
    event("purchase", "q1", product="p2", at=AT),
    event("chip_removed", "q1", message="red", at=AT),
]


def test_records_come_back_from_a_table_as_they_were(tmp_path: Path) -> None:
    assert write_table(tmp_path / "t.parquet", RECORDS) == len(RECORDS)
    assert list(read_table(tmp_path / "t.parquet")) == RECORDS


def test_records_come_back_from_the_log_as_they_were_in_either_form(tmp_path: Path) -> None:
    days = [date(2026, 8, 22)]
    log = Log(tmp_path, today=lambda: days[-1])
    log.append(*RECORDS)
    assert list(read(tmp_path)) == RECORDS
    days.append(days[0] + timedelta(days=1))
    log.keep_up()
    log.close()
    assert not list(tmp_path.glob("*.jsonl"))
    assert list(read(tmp_path)) == RECORDS


def test_any_reader_of_parquet_finds_the_columns_of_ubi(tmp_path: Path) -> None:
    write_table(tmp_path / "t.parquet", RECORDS)
    frame = pq.read_table(tmp_path / "t.parquet").to_pandas()
    clicks = frame[frame.action_name == "click"]
    assert clicks[["query_id", "object_id", "position", "session_id"]].to_numpy().tolist() == [
        ["q1", "p2", 2, "s1"]
    ]
    asked = frame[frame.action_name.isna()].iloc[0]
    assert asked.user_query == "a ketle ☕"
    assert list(asked.query_response_hit_ids) == ["p1", "p2"]
    assert asked.timestamp.to_pydatetime() == AT
    assert '"price_max":50.0' in asked.query_attributes


def test_a_large_table_is_read_by_the_days_that_are_asked_for(tmp_path: Path) -> None:
    def records() -> list[Query]:
        return [query("kettle", f"q{n}", at=AT + timedelta(days=n // GROUP)) for n in range(GROUP + 3)]

    assert write_table(tmp_path / "t.parquet", records()) == GROUP + 3
    assert pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 2
    later = date(2026, 8, 23)
    assert [
        found.query_id
        for found in read_table(tmp_path / "t.parquet", since=later)
        if isinstance(found, Query)
    ] == [f"q{GROUP + n}" for n in range(3)]
    assert list(read_table(tmp_path / "t.parquet", until=date(2026, 8, 21))) == []


def test_a_table_that_fails_half_way_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, RECORDS)

    def cut_off() -> Iterator[Query | Event]:
        yield from RECORDS * 300
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="gone"):
        write_table(path, cut_off())
    assert list(read_table(path)) == RECORDS
    assert [found.name for found in tmp_path.iterdir()] == ["t.parquet"]


def test_a_damaged_table_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    write_table(tmp_path / "2026-08-20.w0.001.parquet", RECORDS[:1])
    (tmp_path / "2026-08-21.w0.001.parquet").write_bytes(b"PAR1 but no more")
    unread: list[Unread] = []
    assert list(read(tmp_path, on_unread=unread.append)) == RECORDS[:1]
    assert [one.place for one in unread] == ["2026-08-21.w0.001.parquet"]


def test_an_export_holds_the_days_that_were_asked_for(tmp_path: Path) -> None:
    log = Log(tmp_path / "log")
    log.append(*(query("kettle", f"q{n}", at=AT + timedelta(days=n)) for n in range(4)))
    log.close()
    to = tmp_path / "out.parquet"
    assert export(tmp_path / "log", to, date(2026, 8, 23), date(2026, 8, 24)) == 2
    assert pq.read_table(to)["query_id"].to_pylist() == ["q1", "q2"]
    assert export(tmp_path / "nothing here", to) == 0
    assert pq.read_table(to).num_rows == 0


def test_an_export_to_nowhere_says_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="name another file"):
        export(tmp_path, tmp_path / "no folder" / "out.parquet")
