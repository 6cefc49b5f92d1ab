"""The embedded engine: a folder of Qdrant Edge shards, one per generation, opened by one process each.

    products.index/CURRENT      the name of the live generation
    products.index/g0003/       stamp.json, shard/, lock, holder

A build happens in the next generation; replacing CURRENT is the atomic switch.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge
from filelock import FileLock, Timeout
from numpy.typing import NDArray
from pydantic import ValidationError

from catalog.bm25 import Sparse
from catalog.collection import SCHEMA, Scored, Stamp, VectorQuery
from catalog.conditions import All, Condition, Either, Ids, Missing, Not, OneOf, Within
from catalog.points import BODY, DENSE, INDEXED, TITLE, Point
from core.errors import AisleError, IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, StorageFull

RESERVE = 256 << 20  # bytes kept free: the engine maps files and dies on a full disk instead of saying so
SCROLL = 1000
HNSW_EF = 256  # finds 98% of the true nearest hundred on 19,000 products for 0.2 ms; the default 92%
# Without `enable_hnsw` the engine adds no graph per payload value, which took 359 s of a build of 100,000.
KINDS: dict[str, edge.KeywordIndexParams | edge.IntegerIndexParams | edge.FloatIndexParams] = {
    "keyword": edge.KeywordIndexParams(enable_hnsw=False),
    "integer": edge.IntegerIndexParams(enable_hnsw=False),
    "float": edge.FloatIndexParams(enable_hnsw=False),
}


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

    def delete(self, ids: Sequence[str]) -> None:
        """See `Collection`."""
        with self._writing():
            self._shard.update(edge.UpdateOperation.delete_points(list(ids)))

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
        with _translated(self.folder):
            answers = self._shard.query_batch(edge.QueryBatchRequest(requests))
        return [[(str(hit.id), hit.score) for hit in answer] for answer in answers]

    def payloads(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `Collection`."""
        with _translated(self.folder):
            rows = self._shard.retrieve(list(ids), with_payload=list(fields), with_vector=False)
        return {str(row.id): row.payload or {} for row in rows}

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """See `Collection`."""
        with _translated(self.folder):
            rows = self._shard.retrieve(list(ids), with_payload=False, with_vector=[DENSE])
        return {
            str(row.id): np.asarray(row.vector[DENSE], np.float32)
            for row in rows
            if isinstance(row.vector, dict)
        }

    def count(self, condition: Condition | None = None) -> int:
        """See `Collection`."""
        with _translated(self.folder):
            return self._shard.count(edge.CountRequest(exact=True, filter=_filter(condition)))

    def facet(self, field: str, condition: Condition | None, limit: int) -> list[tuple[str, int]]:
        """See `Collection`."""
        request = edge.FacetRequest(field, limit=limit, exact=True, filter=_filter(condition))
        with _translated(self.folder):
            return [(str(hit.value), hit.count) for hit in self._shard.facet(request).hits]

    def scroll(self, fields: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """See `Collection`."""
        offset: Any = None
        while True:
            request = edge.ScrollRequest(offset=offset, limit=SCROLL, with_payload=list(fields))
            with _translated(self.folder):
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

    @contextmanager
    def _writing(self) -> Iterator[None]:
        require_space(self.folder)
        with _translated(self.folder):
            yield


class EdgeHome:
    """A folder that holds an embedded index."""

    def __init__(
        self, folder: Path, *, quantization: str = "none", on_disk: bool = False, threads: int = 0
    ) -> None:
        self.folder = folder
        self._quantization = quantization
        self._on_disk = on_disk
        self._threads = threads

    def live(self) -> EdgeCollection:
        """See `Home`."""
        current = self._current()
        if current is None:
            raise IndexMissing(f"no index at {self.folder}; build one with: aisle index PRODUCTS")
        return self._open(self.folder / current)

    def stale(self, generation: str) -> bool:
        """See `Home`."""
        return self._current() not in (None, generation)

    @contextmanager
    def build(self, stamp: Stamp) -> Iterator[EdgeCollection]:
        """See `Home`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        require_space(self.folder)
        with _acquire(self.folder / "build", f"{self.folder} is being built"):
            draft = self._unfinished(stamp) or self._create(stamp)
            try:
                yield draft
            finally:
                draft.close()
            _write(self.folder / "CURRENT", draft.folder.name)
            for generation in self._generations():
                if generation != draft.folder:
                    self._remove(generation)

    def _unfinished(self, stamp: Stamp) -> EdgeCollection | None:
        """The draft that an interrupted build left, if it can be continued; others are removed."""
        found = None
        for generation in self._generations():
            if generation.name == self._current():
                continue
            if found is None and _read_stamp(generation) == stamp:
                with suppress(IndexDamaged):
                    found = self._open(generation)
            if found is None or found.folder != generation:
                self._remove(generation)
        return found

    def _create(self, stamp: Stamp) -> EdgeCollection:
        last = max((int(g.name[1:]) for g in self._generations()), default=0)
        generation = self.folder / f"g{last + 1:04d}"
        generation.mkdir()
        lock = _acquire(generation / "lock", f"{self.folder} is open")
        shard_folder = generation / "shard"
        shard_folder.mkdir()
        with _translated(generation):
            shard = edge.EdgeShard.create(str(shard_folder), self._config(stamp))
            for field, kind in INDEXED.items():
                shard.update(edge.UpdateOperation.create_field_index(field, KINDS[kind]))
            shard.flush()
        _write(generation / "stamp.json", stamp.model_dump_json())  # last: a draft without it is discarded
        return EdgeCollection(generation, stamp, shard, lock)

    def _current(self) -> str | None:
        try:
            return (self.folder / "CURRENT").read_text().strip()
        except FileNotFoundError:
            return None

    def _generations(self) -> list[Path]:
        return sorted(p for p in self.folder.glob("g[0-9]*") if p.is_dir())

    def _open(self, generation: Path) -> EdgeCollection:
        stamp = _read_stamp(generation)
        if stamp is None:
            raise IndexDamaged(f"{generation} is incomplete; build it again with: aisle index PRODUCTS")
        if stamp.schema_version != SCHEMA:
            raise IndexMismatch(
                f"{self.folder} has schema {stamp.schema_version}, this version of Aisle reads {SCHEMA}; "
                "build it again with: aisle index PRODUCTS"
            )
        lock = _acquire(generation / "lock", f"{self.folder} is open")
        try:
            with _translated(generation):
                shard = edge.EdgeShard.load(str(generation / "shard"))
        except BaseException:
            lock.release()
            raise
        return EdgeCollection(generation, stamp, shard, lock)

    def _remove(self, generation: Path) -> None:
        """Delete a dead generation, unless a process still serves from it; the next build will."""
        try:
            with _acquire(generation / "lock", ""):
                shutil.rmtree(generation)
        except IndexLocked:
            return

    def _config(self, stamp: Stamp) -> edge.EdgeConfig:
        memory = edge.Memory.Cold if self._on_disk else edge.Memory.Cached
        int8 = edge.ScalarQuantizationConfig(edge.ScalarType.Int8, quantile=0.99, memory=edge.Memory.Pinned)
        sparse = edge.EdgeSparseVectorParams(modifier=edge.Modifier.Idf)
        return edge.EdgeConfig(
            vectors={DENSE: edge.EdgeVectorParams(stamp.dimension, edge.Distance.Cosine, memory=memory)},
            sparse_vectors={TITLE: sparse, BODY: sparse},
            quantization_config=int8 if self._quantization == "int8" else None,
            max_search_threads=self._threads or None,
        )


def require_space(folder: Path) -> None:
    """Refuse to write when the disk is nearly full."""
    free = shutil.disk_usage(folder).free
    if free < RESERVE:
        raise StorageFull(
            f"only {free >> 20} MB free at {folder}, and {RESERVE >> 20} MB are kept in reserve; "
            "free some space and run the same command again: it continues where it stopped"
        )


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except AisleError:
        raise
    except Exception as error:
        if "No space left" in str(error):
            raise StorageFull(f"the disk is full at {folder}; free some space and try again") from error
        if "WouldBlock" in str(error):
            raise IndexLocked(f"{folder} is open in another process") from error
        reason = str(error).splitlines()[0]
        raise IndexDamaged(
            f"{folder} cannot be used ({reason}); build it again with: aisle index PRODUCTS"
        ) from error


def _acquire(path: Path, what: str) -> FileLock:
    lock = FileLock(path)
    holder = path.with_name(f"{path.name}.holder")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        by = holder.read_text() if holder.exists() else "another process"
        raise IndexLocked(f"{what} in {by}; stop it first, or send the request to it") from None
    holder.write_text(f"process {os.getpid()} ({' '.join([Path(sys.argv[0]).name, *sys.argv[1:3]])})")
    return lock


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    with partial.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


def _read_stamp(generation: Path) -> Stamp | None:
    try:
        raw = json.loads((generation / "stamp.json").read_text())
        if raw.get("schema_version") != SCHEMA:  # other fields may differ too
            return Stamp(schema_version=raw.get("schema_version", 0), encoder="unknown", dimension=0)
        return Stamp.model_validate(raw)
    except (FileNotFoundError, json.JSONDecodeError, ValidationError):
        return None


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
