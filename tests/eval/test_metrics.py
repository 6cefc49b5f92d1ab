"""Each metric worked by hand, and held against trec_eval's own code on the same files."""

import random
from collections.abc import Mapping, Sequence
from math import log2
from pathlib import Path
from typing import Any

import ir_measures
import pytest
from scipy.stats import mannwhitneyu

from core.errors import InvalidQuery, InvalidSource
from eval.conventions import ESCI, ICECAT, WANDS, whole_gains
from eval.metrics import STANDARD, answerable, any_judged, evaluate, mean, violations
from eval.records import Conventions, Dataset, Qrels, Ranked, Run
from eval.trec import read_qrels, read_run, write_run
from ranking.records import Check, Verdict

THEIRS: Any = ir_measures  # its readers are not typed
EXPONENTIAL = Conventions(gains={0: 0, 1: 1, 2: 3, 3: 7}, relevant=2)


def dataset_of(qrels: Qrels, conventions: Conventions = ESCI, queries: Sequence[str] = ()) -> Dataset:
    texts = dict.fromkeys(queries or qrels, "words")
    return Dataset(name="test", queries=texts, qrels=qrels, conventions=conventions)


def run_of(**rankings: str | Mapping[str, float]) -> Run:
    """`q1="a b c"` ranks a, b, c with scores 3, 2, 1."""

    def ranking(given: str | Mapping[str, float]) -> tuple[Ranked, ...]:
        if isinstance(given, str):
            words = given.split()
            return tuple(Ranked(word, float(len(words) - n)) for n, word in enumerate(words))
        return tuple(Ranked(*pair) for pair in given.items())

    return Run(name="test", rankings={query_id: ranking(given) for query_id, given in rankings.items()})


def value(metric: str, run: Run, dataset: Dataset) -> float:
    return evaluate(run, dataset, [metric])[metric]["q1"]


JUDGED = {"q1": {"substitute": 2, "exact": 3, "complement": 1, "wrong": 0}}
FOUND = run_of(q1="substitute unjudged exact wrong")


def test_ndcg_with_esci_gains_by_hand() -> None:
    dcg = 0.1 / log2(2) + 1 / log2(4)
    ideal = 1 / log2(2) + 0.1 / log2(3) + 0.01 / log2(4)
    assert value("nDCG@10", FOUND, dataset_of(JUDGED)) == pytest.approx(dcg / ideal)


def test_ndcg_with_exponential_gains_by_hand() -> None:
    dcg = 3 / log2(2) + 7 / log2(4)
    ideal = 7 / log2(2) + 3 / log2(3) + 1 / log2(4)
    assert value("nDCG@10", FOUND, dataset_of(JUDGED, EXPONENTIAL)) == pytest.approx(dcg / ideal)


def test_ndcg_cuts_run_and_ideal_alike() -> None:
    assert value("nDCG@2", FOUND, dataset_of(JUDGED)) == pytest.approx(0.1 / (1 + 0.1 / log2(3)))


def test_judged_only_ndcg_closes_the_gaps_of_the_unjudged() -> None:
    dcg = 0.1 / log2(2) + 1 / log2(3)
    ideal = 1 / log2(2) + 0.1 / log2(3) + 0.01 / log2(4)
    assert value("judged-only nDCG@10", FOUND, dataset_of(JUDGED)) == pytest.approx(dcg / ideal)


def test_recall_counts_relevant_grades_only() -> None:
    lenient = ESCI.model_copy(update={"relevant": 2})
    assert value("Recall@100", FOUND, dataset_of(JUDGED)) == 1.0
    assert value("Recall@1", FOUND, dataset_of(JUDGED)) == 0.0
    assert value("Recall@1", FOUND, dataset_of(JUDGED, lenient)) == 0.5


def test_mrr_is_one_over_the_place_of_the_first_relevant() -> None:
    assert value("MRR", FOUND, dataset_of(JUDGED)) == pytest.approx(1 / 3)
    assert value("MRR@3", FOUND, dataset_of(JUDGED)) == pytest.approx(1 / 3)
    assert value("MRR@2", FOUND, dataset_of(JUDGED)) == 0.0


