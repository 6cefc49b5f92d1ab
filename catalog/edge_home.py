"""Where the embedded index lives: a folder with one generation per build, opened by one process each.

    products.index/CURRENT      the name of the live generation
    products.index/g0003/       stamp.json, shard/, lock; draft as long as it is being built

A build happens in the next generation; replacing CURRENT is the atomic switch.
"""

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import qdrant_edge as edge
from filelock import FileLock, Timeout

from catalog.collection import SCHEMA, Stamp, read_stamp
from catalog.edge import EdgeCollection, require_space, translated
from catalog.points import BODY, DENSE, INDEXED, TITLE
from core.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, InvalidSettings

CURRENT, BUILD = "CURRENT", "build"  # in the index folder
DEAD = "dead-"  # before the name of a generation that is being removed
DRAFT, LOCK, SHARD, STAMP = "draft", "lock", "shard", "stamp.json"  # in the folder of a generation
# Without `enable_hnsw` the engine adds no graph per payload value, which took 359 s of a build of 100,000.
KINDS: dict[str, edge.KeywordIndexParams | edge.IntegerIndexParams | edge.FloatIndexParams] = {
    "keyword": edge.KeywordIndexParams(enable_hnsw=False),
    "integer": edge.IntegerIndexParams(enable_hnsw=False),
    "float": edge.FloatIndexParams(enable_hnsw=False),
}


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
        with translated(self.folder):
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
        with translated(self.folder):
            self._claim()
        with _acquire(self.folder / BUILD, f"{self.folder} is being built"):
            with translated(self.folder):
                for dead in self.folder.glob(f"{DEAD}g*"):  # a removal that was killed
                    shutil.rmtree(dead)
            require_space(self.folder)
            draft = self._unfinished(stamp) or self._create(stamp)
            try:
                yield draft
            finally:
                draft.close()
            with translated(self.folder):
                _write(self.folder / CURRENT, draft.folder.name)
                (draft.folder / DRAFT).unlink()
            for generation in self._generations():
                if generation != draft.folder:
                    self._remove(generation)

    def _claim(self) -> None:
        """Make the folder, or refuse one that holds something else."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ours = (self.folder / BUILD).exists() or self._current() is not None
        if not ours and any(self.folder.iterdir()):
            raise InvalidSettings(f"{self.folder} holds other files; choose another folder with --index")

    def _unfinished(self, stamp: Stamp) -> EdgeCollection | None:
        """The draft that an interrupted build left, if it can be continued; others are removed."""
        found = None
        for generation in self._generations():
            if generation.name == self._current():
                continue
            if found is None and (generation / DRAFT).exists() and _read_stamp(generation) == stamp:
                with suppress(IndexDamaged, IndexLocked):
                    found = self._open(generation)
            if found is None or found.folder != generation:
                self._remove(generation)
        return found

    def _create(self, stamp: Stamp) -> EdgeCollection:
        last = max((int(g.name[1:]) for g in self._generations()), default=0)
        generation = self.folder / f"g{last + 1:04d}"
        with translated(generation):
            generation.mkdir()
            (generation / DRAFT).touch()
        lock = _acquire(generation / LOCK, f"{self.folder} is open")
        with translated(generation):
            shard_folder = generation / SHARD
            shard_folder.mkdir()
            shard = edge.EdgeShard.create(str(shard_folder), self._config(stamp))
            for field, kind in INDEXED.items():
                shard.update(edge.UpdateOperation.create_field_index(field, KINDS[kind]))
            shard.flush()
            _write(generation / STAMP, stamp.model_dump_json())  # last: a draft without it is discarded
        return EdgeCollection(generation, stamp, shard, lock)

    def _current(self) -> str | None:
        try:
            return (self.folder / CURRENT).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None

    def _generations(self) -> list[Path]:
        """Folders of ours and of nobody else: named as we name them, with our lock inside or nothing yet."""
        named = (p for p in self.folder.iterdir() if re.fullmatch(r"g\d{4,}", p.name) and p.is_dir())
        return sorted(
            p for p in named if (p / LOCK).is_file() or (p / DRAFT).is_file() or not any(p.iterdir())
        )

    def _open(self, generation: Path) -> EdgeCollection:
        stamp = _read_stamp(generation)
        if stamp is None:
            raise IndexDamaged(f"{generation} is incomplete; build it again with: aisle index PRODUCTS")
        if stamp.schema_version != SCHEMA:
            raise IndexMismatch(
                f"{self.folder} has schema {stamp.schema_version}, this version of Aisle reads {SCHEMA}; "
                "build it again with: aisle index PRODUCTS"
            )
        lock = _acquire(generation / LOCK, f"{self.folder} is open")
        try:
            with translated(generation):
                shard = edge.EdgeShard.load(str(generation / SHARD), self._config(stamp))
            opened = EdgeCollection(generation, stamp, shard, lock)
            opened.check()
        except BaseException:
            lock.release()
            raise
        return opened

    def _remove(self, generation: Path) -> None:
        """Delete a dead generation, unless a process still serves from it; the next build will."""
        with suppress(IndexLocked), _acquire(generation / LOCK, str(generation)), translated(generation):
            dead = generation.with_name(f"{DEAD}{generation.name}")  # half removed, it would be nobody's
            generation.rename(dead)
            shutil.rmtree(dead)

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


def _acquire(path: Path, what: str) -> FileLock:
    lock = FileLock(path)
    holder = path.with_name(f"{path.name}.holder")
    with translated(path.parent):
        try:
            lock.acquire(timeout=0)
        except Timeout:
            by = (holder.exists() and holder.read_text()) or "another process"
            raise IndexLocked(f"{what} in {by}; stop it first, or send the request to it") from None
        try:
            holder.write_text(f"process {os.getpid()} ({' '.join([Path(sys.argv[0]).name, *sys.argv[1:3]])})")
        except OSError:
            lock.release()
            raise
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
        return read_stamp(json.loads((generation / STAMP).read_bytes()))
    except (FileNotFoundError, ValueError):  # ValueError: not JSON, not UTF-8, or not a stamp
        return None
