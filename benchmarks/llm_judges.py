"""How far language models can be trusted as judges, and what they add to a judge that is none.

Usage: python -m benchmarks.llm_judges --data DIR --on esci_us=INDEX --on icecat=INDEX
--judge NAME=embedded --judge NAME=URL#MODEL [--pairs 6] [--audit 40] [--store FILE], where DIR holds the
data sets. So many pairs of every query are drawn by lot and judged by all, and so many of them audited.
What is judged is kept in FILE: the same command goes on. Prints Markdown.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sys import stderr

import numpy as np

from benchmarks.judging import judgments_of, scale_of
from catalog.encoder import open_encoder
from catalog.index import ProductIndex, open_index
from core.settings import load_settings
from eval.datasets import judged_products, load_dataset
from eval.judge.audit import Remembered, audited, drawn
from eval.judge.bias import observed_effects
from eval.judge.calibration import Columns, Grades, cross_validated, fit_isotonic, fit_ordinal
from eval.judge.card import judge_card, markdown, shown
from eval.judge.evidence import Evidence
from eval.judge.offline import Progress
from eval.judge.opening import open_llm_judge
from eval.judge.records import Case, Judgment, by_query, cases_of
from eval.judge.store import Judgments
from eval.records import Dataset
from ranking.reranker import open_reranker


@dataclass(frozen=True)
class Sample:
    """The drawn pairs of one data set, how people graded them, and what our own models say of them."""

    dataset: Dataset
    cases: tuple[Case, ...]
    grades: Grades
    evidence: Columns

    @property
    def queries(self) -> list[str]:
        """The query of each pair."""
        return [case.pair.query_id for case in self.cases]


def sampled(name: str, at: str, data: Path, pairs: int) -> Sample:
    """Draw so many pairs of every query, fewer where there are fewer."""
    settings = load_settings(index=at)
    dataset = load_dataset(data / name, "dev")
    index: ProductIndex = open_index(settings)
    every = cases_of(dataset, judged_products(dataset, index))
    cases = tuple(
        case
        for places in by_query(every).values()
        for case in drawn([every[place] for place in places], pairs)
    )
    grades = np.array([dataset.qrels[case.pair.query_id][case.pair.product_id] for case in cases], np.int64)
    index.lexicon()
    evidence = Evidence(index, open_encoder(settings), open_reranker(settings))(cases)
    index.close()
    return Sample(dataset, cases, grades, evidence)


def measure(sample: Sample, model: str, store: Judgments, audit: int) -> list[Judgment]:
    """Have a model judge the sample, print its card with the audit, and return what it said."""
    name = sample.dataset.name
    settings = load_settings(llm=model)
    with open_llm_judge(settings, scale_of(sample.dataset)) as opened:
        judge = Remembered(opened.judge, store, opened.tariff, 1, _told)
        said = list(judge.judge(sample.cases))
        found = audited(judge, opened.pairwise, sample.cases, audit) if audit else None
    card = judge_card(
        said,
        sample.dataset.qrels,
        dataset=name,
        relevant=sample.dataset.conventions.relevant,
        effects=(
            *observed_effects(sample.cases, said, sample.dataset.qrels),
            *(found.effects if found else ()),
        ),
        retests=(found.again,) if found else (),
        swap=found.swap if found else None,
    )
    pace = store.pace(card.judge)
    print(f"{markdown(card)}\n{(pace or 0) / 1e3:.2f} s a pair, asked one after the other.\n")
    return said


def compare(sample: Sample, said: Mapping[str, Sequence[Judgment]]) -> None:
    """Print, of the same pairs, each model as it is and calibrated, and our evidence without and with it."""
    print("| on the same pairs | quadratic kappa | AUC |\n|---|---|---|")
    levels = {name: np.array([_level(one) for one in judgments]) for name, judgments in said.items()}
    for name, judgments in said.items():
        _shown(sample, f"{name}, as it answers", judgments)
        _row(sample, f"{name}, calibrated", {name: levels[name]})
    _row(sample, "combined", sample.evidence)
    for name, column in levels.items():
        _row(sample, f"combined with {name}", {**sample.evidence, name: column})
    if len(levels) > 1:
        _row(sample, "combined with all of them", {**sample.evidence, **levels})
    print()


def _row(sample: Sample, title: str, columns: Columns) -> None:
    fit = fit_isotonic if len(columns) == 1 else fit_ordinal
    held = cross_validated(columns, sample.grades, sample.queries, fit)
    whole = held.chances / held.chances.sum(axis=1, keepdims=True)
    _shown(sample, title, judgments_of(title, sample.cases, whole, held.grades))


def _shown(sample: Sample, title: str, judgments: Sequence[Judgment]) -> None:
    dataset = sample.dataset
    card = judge_card(judgments, dataset.qrels, dataset=dataset.name, relevant=dataset.conventions.relevant)
    assert card.agreement is not None
    print(f"| {title} | {shown(card.agreement.quadratic)} | {shown(card.auc)} |")


def _level(judgment: Judgment) -> float:
    """A missing answer tells nothing: it gets the middle of the scale, as a column needs a number."""
    return 1.5 if judgment.level is None else judgment.level


def _told(progress: Progress) -> None:
    print(
        f"\r{progress.done} of {progress.total}, {progress.seconds_left:.0f} s left   ", end="", file=stderr
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--on", action="append", required=True)
    parser.add_argument("--judge", action="append", required=True)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--audit", type=int, default=40)
    parser.add_argument("--store", type=Path, default=Path("judgments.sqlite"))
    given = parser.parse_args()
    store = Judgments(given.store)
    for text in given.on:
        name, _, at = text.partition("=")
        sample = sampled(name, at, given.data, given.pairs)
        print(f"\n## {name}: {len(sample.cases)} pairs of {len(set(sample.queries))} queries\n", flush=True)
        said = {}
        for each in given.judge:
            title, _, model = each.partition("=")
            said[title] = measure(sample, model, store, given.audit)
        compare(sample, said)
    store.close()


if __name__ == "__main__":
    main()
