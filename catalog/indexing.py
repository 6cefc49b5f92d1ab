"""From a feed to a live index: survey, build beside the live generation, switch.

A build that is stopped at any moment, also by SIGKILL, goes on where it stopped: what the draft holds
already is recognised by its fingerprint, so there is no progress file that could disagree with it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from tempfile import TemporaryFile
from time import perf_counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from catalog.bm25 import FieldBm25, average_length
from catalog.collection import Collection, Home, Stamp
from catalog.encoder import Encoder
from catalog.feeds import Reject
from catalog.index import lexers, point
from catalog.keys import key
from catalog.points import fingerprint, point_id, wording
from catalog.product import Product
from catalog.texts import body_text, dense_text, title_text
from core.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, InvalidSource
from core.record import Record

BATCH = 512
MEASURED = 50_000  # the products, from the first on, whose text lengths are measured
MOST_VALUES = 300  # an attribute with more values is a description, not a choice
MOST_CHOICES = 5_000  # counting takes 40 microseconds per value that occurs

# Tuned on the development queries: docs/LOG.md, "BM25 parameters".
TITLE_K1, TITLE_B = 1.2, 0.5
BODY_K1, BODY_B = 0.3, 0.75

Feed = Callable[[], Iterable[Product | Reject]]


class Progress(NamedTuple):
    """How far a build is; `total` is None while it is not known."""

    step: str  # "reading" | "indexing" | "optimising"
    done: int
    total: int | None


class IndexReport(Record):
    """What a build did."""

    indexed: int
    rejected: int
    reused: int  # vectors that did not have to be computed again
    seconds: float


class Survey(Record):
    """What a first reading of the feed tells."""

    products: int
    title_length: float
    body_length: float
    counted: tuple[str, ...]


def build_index(
    feed: Feed,
    home: Home,
    encoder: Encoder,
    *,
    on_reject: Callable[[Reject], None] = lambda reject: None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> IndexReport:
    """Make the index hold exactly the usable products of the feed, which is read twice."""
    start = perf_counter()
    rejected = 0

    def count_reject(reject: Reject) -> None:
        nonlocal rejected
        rejected += 1
        on_reject(reject)

    found = survey(feed(), count_reject, on_progress)
    if not found.products:
        raise InvalidSource(f"no usable product in the source ({rejected} rejected)")
    with _reusable(home, encoder) as reuse, home.build(_stamp(found, encoder)) as draft:
        vectors = _Vectors(encoder, draft, reuse)
        stored = _fill(draft, feed, found.products, vectors, on_progress)
        if stored != found.products:  # before the switch: the live index stays as it is
            raise InvalidSource(
                f"the source changed while it was read ({found.products} products, then {stored}); run again"
            )
        on_progress(Progress("optimising", 0, None))
        draft.settle()
    return IndexReport(
        indexed=found.products, rejected=rejected, reused=vectors.reused, seconds=perf_counter() - start
    )


def survey(
    feed: Iterable[Product | Reject],
    on_reject: Callable[[Reject], None],
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Survey:
    """Read the whole feed once: counts, text lengths, common attributes; every reject is reported here."""
    names: Counter[str] = Counter()
    values: defaultdict[str, set[str]] = defaultdict(set)
    sample: list[Product] = []
    products = 0
    for product in unique(feed, on_reject):
        products += 1
        for name, given in product.attributes.items():
            names[key(name)] += 1
            if len(values[key(name)]) <= MOST_VALUES:
                values[key(name)].update(given)
        if len(sample) < MEASURED:
            sample.append(product)
        if products % 1000 == 0:
            on_progress(Progress("reading", products, None))
    return Survey(
        products=products,
        title_length=average_length(map(title_text, sample)),
        body_length=average_length(map(body_text, sample)),
        counted=_choices([name for name, _ in names.most_common()], values),
    )


def _choices(names: Sequence[str], values: Mapping[str, set[str]]) -> tuple[str, ...]:
    """The attributes a shopper could choose by, most common first, as long as there is room."""
    room = MOST_CHOICES
    chosen = []
    for name in names:
        size = len(values[name])
        if "=" not in name and size <= min(MOST_VALUES, room):
            chosen.append(name)
            room -= size
    return tuple(chosen)


def unique(
    feed: Iterable[Product | Reject], on_reject: Callable[[Reject], None] = lambda reject: None
) -> Iterator[Product]:
    """The usable products; of several with one id the first."""
    seen: set[str] = set()
    for number, row in enumerate(feed, start=1):
        if isinstance(row, Reject):
            on_reject(row)
        elif row.id in seen:
            reason = f"duplicate id, in record {number} of the feed; the first one is kept"
            on_reject(Reject(line=None, id=row.id, reason=reason))
        else:
            seen.add(row.id)
            yield row


def _stamp(found: Survey, encoder: Encoder) -> Stamp:
    return Stamp(
        encoder=encoder.name,
        dimension=encoder.dimension,
        title=FieldBm25(k1=TITLE_K1, b=TITLE_B, average_length=round(found.title_length, 2)),
        body=FieldBm25(k1=BODY_K1, b=BODY_B, average_length=round(found.body_length, 2)),
        counted=found.counted,
    )


class _Reusable(NamedTuple):
    """The live generation's vectors, copied aside so that it stays free to be served."""

    rows: Mapping[str, tuple[str, int]]  # point id -> wording, row
    vectors: NDArray[np.float32]

    def of(self, wanted: Mapping[str, Product]) -> dict[str, NDArray[np.float32]]:
        """Vectors of the points whose product reads as it did."""
        same = {i: self.rows[i] for i in wanted if i in self.rows}
        return {i: self.vectors[row] for i, (text, row) in same.items() if text == wording(wanted[i])}