def test_precision_divides_by_the_cutoff_even_when_fewer_were_found() -> None:
    assert value("P@10", FOUND, dataset_of(JUDGED)) == pytest.approx(0.1)
    assert value("P@10", FOUND, dataset_of(JUDGED, EXPONENTIAL)) == pytest.approx(0.2)


def test_judged_divides_by_what_was_shown() -> None:
    assert value("Judged@10", FOUND, dataset_of(JUDGED)) == pytest.approx(3 / 4)
    assert value("Judged@2", FOUND, dataset_of(JUDGED)) == pytest.approx(1 / 2)


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    """Pairs of one good, one bad: a>c, a=d, b<c, b<d by score: (1 + 0.5 + 0 + 0) / 4."""
    scored = run_of(q1={"a": 3.0, "d": 3.0, "c": 2.0, "b": 1.0})
    judged = dataset_of({"q1": {"a": 3, "b": 3, "c": 0, "d": 2}})
    assert value("AUC", scored, judged) == pytest.approx(1.5 / 4)


def test_auc_puts_what_was_not_found_below_what_was() -> None:
    """Found: a (good), c (bad). Pairs: a>c, a>d, b<c, b=d, d and b both not found: (1 + 1 + 0 + 0.5) / 4."""
    judged = dataset_of({"q1": {"a": 3, "b": 3, "c": 0, "d": 0}})
    assert value("AUC", run_of(q1="a c"), judged) == pytest.approx(2.5 / 4)


def test_auc_is_only_asked_where_there_are_two_classes() -> None:
    judged = dataset_of({"q1": {"a": 3}, "q2": {"a": 0}, "q3": {"a": 3, "b": 0}, "q4": {"a": 3, "b": 0}})
    assert evaluate(run_of(q1="a", q2="a", q3="a b"), judged, ["AUC"]) == {"AUC": {"q3": 1.0, "q4": 0.0}}


def test_violations_are_the_requests_that_show_a_broken_requirement() -> None:
    def receipt(*verdicts: Verdict) -> tuple[Check, ...]:
        return tuple(Check(requirement="price", verdict=verdict) for verdict in verdicts)

    met, unknown = receipt(Verdict.MET), receipt(Verdict.MET, Verdict.UNKNOWN)
    broken = receipt(Verdict.MET, Verdict.VIOLATED)
    values = violations({"q1": [met, broken], "q2": [met, unknown], "q3": [], "q4": [met] * 10 + [broken]})
    assert values == {"q1": 1.0, "q2": 0.0, "q3": 0.0, "q4": 0.0}
    assert mean(values) == 0.25
    assert violations({"q4": [met] * 10 + [broken]}, k=11) == {"q4": 1.0}


def test_a_query_that_is_not_in_the_run_or_found_nothing_scores_0_and_stays() -> None:
    judged = dataset_of(
        {"q1": {"a": 3}, "q2": {"a": 3}, "q3": {"a": 3}, "q4": {"a": 0}},
        queries=["q1", "q2", "q3", "q4", "q5"],
    )
    values = evaluate(run_of(q1="a", q2=""), judged, [m for m in STANDARD if m != "AUC"])
    for metric, by_query in values.items():
        assert by_query == {"q1": 0.1 if metric == "P@10" else 1.0, "q2": 0, "q3": 0, "q4": 0, "q5": 0}, (
            metric
        )
    assert answerable(judged) == {"q1", "q2", "q3"}
    assert mean(values["MRR"]) == pytest.approx(1 / 5)
    assert mean(values["MRR"], answerable(judged)) == pytest.approx(1 / 3)


def test_a_run_without_any_result_scores_0() -> None:
    judged = dataset_of({"q1": {"a": 3, "b": 0}})
    assert {m: v["q1"] for m, v in evaluate(run_of(q1=""), judged).items()} == dict.fromkeys(STANDARD, 0.0)


