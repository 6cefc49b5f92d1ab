"""How far judges without a language model can be trusted, and what they add to 30 human-graded queries.

Usage: python -m benchmarks.judging --data DIR --on esci_us=INDEX --on icecat=INDEX [--write FILE], where DIR
holds the data sets. Every judge is cross-validated over queries. FILE gets calibrations fitted to each of
them for its scale of grades: what is shipped. Prints Markdown.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from time import perf_counter

import numpy as np

from agent.reader import ranker_for
from catalog.encoder import open_encoder
from catalog.index import ProductIndex, open_index
from catalog.points import TITLE
from core.settings import load_settings
from eval.datasets import judged_products, load_dataset
from eval.judge.agreement import read_raters
from eval.judge.bias import altered_effects, observed_effects, retest
from eval.judge.calibrated import CalibratedJudge
from eval.judge.calibration import Columns, Floats, Grades, cross_validated, expected, fit_ordinal, graded
from eval.judge.card import judge_card, markdown, shown
from eval.judge.choose import draw_queries
from eval.judge.cross_encoder import KINDS, Shipped
from eval.judge.evidence import Evidence
from eval.judge.expected import expected_values
from eval.judge.inference import Inference, infer, infer_difference, wanted
from eval.judge.ordering import compare_orderings
from eval.judge.records import Case, Judgment, cases_of
from eval.metrics import evaluate
from eval.records import Dataset, Ranked, Run
from ranking.fusion import best_first
from ranking.pipeline import Ranker, rank
from ranking.recall import recall
from ranking.records import Search
from ranking.reranker import open_reranker
from ranking.systems import search

METRIC = "nDCG@10"
LABELLED = 30
MANY = 300  # queries that only the judge grades
TRIALS = 250
AUDITED = 200  # pairs that are judged again, altered
COUPLES = (("rerank", "bm25"), ("full", "hybrid"), ("rerank", "dense"), ("hybrid", "dense"))

Scores = dict[str, dict[str, float]]


@dataclass(frozen=True)
class Measurement:
    """One data set with the evidence on its judged pairs, and what a dozen systems return for it."""

    dataset: Dataset
    cases: tuple[Case, ...]
    columns: Columns
    grades: Grades
    runs: Mapping[str, Run]

    @property
    def queries(self) -> list[str]:
        """The query of each pair."""
        return [case.pair.query_id for case in self.cases]

    def some(self, kind: str) -> Columns:
        """The columns of one kind of judge."""
        return {name: self.columns[name] for name in KINDS[kind]}


def configurations(index: ProductIndex, ranker: Ranker) -> dict[str, Callable[[str], Sequence[Ranked]]]:
    """Systems as they can really be set up, each a function from a query to its first ten."""
    bare = replace(ranker, reader=None)

    def plain(system: str, text: str) -> Sequence[Ranked]:
        hits = search(index, Search(query=text), system).hits
        return [Ranked(hit.product.id, hit.score) for hit in hits]

    def ranked(with_ranker: Ranker, request: Search, text: str) -> Sequence[Ranked]:
        hits = rank(index, request.model_copy(update={"query": text}), with_ranker).hits
        return [Ranked(hit.product.id, hit.score) for hit in hits]

    def title_alone(text: str) -> Sequence[Ranked]:
        found = recall(index, index.vectors(text, [TITLE]), where=Search().where).scores.get(TITLE, {})
        order = best_first(found)[:10]
        products = index.products(order)
        return [Ranked(products[point].id, found[point]) for point in order]

    return {
        **{name: partial(plain, name) for name in ("bm25", "dense", "hybrid")},
        "bm25 of titles alone": title_alone,
        "rerank": partial(ranked, bare, Search()),
        "full": partial(ranked, ranker, Search()),
        "rerank, no cross-encoder": partial(ranked, replace(bare, reranker=None), Search()),
        "full, no cross-encoder": partial(ranked, replace(ranker, reranker=None), Search()),
        "rerank, fusion alone": partial(ranked, replace(bare, blend=None), Search()),
        "rerank, by meaning": partial(ranked, bare, Search(by_meaning=True)),
        "rerank, no repair": partial(ranked, bare, Search(repair=False)),
        "rerank, diversity 0.3": partial(ranked, bare, Search(diversity=0.3)),
    }


def measured(name: str, at: str, data: Path) -> Measurement:
    """Read the evidence, run the systems and print how long judging took, with the audits that ask again."""
    settings = load_settings(index=at)
    dataset = load_dataset(data / name, "dev")
    index = open_index(settings)
    encoder, reranker = open_encoder(settings), open_reranker(settings)
    cases = cases_of(dataset, judged_products(dataset, index))
    index.lexicon()
    evidence = Evidence(index, encoder, reranker)
    start = perf_counter()
    columns = evidence(cases)
    seconds = perf_counter() - start
    rate = 1000 * seconds / len(cases)
    print(f"\n## {name}\n\n{len(cases)} pairs read in {seconds:.1f} s: 1,000 in {rate:.1f} s.\n")
    grades = np.array([dataset.qrels[case.pair.query_id][case.pair.product_id] for case in cases], np.int64)
    ranker = ranker_for("full", settings)
    assert ranker is not None
    runs = {
        title: Run(name=title, rankings={q: tuple(ask(text)) for q, text in dataset.queries.items()})
        for title, ask in configurations(index, ranker).items()
    }
    found = Measurement(dataset, cases, columns, grades, runs)
    _audit(found, evidence)
    index.close()
    return found


def held_out(found: Measurement, kind: str, folds: int = 10) -> list[Judgment]:
    """What the judge says of every pair, by a calibration that never saw its query."""
    chances, grades = cross_validated(found.some(kind), found.grades, found.queries, folds=folds)
    return judgments_of(kind, found.cases, chances, grades)


def carried_over(found: Measurement, other: Measurement) -> list[Judgment]:
    """What the combined judge says with the calibration of another data set: no label of this one."""
    learned = fit_ordinal(other.columns, other.grades)
    chances = learned.chances(found.columns)
    return judgments_of("combined, calibrated elsewhere", found.cases, chances, graded(chances, learned.cuts))


def judgments_of(name: str, cases: Sequence[Case], chances: Floats, grades: Grades) -> list[Judgment]:
    """What a judge of this name says, from its chances."""
    levels = np.clip(expected(chances), 0, 3)
    return [
        Judgment(
            pair=case.pair, grade=int(grade), expected=float(level), chances=tuple(row.tolist()), judge=name
        )
        for case, grade, level, row in zip(cases, grades, levels, chances, strict=True)
    ]


def _audit(found: Measurement, evidence: Evidence) -> None:
    learned = fit_ordinal(found.columns, found.grades)
    judge = CalibratedJudge("combined", (evidence,), learned)
    drawn = np.random.default_rng(0).permutation(len(found.cases))[:AUDITED]
    sample = [found.cases[i] for i in sorted(drawn)]
    print(f"The combined judge asked again about {AUDITED} pairs, altered:\n")
    print("| altered | difference in grade | share raised |\n|---|---|---|")
    for effect in altered_effects(judge, sample):
        print(f"| {effect.about} | {shown(effect.difference, signed=True)} | {shown(effect.raised)} |")
    again = retest(judge, sample, reverse=True)
    print(f"\nAsked twice, the second time in reverse: same grade {shown(again.agreement.accuracy)}.\n")


def cards(found: Measurement, data: Path, judges: Mapping[str, Sequence[Judgment]]) -> None:
    """Print a row per judge, and the whole card of the combined one."""
    path = data / found.dataset.name / "raters-dev.csv"
    ratings = read_raters(path) if path.is_file() else None
    relevant = found.dataset.conventions.relevant
    print(f"| judge | accuracy | kappa | quadratic kappa | AUC (grade {relevant} and up) |")
    print("|---" * 5 + "|")
    for name, judgments in judges.items():
        effects = observed_effects(
            found.cases, judgments, found.dataset.qrels, run=found.runs["rerank"], rival=found.runs["bm25"]
        )
        card = judge_card(
            judgments,
            found.dataset.qrels,
            dataset=found.dataset.name,
            relevant=relevant,
            ratings=ratings,
            effects=effects,
            note="Cross-validated over queries.",
        )
        assert card.agreement is not None
        numbers = (card.agreement.accuracy, card.agreement.kappa, card.agreement.quadratic, card.auc)
        print(f"| {name} | " + " | ".join(shown(number) for number in numbers) + " |")
        whole = markdown(card) if name == "combined" else ""
        if whole:
            kept = whole
    print(f"\n{kept}")


def coverage(
    human: Mapping[str, float], judged: Mapping[str, float], many: int, seed: int
) -> tuple[float, ...]:
    """Over trials that draw 30 queries people graded and `many` that they did not: the share of intervals
    that hold the mean over all queries, of people alone and corrected, and the corrected width to theirs.
    """
    rng = np.random.default_rng(seed)
    people, model = (np.array([values[q] for q in human]) for values in (human, judged))
    truth, inside, widths = people.mean(), np.zeros(2), np.zeros(2)
    for trial in range(TRIALS):
        drawn = rng.integers(0, len(people), LABELLED + many)
        given = {str(i): float(people[q]) for i, q in enumerate(drawn[:LABELLED])}
        said = {str(i): float(model[q]) for i, q in enumerate(drawn)}
        found = infer(given, said, seed=trial)
        assert found.corrected is not None
        for side, estimate in enumerate((found.human, found.corrected)):
            assert estimate.interval is not None
            inside[side] += estimate.interval.low <= truth <= estimate.interval.high
            widths[side] += estimate.interval.high - estimate.interval.low
    return (*(inside / TRIALS).tolist(), float(widths[1] / widths[0]))


def corrected(found: Measurement, human: Scores, judges: Mapping[str, Scores]) -> None:
    """Print, per judge, how much narrower 30 human-graded queries become, and whether the intervals hold."""
    rest = len(found.dataset.queries) - LABELLED
    print(
        f"| judge | judged beside the {LABELLED} | of | correlation | width to people alone | covers "
        "| people alone covers |"
    )
    print("|---" * 7 + "|")
    for name, scores in judges.items():
        targets = {title: (human[title], scores[title]) for title in human}
        couples = {f"{a} - {b}": (_less(human[a], human[b]), _less(scores[a], scores[b])) for a, b in COUPLES}
        for many in (rest, MANY) if name == "combined" else (MANY,):
            for title, group in (
                (f"{len(targets)} systems", targets),
                (f"{len(couples)} differences", couples),
            ):
                rows = np.array([coverage(h, j, many, seed) for seed, (h, j) in enumerate(group.values())])
                alike = np.mean([_correlation(h, j) for h, j in group.values()])
                spans = [
                    f"{column.mean():.3f} ({column.min():.3f} to {column.max():.3f})" for column in rows.T
                ]
                print(f"| {name} | {many} | {title} | {alike:.2f} | {spans[2]} | {spans[1]} | {spans[0]} |")
    print()


def decide(found: Measurement, human: Scores, judged: Scores) -> None:
    """Print one decision as an engineer would meet it: the first 30 queries of the draw are labelled."""
    labelled = draw_queries(found.dataset.queries, (), LABELLED)
    print(f"With {LABELLED} queries labelled, drawn by lot, and the rest judged by the combined judge:\n")
    print("| | people alone | judge alone | corrected | more labels to decide (people alone) |")
    print("|---" * 5 + "|")
    for title in ("bm25", "rerank"):
        given = {q: human[title][q] for q in labelled}
        _row(title, infer(given, judged[title]), "")
    for a, b in COUPLES:
        first, second = ({q: human[title][q] for q in labelled} for title in (a, b))
        difference = infer_difference((first, second), (judged[a], judged[b]))
        more = wanted(difference)
        lacking = ["not with these" if n is None else str(n) for n in (more.corrected, more.human)]
        _row(f"{a} - {b}", difference, f"{lacking[0]} ({lacking[1]})")
        whole = _less(human[a], human[b])
        print(f"| ... by all {len(whole)} human grades | {np.mean(list(whole.values())):+.3f} | | | |")
    print()


def _row(title: str, found: Inference, more: str) -> None:
    cells = []
    for estimate in (found.human, found.judge, found.corrected):
        if estimate is None or estimate.interval is None:
            cells.append("unknown")
        else:
            cells.append(
                f"{estimate.value:.3f} ({estimate.interval.low:.3f} to {estimate.interval.high:.3f})"
            )
    print(f"| {title} | " + " | ".join([*cells, more]) + " |")


def orderings(human: Scores, judges: Mapping[str, Scores]) -> None:
    """Print Kendall's tau per judge."""
    print(f"| judge | Kendall's tau, {len(human)} systems | same order, of the couples certain by people |")
    print("|---|---|---|")
    for name, scores in judges.items():
        found = compare_orderings(human, scores)
        print(f"| {name} | {shown(found.tau)} | {found.agreed} of {found.certain} |")
        if name == "combined":
            shown_order = [", ".join(f"{t} {v:.3f}" for t, v in side) for side in (found.human, found.judge)]
    print(f"\nBy people: {shown_order[0]}.\n\nBy the combined judge: {shown_order[1]}.\n")


