"""Records as rows of Parquet, and back: one table for queries and events; a query has no `action_name`.

`query_attributes` is a column of JSON: what is asked differs from query to query. Decides nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from behavior.folder import Unread, replacing
from behavior.records import Event, Query, QueryAttributes, place
from core.errors import InvalidSource

if TYPE_CHECKING:
    from pyarrow import Schema, Table
    from pyarrow.parquet import ParquetWriter

ROWS = 500  # at a time: a few milliseconds' work, between which others get their turn
GROUP = 50_000  # rows that are compressed together


def write_table(path: Path, records: Iterable[Query | Event]) -> int:
    """Write the records, all of them or none, and return how many there were."""
    count = 0
    with _table(path) as writer:
        left = iter(records)
        pending: list[Table] = []
        while rows := [_row(record) for record in islice(left, ROWS)]:
            pending.append(_rows(rows))
            count += len(rows)
            if len(pending) * ROWS >= GROUP:
                _flush(writer, pending)
        _flush(writer, pending)
    return count


def read_table(
    path: Path, since: date | None = None, until: date | None = None
) -> Iterator[Query | Event | Unread]:
    """The records of a file from one day to another, both included; other rows are not even unpacked."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with closing(pq.ParquetFile(path)) as file:
            groups = [
                g for g in range(file.num_row_groups) if _overlaps(file.metadata.row_group(g), since, until)
            ]
            for batch in file.iter_batches(ROWS, groups):
                yield from map(_record, batch.to_pylist())
    except (pa.ArrowInvalid, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        yield Unread(path.name, str(error))


def erase_from_table(path: Path, clients: Iterable[str]) -> int:
    """Remove the rows of these clients, and return how many there were."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = pa.array(sorted(clients), pa.string())
    try:
        with closing(pq.ParquetFile(path)) as file:
            gone = pc.sum(pc.is_in(file.read(["client_id"])["client_id"], value_set=names)).as_py() or 0
            if not gone:
                return 0
            rows = file.read()
    except pa.ArrowInvalid as error:
        raise InvalidSource(f"{path} is damaged, and nobody can be erased from it; delete it") from error
    with _table(path) as writer:
        writer.write_table(rows.filter(pc.invert(pc.is_in(rows["client_id"], value_set=names))), GROUP)
    return int(gone)


def start(day: date) -> datetime:
    """When a day begins."""
    return datetime.combine(day, time(), UTC)


@contextmanager
def _table(path: Path) -> "Iterator[ParquetWriter]":
    import pyarrow.parquet as pq

    with replacing(path) as file, pq.ParquetWriter(file, _schema(), compression="zstd") as writer:
        yield writer


def _flush(writer: "ParquetWriter", pending: "list[Table]") -> None:
    import pyarrow as pa

    if pending:
        writer.write_table(pa.concat_tables(pending), GROUP)
        pending.clear()


def _schema() -> "Schema":
    import pyarrow as pa

    return pa.schema(
        [
            pa.field("action_name", pa.string()),
            pa.field("timestamp", pa.timestamp("us", "UTC"), nullable=False),
            pa.field("query_id", pa.string()),
            pa.field("client_id", pa.string()),
            pa.field("session_id", pa.string()),
            pa.field("application", pa.string()),
            pa.field("user_query", pa.string()),
            pa.field("query_response_hit_ids", pa.list_(pa.string())),
            pa.field("query_attributes", pa.string()),
            pa.field("message_type", pa.string()),
            pa.field("message", pa.string()),
            pa.field("object_id", pa.string()),
            pa.field("position", pa.int64()),
        ]
    )


def _rows(rows: Sequence[dict[str, Any]]) -> "Table":
    import pyarrow as pa

    return pa.Table.from_pylist(rows, _schema())


def _row(record: Query | Event) -> dict[str, Any]:
    if isinstance(record, Query):
        row = record.model_dump(exclude={"query_attributes"}, exclude_defaults=True)
        row["session_id"] = record.session_id
        row["query_attributes"] = record.query_attributes.model_dump_json(exclude_defaults=True)
        return row
    row = record.model_dump(exclude={"event_attributes"}, exclude_defaults=True)
    return row | {"object_id": record.product, "position": record.position}


def _record(row: dict[str, Any]) -> Query | Event | Unread:
    known = {name: value for name, value in row.items() if value is not None}
    try:
        if "action_name" in known:
            product, position = known.pop("object_id", None), known.pop("position", None)
            return Event(**known, event_attributes=place(product, position))
        known.pop("session_id", None)  # stands in the attributes
        about = QueryAttributes.model_validate_json(known.pop("query_attributes"))
        return Query(**known, query_attributes=about)
    except (ValidationError, KeyError) as error:
        return Unread(f"{row['query_id']}", str(error))


def _overlaps(group: Any, since: date | None, until: date | None) -> bool:
    """Whether a group of rows may hold some of these days."""
    column = next(c for c in map(group.column, range(group.num_columns)) if c.path_in_schema == "timestamp")
    if not column.is_stats_set:
        return True
    first, last = column.statistics.min, column.statistics.max
    return (since is None or last >= start(since)) and (
        until is None or first < start(until + timedelta(days=1))
    )
