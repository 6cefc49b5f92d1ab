"""What there is to judge: the pairs that runs show first, and those that people graded. Judges nothing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from catalog.collection import Collection, Home
from catalog.index import open_home
from catalog.points import point_id, product_of
from catalog.product import Product
from core.errors import InvalidQuery
from core.record import Record
from core.settings import Settings
from eval.judge.records import Case, Key, Pair, flat
from eval.records import Qrels, Run

AT_ONCE = 1_000  # products read from the index in one go


class Pool(Record):
    """Cases by query, in the order of the queries; `gone` are pairs whose product the index has not."""

    cases: tuple[Case, ...]
    gone: tuple[Key, ...] = ()


def pooled(queries: Mapping[str, str], runs: Sequence[Run], k: int, human: Qrels | None = None) -> list[Pair]:
    """The top k of every run, each pair once, with the pairs that people graded."""
    strangers = [run.name for run in runs if run.rankings and not run.rankings.keys() & queries.keys()]
    if strangers:
        raise InvalidQuery(f"{strangers[0]} has none of these queries; it is a run of another data set")
    if human and not human.keys() & queries.keys():
        raise InvalidQuery("the human grades have none of these queries; they are qrels of another data set")
    found: list[Pair] = []
    for query_id, text in queries.items():
        shown = [hit.product_id for run in runs for hit in run.rankings.get(query_id, ())[:k]]
        graded = (human or {}).get(query_id, {})
        ids = dict.fromkeys((*shown, *graded))
        found += [Pair(query_id=query_id, query=text, product_id=product_id) for product_id in ids]
    if not found:
        raise InvalidQuery("the runs return nothing for these queries; there is nothing to judge")
    return found


def with_products(pairs: Iterable[Pair], products: Mapping[str, Product], human: Qrels | None = None) -> Pool:
    """The pairs as cases; refused where the index knows none of them, or none that people graded."""
    wanted = list(pairs)
    cases = tuple(
        Case(pair=pair, product=products[pair.product_id]) for pair in wanted if pair.product_id in products
    )
    if not cases:
        raise InvalidQuery(
            f"none of {len(wanted):,} products is in the index; it is the index of another data set"
        )
    if human and flat(human).keys().isdisjoint(case.pair.key for case in cases):
        raise InvalidQuery(
            "no product with a human grade is in the index; they are qrels of another data set"
        )
    return Pool(cases=cases, gone=tuple(pair.key for pair in wanted if pair.product_id not in products))


@dataclass(frozen=True)
class Shelf:
    """An index that is open for reading products. No encoder is loaded for that: nothing is searched."""

    home: Home
    live: Collection

    def products(self, ids: Iterable[str]) -> dict[str, Product]:
        """Products by id, as far as the index has them."""
        points = [point_id(product_id) for product_id in dict.fromkeys(ids)]
        found = [
            product_of(fields)
            for start in range(0, len(points), AT_ONCE)
            for fields in self.live.payloads(points[start : start + AT_ONCE], ["product"]).values()
        ]
        return {product.id: product for product in found}


@contextmanager
def open_shelf(settings: Settings) -> Iterator[Shelf]:
    """The index of the settings, opened once for everything that a judge does with it."""
    home = open_home(settings)
    live = home.live()
    try:
        yield Shelf(home, live)
    finally:
        live.close()
