"""The whole pipeline over the demo catalogue: what is found, proven, put right and refused."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.index import ProductIndex
from catalog.product import Availability, Money
from catalog.where import Where, Without
from core.errors import InvalidQuery
from core.settings import load_settings
from ranking.blend import load_blend
from ranking.pipeline import READ, Ranker, open_ranker
from ranking.records import Results, Search, Sort, Verdict
from ranking.systems import search

STAGES = ("repair", "encode", "recall", "fetch", "pre-rank", "rerank", "blend", "post-rank")


class Counting:
    """A cross-encoder that likes short passages, and remembers how many it read."""

    name = "counting"

    def __init__(self) -> None:
        self.read = 0

    def score(self, query: str, passages: Sequence[str]) -> NDArray[np.float32]:  # noqa: ARG002
        self.read = len(passages)
        return np.array([-len(passage) for passage in passages], np.float32)


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker(load_blend())


def ask(index: ProductIndex, ranker: Ranker, query: str, **wishes: object) -> Results:
    return search(index, Search.model_validate({"query": query, **wishes}), "rerank", ranker)


def test_every_stage_is_timed_and_every_hit_says_what_each_gave_it(demo_index: ProductIndex) -> None:
    reader = Counting()
    found = ask(demo_index, Ranker(load_blend(), reader), "quiet kettle for a small kitchen")
    assert tuple(stage.name for stage in found.trace.stages) == STAGES
    assert reader.read == READ
    for hit in found.hits:
        assert {"dense", "rrf", "pre-rank", "cross", "blend"} <= set(hit.stages)


def test_without_a_cross_encoder_the_first_blend_decides(demo_index: ProductIndex, ranker: Ranker) -> None:
    found = ask(demo_index, ranker, "kettle")
    assert "rerank" not in [stage.name for stage in found.trace.stages]
    assert all(hit.score == hit.stages["pre-rank"] for hit in found.hits)


def test_without_usable_weights_fusion_decides_and_the_answer_says_so(demo_index: ProductIndex) -> None:
    found = ask(demo_index, Ranker(None, Counting(), notices=("the blend is damaged",)), "kettle")
    assert found.notices == ("the blend is damaged",)
    assert all(hit.score == pytest.approx(hit.stages["rrf"]) for hit in found.hits)


def test_without_buckle_shows_no_belt_that_has_one_and_proves_it(
    demo_index: ProductIndex, ranker: Ranker
) -> None:
    found = ask(demo_index, ranker, "belt", without={"terms": ["buckle"]})
    assert found.hits
    for hit in found.hits:
        (check,) = hit.receipt
        assert check.requirement == "without buckle"
        assert check.verdict is not Verdict.VIOLATED
    belts = [hit.receipt[0].verdict for hit in found.hits if "Belts" in hit.product.categories]
    assert belts == sorted(belts, key=lambda v: v is Verdict.UNKNOWN)
    assert found.hits[0].receipt[0].evidence


def test_an_exclusion_in_the_bare_query_is_heeded(demo_index: ProductIndex, ranker: Ranker) -> None:
    found = ask(demo_index, ranker, "belt without buckle", limit=5)
    assert all(
        "buckle" not in hit.product.title.lower()
        or "no buckle" in hit.product.title.lower()
        or "without" in hit.product.title.lower()
        or "buckle-free" in hit.product.title.lower()
        for hit in found.hits
    )


def test_a_query_that_only_excludes_is_searched_as_a_name(demo_index: ProductIndex, ranker: Ranker) -> None:
    assert ask(demo_index, ranker, "not red").hits


def test_hard_requirements_are_met_before_unknown_ones_and_never_violated(
    demo_index: ProductIndex, ranker: Ranker
) -> None:
    limit = Money(amount=3000, currency="USD")
    found = ask(demo_index, ranker, "kettle", where={"price_max": limit.model_dump()}, limit=30)
    assert found.hits
    assert all(hit.product.price is None or hit.product.price.amount <= 3000 for hit in found.hits)
    fits = [all(check.verdict is Verdict.MET for check in hit.receipt) for hit in found.hits]
    assert fits == sorted(fits, reverse=True)


def test_a_misspelt_query_is_put_right_visibly_and_can_be_searched_as_written(
    demo_index: ProductIndex, ranker: Ranker
) -> None:
    found = ask(demo_index, ranker, "stianless kettle")
    assert found.repair is not None
    assert found.repair.changes == (("stianless", "stainless"),)
    assert ask(demo_index, ranker, "stianless kettle", repair=False).repair is None


def test_variants_are_one_hit_with_the_others_named(demo_index: ProductIndex, ranker: Ranker) -> None:
    found = ask(demo_index, ranker, "kettle", limit=20)
    groups = [hit.product.group_id for hit in found.hits if hit.product.group_id]
    assert len(groups) == len(set(groups))
    assert any(hit.variants for hit in found.hits)
    shown = [hit.product.id for hit in found.hits] + [i for hit in found.hits for i in hit.variants]
    assert len(shown) == len(set(shown))


def test_sorting_by_price_sorts_kettles_and_not_what_is_cheap(
    demo_index: ProductIndex, ranker: Ranker
) -> None:
    found = ask(demo_index, ranker, "kettle", sort=Sort.PRICE_UP, limit=5)
    prices = [hit.product.price.amount for hit in found.hits if hit.product.price]
    assert prices == sorted(prices)
    assert all("kettle" in hit.product.title.lower() for hit in found.hits)


def test_more_like_a_product_finds_its_kind(demo_index: ProductIndex, ranker: Ranker) -> None:
    kettle = ask(demo_index, ranker, "gooseneck kettle", limit=1).hits[0].product
    found = ask(demo_index, ranker, "", like=[kettle.id], limit=5)
    assert sum(hit.product.categories == kettle.categories for hit in found.hits) >= 4
    with pytest.raises(InvalidQuery, match="no product nothing-like-it"):
        ask(demo_index, ranker, "kettle", like=["nothing-like-it"])


def test_what_is_sold_out_does_not_lead(demo_index: ProductIndex, ranker: Ranker) -> None:
    for query in ("kettle", "desk lamp", "running shoes", "backpack"):
        first = ask(demo_index, ranker, query, limit=1).hits[0].product
        assert first.availability not in (Availability.OUT_OF_STOCK, Availability.DISCONTINUED)


@pytest.mark.parametrize(
    "query",
    [
        "not red",
        "without buckle",
        "the of and",
        "🎁🎁",
        "кettle 不锈钢 kettle",
        "\x00kettle\x1b[31m",
        "kettle " * 1400,
        "???",
        "-" * 500,
        "no no no not without",
    ],
)
def test_odd_queries_get_an_answer_or_a_reason(demo_index: ProductIndex, ranker: Ranker, query: str) -> None:
    found = ask(demo_index, ranker, query)
    assert len({hit.product.id for hit in found.hits}) == len(found.hits) <= 10


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_an_empty_query_is_refused(demo_index: ProductIndex, ranker: Ranker, query: str) -> None:
    with pytest.raises(InvalidQuery, match="say what you are looking for"):
        ask(demo_index, ranker, query)


def test_a_brand_that_nobody_makes_is_claimed_of_nothing(demo_index: ProductIndex, ranker: Ranker) -> None:
    where = Where(brands=("No Such Brand",))
    hits = ask(demo_index, ranker, "kettle", where=where.model_dump()).hits
    assert all(hit.product.brand is None for hit in hits)
    assert all(hit.receipt[0].verdict is Verdict.UNKNOWN for hit in hits)


def test_a_brand_that_is_not_wanted_is_not_shown(demo_index: ProductIndex, ranker: Ranker) -> None:
    brand = ask(demo_index, ranker, "kettle", limit=1).hits[0].product.brand
    found = ask(demo_index, ranker, "kettle", without=Without(brands=(str(brand),)).model_dump())
    assert found.hits
    assert brand not in {hit.product.brand for hit in found.hits}


def test_the_system_asks_for_its_ranker(demo_index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="needs a ranker"):
        search(demo_index, Search(query="kettle"), "rerank")


def test_weights_of_another_version_are_not_used_and_the_ranker_says_so(tmp_path: Path) -> None:
    (tmp_path / "blend.json").write_text("{}")
    ranker = open_ranker(load_settings(reranker="none", blend=str(tmp_path / "blend.json")))
    assert ranker.blend is None
    assert "aisle train blend" in ranker.notices[0] or "train it anew" in ranker.notices[0]


def test_the_shipped_ranker_is_whole() -> None:
    ranker = open_ranker(load_settings(device="cpu"))
    assert ranker.notices == ()
    assert ranker.blend is not None
    assert ranker.reranker is not None
    scores = ranker.reranker.score("red kettle", ["Red electric kettle, 1.7 L", "Garden hose, 20 m"])
    assert scores[0] > scores[1]


def test_what_is_known_to_fit_is_not_lost_among_what_might(demo_index: ProductIndex, ranker: Ranker) -> None:
    where = {"attributes": {"height": ["crew"]}}
    hits = ask(demo_index, ranker, "gift for a friend", where=where, limit=10).hits
    assert hits[0].receipt[0].verdict is Verdict.MET


def test_like_one_but_not_red_shows_none_that_is_red(demo_index: ProductIndex, ranker: Ranker) -> None:
    grills = [p for p in demo_index.everything().values() if p.title.startswith("Emberlow Ember Round Grill")]
    grill = next(p for p in grills if p.attributes.get("color") == ("red",))
    hits = ask(demo_index, ranker, "not red", like=[grill.id], limit=5).hits
    assert hits
    assert all("red" not in hit.product.attributes.get("color", ()) for hit in hits)
