"""The judges without a language model, over the demo catalogue with the real models."""

from pathlib import Path

import numpy as np
import pytest

from catalog.encoder import Encoder
from catalog.index import ProductIndex
from core.errors import InvalidQuery, InvalidSettings, ModelDamaged
from core.settings import load_settings
from eval.judge.bias import altered_effects, claimed, injected, padded, stuffed
from eval.judge.calibration import Ordinal
from eval.judge.cross_encoder import KINDS, evidence_judge, read_shipped
from eval.judge.evidence import COLUMNS, CROSS, Evidence
from eval.judge.records import Case, Judgment, Pair
from eval.judge.rubrics import rubric_names
from ranking.records import Search
from ranking.reranker import Reranker, open_reranker
from ranking.systems import search
from tests.fakes import WordEncoder

QUERIES = ("ceramic mug", "leather belt without buckle", "wireless headphones", "garden hose")


@pytest.fixture(scope="module")
def reranker() -> Reranker:
    opened = open_reranker(load_settings(device="cpu"))
    assert opened is not None
    return opened


@pytest.fixture(scope="module")
def cases(demo_index: ProductIndex) -> list[Case]:
    """What BM25 finds for each query, first the ten for it and then those of the next query."""
    found = [
        [hit.product for hit in search(demo_index, Search(query=query), "bm25").hits] for query in QUERIES
    ]
    return [
        Case(pair=Pair(query_id=f"q{i}", query=query, product_id=product.id), product=product)
        for i, query in enumerate(QUERIES)
        for product in {p.id: p for p in (*found[i], *found[(i + 1) % len(QUERIES)])}.values()
    ]


