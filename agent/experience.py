"""What shoppers meant who put it alike: hand-written messages with what they were looking for, nearest first.

A memory: it knows no catalogue and decides nothing. Its lessons also teach the embedded planner.
"""

import hashlib
from collections.abc import Collection
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agent.dialogue.understanding import Told
from agent.kinds import Kind, Telling, fitted
from agent.llm.training.generation import SERVICE
from agent.llm.training.lessons import LESSONS, read_file
from catalog.index import ProductIndex
from core.errors import StorageFull

FILES = {
    LESSONS / "needs_home.tsv": Kind.NEED,
    LESSONS / "needs_life.tsv": Kind.NEED,
    LESSONS / "missions.tsv": Kind.MISSION,
    LESSONS / "chat.tsv": Kind.CHAT,
    LESSONS / "plain.tsv": Kind.PRODUCT,
    SERVICE: Kind.PRODUCT,  # but for those without searches, as everywhere
}
TURNS = LESSONS / "turns.txt"  # said of what is looked for already: no lesson for a planner, and no table
NEAR = 0.5  # the cosine from which on a need counts as alike; docs/LOG.md, "Needs that name nothing"
MOST = 3  # searches of the nearest need


class Known(NamedTuple):
    """One message, what it is, and what was looked for."""

    said: str
    searches: tuple[str, ...]
    kind: Kind


class Experience:
    """Lessons as vectors of an index's encoder, read at first use and kept in `folder` where there is one."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._reading = Lock()
        self._known: tuple[str, NDArray[np.float32], Telling] | None = None

    def recalled(self, index: ProductIndex, said: str) -> tuple[str, ...]:
        """What the nearest need was looking for; nothing where none is near."""
        nearest = self._nearest(index, said, (Kind.NEED, Kind.MISSION))
        return nearest.searches[:MOST] if nearest else ()

    def undertaking(self, index: ProductIndex, said: str) -> tuple[str, ...]:
        """All that the nearest undertaking took; nothing where none is near."""
        nearest = self._nearest(index, said, (Kind.MISSION,))
        return nearest.searches if nearest else ()

    def told(self, index: ProductIndex, said: str) -> Told | None:
        """What kind of message the words are, where those of the lessons tell for sure."""
        kind = self._read(index)[1].tell(index.meanings([said])[0])
        if kind is None:
            return None
        nearest = self._nearest(index, said, (kind,))
        return Told(kind, nearest.said if nearest else "")

    def _nearest(self, index: ProductIndex, said: str, among: Collection[Kind]) -> Known | None:
        vectors, _ = self._read(index)
        likeness = vectors @ index.meanings([said])[0]
        for place in np.argsort(-likeness):
            if likeness[place] < NEAR:
                return None
            known = lessons()[int(place)]
            if known.kind in among:
                return known
        return None

    def _read(self, index: ProductIndex) -> tuple[NDArray[np.float32], Telling]:
        with self._reading:
            encoder = index.stamp.encoder
            if self._known is None or self._known[0] != encoder:
                vectors = self._vectors(index, encoder)
                self._known = encoder, vectors, fitted(vectors, [known.kind for known in lessons()])
            return self._known[1:]

    def _vectors(self, index: ProductIndex, encoder: str) -> NDArray[np.float32]:
        said = [known.said for known in lessons()]
        digest = hashlib.sha256("\n".join([encoder, *said]).encode()).hexdigest()[:16]
        path = self._folder / f"lessons-{digest}.npy" if self._folder else None
        kept = _kept(path) if path else None
        if kept is not None and kept.shape == (len(said), index.stamp.dimension):
            return kept
        vectors = index.meanings(said)
        if path:
            _keep(path, vectors)
        return vectors


@cache
def lessons() -> tuple[Known, ...]:
    """Every message with its searches, none twice."""
    found: dict[str, Known] = {}
    for path, kind in FILES.items():
        for lesson in read_file(path):
            what = kind if lesson.searches else Kind.CHAT
            found.setdefault(lesson.said.lower(), Known(lesson.said, lesson.searches, what))
    for line in TURNS.read_text(encoding="utf-8").splitlines():
        found.setdefault(line.lower(), Known(line, (), Kind.TURN))
    return tuple(found.values())


def _kept(path: Path) -> NDArray[np.float32] | None:
    """What an earlier run wrote; nothing where it wrote nothing, or the file is damaged."""
    try:
        vectors: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, EOFError, ValueError):  # none there, or cut short
        return None
    return vectors


def _keep(path: Path, vectors: NDArray[np.float32]) -> None:
    """Whole or not at all: another process may read it, or write it too."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=path.parent, prefix=path.stem, suffix=".partial", delete=False) as file:
            np.save(file, vectors, allow_pickle=False)
        Path(file.name).replace(path)
    except OSError as error:
        raise StorageFull(f"cannot write {path} ({error.strerror})") from error
