"""What the evaluation itself costs per query, and how far scripted dialogues get without an agent.

Usage: python -m benchmarks.evaluation --data DIR, a folder with esci_us/ and conversations/, --index an
index of esci_us. Prints Markdown.
"""

import argparse
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np

from agent.reader import ranker_for
from catalog.index import open_index
from core.settings import load_settings
from eval.conversations import AllTurns, LastTurn, read_dialogues, run_conversations, run_single_queries
from eval.datasets import load_dataset
from eval.metrics import evaluate
from eval.runs import execute
from ranking.records import Search
from ranking.systems import SYSTEMS, search

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
    print(f"added per query by running and storing: {np.median(added):.2f} ms (worst {max(added):.2f})\n")
    dialogues = read_dialogues(next((given.data / "conversations").glob("*.jsonl")))
    ids = {dialogue.id for dialogue in dialogues}
    asked = dataset.model_copy(update={"queries": {i: q for i, q in dataset.queries.items() if i in ids}})
    print("| nDCG@10 | single query | last turn | all turns |\n|---|---|---|---|")
    for system in SYSTEMS:
        ranker = ranker_for(system, settings)
        runs = (
            run_single_queries(dialogues, index, system, ranker),
            run_conversations(dialogues, LastTurn(index, system, ranker), "last turn"),
            run_conversations(dialogues, AllTurns(index, system, ranker), "all turns"),
        )
        means = [np.mean(list(evaluate(run, asked, ["nDCG@10"])["nDCG@10"].values())) for run in runs]
        print(f"| {system} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")
    index.close()


if __name__ == "__main__":
    main()