def test_the_order_of_the_run_counts_not_its_scores() -> None:
    """As when products that may fit follow those that do, with a higher score."""
    scored = run_of(q1={"wrong": 1.0, "exact": 1.0})
    assert value("MRR", scored, dataset_of(JUDGED)) == 0.5


def test_queries_of_the_run_that_the_data_set_lacks_are_left_out() -> None:
    values = evaluate(run_of(q1="exact", other="exact"), dataset_of(JUDGED), ["MRR"])
    assert values == {"MRR": {"q1": 1.0}}


def test_a_run_of_another_data_set_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="no query in common"):
        evaluate(run_of(other="exact"), dataset_of(JUDGED))


def test_nothing_is_measured_without_judgments() -> None:
    with pytest.raises(InvalidQuery, match="no judgments"):
        evaluate(FOUND, dataset_of({}, queries=["q1"]))


@pytest.mark.parametrize("name", ["NDCG", "nDCG", "Recall", "P@0", "MAP@10", "judged-only P@10", "AUC@5", ""])
def test_an_unknown_metric_names_the_known_ones(name: str) -> None:
    with pytest.raises(InvalidQuery, match="choose from: nDCG@k"):
        evaluate(FOUND, dataset_of(JUDGED), [name])


def test_the_mean_of_nothing_is_nothing() -> None:
    assert mean({}) is None
    assert mean({"q1": 1.0}, among=["q2"]) is None


@pytest.mark.parametrize(
    ("gains", "whole"),
    [
        (ESCI.gains, {0: 0, 1: 1, 2: 10, 3: 100}),
        (ICECAT.gains, {0: 0, 1: 1, 2: 3, 3: 7}),
        (WANDS.gains, {0: 0, 1: 1, 2: 2}),
        ({0: 0, 1: 1 / 3, 2: 1}, {0: 0, 1: 1, 2: 3}),
        ({0: 0, 1: 20, 2: 40}, {0: 0, 1: 1, 2: 2}),
        ({0: 0}, {0: 0}),
    ],
)
def test_gains_become_whole_numbers_in_the_same_proportion(
    gains: Mapping[int, float], whole: Mapping[int, int]
) -> None:
    assert whole_gains(gains) == whole


