"""What our own models and word counts say of a pair: columns of numbers, no grades.

The numbers of a pair depend on its query, its product as given and the index, never on which other pairs
are asked about: a run that is resumed says the same. What the search finds first is the yardstick.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log, log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

from catalog.encoder import Encoder
from catalog.index import ProductIndex
from catalog.keys import key
from catalog.lexicon import Lexicon
from catalog.points import point_id
from catalog.product import Product
from catalog.texts import body_text, dense_text, title_text
from catalog.where import Without
from eval.judge.addressing import as_judged
from eval.judge.calibration import Columns, Floats
from eval.judge.records import Case, by_query
from ranking.asked import Asked, read
from ranking.exclusions import classifier
from ranking.features import EXCLUDED, Field, features
from ranking.pipeline import gather, recalled, vectors_of
from ranking.reading import passage
from ranking.records import Search
from ranking.reranker import Reranker
from ranking.words import Finder, pieces, stem, telling, words

VERSION = 3  # raise when the same listing gives other numbers, so that kept judgments are not mixed
LEADERS = 20  # that the fusion places first
BEST = 3  # of them, those that a score is held against
UNSHELVED = -0.1  # not knowing is a little worse than disagreeing: known shelves can be checked
LONGEST_BRAND = 4  # words

ALONE = (  # features of the ranking that look at nothing but the query and the product
    *("coverage", "precision", "starts", "first", "pairs", "letters", "numbers"),
    *("head", "accessory", "category_words", "leaf_words", "audience", EXCLUDED),
)
CROSS = ("cross", "cross behind", "cross best")
MEANING = ("dense", "dense behind", "dense best")
WORDS = ("title", "title behind", "title best", "body", "body behind", "body best", "length", "asked")
COMPANY = ("company", "nearest", "focus", "shelf", "brand")
COLUMNS = (*CROSS, *MEANING, *WORDS, *COMPANY, *ALONE)

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Evidence:
    """Where the numbers come from. Without a reranker the columns of `CROSS` are 0."""

    index: ProductIndex
    encoder: Encoder
    reranker: Reranker | None
    names: Sequence[str] = COLUMNS  # that are wanted

    def __call__(self, cases: Sequence[Case]) -> Columns:
        """A column per wanted name, a row per case."""
        columns = {name: np.zeros(len(cases)) for name in self.names}
        for (_, query), places in by_query(cases).items():
            found = self._of_query(query, [as_judged(cases[place].product) for place in places])
            for name in self.names:
                columns[name][places] = found.get(name, 0.0)
        return columns

    def _of_query(self, query: str, products: Sequence[Product]) -> dict[str, Floats]:
        asked = read(self.index, Search(query=query))
        text = asked.wanted.positive
        leaders = self._leaders(asked)
        mask: Mask = np.array(
            [[leader.id != product.id for leader in leaders.products] for product in products], bool
        )
        mask = mask.reshape(len(products), len(leaders.products))
        lexicon = self.index.lexicon()
        columns = {"brand": _brands(text, products, lexicon), "shelf": _shelves(products, leaders, mask)}
        columns |= _worded(text, products, leaders.products, mask, lexicon)
        columns |= _alone(asked, products)
        if not set(self.names).isdisjoint((*MEANING, *COMPANY)):
            columns |= self._meant(text, products, leaders, mask)
        if self.reranker is not None and not set(self.names).isdisjoint(CROSS):
            passages = [passage(product) for product in (*products, *leaders.products)]
            scores = self.reranker.score(text, passages).astype(np.float64)
            columns |= _against("cross", scores[: len(products)], scores[len(products) :], mask)
        return columns

    def _leaders(self, asked: Asked) -> Field:
        """What the fusion places first; the ranking's own learned weights have no say in it."""
        found = gather(self.index, asked, recalled(self.index, asked, vectors_of(self.index, asked)))
        order = sorted(
            range(len(found.points)), key=lambda i: (-found.fused.get(found.points[i], 0.0), found.points[i])
        )[:LEADERS]
        return Field(
            query=found.query,
            points=tuple(found.points[i] for i in order),
            products=[found.products[i] for i in order],
            vectors=found.vectors[order] if order else np.zeros((0, self.encoder.dimension), np.float32),
            scores=found.scores,
            fused=found.fused,
            checks=[found.checks[i] for i in order],
        )

    def _meant(self, text: str, products: Sequence[Product], leaders: Field, mask: Mask) -> dict[str, Floats]:
        wanted = _unit(self.encoder.encode_queries([text]))[0]
        own = self._vectors(products)
        dense = leaders.vectors.astype(np.float64) @ wanted
        near = own @ leaders.vectors.T
        return {
            **_against("dense", own @ wanted, dense, mask),
            "company": _over(near, mask, np.mean),
            "nearest": _over(near, mask, np.max),
            "focus": _over(np.tile(dense, (len(products), 1)), mask, np.mean),
        }

    def _vectors(self, products: Sequence[Product]) -> Floats:
        """As the index has them; what it has otherwise, or not at all, is encoded from the given text."""
        stored = self.index.get([product.id for product in products])
        known = [product.id for product in products if stored.get(product.id) == product]
        rows = self.index.stored_vectors([point_id(i) for i in known])
        vectors = {i: rows[point_id(i)] for i in known if point_id(i) in rows}
        rest = [
            place
            for place, product in enumerate(products)
            if product.id not in vectors or stored.get(product.id) != product
        ]
        found = np.zeros((len(products), self.encoder.dimension))
        if rest:
            found[rest] = self.encoder.encode_documents([dense_text(products[place]) for place in rest])
        for place in set(range(len(products))) - set(rest):
            found[place] = vectors[products[place].id]
        return _unit(found)


