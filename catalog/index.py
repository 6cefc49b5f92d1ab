"""The searchable catalogue: what the rest of Aisle holds when it holds an index.

One class over both engines. It turns products into points and requirements into filters, and keeps
pace with rebuilds; it does not order products, and it does not know what a query means.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from catalog.bm25 import Lexer, Sparse
from catalog.collection import Collection, Home, Scored, Stamp, VectorQuery
from catalog.conditions import Ids, Missing, Unknown, condition, conjunction, exclusion
from catalog.encoder import Encoder
from catalog.keys import key
from catalog.lexicon import Lexicon, read_lexicon
from catalog.points import BODY, DENSE, TITLE, Point, commerce, payload, point_id, product_of
from catalog.product import Availability, Money, Product
from catalog.texts import body_text, dense_text, title_text
from catalog.vocabulary import Term, Vocabulary, count_choices, merged, read_vocabulary
from catalog.where import Where, Without
from core.errors import IndexLocked, IndexMismatch, IndexMissing, InvalidQuery
from core.settings import Settings

BRANCHES = (TITLE, BODY, DENSE)
ANYTHING = Where()
NOTHING = Without()
FIELDS = {"brand": "brand_label", "category": "category_path", "availability": "availability"}

MOST_TERMS = 100_000

Vector = NDArray[np.float32] | Sparse
Countable = Literal["price", "rating", "reviews"]
T = TypeVar("T")


class ProductIndex:
    """A catalogue opened for searching and updating. Safe to use from several threads."""

    def __init__(self, home: Home, live: Collection, encoder: Encoder) -> None:
        self._home = home
        self._encoder = encoder
        self._switching = Lock()
        self._writing = Lock()
        self._vocabulary: Vocabulary | None = None
        self._lexicon: Lexicon | None = None
        self._use(live)

    @property
    def stamp(self) -> Stamp:
        """What the live generation was built with."""
        return self._live().stamp

    @property
    def generation(self) -> str:
        """The name of the live generation; another build has another one."""
        return self._live().generation

    def vectors(self, text: str, branches: Sequence[str] = BRANCHES) -> dict[str, Vector]:
        """A query as each branch reads it; a branch that finds no words in it is left out."""
        self._live()
        found: dict[str, Vector] = {}
        for branch in branches:
            if branch == DENSE:
                found[branch] = self._encoder.encode_queries([text])[0]
            elif (terms := self._lexers[branch].query(text)).indices:
                found[branch] = terms
        return found

    def meanings(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Queries as the dense branch reads them, a row each."""
        return self._encoder.encode_queries(list(texts))

    def search(
        self,
        vectors: Mapping[str, Vector],
        *,
        where: Where = ANYTHING,
        without: Without = NOTHING,
        unknown: Unknown = "fails",
        among: Sequence[str] | None = None,
        limit: int = 100,
    ) -> dict[str, Scored]:
        """Per branch, the nearest points that satisfy `where` and are not known to be or have a fact of
        `without`; `among` keeps to the given points. The terms of `without` are no filter.
        """
        if not vectors:
            return {}
        points = None if among is None else Ids(tuple(among))
        kept = conjunction([condition(where, unknown), exclusion(without), points])
        queries = [VectorQuery(using, vector) for using, vector in vectors.items()]
        found = self._asking(lambda live: live.search(queries, kept, limit))
        return dict(zip(vectors, found, strict=True))

    def matching(
        self,
        *,
        where: Where = ANYTHING,
        without: Without = NOTHING,
        unknown: Unknown = "fails",
        by: Countable = "reviews",
        lowest_first: bool = False,
        limit: int = 100,
    ) -> list[str]:
        """The points that satisfy `where` and have no fact of `without`, highest number `by` first; those
        that do not state it come last.
        """
        kept = [condition(where, unknown), exclusion(without)]
        found = self._asking(lambda live: live.leading(by, conjunction(kept), limit, lowest_first))
        if len(found) < limit:
            silent = conjunction([*kept, Missing(by)])
            found += self._asking(lambda live: live.leading(None, silent, limit - len(found), lowest_first))
        return found

    def products(self, points: Sequence[str]) -> dict[str, Product]:
        """The products behind point ids, as far as they still exist."""
        if not points:
            return {}
        stored = self._asking(lambda live: live.payloads(points, ["product"]))
        return {point: product_of(fields) for point, fields in stored.items()}

    def everything(self) -> dict[str, Product]:
        """All products by point id: for training and audits, which look at a catalogue as a whole."""
        return self._asking(lambda live: {i: product_of(f) for i, f in live.scroll(["product"])})

    def stored_vectors(self, points: Sequence[str]) -> dict[str, NDArray[np.float32]]:
        """The dense vectors behind point ids, as far as they still exist."""
        return self._asking(lambda live: live.vectors(points)) if points else {}

    def get(self, ids: Iterable[str]) -> dict[str, Product]:
        """Products by their own ids, as far as they exist."""
        return {p.id: p for p in self.products([point_id(i) for i in ids]).values()}

    def count(self, where: Where = ANYTHING, without: Without = NOTHING) -> int:
        """How many products are known to satisfy `where` and not known to have a fact of `without`."""
        kept = conjunction([condition(where), exclusion(without)])
        return self._asking(lambda live: live.count(kept))

    def facet(self, field: str, where: Where = ANYTHING, limit: int = 20) -> tuple[Term, ...]:
        """The most common values of a field or attribute among products that satisfy `where`."""
        kept = condition(where)
        if field in FIELDS:
            counted = self._asking(lambda live: live.facet(FIELDS[field], kept, MOST_TERMS))
            return merged(counted)[:limit]
        known = self.stamp.counted
        if key(field) not in known:
            allowed = ", ".join([*FIELDS, *known])
            raise InvalidQuery(f"values of {field!r} are not counted in this index; choose from: {allowed}")
        return self._asking(lambda live: count_choices(live, kept)).get(key(field), ())[:limit]

    def vocabulary(self) -> Vocabulary:
        """What can be asked for by name; counted at first use and again after a change."""
        self._live()
        with self._writing:
            if self._vocabulary is None:
                self._vocabulary = self._asking(read_vocabulary)
            return self._vocabulary

    def lexicon(self) -> Lexicon:
        """The catalogue's words; read at first use (seconds), then kept up with what is added here."""
        self._live()
        with self._writing:
            if self._lexicon is None or self._lexicon.is_worn:
                self._lexicon = self._asking(lambda live: read_lexicon(live, self._occurs))
            return self._lexicon

    def upsert(self, products: Sequence[Product]) -> None:
        """Add or replace products; the next query sees them."""
        vectors = self._encoder.encode_documents([dense_text(p) for p in products])

        def store(live: Collection) -> None:
            by = lexers(live.stamp)
            live.upsert([point(p, v, by, live.stamp) for p, v in zip(products, vectors, strict=True)])
            if self._lexicon:
                self._lexicon.learn(products)

        self._changing(store)

    def delete(self, ids: Iterable[str]) -> None:
        """Remove products; ids that are not there are ignored."""
        points = [point_id(i) for i in ids]
        self._changing(lambda live: live.delete(points))

    def patch(
        self, product_id: str, *, price: Money | None = None, availability: Availability | None = None
    ) -> Product:
        """Change price or availability without touching the vectors; the next query sees it."""
        changes = {"price": price, "availability": availability}
        given = {name: value for name, value in changes.items() if value is not None}

        def change(live: Collection) -> Product:
            stored = live.payloads([point_id(product_id)], ["product"])
            if not stored:
                raise InvalidQuery(f"no product {product_id!r} in the index")
            product = product_of(stored[point_id(product_id)]).model_copy(update=given)
            fields = {"product": product.model_dump_json(exclude_defaults=True), **commerce(product)}
            live.set_payload(point_id(product_id), fields)
            return product

        return self._changing(change)

    def _occurs(self, word: str) -> bool:
        """Whether BM25 finds any product by the word or its stem."""
        return any(self.search(self.vectors(word, [BODY]), limit=1).values())

    def close(self) -> None:
        """Release the index for other processes."""
        self._collection.close()

    def _asking(self, ask: Callable[[Collection], T]) -> T:
        try:
            return ask(self._live())
        except IndexMissing:  # a rebuild elsewhere has removed the generation since we last looked
            with self._switching:
                self._use(self._home.live())
            return ask(self._collection)

    def _changing(self, change: Callable[[Collection], T]) -> T:
        """One change at a time: patches read before they write."""
        with self._writing:
            try:
                return self._asking(change)
            finally:
                self._vocabulary = None

    def _live(self) -> Collection:
        """The current generation; a rebuild that was published meanwhile is switched to here."""
        if self._home.stale(self._collection.generation):
            with self._switching:
                if self._home.stale(self._collection.generation):
                    with suppress(IndexLocked):  # a build is copying from it; serve the old one until then
                        self._use(self._home.live())  # searches under way keep the old one until they end
        return self._collection

    def _use(self, collection: Collection) -> None:
        try:
            check_encoder(collection.stamp, self._encoder)
        except IndexMismatch:
            collection.close()
            raise
        self._lexers = lexers(collection.stamp)
        self._vocabulary = None
        self._lexicon = None
        self._collection = collection


