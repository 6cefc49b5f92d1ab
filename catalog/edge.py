"""The embedded engine: one Qdrant Edge shard as a collection. Where shards live is `edge_home`'s business."""

import errno
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge
from filelock import FileLock
from numpy.typing import NDArray

from catalog.bm25 import Sparse
from catalog.collection import Scored, Stamp, VectorQuery
from catalog.conditions import All, Condition, Either, Ids, Missing, Not, OneOf, Within
from catalog.points import DENSE, Point
from core.errors import IndexDamaged, IndexLocked, InvalidSettings, StorageFull

RESERVE = 256 << 20  # bytes kept free: the engine maps files and dies on a full disk instead of saying so
SCROLL = 1000
PROMISED = "promised"  # in the folder: how many points there are at least
HNSW_EF = 256  # finds 98% of the true nearest hundred on 19,000 products for 0.2 ms; the default 92%


class EdgeCollection:
    """One Edge shard. Dropping the last reference releases its files and its lock."""

    def __init__(self, folder: Path, stamp: Stamp, shard: edge.EdgeShard, lock: FileLock) -> None:
        self.folder = folder
        self.generation = folder.name
        self.stamp = stamp
        self._shard = shard
        self._lock = lock

    def upsert(self, points: Sequence[Point]) -> None:
        """See `Collection`."""
        with self._writing():
            rows = [edge.Point(p.id, _vectors(p), dict(p.payload)) for p in points]
            self._shard.update(edge.UpdateOperation.upsert_points(rows))
            self._promise(self.count())

    def delete(self, ids: Sequence[str]) -> None:
        """See `Collection`."""
        with self._writing():
            self._promise(max(0, self.count() - len(ids)))
            self._shard.update(edge.UpdateOperation.delete_points(list(ids)))
            self._promise(self.count())

    def set_payload(self, point: str, fields: Mapping[str, Any]) -> None:
        """See `Collection`."""
        with self._writing():
            kept = {name: value for name, value in fields.items() if value is not None}
            gone = [name for name, value in fields.items() if value is None]
            self._shard.update(edge.UpdateOperation.set_payload([point], kept))
            if gone:
                self._shard.update(edge.UpdateOperation.delete_payload([point], gone))

    def search(self, queries: Sequence[VectorQuery], condition: Condition | None, limit: int) -> list[Scored]:
        """See `Collection`."""
        kept, params = _filter(condition), edge.SearchParams(hnsw_ef=HNSW_EF)
        requests = [
            edge.QueryRequest(
                query=edge.Query.Nearest(_native(q.vector), using=q.using),
                filter=kept,
                limit=limit,
                params=params,
            )
            for q in queries
        ]
        with translated(self.folder):
            answers = self._shard.query_batch(edge.QueryBatchRequest(requests))
        return [[(str(hit.id), hit.score) for hit in answer] for answer in answers]

    def payloads(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `Collection`."""
        with translated(self.folder):
            rows = self._shard.retrieve(list(ids), with_payload=list(fields), with_vector=False)
        return {str(row.id): row.payload or {} for row in rows}

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """See `Collection`."""
        with translated(self.folder):
            rows = self._shard.retrieve(list(ids), with_payload=False, with_vector=[DENSE])
        return {
            str(row.id): np.asarray(row.vector[DENSE], np.float32)
            for row in rows
            if isinstance(row.vector, dict)
        }

    def count(self, condition: Condition | None = None) -> int:
        """See `Collection`."""
        with translated(self.folder):
            return self._shard.count(edge.CountRequest(exact=True, filter=_filter(condition)))

    def facet(self, field: str, condition: Condition | None, limit: int) -> list[tuple[str, int]]:
        """See `Collection`."""
        request = edge.FacetRequest(field, limit=limit, exact=True, filter=_filter(condition))
        with translated(self.folder):
            return [(str(hit.value), hit.count) for hit in self._shard.facet(request).hits if hit.count]

    def leading(
        self, field: str | None, condition: Condition | None, limit: int, lowest_first: bool = False
    ) -> list[str]:
        """See `Collection`."""
        direction = edge.Direction.Asc if lowest_first else edge.Direction.Desc
        request = edge.ScrollRequest(
            limit=limit,
            filter=_filter(condition),
            with_payload=False,
            order_by=edge.OrderBy(field, direction) if field else None,
        )
        with translated(self.folder):
            rows, _ = self._shard.scroll(request)
        return [str(row.id) for row in rows]

    def scroll(self, fields: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """See `Collection`."""
        offset: Any = None
        while True:
            request = edge.ScrollRequest(offset=offset, limit=SCROLL, with_payload=list(fields))
            with translated(self.folder):
                rows, offset = self._shard.scroll(request)
            for row in rows:
                yield str(row.id), row.payload or {}
            if offset is None:
                return

    def settle(self) -> None:
        """See `Collection`."""
        with self._writing():
            self._shard.flush()
            self._shard.optimize()
            self._shard.flush()

    def close(self) -> None:
        """See `Collection`."""
        self._shard.close()
        self._lock.release()

    def check(self) -> None:
        """Refuse a shard that lost points: the engine opens one without its files as if it were empty."""
        with translated(self.folder):
            promised = self.folder / PROMISED
            least = promised.read_text() if promised.exists() else "0"
        if not least.isdigit() or self.count() < int(least):
            raise IndexDamaged(
                f"{self.folder} holds {self.count()} of at least {least} products; "
                "build it again with: aisle index PRODUCTS"
            )

    def _promise(self, count: int) -> None:
        """Note how many points there are at least, whenever this process may be killed."""
        partial = self.folder / f"{PROMISED}.partial"
        partial.write_text(str(count))
        partial.replace(self.folder / PROMISED)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        require_space(self.folder)
        with translated(self.folder):
            yield


def require_space(folder: Path) -> None:
    """Refuse to write when the disk is nearly full."""
    free = shutil.disk_usage(folder).free
    if free < RESERVE:
        raise StorageFull(
            f"only {free >> 20} MB free at {folder}, and {RESERVE >> 20} MB are kept in reserve; "
            "free some space and run the same command again: it continues where it stopped"
        )


@contextmanager
def translated(folder: Path) -> Iterator[None]:
    """The seam to the engine and the disk: what they raise becomes what a person can act on."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFull(f"the disk is full at {folder}; free some space and try again") from error
        raise InvalidSettings(
            f"{folder} cannot be used ({error.strerror}); an index needs a folder that can be written"
        ) from error
    except UnicodeDecodeError as error:
        raise IndexDamaged(
            f"{folder} holds unreadable files; build it again with: aisle index PRODUCTS"
        ) from error
    except Exception as error:
        if type(error) is not Exception:  # the engine raises nothing else; the rest is ours to see
            raise
        if "No space left" in str(error):
            raise StorageFull(f"the disk is full at {folder}; free some space and try again") from error
        if "WouldBlock" in str(error):
            raise IndexLocked(f"{folder} is open in another process") from error
        reason = str(error).splitlines()[0]
        raise IndexDamaged(
            f"{folder} cannot be used ({reason}); build it again with: aisle index PRODUCTS"
        ) from error


def _native(vector: NDArray[np.float32] | Sparse) -> Any:
    if isinstance(vector, Sparse):
        return edge.SparseVector(vector.indices, vector.values)
    return vector.tolist()


def _vectors(point: Point) -> dict[str, Any]:
    return {DENSE: _native(point.dense), **{name: _native(v) for name, v in point.sparse.items()}}


def _filter(condition: Condition | None) -> edge.Filter | None:
    if condition is None:
        return None
    native = _condition(condition)
    return native if isinstance(native, edge.Filter) else edge.Filter(must=[native])


def _condition(condition: Condition) -> Any:
    match condition:
        case OneOf(field, values):
            return edge.FieldCondition(field, match=edge.MatchAny(list(values)))
        case Within(field, low, high):
            return edge.FieldCondition(field, range=edge.RangeFloat(gte=low, lte=high))
        case Missing(field):
            return edge.IsEmptyCondition(field)
        case Ids(ids):
            return edge.HasIdCondition(set(ids))
        case All(parts):
            return edge.Filter(must=[_condition(part) for part in parts])
        case Either(parts):
            return edge.Filter(should=[_condition(part) for part in parts])
        case Not(part):
            return edge.Filter(must_not=[_condition(part)])