class _Rarity:
    """Which share of the query's words a product has, each counting by how rare it is in the catalogue."""

    def __init__(self, query: str, lexicon: Lexicon) -> None:
        self.asked = telling(words(query))
        weights: dict[str, float] = {}
        for word in pieces(query):
            if stem(word) in self.asked:
                weights[stem(word)] = log(1 + (lexicon.products + 1) / (lexicon.count(word) + 0.5))
        self._weights = weights
        self._total = sum(weights.values()) or 1.0
        self._finder = Finder(self.asked)

    def title(self, product: Product) -> float:
        """Of the title with the brand."""
        return self._share(set(words(title_text(product))))

    def body(self, product: Product) -> float:
        """Of all its text."""
        return self._share(self._finder.among(body_text(product)))

    def _share(self, among: set[str]) -> float:
        return sum(weight for word, weight in self._weights.items() if word in among) / self._total


def _worded(
    text: str, products: Sequence[Product], leaders: Sequence[Product], mask: Mask, lexicon: Lexicon
) -> dict[str, Floats]:
    rarity = _Rarity(text, lexicon)
    columns = {
        "length": np.array([log1p(len(words(title_text(product)))) for product in products]),
        "asked": np.full(len(products), log1p(len(rarity.asked))),
    }
    for name, share in (("title", rarity.title), ("body", rarity.body)):
        own, leading = np.array([share(p) for p in products]), np.array([share(p) for p in leaders])
        columns |= _against(name, own, leading, mask)
    return columns


def _against(name: str, own: Floats, leading: Floats, mask: Mask) -> dict[str, Floats]:
    """A score, how far it is behind the best of the other products, and how good those are."""
    best = np.array(
        [np.sort(leading[others])[::-1][:BEST].mean() if others.any() else 0.0 for others in mask]
    )
    return {name: own, f"{name} behind": own - best, f"{name} best": best}


def _over(values: NDArray[Any], mask: Mask, summary: Callable[[NDArray[Any]], Any]) -> Floats:
    pairs = zip(values, mask, strict=True)
    return np.array([float(summary(row[others])) if others.any() else 0.0 for row, others in pairs])


def _alone(asked: Asked, products: Sequence[Product]) -> dict[str, Floats]:
    classify = classifier(Without(terms=asked.wanted.excluded))
    field = Field(
        query=asked.wanted.positive,
        points=tuple(str(place) for place in range(len(products))),
        products=products,
        vectors=np.zeros((len(products), 1), np.float32),
        scores={},
        fused={},
        checks=[classify(product) for product in products],
    )
    columns = features(field)
    return {name: columns[name] for name in ALONE}


def _shelves(products: Sequence[Product], leaders: Field, mask: Mask) -> Floats:
    """How much of its category path each shares with the leaders, on average."""

    def shared(product: Product, others: NDArray[np.bool_]) -> float:
        among = [
            set(leader.categories) for leader, kept in zip(leaders.products, others, strict=True) if kept
        ]
        among = [levels for levels in among if levels]
        own = set(product.categories)
        if not own or not among:
            return UNSHELVED
        return sum(len(own & levels) / len(own | levels) for levels in among) / len(among)

    return np.array([shared(product, others) for product, others in zip(products, mask, strict=True)])


def _brands(query: str, products: Sequence[Product], lexicon: Lexicon) -> Floats:
    """1 for a brand that the query names, -1 for another, 0 where it names none or none is known."""
    asked = key(query).split()
    starts = range(len(asked))
    spans = {" ".join(asked[i:j]) for i in starts for j in range(i + 1, i + 1 + LONGEST_BRAND)}
    named = {span for span in spans if len(span) > 2 and span in lexicon.names}
    if not named:
        return np.zeros(len(products))
    return np.array([0.0 if not p.brand else 1.0 if key(p.brand) in named else -1.0 for p in products])


def _unit(vectors: NDArray[Any]) -> Floats:
    rows = np.asarray(vectors, np.float64)
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