def test_gains_out_of_proportion_are_refused() -> None:
    with pytest.raises(InvalidSource, match="round them"):
        whole_gains({0: 0.0, 1: 1e-9, 2: 1.0})
    with pytest.raises(InvalidSource, match="round them"):
        whole_gains({0: 0.0, 1: 2.0**30 - 1, 2: 1.0})


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Judgments and a run for 60 queries: some without results, judgments or anything relevant."""
    dice, folder = random.Random(7), tmp_path_factory.mktemp("trec")
    products = [f"p{n}" for n in range(200)]
    with (folder / "qrels.txt").open("w") as qrels, (folder / "run.trec").open("w") as run:
        for n in range(60):
            top = 0 if n % 10 == 1 else 3
            for product in dice.sample(products, 40):
                qrels.write(f"q{n} 0 {product} {dice.randint(0, top)}\n")
            if n % 10 != 2:
                for rank, product in enumerate(dice.sample(products, dice.choice([3, 30, 150])), start=1):
                    run.write(f"q{n} Q0 {product} {rank} {dice.gauss(0, 3):.6f} any\n")
    return folder / "qrels.txt", folder / "run.trec"


def theirs(measure: Any, qrels: Path, run: Path) -> dict[str, float]:
    found = THEIRS.iter_calc([measure], THEIRS.read_trec_qrels(str(qrels)), THEIRS.read_trec_run(str(run)))
    return {metric.query_id: metric.value for metric in found}


ESCI_WHOLE, EXPONENTIAL_WHOLE = {0: 0, 1: 1, 2: 10, 3: 100}, {0: 0, 1: 1, 2: 3, 3: 7}


@pytest.mark.parametrize(
    ("conventions", "name", "measure"),
    [
        (ESCI, "nDCG@10", ir_measures.nDCG(gains=ESCI_WHOLE) @ 10),
        (EXPONENTIAL, "nDCG@10", ir_measures.nDCG(gains=EXPONENTIAL_WHOLE) @ 10),
        (ESCI, "judged-only nDCG@10", ir_measures.nDCG(gains=ESCI_WHOLE, judged_only=True) @ 10),
        (
            EXPONENTIAL,
            "judged-only nDCG@10",
            ir_measures.nDCG(gains=EXPONENTIAL_WHOLE, judged_only=True) @ 10,
        ),
        (ESCI, "Recall@100", ir_measures.R(rel=3) @ 100),
        (EXPONENTIAL, "Recall@100", ir_measures.R(rel=2) @ 100),
        (ESCI, "MRR", ir_measures.RR(rel=3)),
        (EXPONENTIAL, "MRR@10", ir_measures.RR(rel=2) @ 10),
        (ESCI, "P@10", ir_measures.P(rel=3) @ 10),
        (EXPONENTIAL, "P@10", ir_measures.P(rel=2) @ 10),
        (ESCI, "Judged@10", ir_measures.Judged @ 10),
    ],
)
def test_values_equal_those_of_trec_eval_on_the_same_files(
    files: tuple[Path, Path], conventions: Conventions, name: str, measure: Any
) -> None:
    qrels, run = files
    ours = evaluate(read_run(run), dataset_of(read_qrels(qrels), conventions), [name])[name]
    assert len(ours) == 60
    assert ours == pytest.approx(theirs(measure, qrels, run), abs=5e-5)
    assert sum(ours.values()) > 0


@pytest.mark.parametrize("conventions", [ESCI, EXPONENTIAL])
def test_tied_scores_fall_as_they_do_in_trec_eval(
    files: tuple[Path, Path], tmp_path: Path, conventions: Conventions
) -> None:
    qrels, run = files
    rows = [row.split() for row in run.read_text().splitlines()]
    tied = tmp_path / "tied.trec"
    tied.write_text("".join(f"{q} Q0 {p} {rank} {round(float(s))} any\n" for q, _, p, rank, s, _ in rows))
    ours = evaluate(read_run(tied), dataset_of(read_qrels(qrels), conventions), ["nDCG@10"])["nDCG@10"]
    measure = ir_measures.nDCG(gains=whole_gains(conventions.gains)) @ 10
    assert ours == pytest.approx(theirs(measure, qrels, tied), abs=5e-5)


def test_a_run_scores_the_same_after_it_was_written(files: tuple[Path, Path], tmp_path: Path) -> None:
    qrels, run = files
    level = {
        q: tuple(Ranked(hit.product_id, 1.0) for hit in hits) for q, hits in read_run(run).rankings.items()
    }
    ours = Run(name="level", rankings=level)
    write_run(ours, tmp_path / "level.trec")
    judged = dataset_of(read_qrels(qrels))
    expected = evaluate(ours, judged, ["nDCG@10"])["nDCG@10"]
    measure = ir_measures.nDCG(gains=ESCI_WHOLE) @ 10
    assert expected == pytest.approx(theirs(measure, qrels, tmp_path / "level.trec"), abs=5e-5)


def test_auc_equals_the_statistic_of_mann_and_whitney(files: tuple[Path, Path]) -> None:
    qrels, run = read_qrels(files[0]), read_run(files[1])
    values = evaluate(run, dataset_of(qrels), ["AUC"])["AUC"]
    assert values
    for query_id, found in values.items():
        scores = {hit.product_id: hit.score for hit in run.rankings.get(query_id, ())}
        good = [scores.get(p, -1e9) for p, grade in qrels[query_id].items() if grade >= 3]
        bad = [scores.get(p, -1e9) for p, grade in qrels[query_id].items() if grade < 3]
        expected = mannwhitneyu(good, bad).statistic / (len(good) * len(bad)) if scores else 0.0
        assert found == pytest.approx(expected)


def test_a_foreign_run_returns_nothing_that_was_judged() -> None:
    assert any_judged(FOUND, dataset_of(JUDGED))
    assert not any_judged(run_of(q1="other products"), dataset_of(JUDGED))
    assert not any_judged(run_of(q2="exact"), dataset_of(JUDGED)), "judged, but for another query"
