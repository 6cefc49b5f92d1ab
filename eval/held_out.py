"""Judged data sets as training examples, and held-out scores of examples as runs to measure."""

from collections.abc import Mapping, Sequence

from eval.metrics import answerable, evaluate
from eval.records import Dataset, Ranked, Run
from ranking.features import Column
from ranking.training.examples import Example, Judged


def judged(name: str, dataset: Dataset) -> Judged:
    """The queries of a data set with what each judged product gains."""
    gain = dataset.conventions.gains
    gains = {q: {p: gain.get(g, 0.0) for p, g in given.items()} for q, given in dataset.qrels.items()}
    return Judged(name=name, queries=dataset.queries, gains=gains)


def ndcg(dataset: Dataset, ranked: Mapping[str, Sequence[Ranked]]) -> dict[str, float]:
    """nDCG@10 of every query that has a relevant product; one that found nothing scores 0."""
    run = Run(name=dataset.name, rankings={q: tuple(ranked.get(q, ())) for q in dataset.queries})
    scored = evaluate(run, dataset, ["nDCG@10"])["nDCG@10"]
    able = answerable(dataset)
    return {q: value for q, value in scored.items() if q in able}


def scored_ndcg(
    name: str, dataset: Dataset, found: Sequence[Example], scores: Sequence[Column]
) -> dict[str, float]:
    """nDCG@10 of the data set's queries when their candidates are ordered by these scores."""
    ranked = {
        example.query_id: [
            Ranked(product, float(score))
            for product, score in sorted(
                zip(example.ids, column, strict=True), key=lambda pair: (-pair[1], pair[0])
            )
        ]
        for example, column in zip(found, scores, strict=True)
        if example.source == name
    }
    return ndcg(dataset, ranked)
