"""The numbers of docs/RESULTS.md that need no million products: start-up, indexing, search, relevance.

Usage: python -m benchmarks.foundation --data DIR, a folder with icecat/ and esci_us/ (products,
queries-dev.tsv, qrels-dev.txt). Prints Markdown.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from ir_measures import nDCG, read_trec_qrels

from catalog.index import ProductIndex, open_index
from core.settings import load_settings
from ranking.records import Search
from ranking.systems import SYSTEMS, search

AISLE = [sys.executable, "-m", "ui.cli"]
FORMULAS = [name for name, system in SYSTEMS.items() if not system.staged]  # the rest: benchmarks.ranking
ROUNDS = 5
GAINS = {  # by grade 0..3; scaled to whole numbers, which leaves nDCG as it is
    "esci_us": {0: 0, 1: 1, 2: 10, 3: 100},
    "icecat": {0: 0, 1: 1, 2: 3, 3: 7},
}


def help_seconds() -> float:
    """Wall time of `aisle --help`, median of ten."""
    taken = []
    for _ in range(10):
        start = perf_counter()
        subprocess.run([*AISLE, "--help"], check=True, capture_output=True)
        taken.append(perf_counter() - start)
    return median(taken)


def index_rate(source: Path, target: Path) -> tuple[int, float]:
    """Products indexed, and products a second from the start of the process to searchable."""
    start = perf_counter()
    command = [*AISLE, "index", str(source), "--index", str(target), "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    count = json.loads(done.stdout)["indexed"]
    return count, count / (perf_counter() - start)


def latencies(index: ProductIndex, queries: Sequence[str], system: str) -> tuple[float, float]:
    """p50 and p95 of one search in milliseconds, query encoding included."""
    order = [query for query in queries for _ in range(ROUNDS)]
    random.Random(0).shuffle(order)
    for query in order[:20]:
        search(index, Search(query=query), system)
    taken = []
    for query in order:
        start = perf_counter()
        search(index, Search(query=query), system)
        taken.append((perf_counter() - start) * 1e3)
    return float(np.percentile(taken, 50)), float(np.percentile(taken, 95))


def ndcg(index: ProductIndex, name: str, folder: Path, system: str) -> tuple[float, float]:
    """Mean nDCG@10 over all queries, and over those that have a relevant product."""
    qrels = list(read_trec_qrels(str(folder / "qrels-dev.txt")))
    queries = read_queries(folder)
    run = {
        query_id: {hit.product.id: hit.score for hit in search(index, Search(query=text), system).hits}
        for query_id, text in queries.items()
    }
    measure = nDCG(gains=GAINS[name]) @ 10
    values = {metric.query_id: metric.value for metric in measure.iter_calc(qrels, run)}
    relevant = {qrel.query_id for qrel in qrels if qrel.relevance > 0}
    per_query = {query_id: values.get(query_id, 0.0) for query_id in queries}
    return (
        float(np.mean(list(per_query.values()))),
        float(np.mean([value for query_id, value in per_query.items() if query_id in relevant])),
    )


def read_queries(folder: Path) -> Mapping[str, str]:
    """The development queries of a data set."""
    lines = (folder / "queries-dev.tsv").read_text(encoding="utf-8").splitlines()
    return dict(line.split("\t") for line in lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    print(f"`aisle --help`: {help_seconds():.2f} s (median of 10)\n")
    with tempfile.TemporaryDirectory() as scratch:
        print("| data set | products | products/s, file to searchable |\n|---|---|---|")
        for name in GAINS:
            count, rate = index_rate(data / name / "products.jsonl.gz", Path(scratch) / name)
            print(f"| {name} | {count:,} | {rate:.0f} |", flush=True)
        print("\n| data set | system | p50 ms | p95 ms | nDCG@10 | over queries with a relevant product |")
        print("|---|---|---|---|---|---|")
        for name in GAINS:
            index = open_index(load_settings(index=str(Path(scratch) / name)))
            queries = list(read_queries(data / name).values())
            for system in FORMULAS:
                p50, p95 = latencies(index, queries, system)
                overall, answerable = ndcg(index, name, data / name, system)
                print(
                    f"| {name} | {system} | {p50:.1f} | {p95:.1f} | {overall:.4f} | {answerable:.4f} |",
                    flush=True,
                )
            index.close()


if __name__ == "__main__":
    main()
