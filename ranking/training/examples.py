"""Judged queries as the ranker meets them: the candidates it finds, their features, and what each is worth.

Made by the very stages that serve a search, so that what is learned is what is used.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from catalog.index import ProductIndex
from core.record import Record
from ranking.asked import Asked, read
from ranking.features import Column, features
from ranking.pipeline import gather, recalled, vectors_of
from ranking.reading import passage
from ranking.records import Search


class Judged(Record):
    """Queries with the gain of every judged product; a product that is not judged gains nothing."""

    name: str
    queries: Mapping[str, str]
    gains: Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Example:
    """One query: its candidates' ids, features, texts and gains, all in one order."""

    source: str
    query_id: str
    text: str  # the positive part, as the cross-encoder reads it
    ids: tuple[str, ...]
    columns: Mapping[str, Column]
    passages: tuple[str, ...]
    gains: Column


def examples(
    index: ProductIndex,
    judged: Judged,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    reading: Callable[[ProductIndex, Search], Asked] = read,
) -> Iterator[Example]:
    """Every query that has something relevant, with what recall finds for it."""
    for number, (query_id, query) in enumerate(judged.queries.items(), start=1):
        gains = judged.gains.get(query_id, {})
        on_progress(number, len(judged.queries))
        if not any(gains.values()):
            continue
        asked = reading(index, Search(query=query))
        field = gather(index, asked, recalled(index, asked, vectors_of(index, asked)))
        if field.points:
            ids = tuple(product.id for product in field.products)
            yield Example(
                source=judged.name,
                query_id=query_id,
                text=field.query,
                ids=ids,
                columns=features(field),
                passages=tuple(passage(product) for product in field.products),
                gains=np.array([gains.get(i, 0.0) for i in ids]),
            )


def folds(found: Sequence[Example], count: int, seed: int = 0) -> list[int]:
    """The fold of each example, by its query text: the same words are never on both sides."""
    order = sorted(
        {example.text for example in found}, key=lambda text: (crc32(f"{seed} {text}".encode()), text)
    )
    place = {text: number % count for number, text in enumerate(order)}
    return [place[example.text] for example in found]