def check_encoder(stamp: Stamp, encoder: Encoder) -> None:
    """Refuse to search vectors of one model with queries of another."""
    if (stamp.encoder, stamp.dimension) != (encoder.name, encoder.dimension):
        raise IndexMismatch(
            f"the index was built with encoder {stamp.encoder} ({stamp.dimension}-d), the setting is "
            f"{encoder.name} ({encoder.dimension}-d); set AISLE_ENCODER back or build it again with: "
            "aisle index PRODUCTS"
        )


def lexers(stamp: Stamp) -> dict[str, Lexer]:
    """The BM25 models of an index, by branch."""
    return {TITLE: Lexer(stamp.title), BODY: Lexer(stamp.body)}


def point(product: Product, dense: NDArray[np.float32], by: Mapping[str, Lexer], stamp: Stamp) -> Point:
    """A product ready to be stored."""
    words = {TITLE: by[TITLE].document(title_text(product)), BODY: by[BODY].document(body_text(product))}
    sparse = {branch: vector for branch, vector in words.items() if vector.indices}
    return Point(point_id(product.id), dense, sparse, payload(product, stamp.counted))


def open_home(settings: Settings) -> Home:
    """Where the setting `index` points: a folder, or the URL of a server."""
    if settings.index.startswith(("http://", "https://")):
        from catalog.server import connect

        return connect(settings.index, settings)
    from catalog.edge_home import EdgeHome

    return EdgeHome(
        Path(settings.index),
        quantization=settings.quantization,
        on_disk=settings.on_disk,
        threads=settings.threads,
    )


def open_index(settings: Settings) -> ProductIndex:
    """The index of the settings, opened with the encoder of the settings."""
    from catalog.encoder import open_encoder

    home = open_home(settings)
    live = home.live()  # first: a missing index is said before a model is fetched
    try:
        encoder = open_encoder(settings)
        encoder.encode_queries(["warm up"])  # the first inference costs 40 ms, which is no shopper's to pay
    except BaseException:
        live.close()
        raise
    return ProductIndex(home, live, encoder)
