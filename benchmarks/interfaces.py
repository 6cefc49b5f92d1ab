"""What the tool API adds to the pipeline's time: `search_catalog` less the reading and ranking inside it.

Usage: AISLE_INDEX=demo.index python -m benchmarks.interfaces. The queries are the shop's own categories, as
shoppers would type them, without the cross-encoder, which the API leaves as it is. By the wall, and by the
CPU time of the thread for machines that others use too. Prints Markdown.
"""

from collections.abc import Callable
from contextlib import ExitStack
from statistics import median, quantiles
from time import perf_counter, thread_time
from typing import Any, TypeVar
from unittest.mock import patch

from catalog.index import open_index
from core.settings import load_settings
from ranking.blend import load_blend
from ranking.pipeline import Ranker
from tools import searching
from tools.functions import Caller
from tools.shop import Shop
from tools.table import functions

MOST = 100  # queries
WARM = 10

T = TypeVar("T")


class Stopwatch:
    """The milliseconds that calls of some functions take by a clock, until it is read."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._ms = 0.0

    def around(self, function: Callable[..., T]) -> Callable[..., T]:
        """The function, timed."""

        def timed(*given: Any, **named: Any) -> T:
            start = self._clock()
            try:
                return function(*given, **named)
            finally:
                self._ms += (self._clock() - start) * 1e3

        return timed

    def read(self) -> float:
        """The time since it was last read."""
        ms, self._ms = self._ms, 0.0
        return ms


def measured(shop: Shop, words: list[str], clock: Callable[[], float]) -> tuple[list[float], list[float]]:
    """By query, the time of reading and ranking, and what the function adds to it."""
    search = next(one for one in functions(shop, b"bench") if one.name == "search_catalog")
    inside, offers, whole = Stopwatch(clock), Stopwatch(clock), Stopwatch(clock)
    pipeline, added = [], []
    with ExitStack() as patched:
        for name, watch in (("read", inside), ("rank", inside), ("relaxations", offers)):
            patched.enter_context(patch.object(searching, name, watch.around(getattr(searching, name))))
        for place, query in enumerate([*words[:WARM], *words]):
            whole.around(search.call)({"query": query}, Caller())
            ranked, total = inside.read(), whole.read() - offers.read()
            if place >= WARM:
                pipeline.append(ranked)
                added.append(total - ranked)
    return pipeline, added


def main() -> None:
    """Measure and print."""
    settings = load_settings()
    shop = Shop(open_index(settings), Ranker(load_blend()), settings.currency)
    try:
        words = [category.path[-1] for category in shop.index.vocabulary().categories][:MOST]
        rows = {"wall": measured(shop, words, perf_counter), "CPU": measured(shop, words, thread_time)}
    finally:
        shop.close()
    print(f"{len(words)} queries, pages of 10 products with their variants, milliseconds\n")
    print("| | p50 | p95 |\n|---|---:|---:|")
    for clock, (pipeline, added) in rows.items():
        for name, taken in (("pipeline", pipeline), ("added by search_catalog", added)):
            print(f"| {name}, {clock} | {median(taken):.2f} | {quantiles(taken, n=20)[-1]:.2f} |")


if __name__ == "__main__":
    main()
