"""Whether a search went astray: nothing it found is about the query, all of it merely lies nearest.

An absolute measure, where every other score of the ranking only compares candidates with each other. It
needs no cross-encoder, and it reorders nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from catalog.index import ProductIndex
from catalog.points import DENSE
from catalog.product import Product
from catalog.texts import title_text
from ranking.features import LEADERS, Column, Field
from ranking.words import lists, telling, words

# How near the best of the leaders are: their mean cosine, and a quarter of the share of the query's words
# that they are called by. Below `FAR` nothing is about the query, from `NEAR` on something is. Between them
# the shelves decide on which the leaders stand, by the cosine of their names: "chainsaw" is further from
# "Hammers" than "couch" is from "Sofas". Measured in docs/LOG.md, "Nothing about it". The scale is MiniLM's;
# with an encoder whose cosines run higher, fewer searches count as astray.
FAR, NEAR = 0.36, 0.45
WORDS = 0.25
SHELF = 0.48
SAME_SHELF = 0.6  # so near that the name of the shelf is another word for what is wanted
BEST = 3
UNCALLED = 0.34  # the share of words from which on a product is called by some of them
MOST_WORDS = 3  # of a query that names a thing; a longer one describes it, and no shelf is named so
MOST_VALUES = 50  # attribute values of one product that are looked at
LONGEST_VALUE = 60  # characters of one that are read


def astray(
    index: ProductIndex,
    field: Field,
    columns: Mapping[str, Column],
    order: NDArray[np.intp],
    brands: Sequence[str] = (),
) -> bool:
    """Whether nothing that leads the order is about the query; False where that names no kind of thing."""
    makers = {stem for brand in brands for stem in words(brand)}  # required: all that is found has them
    asked = [stem for stem in telling(words(field.query)) if stem not in makers]
    if not asked or not lists()["open"].isdisjoint(asked):
        return False
    leading = order[:LEADERS].tolist()
    called = _best(_share(asked, field.products[i]) for i in leading)
    near = _best(columns["dense"][leading]) + WORDS * called
    if near >= NEAR:
        return False
    shelf = _shelf(index, field.query, [field.products[i] for i in leading])
    if near < FAR:
        return shelf is None or shelf < SAME_SHELF
    return shelf is not None and shelf < SHELF and called < UNCALLED and len(asked) <= MOST_WORDS


def _best(values: Iterable[float]) -> float:
    return float(np.mean(sorted(values)[-BEST:]))


def _share(asked: Sequence[str], product: Product) -> float:
    """The share of the words that the product is called by: title, brand, categories, attribute values."""
    values = [value for given in product.attributes.values() for value in given][:MOST_VALUES]
    texts = [title_text(product), *product.categories, *(value[:LONGEST_VALUE] for value in values)]
    called = {stem for text in texts for stem in words(text)}
    return sum(stem in called for stem in asked) / len(asked)


def _shelf(index: ProductIndex, query: str, leading: Iterable[Product]) -> float | None:
    """The cosine of the query and the nearest name of a shelf; None where no product stands on one."""
    names = dict.fromkeys(product.categories[-1] for product in leading if product.categories)
    if not names:
        return None
    wanted = _unit(index, query)
    return max(float(wanted @ _unit(index, name)) for name in names)


def _unit(index: ProductIndex, text: str) -> NDArray[np.float32]:
    vector = np.asarray(index.vectors(text, [DENSE])[DENSE], np.float32)
    unit: NDArray[np.float32] = vector / max(float(np.linalg.norm(vector)), 1e-9)
    return unit