def write_shipped(path: Path, sets: Sequence[Measurement]) -> None:
    """Fit every kind to every data set, for the scale that it is graded on, and write them."""
    settings = load_settings()
    encoder, reranker = open_encoder(settings), open_reranker(settings)
    shipped = Shipped(
        encoder=encoder.name,
        reranker=reranker.name if reranker else "none",
        fitted_to={scale_of(one.dataset): f"{one.dataset.name} dev" for one in sets},
        calibrations={
            scale_of(one.dataset): {kind: fit_ordinal(one.some(kind), one.grades) for kind in KINDS}
            for one in sets
        },
    )
    path.write_text(shipped.model_dump_json(indent=1) + "\n", encoding="utf-8")


def scale_of(dataset: Dataset) -> str:
    """The rubric that the people who graded a data set went by."""
    return dataset.name.partition("_")[0]


def _values(found: Measurement, judgments: Sequence[Judgment]) -> Scores:
    return {
        title: expected_values(run, found.dataset, judgments, [METRIC])[METRIC]
        for title, run in found.runs.items()
    }


def _less(first: Mapping[str, float], second: Mapping[str, float]) -> dict[str, float]:
    return {query: value - second[query] for query, value in first.items()}


def _correlation(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    return float(np.corrcoef(list(first.values()), [second[q] for q in first])[0, 1])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--on", action="append", required=True)
    parser.add_argument("--write", type=Path)
    given = parser.parse_args()
    sets = []
    for text in given.on:
        name, _, at = text.partition("=")
        sets.append(measured(name, at, given.data))
    for found in sets:
        print(f"## {found.dataset.name}: trust\n")
        human = {title: evaluate(run, found.dataset, [METRIC])[METRIC] for title, run in found.runs.items()}
        judges: dict[str, Sequence[Judgment]] = {kind: held_out(found, kind) for kind in KINDS}
        judges["combined, half the queries"] = held_out(found, "combined", folds=2)
        judges |= {
            f"combined, calibrated on {other.dataset.name}": carried_over(found, other)
            for other in sets
            if other is not found
        }
        cards(found, given.data, judges)
        scores = {name: _values(found, judgments) for name, judgments in judges.items()}
        corrected(found, human, {n: s for n, s in scores.items() if n.startswith("combined")})
        decide(found, human, scores["combined"])
        orderings(human, scores)
    if given.write:
        write_shipped(given.write, sets)


if __name__ == "__main__":
    main()
