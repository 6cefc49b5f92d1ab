"""The server engine: a Qdrant server or cluster, one collection per generation behind an alias.

    products            an alias: what queries address
    products-0003       a collection; its metadata holds the stamp

A build happens in the next collection; moving the alias is the atomic switch.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from catalog.bm25 import Sparse
from catalog.collection import SCHEMA, Scored, Stamp, VectorQuery
from catalog.conditions import All, Condition, Either, Ids, Missing, Not, OneOf, Within
from catalog.points import BODY, DENSE, INDEXED, TITLE, Point
from core.errors import IndexMismatch, IndexMissing, IndexUnavailable, InvalidSettings, StorageFull
from core.settings import Settings

SCROLL = 1000
HNSW_EF = 256  # as in catalog.edge
LOOK_AGAIN_S = 5.0  # how often a serving process asks whether the alias has moved
DEFAULT_NAME = "products"
KINDS: dict[str, models.PayloadSchemaParams] = {
    "keyword": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, enable_hnsw=False),
    "integer": models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, enable_hnsw=False),
    "float": models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=False),
}


class ServerCollection:
    """A collection on a Qdrant server, addressed by its own name or by the alias."""

    def __init__(self, client: QdrantClient, name: str, stamp: Stamp, generation: str) -> None:
        self.name = name
        self.stamp = stamp
        self.generation = generation
        self._client = client

    def upsert(self, points: Sequence[Point]) -> None:
        """See `Collection`."""
        if not points:  # which the server would refuse
            return
        rows = [models.PointStruct(id=p.id, vector=_vectors(p), payload=dict(p.payload)) for p in points]
        with _translated(self.name):
            self._client.upsert(self.name, rows, wait=True)

    def delete(self, ids: Sequence[str]) -> None:
        """See `Collection`."""
        if not ids:
            return
        with _translated(self.name):
            self._client.delete(self.name, models.PointIdsList(points=list(ids)), wait=True)

    def set_payload(self, point: str, fields: Mapping[str, Any]) -> None:
        """See `Collection`."""
        kept = {name: value for name, value in fields.items() if value is not None}
        gone = [name for name, value in fields.items() if value is None]
        with _translated(self.name):
            self._client.set_payload(self.name, kept, points=[point], wait=True)
            if gone:
                self._client.delete_payload(self.name, gone, points=[point], wait=True)

    def search(self, queries: Sequence[VectorQuery], condition: Condition | None, limit: int) -> list[Scored]:
        """See `Collection`."""
        kept, params = _filter(condition), models.SearchParams(hnsw_ef=HNSW_EF)
        requests = [
            models.QueryRequest(
                query=_native(q.vector), using=q.using, filter=kept, limit=limit, params=params
            )
            for q in queries
        ]
        with _translated(self.name):
            answers = self._client.query_batch_points(self.name, requests)
        return [[(str(hit.id), hit.score) for hit in answer.points] for answer in answers]

    def payloads(self, ids: Sequence[str], fields: Sequence[str]) -> dict[str, dict[str, Any]]:
        """See `Collection`."""
        with _translated(self.name):
            rows = self._client.retrieve(self.name, list(ids), with_payload=list(fields))
        return {str(row.id): row.payload or {} for row in rows}

    def vectors(self, ids: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """See `Collection`."""
        with _translated(self.name):
            rows = self._client.retrieve(self.name, list(ids), with_payload=False, with_vectors=[DENSE])
        return {
            str(row.id): np.asarray(row.vector[DENSE], np.float32)
            for row in rows
            if isinstance(row.vector, dict)
        }

    def count(self, condition: Condition | None = None) -> int:
        """See `Collection`."""
        with _translated(self.name):
            return self._client.count(self.name, count_filter=_filter(condition), exact=True).count

    def facet(self, field: str, condition: Condition | None, limit: int) -> list[tuple[str, int]]:
        """See `Collection`."""
        with _translated(self.name):
            answer = self._client.facet(
                self.name, field, facet_filter=_filter(condition), limit=limit, exact=True
            )
        return [(str(hit.value), hit.count) for hit in answer.hits]

    def scroll(self, fields: Sequence[str]) -> Iterator[tuple[str, dict[str, Any]]]:
        """See `Collection`."""
        offset: Any = None
        while True:
            with _translated(self.name):
                rows, offset = self._client.scroll(
                    self.name, limit=SCROLL, offset=offset, with_payload=list(fields)
                )
            for row in rows:
                yield str(row.id), row.payload or {}
            if offset is None:
                return

    def settle(self) -> None:
        """See `Collection`. The server optimises by itself; wait until it reports that it has."""
        with _translated(self.name):
            while self._client.get_collection(self.name).status == models.CollectionStatus.YELLOW:
                time.sleep(0.2)

    def close(self) -> None:
        """See `Collection`. The connection belongs to the home."""


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
        return ServerCollection(self._client, self._name, stamp, generation)

    def stale(self, generation: str) -> bool:
        """See `Home`. Asks the server now and then, not at every query."""
        now = time.monotonic()
        if now - self._looked < LOOK_AGAIN_S:
            return False
        self._looked = now
        return self._current() != generation

    @contextmanager
    def build(self, stamp: Stamp) -> Iterator[ServerCollection]:
        """See `Home`."""
        draft = self._unfinished(stamp) or self._create(stamp)
        yield draft
        switch = models.CreateAliasOperation(
            create_alias=models.CreateAlias(collection_name=draft.name, alias_name=self._name)
        )
        with _translated(draft.name):
            self._client.update_collection_aliases([switch])
            for generation in self._generations():
                if generation != draft.name:
                    self._client.delete_collection(generation)

    def _unfinished(self, stamp: Stamp) -> ServerCollection | None:
        """The draft that an interrupted build left, if it can be continued; others are removed."""
        found = None
        live = self._current()
        for generation in self._generations():
            if generation == live:
                continue
            if found is None and self._stamp(generation) == stamp:
                found = ServerCollection(self._client, generation, stamp, generation)
                continue
            with _translated(generation):
                self._client.delete_collection(generation)
        return found

    def _create(self, stamp: Stamp) -> ServerCollection:
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
            for field, kind in INDEXED.items():
                self._client.create_payload_index(name, field, KINDS[kind], wait=True)
        return ServerCollection(self._client, name, stamp, name)

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
        raw = metadata.get("aisle")
        if not isinstance(raw, dict) or raw.get("schema_version") != SCHEMA:
            return None
        return Stamp.model_validate(raw)


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
        timeout=int(settings.qdrant_timeout_s),
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
    try:
        yield
    except ResponseHandlingException as error:
        raise IndexUnavailable(
            f"the Qdrant server does not answer ({error.source}); check that it runs at the --index address"
        ) from error
    except UnexpectedResponse as error:
        detail = error.content.decode(errors="replace")[:200]
        if error.status_code in (401, 403):
            raise IndexUnavailable("the Qdrant server wants another key; set AISLE_QDRANT_API_KEY") from error
        if error.status_code == 404:
            raise IndexMissing(f"the server has no {name}; build it with: aisle index PRODUCTS") from error
        if "No space left" in detail:
            raise StorageFull("the Qdrant server's disk is full; free some space and try again") from error
        raise IndexUnavailable(f"the Qdrant server refused ({error.status_code}): {detail}") from error
    except ApiException as error:
        raise IndexUnavailable(f"the Qdrant server failed: {error}") from error


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
