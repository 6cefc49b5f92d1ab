"""Queries made from the catalogue's own words, with the candidates that recall brings up for them.

Teaches the cross-encoder what belongs together in this shop without a judged query: what a title says of
a category it does not name, which of two near twins was asked for, that "no buckle" is not "buckle". The
target of a candidate is a mixture of unfitted signals, so nothing learned from judgments leaks in.
"""

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from catalog.index import ProductIndex, Vector
from catalog.points import DENSE
from catalog.product import Product
from catalog.where import Where
from ranking.fusion import bm25
from ranking.reading import passage
from ranking.recall import recall
from ranking.words import telling, words

GROUP = 8  # candidates per query
DEPTH = 40
FEWEST = 12  # candidates; with fewer there are no hard negatives to choose from
SOFTNESS = 1.5  # of the target: at 1 the first takes nearly everything
HIDDEN = 0.6  # how often the field that a query came from is hidden from the passage of its product
ITSELF, SAME_LEAF, SAME_ROOT, OTHER_ROOT, COVERED = 2.5, 1.2, 0.3, -0.6, 1.5  # worth, in spreads of a score

_WORD = re.compile(r"[^\W_][\w\-/.']*")
_SENTENCE = re.compile(r"[.!?;:\n]")


@dataclass(frozen=True)
class Task:
    """A query, the texts of some candidates, and how the attention should be shared among them."""

    query: str
    passages: tuple[str, ...]
    target: NDArray[np.float32]  # sums to 1


def tasks(
    index: ProductIndex,
    count: int,
    seed: int,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Task]:
    """`count` tasks over the products of an index; the same index and seed give the same ones."""
    rng = random.Random(seed)  # noqa: S311  chooses examples, not secrets
    catalogue = index.everything()
    points = sorted(catalogue)
    done = tries = 0
    while done < count and tries < 5 * count and points:
        tries += 1
        source = rng.choice(points)
        written = list(queries(catalogue[source], rng))
        if not written:
            continue
        query, shown = rng.choice(written)
        task = _task(index, catalogue, source, query, shown, rng)
        if task:
            done += 1
            on_progress(done, count)
            yield task


def queries(product: Product, rng: random.Random) -> Iterator[tuple[str, Product]]:
    """Ways to ask for a product, each with the product as it reads when the answer is not given away."""
    title = telling([w.lower() for w in _WORD.findall(product.title)])[:14]
    if len(title) > 1:
        yield _from_title(product, title, rng), product
    if product.categories:
        yield _from_category(product, rng), _hiding(product, rng, categories=())
    sentences = [s for s in _SENTENCE.split(product.description or "") if 3 <= len(s.split()) <= 25]
    if sentences:
        said = [w.lower() for w in _WORD.findall(rng.choice(sentences))]
        size = rng.randint(3, 6)
        at = rng.randrange(max(1, len(said) - size + 1))
        kind = [rng.choice(title[:5])] if title and rng.random() < 0.7 else []
        yield " ".join([*said[at : at + size], *kind]), _hiding(product, rng, description=None)
    lacking = [name for name, values in product.attributes.items() if values == ("no",)]
    if lacking and product.categories:
        yield f"{product.categories[-1].lower()} without {rng.choice(lacking)}", product


def _from_title(product: Product, title: Sequence[str], rng: random.Random) -> str:
    size = min(rng.choice([1, 2, 2, 3, 3, 4, 5]), len(title))
    if rng.random() < 0.5:
        at = rng.randrange(min(8, len(title) - size + 1))
        chosen = list(title[at : at + size])
    else:
        chosen = [title[i] for i in sorted(rng.sample(range(len(title)), size))]
    if product.brand and rng.random() < 0.3:
        brand = product.brand.lower()
        chosen = [brand, *(w for w in chosen if w not in brand)]
    return " ".join(chosen)


def _from_category(product: Product, rng: random.Random) -> str:
    query = (product.categories[-1] if rng.random() < 0.65 else rng.choice(product.categories)).lower()
    values = [
        name if value == "yes" else value
        for name, given in product.attributes.items()
        for value in given
        if value != "no" and 2 < len(value) < 22
    ]
    if values and rng.random() < 0.4:
        query = f"{rng.choice(values).lower()} {query}"
    if product.brand and rng.random() < 0.4:
        query = f"{product.brand.lower()} {query}"
    return query


def _hiding(product: Product, rng: random.Random, **fields: object) -> Product:
    return product.model_copy(update=fields) if rng.random() < HIDDEN else product


def _task(
    index: ProductIndex,
    catalogue: Mapping[str, Product],
    source: str,
    query: str,
    shown: Product,
    rng: random.Random,
) -> Task | None:
    vectors = index.vectors(query)
    found = list(recall(index, vectors, where=Where(), depth=DEPTH).points)
    found = [point for point in found if point in catalogue and point != source]
    if len(found) < FEWEST:
        return None
    order = [source, *found]
    worth = _worth(index, vectors, catalogue, order, query)
    ranked = sorted(range(1, len(order)), key=lambda i: (-worth[i], order[i]))
    near, middle, far = ranked[:2], ranked[2:12], ranked[12:]
    chosen = [0, *near, *rng.sample(middle, min(3, len(middle)))]
    chosen += rng.sample(far, min(GROUP - len(chosen), len(far)))
    passages = [passage(shown if i == 0 else catalogue[order[i]]) for i in chosen]
    return Task(query, tuple(passages), _shared(worth[chosen]))


def _shared(worth: NDArray[np.float64]) -> NDArray[np.float32]:
    powers = np.exp((worth - worth.max()) / SOFTNESS)
    shared: NDArray[np.float32] = (powers / powers.sum()).astype(np.float32)
    return shared


def _worth(
    index: ProductIndex,
    vectors: Mapping[str, Vector],
    catalogue: Mapping[str, Product],
    order: Sequence[str],
    query: str,
) -> NDArray[np.float64]:
    """What every branch thinks of it, how much of the query it covers, and how near it is to the source."""
    scored = {b: dict(s) for b, s in index.search(vectors, among=order, limit=len(order)).items()}
    lexical = bm25(scored)
    asked = telling(words(query))
    source = catalogue[order[0]]
    worth = _spread([lexical.get(p, 0.0) for p in order]) + _spread(
        [scored.get(DENSE, {}).get(p, 0.0) for p in order]
    )
    for i, point in enumerate(order):
        said = set(words(passage(catalogue[point])))
        worth[i] += COVERED * sum(stem in said for stem in asked) / max(len(asked), 1)
        worth[i] += _kinship(source, catalogue[point])
    worth[0] += ITSELF
    return worth


def _kinship(one: Product, other: Product) -> float:
    if not one.categories or not other.categories:
        return 0.0
    if one.categories[-1] == other.categories[-1]:
        return SAME_LEAF
    return SAME_ROOT if one.categories[0] == other.categories[0] else OTHER_ROOT


def _spread(scores: Sequence[float]) -> NDArray[np.float64]:
    values = np.array(scores)
    spread: NDArray[np.float64] = (values - values.mean()) / (values.std() + 1e-6)
    return spread
