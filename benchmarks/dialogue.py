"""How far scripted dialogues get: the assistant, the same wish said at once, and no understanding at all.

Usage: python -m benchmarks.dialogue --data DIR, a folder with esci_us/ and conversations/, --index an index
of esci_us. Also counts what is shown in spite of a requirement, over the dialogues, the constraint requests
and the negation queries. Prints Markdown.
"""

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from agent.loop import Assistant
from agent.reader import Rules
from agent.steps import Answered, Searched
from core.settings import load_settings
from eval.conversations import AllTurns, Dialogue, LastTurn, read_dialogues, run_conversations
from eval.datasets import load_dataset
from eval.metrics import evaluate
from eval.records import Dataset, Run
from eval.talking import Talking
from ranking.receipts import known_to_violate
from tools.shop import open_shop


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--index", required=True)
    given = parser.parse_args()
    settings = load_settings(index=given.index)
    dataset = load_dataset(given.data / "esci_us", "dev")
    shop = open_shop(settings)
    assistant = Assistant(shop)
    dialogues = read_dialogues(next((given.data / "conversations").glob("*.jsonl")))
    at_once = [Dialogue(id=d.id, turns=(d.query,)) for d in dialogues if d.query]
    asked = dataset.model_copy(update={"queries": {d.id: dataset.queries[d.id] for d in dialogues}})
    full = replace(shop.ranker, reader=Rules(settings.currency))
    runs = {
        "one query, system full": run_conversations(at_once, LastTurn(shop.index, "full", full), "once"),
        "one query, the assistant": run_conversations(at_once, Talking(assistant), "once"),
        "**the dialogue, the assistant**": run_conversations(dialogues, Talking(assistant), "dialogue"),
        "last turn alone, rerank": run_conversations(
            dialogues, LastTurn(shop.index, "rerank", shop.ranker), "last"
        ),
        "all turns joined, rerank": run_conversations(
            dialogues, AllTurns(shop.index, "rerank", shop.ranker), "all"
        ),
    }
    scores = {name: ndcg(run, asked) for name, run in runs.items()}
    base = scores["one query, system full"]
    print(f"| {len(dialogues)} dialogues | nDCG@10 | of one query |\n|---|---|---|")
    for name, values in scores.items():
        print(f"| {name} | {np.mean(values):.3f} | {np.mean(values) / np.mean(base):.3f} |")
    print()
    negated = [q for q in dataset.queries.values() if {"without", "no", "not"} & set(q.split())]
    requests = [json.loads(line)["utterance"] for line in lines(given.data / "constraints")]
    print("| turns of | turns | hits shown | with a violated requirement | first results p50 / p95 |")
    print("|---|---|---|---|---|")
    for name, talks in (
        ("dialogues", [d.turns for d in dialogues]),
        ("constraint requests", [(text,) for text in requests]),
        ("negation queries", [(text,) for text in negated]),
    ):
        steps = [step for turns in talks for step in shown(assistant, turns)]
        hits = [hit for step in steps for hit in step.results.hits]
        first = [step.ms for step in firsts(assistant, talks)]
        wrong = sum(known_to_violate(hit.receipt) for hit in hits)
        p50, p95 = np.percentile(first, [50, 95])
        print(f"| {name} | {len(steps)} | {len(hits)} | {wrong} | {p50:.0f} / {p95:.0f} ms |")
    shop.close()


def ndcg(run: Run, dataset: Dataset) -> list[float]:
    """nDCG@10 of every query, in their order."""
    by_query = evaluate(run, dataset, ["nDCG@10"])["nDCG@10"]
    return [by_query[query] for query in dataset.queries]


def shown(assistant: Assistant, turns: Iterable[str]) -> Iterator[Searched]:
    """What every turn shows in the end."""
    state = assistant.begin()
    for turn in turns:
        for step in assistant.run(state, turn):
            if isinstance(step, Searched) and step.final:
                yield step
            if isinstance(step, Answered):
                state = step.state


def firsts(assistant: Assistant, talks: Iterable[Sequence[str]]) -> Iterator[Searched]:
    """The first results of every turn."""
    for turns in talks:
        state = assistant.begin()
        for turn in turns:
            waiting = True
            for step in assistant.run(state, turn):
                if isinstance(step, Searched) and waiting:
                    waiting = False
                    yield step
                if isinstance(step, Answered):
                    state = step.state


def lines(folder: Path) -> list[str]:
    """The lines of the one file of JSON lines in a folder."""
    return next(folder.glob("*.jsonl")).read_text(encoding="utf-8").splitlines()


if __name__ == "__main__":
    main()
