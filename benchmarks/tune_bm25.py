"""The grid behind the BM25 parameters in catalog/indexing.py and the field weights in ranking/fusion.py.

Scores every product with numpy, from the same tokens and the same formula as the index. Prints the best
settings over both data sets together, and what choosing them by cross-validation over queries would give.
Usage: python -m benchmarks.tune_bm25 --data DIR, a folder as for benchmarks.foundation.
"""

import argparse
from collections.abc import Mapping, Sequence
from itertools import product as combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from qdrant_edge import Bm25, Bm25Config
from scipy.sparse import coo_array, csc_array

from benchmarks.foundation import GAINS, read_queries
from catalog.feeds import read_feed
from catalog.product import Product
from catalog.texts import body_text, title_text

K1 = (0.3, 0.6, 0.9, 1.2, 1.6)
B = (0.25, 0.5, 0.75, 0.9, 1.0)
TITLE_WEIGHTS = (0.0, 0.15, 0.3, 0.5, 0.8, 1.2, 2.0)
FOLDS = 10

Floats = NDArray[np.float64]


class Setting(NamedTuple):
    """One point of the grid; the body weighs 1."""

    title_k1: float
    title_b: float
    body_k1: float
    body_b: float
    title_weight: float


class Field:
    """One text field of every product as term counts."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._counter = Bm25(Bm25Config(k=1.0, b=0.0, avg_len=1.0, language="english", ascii_folding=True))
        self._columns: dict[int, int] = {}
        rows, columns, counts = [], [], []
        for row, text in enumerate(texts):
            vector = self._counter.embed_document(text)
            for term, weight in zip(vector.indices, vector.values, strict=True):
                rows.append(row)
                columns.append(self._columns.setdefault(term, len(self._columns)))
                counts.append(round(weight / (2 - weight)))  # see catalog.bm25.average_length
        self._rows, self._terms = np.array(rows), np.array(columns)
        self._counts = np.array(counts, float)
        self._size = len(texts), len(self._columns)
        lengths = np.bincount(self._rows, self._counts, self._size[0])
        self._relative_length = (lengths / max(1.0, lengths.mean()))[self._rows]
        seen = np.bincount(self._terms, minlength=self._size[1])
        self._idf = np.log((self._size[0] - seen + 0.5) / (seen + 0.5) + 1)[self._terms]

    def scores(self, queries: Sequence[str], k1: float, b: float) -> list[Floats]:
        """The BM25 score of every product for each query."""
        saturated = self._counts * (k1 + 1) / (self._counts + k1 * (1 - b + b * self._relative_length))
        weights = csc_array(coo_array((saturated * self._idf, (self._rows, self._terms)), self._size))
        found = []
        for query in queries:
            terms = [self._columns[t] for t in self._counter.embed_query(query).indices if t in self._columns]
            found.append(np.asarray(weights[:, terms].sum(axis=1)).ravel())
        return found


def ndcg(scores: Floats, ids: Sequence[str], grades: Mapping[str, int], gains: Mapping[int, int]) -> float:
    """nDCG@10 of one query; products without a matching word are not returned."""
    near = np.argpartition(-scores, 10)[:10]
    top = [i for i in near[np.argsort(-scores[near], kind="stable")] if scores[i] > 0]
    gained = sum(gains[grades.get(ids[i], 0)] / np.log2(rank + 2) for rank, i in enumerate(top))
    best = sorted((gains[grade] for grade in grades.values()), reverse=True)[:10]
    return float(gained / sum(gain / np.log2(rank + 2) for rank, gain in enumerate(best)))


def grid(folder: Path, gains: Mapping[int, int]) -> dict[Setting, list[float]]:
    """nDCG@10 per query that has a relevant product, for every setting."""
    products = [p for p in read_feed(folder / "products.jsonl.gz") if isinstance(p, Product)]
    ids = [p.id for p in products]
    qrels: dict[str, dict[str, int]] = {}
    for line in (folder / "qrels-dev.txt").read_text().splitlines():
        query_id, _, product_id, grade = line.split()
        qrels.setdefault(query_id, {})[product_id] = int(grade)
    queries = {q: text for q, text in read_queries(folder).items() if any(qrels[q].values())}
    texts = list(queries.values())
    title, body = Field([title_text(p) for p in products]), Field([body_text(p) for p in products])
    titles = {kb: title.scores(texts, *kb) for kb in combinations(K1, B)}
    found = {}
    for body_kb in combinations(K1, B):
        bodies = body.scores(texts, *body_kb)
        for title_kb, weight in combinations(titles, TITLE_WEIGHTS):
            found[Setting(*title_kb, *body_kb, weight)] = [
                ndcg(weight * t + b, ids, qrels[q], gains)
                for q, t, b in zip(queries, titles[title_kb], bodies, strict=True)
            ]
    return found


def cross_validated(tables: Sequence[Floats], seeds: int = 10) -> list[float]:
    """Mean per data set when each fold's setting is chosen on the other folds of all data sets."""
    totals = [[] for _ in tables]  # type: list[list[float]]
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        folds = [random.permutation(table.shape[1]) % FOLDS for table in tables]
        outcome = [np.zeros(table.shape[1]) for table in tables]
        for fold in range(FOLDS):
            means = [t[:, f != fold].mean(axis=1) for t, f in zip(tables, folds, strict=True)]
            best = int(np.argmax(np.sum(means, axis=0)))
            for values, table, of in zip(outcome, tables, folds, strict=True):
                values[of == fold] = table[best, of == fold]
        for total, values in zip(totals, outcome, strict=True):
            total.append(float(values.mean()))
    return [float(np.mean(total)) for total in totals]


def main() -> None:
    """Print the best settings and the cross-validated means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    grids = {name: grid(data / name, gains) for name, gains in GAINS.items()}
    settings = list(next(iter(grids.values())))
    tables = [np.array([found[s] for s in settings]) for found in grids.values()]
    means = [table.mean(axis=1) for table in tables]
    print("setting", *grids)
    for i in np.argsort(-np.sum(means, axis=0))[:12]:
        print(settings[i], *(f"{mean[i]:.4f}" for mean in means))
    print("cross-validated", *(f"{value:.4f}" for value in cross_validated(tables)))


if __name__ == "__main__":
    main()