@contextmanager
def _reusable(home: Home, encoder: Encoder) -> Iterator[_Reusable]:
    """What can be taken over from the live generation; nothing if there is none, or it cannot be read."""
    try:
        live = home.live()
    except (IndexMissing, IndexMismatch, IndexLocked, IndexDamaged):
        yield _Reusable({}, np.zeros((0, encoder.dimension), np.float32))
        return
    with TemporaryFile() as scratch:
        rows: dict[str, tuple[str, int]] = {}
        with closing(live):
            if (live.stamp.encoder, live.stamp.dimension) == (encoder.name, encoder.dimension):
                points = live.scroll(["wording"])
                while batch := dict(islice(points, BATCH)):
                    for point, vector in live.vectors(list(batch)).items():
                        rows[point] = batch[point].get("wording", ""), len(rows)
                        scratch.write(vector.tobytes())
        scratch.flush()
        shape = len(rows), encoder.dimension
        empty = np.zeros(shape, np.float32)  # which cannot be mapped
        yield _Reusable(rows, np.memmap(scratch, np.float32, "r", shape=shape) if rows else empty)


class _Vectors:
    """Dense vectors for a batch: from the draft, from the live generation, or computed."""

    def __init__(self, encoder: Encoder, draft: Collection, reuse: _Reusable) -> None:
        self.reused = 0
        self._encoder = encoder
        self._draft = draft if draft.count() else None
        self._reuse = reuse

    def of(self, products: Sequence[Product]) -> dict[str, NDArray[np.float32]]:
        """A vector for every product, by point id."""
        wanted = {point_id(p.id): p for p in products}
        found = self._reuse.of(wanted)
        if self._draft:
            stored = self._draft.payloads([i for i in wanted if i not in found], ["wording"])
            same = [i for i, fields in stored.items() if fields.get("wording") == wording(wanted[i])]
            found |= self._draft.vectors(same)
        self.reused += len(found)
        missing = [i for i in wanted if i not in found]
        computed = self._encoder.encode_documents([dense_text(wanted[i]) for i in missing])
        return found | dict(zip(missing, computed, strict=True))


def _fill(
    draft: Collection,
    feed: Feed,
    total: int,
    vectors: _Vectors,
    on_progress: Callable[[Progress], None],
) -> int:
    by = lexers(draft.stamp)
    wanted: set[str] = set()

    def store(batch: Sequence[Product], dense: Mapping[str, NDArray[np.float32]]) -> None:
        draft.upsert([point(p, dense[point_id(p.id)], by, draft.stamp) for p in batch])

    with ThreadPoolExecutor(1) as encoding:  # the next batch is encoded while this one is stored
        waiting: tuple[list[Product], Future[dict[str, NDArray[np.float32]]]] | None = None
        for batch, new in _batches(draft, feed):
            coming = new, encoding.submit(vectors.of, new)
            if waiting:
                store(waiting[0], waiting[1].result())
            waiting = coming
            wanted.update(point_id(p.id) for p in batch)
            on_progress(Progress("indexing", len(wanted), total))
        if waiting:
            store(waiting[0], waiting[1].result())
    if draft.count() != len(wanted):  # left over from a build of an earlier state of the source
        draft.delete([i for i, _ in draft.scroll([]) if i not in wanted])
    return draft.count()


def _batches(draft: Collection, feed: Feed) -> Iterator[tuple[list[Product], list[Product]]]:
    """The feed in batches, and of each batch what the draft does not hold yet."""
    resumed = draft.count() > 0
    rows = unique(feed())
    while batch := list(islice(rows, BATCH)):
        ids = [point_id(p.id) for p in batch]
        stored = draft.payloads(ids, ["fingerprint"]) if resumed else {}
        known = {i: fields.get("fingerprint") for i, fields in stored.items()}
        yield batch, [p for p, i in zip(batch, ids, strict=True) if known.get(i) != fingerprint(p)]
