"""What each part of the ranker gives: every row cross-validated over queries, compared with the whole.

Usage: python -m benchmarks.ranking --data DIR --on esci_us=INDEX --on icecat=INDEX [--crossed FILE], where
DIR holds the data sets. The cross-encoder is that of the settings, which must not have seen the judgments; of
one that has, FILE holds the out-of-fold scores that `aisle train reranker` left. Prints Markdown.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from catalog.index import ProductIndex, open_index
from core.settings import load_settings
from eval.datasets import load_dataset
from eval.held_out import judged, ndcg, scored_ndcg
from eval.records import Dataset, Ranked
from eval.slices import slices
from eval.statistics import mean_interval, randomization_p
from ranking.asked import Asked, read
from ranking.features import Column
from ranking.negation import Wanted
from ranking.records import Search
from ranking.repair import repair
from ranking.reranker import open_reranker
from ranking.systems import search
from ranking.training.blend_training import out_of_fold
from ranking.training.crossed import read_crossed, score_all
from ranking.training.examples import Example, examples

SEEDS = (0, 1, 2)  # of the folds; a row is the mean over them
BASELINES = ("bm25", "dense", "hybrid")

Values = dict[tuple[str, str], float]


def as_written(index: ProductIndex, request: Search) -> Asked:  # noqa: ARG001  one shape for all readings
    """No repair, and exclusions stay words."""
    return Asked(request, Wanted(request.query, ()), None)


def without_repair(index: ProductIndex, request: Search) -> Asked:
    """Misspellings and units as they were typed."""
    return read(index, request.model_copy(update={"repair": False}))


def exclusions_as_words(index: ProductIndex, request: Search) -> Asked:
    """Exclusions stay words; the query is repaired."""
    repaired = repair(request.query, index.lexicon())
    return Asked(request, Wanted(repaired.query if repaired else request.query, ()), repaired)


READINGS: dict[str, Callable[[ProductIndex, Search], Asked]] = {
    "no repair": without_repair,
    "exclusions left in the query": exclusions_as_words,
    "neither": as_written,
}
FAMILIES = {
    "no company (feedback, density, neighbours)": ("feedback", "density", "neighbours"),
    "no categories": ("category", "leaf", "category_words", "leaf_words"),
    "no wording": ("coverage", "precision", "title_length", "starts", "first", "pairs", "letters", "numbers"),
    "no roles (head, accessory)": ("head", "accessory"),
    "no agreement (brand, attributes, audience)": ("brand", "attributes", "audience"),
    "no esteem (reviews, stars)": ("reviews", "stars"),
    "exclusions not heeded": ("excluded",),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--on", action="append", required=True)
    parser.add_argument("--crossed", type=Path)
    given = parser.parse_args()
    datasets: dict[str, Dataset] = {}
    found: dict[str, list[Example]] = {name: [] for name in ("", *READINGS)}
    negated: set[tuple[str, str]] = set()
    rows: dict[str, Values] = {name: {} for name in BASELINES}
    for text in given.on:
        name, _, at = text.partition("=")
        dataset = datasets[name] = load_dataset(given.data / name, "dev")
        index = open_index(load_settings(index=at))
        for variant, reading in {"": read, **READINGS}.items():
            found[variant] += examples(index, judged(name, dataset), reading=reading)
        negated |= {(name, q) for q in slices(dataset.queries, index.vocabulary(), ())["negation"]}
        for system in BASELINES:
            ranked = {
                q: tuple(Ranked(h.product.id, h.score) for h in search(index, Search(query=t), system).hits)
                for q, t in dataset.queries.items()
            }
            rows[system] |= {(name, q): value for q, value in ndcg(dataset, ranked).items()}
        index.close()
    reranker = open_reranker(load_settings())
    crossed = read_crossed(given.crossed, found[""]) if given.crossed else score_all(reranker, found[""])
    rows["fusion of the repaired query"] = _scored(datasets, found[""], [e.columns["rrf"] for e in found[""]])
    if crossed:
        rows["cross-encoder alone"] = _scored(datasets, found[""], crossed)
        rows["**everything**"] = _validated(datasets, found[""], crossed)
    rows["blend without cross-encoder"] = _validated(datasets, found[""], None)
    for variant in READINGS:
        rows[f"that, {variant}"] = _validated(datasets, found[variant], None)
    for title, names in FAMILIES.items():
        rows[f"that, {title}"] = _validated(datasets, _blank(found[""], names), None)
    reference = rows["**everything**" if crossed else "blend without cross-encoder"]
    _print(rows, reference, negated)


def _blank(found: Sequence[Example], names: Sequence[str]) -> list[Example]:
    """The examples with features that say nothing."""
    return [
        replace(e, columns={**e.columns, **{name: np.zeros(len(e.ids)) for name in names}}) for e in found
    ]


def _validated(
    datasets: dict[str, Dataset], found: Sequence[Example], crossed: Sequence[Column] | None
) -> Values:
    runs = [_scored(datasets, found, out_of_fold(found, crossed, seed=seed)) for seed in SEEDS]
    return {key: float(np.mean([run[key] for run in runs])) for key in runs[0]}


def _scored(datasets: dict[str, Dataset], found: Sequence[Example], scores: Sequence[Column]) -> Values:
    return {
        (name, query): value
        for name, dataset in datasets.items()
        for query, value in scored_ndcg(name, dataset, found, scores).items()
    }


def _print(rows: dict[str, Values], reference: Values, negated: set[tuple[str, str]]) -> None:
    names = sorted({name for name, _ in reference})
    groups = {name: [k for k in reference if k[0] == name] for name in names}
    groups["negation"] = [k for k in reference if k in negated]
    head = [
        part for group, keys in groups.items() for part in (f"{group} ({len(keys)})", "difference (95%), p")
    ]
    print("| | " + " | ".join(head) + " |")
    print("|---" * (len(head) + 1) + "|")
    for title, values in rows.items():
        cells = []
        for keys in groups.values():
            cells.append(f"{np.mean([values[k] for k in keys]):.3f}")
            cells.append(_difference(np.array([values[k] - reference[k] for k in keys])))
        print(f"| {title} | " + " | ".join(cells) + " |")


def _difference(differences: NDArray[np.float64]) -> str:
    if not differences.any():
        return ""
    low, high = mean_interval(differences) or (np.nan, np.nan)
    p = randomization_p(differences)
    return f"{differences.mean():+.3f} ({low:+.3f}, {high:+.3f}), {p:.3f}"


if __name__ == "__main__":
    main()