@pytest.fixture(scope="module")
def said(
    demo_index: ProductIndex, encoder: Encoder, reranker: Reranker, cases: list[Case]
) -> dict[str, list[Judgment]]:
    return {kind: list(evidence_judge(kind, demo_index, encoder, reranker).judge(cases)) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_every_case_is_judged_in_order_with_chances(
    kind: str, said: dict[str, list[Judgment]], cases: list[Case]
) -> None:
    found = said[kind]
    assert [one.pair for one in found] == [case.pair for case in cases]
    assert all(one.grade is not None and one.chances is not None for one in found)
    assert {one.judge for one in found} == {found[0].judge}
    assert found[0].judge.startswith(f"{kind}-")


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_found_for_a_query_is_graded_above_what_was_found_for_another(
    kind: str, said: dict[str, list[Judgment]], demo_index: ProductIndex
) -> None:
    for i, query in enumerate(QUERIES):
        best = {hit.product.id for hit in search(demo_index, Search(query=query, limit=3), "bm25").hits}
        levels = [
            (one.pair.product_id in best, one.level) for one in said[kind] if one.pair.query_id == f"q{i}"
        ]
        good = [level for found, level in levels if found and level is not None]
        rest = [level for found, level in levels if not found and level is not None]
        assert np.mean(good) > np.mean(rest), query


def test_a_pair_is_judged_alike_whatever_else_is_asked(
    demo_index: ProductIndex,
    encoder: Encoder,
    reranker: Reranker,
    cases: list[Case],
    said: dict[str, list[Judgment]],
) -> None:
    judge = evidence_judge("combined", demo_index, encoder, reranker)
    for place in (0, 7, len(cases) - 1):
        (alone,) = judge.judge([cases[place]])
        assert alone.grade == said["combined"][place].grade
        assert alone.level == pytest.approx(
            said["combined"][place].level, abs=0.02
        )  # batches round alike, nearly
    backwards = list(judge.judge(cases[::-1]))[::-1]
    assert [one.grade for one in backwards] == [one.grade for one in said["combined"]]


def test_a_product_that_is_not_in_the_index_is_judged_by_its_text(
    demo_index: ProductIndex,
    encoder: Encoder,
    reranker: Reranker,
    cases: list[Case],
    said: dict[str, list[Judgment]],
) -> None:
    elsewhere = cases[0].product.model_copy(update={"id": "from-another-shop"})
    pair = cases[0].pair.model_copy(update={"product_id": elsewhere.id})
    (found,) = evidence_judge("combined", demo_index, encoder, reranker).judge(
        [Case(pair=pair, product=elsewhere)]
    )
    first = said["combined"][0].level
    assert found.level == pytest.approx(first, abs=0.5)  # its twin in the shop is now one of its yardsticks


def test_stuffing_planted_instructions_and_padding_raise_no_grade(
    demo_index: ProductIndex, encoder: Encoder, reranker: Reranker, cases: list[Case]
) -> None:
    judge = evidence_judge("combined", demo_index, encoder, reranker)
    found = {one.name: one for one in altered_effects(judge, cases)}
    for name in ("padding", "injection", "stuffing"):
        raised = found[name].raised
        assert raised is not None
        assert (raised.value or 0.0) <= 0.05, name
        assert (found[name].difference.value or 0.0) < 0.05, name
    assert (found["claim"].difference.value or 0.0) > 0.05  # what a title says is believed


def test_altered_text_is_what_is_read(
    demo_index: ProductIndex, encoder: Encoder, reranker: Reranker, cases: list[Case]
) -> None:
    evidence = Evidence(demo_index, encoder, reranker)
    before, after = evidence(cases[-1:]), evidence([claimed(cases[-1])])
    assert after["title"][0] == 1.0
    assert after["title"][0] > before["title"][0]
    assert evidence([padded(cases[0])])["dense"][0] != evidence(cases[:1])["dense"][0]
    assert evidence([injected(cases[0])])["dense"][0] == evidence(cases[:1])["dense"][0]
    same = evidence([stuffed(cases[-1])])
    assert {name: column[0] for name, column in same.items()} == pytest.approx(
        {name: column[0] for name, column in before.items()}
    )


def test_no_column_is_missing_or_not_a_number(
    demo_index: ProductIndex, encoder: Encoder, reranker: Reranker, cases: list[Case]
) -> None:
    found = Evidence(demo_index, encoder, reranker)(cases)
    assert set(found) == set(COLUMNS)
    assert all(np.isfinite(column).all() and len(column) == len(cases) for column in found.values())


@pytest.mark.parametrize("query", ["zzqx vwpk", "the", "a" * 3000, "12", "no", "💡"])
def test_odd_queries_are_judged_too(
    query: str, demo_index: ProductIndex, encoder: Encoder, reranker: Reranker, cases: list[Case]
) -> None:
    odd = Case(
        pair=Pair(query_id="odd", query=query, product_id=cases[0].product.id), product=cases[0].product
    )
    (found,) = evidence_judge("combined", demo_index, encoder, reranker).judge([odd])
    assert found.grade is not None


def test_without_a_reranker_the_other_judges_still_work(
    demo_index: ProductIndex, encoder: Encoder, cases: list[Case]
) -> None:
    (found,) = evidence_judge("bi-encoder", demo_index, encoder, None).judge(cases[:1])
    assert found.grade is not None
    for kind in ("cross-encoder", "combined"):
        with pytest.raises(InvalidSettings, match="needs a reranker"):
            evidence_judge(kind, demo_index, encoder, None)


def test_a_calibration_is_not_used_with_another_encoder(demo_index: ProductIndex, reranker: Reranker) -> None:
    other = WordEncoder()
    with pytest.raises(InvalidSettings, match="calibrated for encoder"):
        evidence_judge("bi-encoder", demo_index, other, reranker)
    evidence_judge("lexical", demo_index, other, reranker)  # reads no vectors
    learned = read_shipped().calibrations["esci"]["bi-encoder"]
    evidence_judge("bi-encoder", demo_index, other, reranker, learned)


def test_another_calibration_is_another_judge(
    demo_index: ProductIndex, encoder: Encoder, reranker: Reranker
) -> None:
    shipped = read_shipped().calibrations["esci"]["cross-encoder"]
    assert isinstance(shipped, Ordinal)
    other = shipped.model_copy(update={"cuts": (0.1, 0.2, 0.3)})
    names = {
        evidence_judge("cross-encoder", demo_index, encoder, reranker, c).name for c in (None, shipped, other)
    }
    assert len(names) == 2


def test_an_unknown_kind_names_those_there_are(demo_index: ProductIndex, encoder: Encoder) -> None:
    with pytest.raises(InvalidQuery, match="cross-encoder, bi-encoder, lexical, combined"):
        evidence_judge("oracle", demo_index, encoder, None)


def test_the_shipped_calibrations_are_of_every_kind_and_of_the_default_models(
    encoder: Encoder, reranker: Reranker
) -> None:
    shipped = read_shipped()
    assert set(shipped.calibrations) == set(shipped.fitted_to) == set(rubric_names())
    assert (shipped.encoder, shipped.reranker) == (encoder.name, reranker.name)
    for calibrations in shipped.calibrations.values():
        assert set(calibrations) == set(KINDS)
        for kind, learned in calibrations.items():
            assert isinstance(learned, Ordinal)
            assert learned.names == KINDS[kind]


def test_a_scale_of_ones_own_has_to_be_calibrated(demo_index: ProductIndex, encoder: Encoder) -> None:
    with pytest.raises(InvalidQuery, match=r"for the scales esci, icecat, not for 'stars\.toml'"):
        evidence_judge("lexical", demo_index, encoder, None, scale="stars.toml")
    learned = read_shipped().calibrations["esci"]["lexical"]
    assert evidence_judge("lexical", demo_index, encoder, None, learned, scale="stars.toml").name


def test_two_scales_are_two_judges(demo_index: ProductIndex, encoder: Encoder, cases: list[Case]) -> None:
    judges = [evidence_judge("lexical", demo_index, encoder, None, scale=scale) for scale in rubric_names()]
    one, other = ([judgment.level for judgment in judge.judge(cases)] for judge in judges)
    assert judges[0].name != judges[1].name
    assert one != other


@pytest.mark.parametrize("text", [None, "", "{}", '{"encoder": "e"}'])
def test_damaged_calibrations_are_said_to_be(text: str | None, tmp_path: Path) -> None:
    path = tmp_path / "calibrations.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ModelDamaged, match="restore it"):
        read_shipped(path)


def test_the_columns_of_a_kind_are_known_and_the_cross_encoders_are_its_own() -> None:
    assert all(set(names) <= set(COLUMNS) for names in KINDS.values())
    assert [kind for kind, names in KINDS.items() if set(names) & set(CROSS)] == ["cross-encoder", "combined"]
