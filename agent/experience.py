"""What shoppers meant who put it alike: hand-written needs with what they were looking for, nearest first.

A memory, not a model: it knows no catalogue and decides nothing. Its lessons also teach the embedded planner.
"""

import hashlib
from functools import cache
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from catalog.index import ProductIndex
from core.errors import StorageFull

FOLDER = Path(__file__).parent / "llm" / "lessons"
NAMES = ("needs_home", "needs_life", "missions")
NEAR = 0.5  # the cosine from which on a need counts as alike; docs/LOG.md, "Needs that name nothing"
MOST = 3  # searches of the nearest need


class Experience:
    """Needs as vectors of an index's encoder, read at first use and kept in `folder` where there is one."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._reading = Lock()
        self._known: tuple[str, NDArray[np.float32]] | None = None

    def recalled(self, index: ProductIndex, said: str) -> tuple[str, ...]:
        """What the nearest need was looking for; nothing where none is near."""
        vectors = self._vectors(index)
        likeness = vectors @ index.meanings([said])[0]
        nearest = int(likeness.argmax())
        return lessons()[nearest][1][:MOST] if likeness[nearest] >= NEAR else ()

    def _vectors(self, index: ProductIndex) -> NDArray[np.float32]:
        with self._reading:
            encoder = index.stamp.encoder
            if self._known is None or self._known[0] != encoder:
                self._known = (encoder, self._read(index, encoder))
            return self._known[1]

    def _read(self, index: ProductIndex, encoder: str) -> NDArray[np.float32]:
        said = [need for need, _ in lessons()]
        digest = hashlib.sha256("\n".join([encoder, *said]).encode()).hexdigest()[:16]
        path = self._folder / f"needs-{digest}.npy" if self._folder else None
        if path and path.is_file():
            kept: NDArray[np.float32] = np.load(path, allow_pickle=False)
            if kept.shape == (len(said), index.stamp.dimension):
                return kept
        vectors = index.meanings(said)
        if path:
            _keep(path, vectors)
        return vectors


@cache
def lessons() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every need with its searches."""
    found = []
    for name in NAMES:
        for line in (FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines():
            need, _, searches = line.partition("\t")
            found.append((need, tuple(search.strip() for search in searches.split(";") if search.strip())))
    return tuple(found)


def _keep(path: Path, vectors: NDArray[np.float32]) -> None:
    """Whole or not at all: another process may read it."""
    partial = path.with_suffix(f".{id(vectors)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            np.save(file, vectors, allow_pickle=False)
        partial.replace(path)
    except OSError as error:
        raise StorageFull(f"cannot write {path} ({error.strerror})") from error
