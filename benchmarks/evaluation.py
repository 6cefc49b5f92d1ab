"""What the evaluation itself costs per query.

Usage: python -m benchmarks.evaluation --data DIR, a folder with esci_us/, --index an index of esci_us.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from catalog.index import open_index
from core.settings import load_settings
from eval.datasets import load_dataset
from eval.runs import execute
from ranking.records import Search
from ranking.systems import search

ROUNDS = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", required=True)
    given = parser.parse_args()
    settings = load_settings(index=given.index)
    dataset = load_dataset(given.data / "esci_us", "dev")
    index = open_index(settings)
    queries = list(dataset.queries.values())
    for query in queries:
        search(index, Search(query=query, limit=100))
    wall, added = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as cache:
            start = perf_counter()
            run = execute(index, dataset, "hybrid", settings=settings, cache=Path(cache))
            wall.append((perf_counter() - start) * 1e3)
        own = sum(stages["total"] for stages in run.timings.values())
        added.append((wall[-1] - own) / len(queries))
    print(f"{len(queries)} queries of hybrid, warm: {np.median(wall) / 1e3:.2f} s (median of {ROUNDS})")
    print(f"added per query by running and storing: {np.median(added):.2f} ms (worst {max(added):.2f})")
    index.close()


if __name__ == "__main__":
    main()
