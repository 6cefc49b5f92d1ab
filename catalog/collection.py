"""The seam to an engine: one collection of points, and the place where its generations live.

`catalog.edge` and `catalog.server` implement both; nothing above them knows which one it has.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from catalog.bm25 import FieldBm25, Sparse
from catalog.conditions import Condition
from catalog.points import Point
from core.record import Record

SCHEMA = 1  # raise when payload or vectors change their meaning


class Stamp(Record):
    """What an index was built with. A query that would not match it is refused, never answered wrongly."""

    schema_version: int = SCHEMA
    encoder: str
    dimension: int
    title: FieldBm25 = FieldBm25()
    body: FieldBm25 = FieldBm25()
    counted: tuple[str, ...] = ()  # attributes whose values can be counted, in normal form


def read_stamp(raw: object) -> Stamp:
    """A stored stamp; of another schema only the version can be trusted. ValueError if it is no stamp."""
    version = raw.get("schema_version") if isinstance(raw, dict) else None
    if not isinstance(version, int):
        raise ValueError("not a stamp")  # noqa: TRY004  what was stored is wrong, not the call
    if version != SCHEMA:
        return Stamp(schema_version=version, encoder="unknown", dimension=0)
    return Stamp.model_validate(raw)


@dataclass(frozen=True)
class VectorQuery:
    """Nearest points by one of the named vectors."""

    using: str
    vector: NDArray[np.float32] | Sparse


Scored = list[tuple[str, float]]  # point id and score, best first


class Collection(Protocol):
    """One generation of an index. Ids here are point ids."""

    stamp: Stamp
    generation: str

    def upsert(self, points: Sequence[Point]) -> None:
        """Add or replace points; the next query sees them."""

    def delete(self, ids: Sequence[str]) -> None:
        """Remove points; ids that are not there are ignored."""

    def set_payload(self, point: str, fields: Mapping[str, Any]) -> None:
        """Overwrite some payload fields of one point; None removes a field."""

    def search(self, queries: Sequence[VectorQuery], condition: Condition | None, limit: int) -> list[Scored]:
        """One ranked list per query, in one round trip."""

    def payloads(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Payload fields of the points that exist."""

    def count(self, condition: Condition | None = None) -> int:
        """How many points match, exactly."""

    def facet(self, field: str, condition: Condition | None, limit: int) -> list[tuple[str, int]]:
        """The most frequent values of a field among matching points, with exact counts."""

    def leading(
        self, field: str | None, condition: Condition | None, limit: int, lowest_first: bool = False
    ) -> list[str]:
        """Matching points that have the number field, highest first; without a field, any that match."""

    def scroll(self, fields: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every point once, in a stable order."""

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The stored dense vectors of the points that exist."""

    def settle(self) -> None:
        """Build what makes queries fast, and put everything on disk."""

    def close(self) -> None:
        """Release files and connections."""


class Home(Protocol):
    """Where an index lives: at most one live collection, and a draft being built beside it."""

    def live(self) -> Collection:
        """Open the live collection; IndexMissing when there is none."""

    def stale(self, generation: str) -> bool:
        """Whether another generation than the given one is live by now."""

    def build(self, stamp: Stamp) -> AbstractContextManager[Collection]:
        """A draft to fill: the unfinished one with the same stamp, or else a new one.

        Leaving the block makes it the live collection at once and removes earlier generations; an
        exception leaves it for the next attempt.
        """
