"""What the systems find on a small shop, with the real index and the real encoder."""

from collections.abc import Iterator

import pytest

from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.product import Availability, Money, Product, Rating
from catalog.where import Where
from core.errors import InvalidQuery
from ranking.blend import load_blend
from ranking.pipeline import Ranker
from ranking.records import Search, Verdict
from ranking.systems import SYSTEMS, search


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


SHOP = [
    Product(
        id="kettle", title="Electric kettle", brand="Brevik", price=usd(4000), attributes={"color": ("red",)}
    ),
    Product(id="kettle-2", title="Stovetop kettle", brand="Solvei", price=usd(2500)),
    Product(id="kettle-3", title="Camping kettle", brand="Brevik"),
    Product(
        id="couch", title="Two-seat sofa in grey wool", price=usd(90000), rating=Rating(value=4.0, count=3)
    ),
    Product(id="lamp", title="Desk lamp", price=usd(3000), availability=Availability.OUT_OF_STOCK),
]


@pytest.fixture(scope="module")
def index(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductIndex]:
    home = EdgeHome(tmp_path_factory.mktemp("shop") / "shop.index")
    build_index(lambda: SHOP, home, encoder)
    opened = ProductIndex(home, home.live(), encoder)
    yield opened
    opened.close()


def found(index: ProductIndex, query: str, system: str = "hybrid", **where: object) -> list[str]:
    request = Search(query=query, where=Where.model_validate(where))
    return [hit.product.id for hit in search(index, request, system).hits]


def test_words_are_found_by_bm25_and_only_words(index: ProductIndex) -> None:
    assert set(found(index, "kettle", "bm25")) == {"kettle", "kettle-2", "kettle-3"}
    assert found(index, "settee", "bm25") == []


def test_meaning_is_found_by_the_encoder(index: ProductIndex) -> None:
    assert found(index, "somewhere to sit in the living room", "dense")[0] == "couch"


def test_hybrid_finds_both(index: ProductIndex) -> None:
    assert found(index, "somewhere to sit in the living room")[0] == "couch"
    assert found(index, "stovetop kettle")[0] == "kettle-2"


def test_every_stage_leaves_its_score_on_the_hit(index: ProductIndex) -> None:
    results = search(index, Search(query="kettle"))
    assert set(results.hits[0].stages) == {"bm25", "dense", "rrf"}
    assert results.hits[0].score == results.hits[0].stages["rrf"]
    assert [stage.name for stage in results.trace.stages] == ["encode", "recall", "fuse", "fetch"]


def test_a_hit_that_only_the_encoder_found_has_no_lexical_score(index: ProductIndex) -> None:
    (couch,) = [
        hit
        for hit in search(index, Search(query="somewhere to sit in the living room")).hits
        if hit.product.id == "couch"
    ]
    assert "bm25" not in couch.stages


def test_what_is_known_to_fit_comes_before_what_might(index: ProductIndex) -> None:
    results = search(index, Search(query="kettle", where=Where(price_max=usd(3000))))
    verdicts = [hit.receipt[0].verdict for hit in results.hits]
    assert verdicts == sorted(verdicts, key=[Verdict.MET, Verdict.UNKNOWN].index)
    assert Verdict.VIOLATED not in verdicts
    assert [hit.product.id for hit in results.hits][-1] == "kettle-3"


def test_nothing_that_violates_is_shown_however_few_remain(index: ProductIndex) -> None:
    assert set(found(index, "kettle", brands=("Brevik",), price_max=usd(100))) == {"kettle-3"}


def test_limit_is_kept(index: ProductIndex) -> None:
    assert len(search(index, Search(query="kettle", limit=2)).hits) == 2


@pytest.mark.parametrize("system", [name for name, s in SYSTEMS.items() if not s.understanding])
@pytest.mark.parametrize("query", ["the", "🫖", "\x00\x1b[31m", "水壶", "a" * 10_000, "! ? ..."])
def test_odd_queries_get_an_answer(index: ProductIndex, query: str, system: str) -> None:
    assert len(search(index, Search(query=query), system, Ranker(load_blend())).hits) <= len(SHOP)


@pytest.mark.parametrize("query", ["", "   \n"])
def test_an_empty_query_is_refused(index: ProductIndex, query: str) -> None:
    with pytest.raises(InvalidQuery, match="say what you are looking for"):
        search(index, Search(query=query))


def test_an_unknown_system_names_the_known_ones(index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="bm25, dense, hybrid"):
        search(index, Search(query="kettle"), "magic")


def test_the_same_search_gives_the_same_order(index: ProductIndex) -> None:
    first, *others = [found(index, "red kettle for camping") for _ in range(5)]
    assert all(other == first for other in others)
