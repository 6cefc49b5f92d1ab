"""The server engine: a Qdrant server or cluster, one collection per generation behind an alias.

    products            an alias: what queries address
    products-0003       a collection; its metadata holds the stamp

A build happens in the next collection; moving the alias is the atomic switch.
"""

import json
import math
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from catalog.bm25 import Sparse
from catalog.collection import SCHEMA, Scored, Stamp, VectorQuery, read_stamp
from catalog.conditions import All, Condition, Either, Ids, Missing, Not, OneOf, Within
from catalog.points import BODY, DENSE, INDEXED, TITLE, Point
from core.errors import (
    IndexLocked,
    IndexMismatch,
    IndexMissing,
    IndexUnavailable,
    InvalidSettings,
    StorageFull,
)
from core.settings import Settings

SCROLL = 1000
HNSW_EF = 256  # as in catalog.edge
LOOK_AGAIN_S = 5.0  # how often a serving process asks whether the alias has moved
DEFAULT_NAME = "products"
YELLOW = models.CollectionStatus.YELLOW
KINDS: dict[str, models.PayloadSchemaParams] = {
    "keyword": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False),
    "integer": models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, enable_hnsw=False),
    "float": models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=False),
}


class ServerCollection:
    """One generation on a Qdrant server. `builder` says whose draft it is, None when it is live."""

    def __init__(
        self, client: QdrantClient, generation: str, stamp: Stamp, builder: str | None = None
    ) -> None:
        self.generation = generation
        self.stamp = stamp
        self._client = client
        self._builder = builder

    def upsert(self, points: Sequence[Point]) -> None:
        """See `Collection`."""
        if not points:  # which the server would refuse
            return
        rows = [models.PointStruct(id=p.id, vector=_vectors(p), payload=dict(p.payload)) for p in points]
        self._check_builder()
        with _translated(self.generation):
            self._client.upsert(self.generation, rows, wait=True)

    def delete(self, ids: Sequence[str]) -> None:
        """See `Collection`."""
        if not ids:
            return
        self._check_builder()
        with _translated(self.generation):
            self._client.delete(self.generation, models.PointIdsList(points=list(ids)), wait=True)

    def set_payload(self, point: str, fields: Mapping[str, Any]) -> None:
        """See `Collection`."""
        kept = {name: value for name, value in fields.items() if value is not None}
        gone = [name for name, value in fields.items() if value is None]
        with _translated(self.generation):
            self._client.set_payload(self.generation, kept, points=[point], wait=True)
            if gone:
                self._client.delete_payload(self.generation, gone, points=[point], wait=True)

    def search(self, queries: Sequence[VectorQuery], condition: Condition | None, limit: int) -> list[Scored]:
        """See `Collection`."""
        kept, params = _filter(condition), models.SearchParams(hnsw_ef=HNSW_EF)
        requests = [
            models.QueryRequest(
                query=_native(q.vector), using=q.using, filter=kept, limit=limit, params=params
            )
            for q in queries
        ]
        with _translated(self.generation):
            answers = self._client.query_batch_points(self.generation, requests)
        return [[(str(hit.id), hit.score) for hit in answer.points] for answer in answers]

    def payloads(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `Collection`."""
        with _translated(self.generation):
            rows = self._client.retrieve(self.generation, list(ids), with_payload=list(fields))
        return {str(row.id): row.payload or {} for row in rows}

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """See `Collection`."""
        with _translated(self.generation):
            rows = self._client.retrieve(self.generation, list(ids), with_payload=False, with_vectors=[DENSE])
        return {
            str(row.id): np.asarray(row.vector[DENSE], np.float32)
            for row in rows
            if isinstance(row.vector, dict)
        }

    def count(self, condition: Condition | None = None) -> int:
        """See `Collection`."""
        with _translated(self.generation):
            return self._client.count(self.generation, count_filter=_filter(condition), exact=True).count

    def facet(self, field: str, condition: Condition | None, limit: int) -> list[tuple[str, int]]:
        """See `Collection`."""
        with _translated(self.generation):
            answer = self._client.facet(
                self.generation, field, facet_filter=_filter(condition), limit=limit, exact=True
            )
        return [(str(hit.value), hit.count) for hit in answer.hits if hit.count]

    def leading(
        self, field: str | None, condition: Condition | None, limit: int, lowest_first: bool = False
    ) -> list[str]:
        """See `Collection`."""
        direction = models.Direction.ASC if lowest_first else models.Direction.DESC
        with _translated(self.generation):
            rows, _ = self._client.scroll(
                self.generation,
                scroll_filter=_filter(condition),
                limit=limit,
                order_by=models.OrderBy(key=field, direction=direction) if field else None,
                with_payload=False,
            )
        return [str(row.id) for row in rows]

    def scroll(self, fields: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """See `Collection`."""
        offset: Any = None
        while True:
            with _translated(self.generation):
                rows, offset = self._client.scroll(
                    self.generation, limit=SCROLL, offset=offset, with_payload=list(fields)
                )
            for row in rows:
                yield str(row.id), row.payload or {}
            if offset is None:
                return

    def settle(self) -> None:
        """See `Collection`. The server optimises by itself; wait until it reports that it has."""
        self._check_builder()
        with _translated(self.generation):
            while (info := self._client.get_collection(self.generation)).status == YELLOW:
                time.sleep(0.2)
        if info.status == models.CollectionStatus.RED:
            raise IndexUnavailable(f"the Qdrant server reports errors in {self.generation}; see its log")

    def close(self) -> None:
        """See `Collection`. The connection belongs to the home."""

    def _check_builder(self) -> None:
        """Refuse to go on with a draft that another build has taken over."""
        if self._builder is None:
            return
        with _translated(self.generation):
            metadata = self._client.get_collection(self.generation).config.metadata or {}
        if metadata.get("builder") != self._builder:
            raise IndexLocked(f"another build has taken over {self.generation}; wait for it to end")


class ServerHome:
    """A name on a Qdrant server."""

    def __init__(
        self,
        client: QdrantClient,
        name: str = DEFAULT_NAME,
        *,
        shards: int = 1,
        replicas: int = 1,
        quantization: str = "none",
        on_disk: bool = False,
    ) -> None:
        self._client = client
        self._name = name
        self._shards = shards
        self._replicas = replicas
        self._quantization = quantization
        self._on_disk = on_disk
        self._looked = time.monotonic()

    def live(self) -> ServerCollection:
        """See `Home`."""
        generation = self._current()
        if generation is None:
            raise IndexMissing(
                f"no index named {self._name} on the server; build one with: aisle index PRODUCTS"
            )
        stamp = self._stamp(generation)
        if stamp is None or stamp.schema_version != SCHEMA:
            raise IndexMismatch(
                f"{generation} is not of this version of Aisle; build it again with: aisle index PRODUCTS"
            )
        return ServerCollection(self._client, generation, stamp)

    def stale(self, generation: str) -> bool:
        """See `Home`. Asks the server now and then, not at every query."""
        now = time.monotonic()
        if now - self._looked < LOOK_AGAIN_S:
            return False
        self._looked = now
        return self._current() != generation

    @contextmanager
    def build(self, stamp: Stamp) -> Iterator[ServerCollection]:
        """See `Home`. Of two builds at once the later takes over, and the earlier ends with IndexLocked."""
        generation = self._unfinished(stamp) or self._create(stamp)
        builder = uuid.uuid4().hex
        with _translated(generation):
            self._client.update_collection(generation, metadata={"builder": builder})
            for field, kind in INDEXED.items():  # again for a draft that was killed before it had all
                self._client.create_payload_index(generation, field, KINDS[kind], wait=True)
        draft = ServerCollection(self._client, generation, stamp, builder)
        yield draft
        switch = models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=generation, alias_name=self._name)
        )
        with _translated(generation):
            self._client.update_collection_aliases([switch])
            for dead in self._generations():
                if dead != generation:
                    self._client.delete_collection(dead)

    def _unfinished(self, stamp: Stamp) -> str | None:
        """The draft that an interrupted build left, if it can be continued; others are removed."""
        found = None
        live = self._current()
        for generation in self._generations():
            if generation == live:
                continue
            if found is None and self._stamp(generation) == stamp:
                found = generation
                continue
            with _translated(generation):
                self._client.delete_collection(generation)
        return found

    def _create(self, stamp: Stamp) -> str:
        last = max((int(g.rsplit("-", 1)[1]) for g in self._generations()), default=0)
        name = f"{self._name}-{last + 1:04d}"
        int8 = models.ScalarQuantization(
            scalar=models.ScalarQuantizationConfig(
                type=models.ScalarType.INT8, quantile=0.99, always_ram=True
            )
        )
        sparse = models.SparseVectorParams(modifier=models.Modifier.IDF)
        with _translated(name):
            self._client.create_collection(
                name,
                vectors_config={
                    DENSE: models.VectorParams(
                        size=stamp.dimension, distance=models.Distance.COSINE, on_disk=self._on_disk or None
                    )
                },
                sparse_vectors_config={TITLE: sparse, BODY: sparse},
                shard_number=self._shards,
                replication_factor=self._replicas,
                on_disk_payload=True,
                quantization_config=int8 if self._quantization == "int8" else None,
                metadata={"aisle": stamp.model_dump(mode="json")},
            )
        return name

    def _current(self) -> str | None:
        with _translated(self._name):
            aliases = self._client.get_aliases().aliases
        return next((a.collection_name for a in aliases if a.alias_name == self._name), None)

    def _generations(self) -> list[str]:
        with _translated(self._name):
            names = [c.name for c in self._client.get_collections().collections]
        prefix = f"{self._name}-"
        return sorted(n for n in names if n.startswith(prefix) and n.removeprefix(prefix).isdigit())

    def _stamp(self, generation: str) -> Stamp | None:
        with _translated(generation):
            metadata = self._client.get_collection(generation).config.metadata or {}
        try:
            return read_stamp(metadata.get("aisle"))
        except ValueError:
            return None


def connect(url: str, settings: Settings) -> ServerHome:
    """The index at `http://host:6333/NAME`; NAME is "products" when the URL has no path."""
    parts = urlsplit(url)
    name = parts.path.strip("/") or DEFAULT_NAME
    if "/" in name:
        raise InvalidSettings(f"{url} has a path of several parts; use http://host:port/NAME")
    key = settings.qdrant_api_key
    client = QdrantClient(
        url=f"{parts.scheme}://{parts.netloc}",
        api_key=key.get_secret_value() if key else None,
        timeout=math.ceil(settings.qdrant_timeout_s),
        check_compatibility=False,
    )
    return ServerHome(
        client,
        name,
        shards=settings.qdrant_shards,
        replicas=settings.qdrant_replicas,
        quantization=settings.quantization,
        on_disk=settings.on_disk,
    )


@contextmanager
def _translated(name: str) -> Iterator[None]:
    """The seam to the server: what its client raises becomes what a person can act on, in one line."""
    try:
        yield
    except ResponseHandlingException as error:
        if isinstance(error.source, ValidationError):
            raise _not_qdrant() from error
        raise IndexUnavailable(
            f"the Qdrant server does not answer ({error.source}); check that it runs at the --index address"
        ) from error
    except UnexpectedResponse as error:
        detail = " ".join(error.content.decode(errors="replace").split())[:200]
        if error.status_code in (401, 403):
            raise IndexUnavailable("the Qdrant server wants another key; set AISLE_QDRANT_API_KEY") from error
        if error.status_code == 404:
            raise IndexMissing(f"the server has no {name}; build it with: aisle index PRODUCTS") from error
        if "No space left" in detail:
            raise StorageFull("the Qdrant server's disk is full; free some space and try again") from error
        raise IndexUnavailable(f"the Qdrant server refused ({error.status_code}): {detail}") from error
    except ApiException as error:
        raise IndexUnavailable(f"the Qdrant server failed: {error}") from error
    except ValueError as error:
        if "not found" in str(error):  # the client's in-memory mode; a server answers 404
            raise IndexMissing(f"there is no {name}; build it with: aisle index PRODUCTS") from error
        if isinstance(error, json.JSONDecodeError):
            raise _not_qdrant() from error
        raise
    except AssertionError as error:  # the client asserts that there is a result
        raise _not_qdrant() from error


def _not_qdrant() -> IndexUnavailable:
    return IndexUnavailable("what answers at the --index address is not a Qdrant server; check the address")


def _native(vector: NDArray[np.float32] | Sparse) -> Any:
    if isinstance(vector, Sparse):
        return models.SparseVector(indices=vector.indices, values=vector.values)
    return vector.tolist()


def _vectors(point: Point) -> dict[str, Any]:
    return {DENSE: _native(point.dense), **{name: _native(v) for name, v in point.sparse.items()}}


def _filter(condition: Condition | None) -> models.Filter | None:
    if condition is None:
        return None
    native = _condition(condition)
    return native if isinstance(native, models.Filter) else models.Filter(must=[native])


def _condition(condition: Condition) -> Any:
    match condition:
        case OneOf(field, values):
            return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))
        case Within(field, low, high):
            return models.FieldCondition(key=field, range=models.Range(gte=low, lte=high))
        case Missing(field):
            return models.IsEmptyCondition(is_empty=models.PayloadField(key=field))
        case Ids(ids):
            return models.HasIdCondition(has_id=list(ids))
        case All(parts):
            return models.Filter(must=[_condition(part) for part in parts])
        case Either(parts):
            return models.Filter(should=[_condition(part) for part in parts])
        case Not(part):
            return models.Filter(must_not=[_condition(part)])
