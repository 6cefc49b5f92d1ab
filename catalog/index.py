"""The searchable catalogue: what the rest of Aisle holds when it holds an index.

One class over both engines. It turns products into points and requirements into filters, and keeps
pace with rebuilds; it does not order products, and it does not know what a query means.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from catalog.bm25 import Lexer, Sparse
from catalog.collection import Collection, Home, Scored, Stamp, VectorQuery
from catalog.conditions import Ids, Unknown, condition, conjunction
from catalog.encoder import Encoder
from catalog.keys import key
from catalog.points import BODY, DENSE, TITLE, Point, commerce, payload, point_id, product_of
from catalog.product import Availability, Money, Product
from catalog.texts import body_text, dense_text, title_text
from catalog.vocabulary import Term, Vocabulary, count_choices, read_vocabulary
from catalog.where import Where
from core.errors import IndexMismatch, InvalidQuery
from core.settings import Settings

BRANCHES = (TITLE, BODY, DENSE)
ANYTHING = Where()
FIELDS = {"brand": "brand_label", "category": "category_path", "availability": "availability"}

Vector = NDArray[np.float32] | Sparse


class ProductIndex:
    """A catalogue opened for searching and updating. Safe to use from several threads."""

    def __init__(self, home: Home, live: Collection, encoder: Encoder) -> None:
        self._home = home
        self._encoder = encoder
        self._switching = Lock()
        self._vocabulary: Vocabulary | None = None
        self._use(live)

    @property
    def stamp(self) -> Stamp:
        """What the live generation was built with."""
        return self._live().stamp

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

    def search(
        self,
        vectors: Mapping[str, Vector],
        *,
        where: Where = ANYTHING,
        unknown: Unknown = "fails",
        among: Sequence[str] | None = None,
        limit: int = 100,
    ) -> dict[str, Scored]:
        """Per branch, the nearest points that satisfy `where`; `among` keeps to the given points."""
        if not vectors:
            return {}
        kept = conjunction([condition(where, unknown), None if among is None else Ids(tuple(among))])
        queries = [VectorQuery(using, vector) for using, vector in vectors.items()]
        return dict(zip(vectors, self._live().search(queries, kept, limit), strict=True))

    def products(self, points: Sequence[str]) -> dict[str, Product]:
        """The products behind point ids, as far as they still exist."""
        if not points:
            return {}
        return {p: product_of(stored) for p, stored in self._live().payloads(points, ["product"]).items()}

    def get(self, ids: Iterable[str]) -> dict[str, Product]:
        """Products by their own ids, as far as they exist."""
        return {p.id: p for p in self.products([point_id(i) for i in ids]).values()}

    def count(self, where: Where = ANYTHING) -> int:
        """How many products are known to satisfy `where`."""
        return self._live().count(condition(where))

    def facet(self, field: str, where: Where = ANYTHING, limit: int = 20) -> tuple[Term, ...]:
        """The most common values of a field or attribute among products that satisfy `where`."""
        live = self._live()
        if field in FIELDS:
            terms = live.facet(FIELDS[field], condition(where), limit)
            return tuple(Term(label=label, count=count) for label, count in terms)
        if key(field) not in live.stamp.counted:
            allowed = ", ".join([*FIELDS, *live.stamp.counted])
            raise InvalidQuery(f"values of {field!r} are not counted in this index; choose from: {allowed}")
        return count_choices(live, condition(where)).get(key(field), ())[:limit]

    def vocabulary(self) -> Vocabulary:
        """What can be asked for by name; counted at first use and again when products come or go."""
        live = self._live()
        if self._vocabulary is None:
            self._vocabulary = read_vocabulary(live)
        return self._vocabulary

    def upsert(self, products: Sequence[Product]) -> None:
        """Add or replace products; the next query sees them."""
        live = self._live()
        vectors = self._encoder.encode_documents([dense_text(p) for p in products])
        live.upsert([point(p, v, self._lexers, live.stamp) for p, v in zip(products, vectors, strict=True)])
        self._vocabulary = None

    def delete(self, ids: Iterable[str]) -> None:
        """Remove products; ids that are not there are ignored."""
        self._live().delete([point_id(i) for i in ids])
        self._vocabulary = None

    def patch(
        self, product_id: str, *, price: Money | None = None, availability: Availability | None = None
    ) -> Product:
        """Change price or availability without touching the vectors; the next query sees it."""
        known = self.get([product_id])
        if product_id not in known:
            raise InvalidQuery(f"no product {product_id!r} in the index")
        changes = {"price": price, "availability": availability}
        given = {name: value for name, value in changes.items() if value is not None}
        product = known[product_id].model_copy(update=given)
        stored = {"product": product.model_dump_json(exclude_defaults=True), **commerce(product)}
        self._live().set_payload(point_id(product_id), stored)
        return product

    def close(self) -> None:
        """Release the index for other processes."""
        self._collection.close()

    def _live(self) -> Collection:
        """The current generation; a rebuild that was published meanwhile is switched to here."""
        if self._home.stale(self._collection.generation):
            with self._switching:
                if self._home.stale(self._collection.generation):
                    self._use(self._home.live())  # searches under way keep the old one until they end
        return self._collection

    def _use(self, collection: Collection) -> None:
        check_encoder(collection.stamp, self._encoder)
        self._lexers = lexers(collection.stamp)
        self._vocabulary = None
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
    from catalog.edge import EdgeHome

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
    encoder = open_encoder(settings)
    encoder.encode_queries(["warm up"])  # the first inference costs 40 ms, which is no shopper's to pay
    return ProductIndex(home, live, encoder)
