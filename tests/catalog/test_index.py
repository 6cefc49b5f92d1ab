"""What an index promises, held by both engines: the embedded one and the server."""

import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from catalog.collection import Home
from catalog.edge_home import EdgeHome
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.product import Availability, Money, Product, Rating
from catalog.server import ServerHome
from catalog.where import Where, Without
from core.errors import IndexMismatch, IndexMissing, InvalidQuery, InvalidSource
from tests.fakes import WordEncoder


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


KETTLE = Product(
    id="kettle",
    title="Electric kettle 1.7 L",
    brand="Brevik",
    categories=("Kitchen", "Drinks", "Kettles"),
    price=usd(3999),
    rating=Rating(value=4.5, count=210),
    availability=Availability.IN_STOCK,
    attributes={"Color": ("Red", "Steel"), "capacity": ("1.7 L",)},
)
TEAPOT = Product(
    id="teapot",
    title="Glass teapot",
    brand="brevik",
    categories=("Kitchen", "Drinks", "Teapots"),
    price=usd(2500),
    rating=Rating(value=3.9),
    availability=Availability.OUT_OF_STOCK,
    attributes={"color": ("clear",)},
)
LAMP = Product(
    id="lamp",
    title="Desk lamp",
    brand="Solvei",
    categories=("Home", "Lamps"),
    price=Money(amount=2500, currency="EUR"),
    availability=Availability.BACKORDER,
)
MYSTERY = Product(id="mystery", title="Unlabelled kettle from the attic")
SHOP = (KETTLE, TEAPOT, LAMP, MYSTERY)


@pytest.fixture(params=["edge", "server"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    """Both engines: a folder, and a server (the client's in-memory one unless a real one is given)."""
    if request.param == "edge":
        yield EdgeHome(tmp_path / "shop.index")
        return
    url = os.environ.get("AISLE_TEST_QDRANT_URL")
    client = QdrantClient(url=url) if url else QdrantClient(":memory:")
    name = f"test-{uuid.uuid4().hex[:8]}"
    yield ServerHome(client, name)
    for collection in client.get_collections().collections:
        if collection.name.startswith(name):
            client.delete_collection(collection.name)


def build(home: Home, products: Sequence[Product], encoder: WordEncoder | None = None) -> None:
    build_index(lambda: products, home, encoder or WordEncoder())


def opened(home: Home, encoder: WordEncoder | None = None) -> ProductIndex:
    return ProductIndex(home, home.live(), encoder or WordEncoder())


@pytest.fixture
def index(home: Home) -> Iterator[ProductIndex]:
    build(home, SHOP)
    found = opened(home)
    yield found
    found.close()


def ids(index: ProductIndex, where: Where, **kwargs: object) -> set[str]:
    """The products that a filter lets through, whatever the query."""
    vectors = index.vectors("anything", ["dense"])
    scored = index.search(vectors, where=where, **kwargs)["dense"]  # type: ignore[arg-type]
    return {p.id for p in index.products([point for point, _ in scored]).values()}


def test_what_was_indexed_comes_back_unchanged(index: ProductIndex) -> None:
    assert index.get([p.id for p in SHOP]) == {p.id: p for p in SHOP}


def test_an_id_that_was_never_indexed_is_not_found(index: ProductIndex) -> None:
    assert index.get(["kettle", "nothing"]) == {"kettle": KETTLE}


def test_each_branch_finds_its_words_and_scores_best_first(index: ProductIndex) -> None:
    found = index.search(index.vectors("brevik kettle"))
    assert set(found) == {"title", "body", "dense"}
    titles = index.products([point for point, _ in found["title"]])
    assert titles[found["title"][0][0]] == KETTLE
    for scored in found.values():
        assert [score for _, score in scored] == sorted((score for _, score in scored), reverse=True)


def test_a_query_of_stop_words_has_no_lexical_branch(index: ProductIndex) -> None:
    assert set(index.vectors("for the and of")) == {"dense"}


def test_rare_words_weigh_more_than_common_ones(index: ProductIndex) -> None:
    found = index.search(index.vectors("kettle attic", ["title"]))["title"]
    assert index.products([found[0][0]])[found[0][0]] == MYSTERY


def test_among_keeps_to_the_given_points(index: ProductIndex) -> None:
    vectors = index.vectors("kettle")
    points = [point for point, _ in index.search(vectors)["dense"]][:2]
    found = index.search(vectors, among=points)["dense"]
    assert {point for point, _ in found} == set(points)


@pytest.mark.parametrize(
    ("where", "fits", "not_known_to_violate"),
    [
        (Where(), {"kettle", "teapot", "lamp", "mystery"}, {"kettle", "teapot", "lamp", "mystery"}),
        (Where(brands=("BREVIK",)), {"kettle", "teapot"}, {"kettle", "teapot", "mystery"}),
        (
            Where(brands=("Solvei", "Brevik")),
            {"kettle", "teapot", "lamp"},
            {"kettle", "teapot", "lamp", "mystery"},
        ),
        (Where(categories=("kitchen",)), {"kettle", "teapot"}, {"kettle", "teapot", "mystery"}),
        (Where(categories=("Kitchen > Drinks > Kettles",)), {"kettle"}, {"kettle", "mystery"}),
        (Where(price_max=usd(2500)), {"teapot"}, {"teapot", "lamp", "mystery"}),
        (Where(price_min=usd(2501)), {"kettle"}, {"kettle", "lamp", "mystery"}),
        (
            Where(price_min=usd(2500), price_max=usd(3999)),
            {"kettle", "teapot"},
            {"kettle", "teapot", "lamp", "mystery"},
        ),
        (Where(rating_min=4.0), {"kettle"}, {"kettle", "lamp", "mystery"}),
        (Where(rating_max=4.0), {"teapot"}, {"teapot", "lamp", "mystery"}),
        (Where(reviews_min=200), {"kettle"}, {"kettle", "teapot", "lamp", "mystery"}),
        (Where(reviews_max=100), set(), {"teapot", "lamp", "mystery"}),
        (Where(attributes={"color": ("red",)}), {"kettle"}, {"kettle", "lamp", "mystery"}),
        (
            Where(attributes={"COLOR": ("RED", "clear")}),
            {"kettle", "teapot"},
            {"kettle", "teapot", "lamp", "mystery"},
        ),
        (Where(available_only=True), {"kettle", "lamp"}, {"kettle", "lamp", "mystery"}),
        (Where(brands=("Brevik",), price_max=usd(3000)), {"teapot"}, {"teapot", "mystery"}),
    ],
)
def test_filters(index: ProductIndex, where: Where, fits: set[str], not_known_to_violate: set[str]) -> None:
    assert ids(index, where) == fits
    assert ids(index, where, unknown="passes") == not_known_to_violate
    assert index.count(where) == len(fits)


@pytest.mark.parametrize(
    ("without", "left"),
    [
        (Without(), {"kettle", "teapot", "lamp", "mystery"}),
        (Without(brands=("BREVIK",)), {"lamp", "mystery"}),
        (Without(brands=("Solvei", "Brevik")), {"mystery"}),
        (Without(categories=("kettles",)), {"teapot", "lamp", "mystery"}),
        (Without(categories=("Kitchen > Drinks",)), {"lamp", "mystery"}),
        (Without(attributes={"COLOR": ("red", "clear")}), {"lamp", "mystery"}),
        (Without(attributes={"color": ("steel",), "capacity": ("9 L",)}), {"teapot", "lamp", "mystery"}),
        (Without(brands=("Solvei",), categories=("Teapots",)), {"kettle", "mystery"}),
    ],
)
def test_an_excluded_fact_drops_what_states_it_and_nothing_else(
    index: ProductIndex, without: Without, left: set[str]
) -> None:
    assert ids(index, Where(), without=without) == left
    assert ids(index, Where(), without=without, unknown="passes") == left
    assert index.count(without=without) == len(left)


def test_an_excluded_term_is_no_filter(index: ProductIndex) -> None:
    without = Without(terms=("kettle",))
    assert ids(index, Where(), without=without) == {"kettle", "teapot", "lamp", "mystery"}
    assert index.count(without=without) == 4


def test_requirements_and_exclusions_hold_together(index: ProductIndex) -> None:
    where, without = Where(brands=("Brevik",)), Without(categories=("Teapots",))
    assert ids(index, where, without=without) == {"kettle"}
    assert ids(index, where, without=without, unknown="passes") == {"kettle", "mystery"}
    assert index.count(where, without) == 1


def test_facets_count_within_a_filter(index: ProductIndex) -> None:
    colors = index.facet("color", Where(brands=("Brevik",)))
    assert {t.label: t.count for t in colors} == {"Red": 1, "Steel": 1, "clear": 1}
    assert [(t.label.casefold(), t.count) for t in index.facet("brand")] == [("brevik", 2), ("solvei", 1)]
    assert {t.label: t.count for t in index.facet("availability")} == {
        "in_stock": 1,
        "out_of_stock": 1,
        "backorder": 1,
    }
    assert {t.label: t.count for t in index.facet("category", Where(categories=("Kitchen",)))} == {
        "Kitchen": 2,
        "Kitchen > Drinks": 2,
        "Kitchen > Drinks > Kettles": 1,
        "Kitchen > Drinks > Teapots": 1,
    }


def test_a_facet_of_an_unknown_field_says_what_there_is(index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="brand, category"):
        index.facet("colour of magic")


def test_vocabulary_names_brands_once_and_counts_the_tree(index: ProductIndex) -> None:
    found = index.vocabulary()
    assert found.products == 4
    assert {(b.label.casefold(), b.count) for b in found.brands} == {("brevik", 2), ("solvei", 1)}
    assert {c.path[0]: c.count for c in found.categories if len(c.path) == 1} == {"Kitchen": 2, "Home": 1}
    (dollars,) = [p for p in found.prices if p.currency == "USD"]
    assert (dollars.quantiles[0][1], dollars.quantiles[-1][1]) == (usd(2500), usd(3999))


def test_upsert_replaces_and_adds(index: ProductIndex) -> None:
    cheaper = KETTLE.model_copy(update={"price": usd(1999), "title": "Gooseneck kettle"})
    jug = Product(id="jug", title="Water jug")
    index.upsert([cheaper, jug])
    assert index.get(["kettle", "jug"]) == {"kettle": cheaper, "jug": jug}
    assert index.count() == 5
    found = index.search(index.vectors("gooseneck", ["title"]))["title"]
    assert list(index.products([found[0][0]]).values()) == [cheaper]
    assert index.vocabulary().products == 5


def test_delete_removes_and_ignores_what_is_not_there(index: ProductIndex) -> None:
    index.delete(["kettle", "nothing"])
    assert index.get(["kettle"]) == {}
    assert index.count() == 3


def test_a_patched_price_is_seen_by_the_next_query(index: ProductIndex) -> None:
    assert ids(index, Where(price_max=usd(1000))) == set()
    patched = index.patch("kettle", price=usd(999), availability=Availability.OUT_OF_STOCK)
    assert ids(index, Where(price_max=usd(1000))) == {"kettle"}
    assert index.get(["kettle"])["kettle"] == patched
    assert ids(index, Where(available_only=True)) == {"lamp"}
    assert patched.attributes == KETTLE.attributes


def test_patching_availability_to_unknown_forgets_it(index: ProductIndex) -> None:
    index.patch("kettle", availability=Availability.UNKNOWN)
    assert ids(index, Where(available_only=True)) == {"lamp"}
    assert "kettle" in ids(index, Where(available_only=True), unknown="passes")


def test_patching_what_is_not_there_is_refused(index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="no product 'nothing'"):
        index.patch("nothing", price=usd(1))


def test_there_is_no_index_before_one_is_built(home: Home) -> None:
    with pytest.raises(IndexMissing, match="aisle index"):
        home.live()


def test_another_encoder_is_refused_with_the_way_out(home: Home) -> None:
    build(home, SHOP)
    with pytest.raises(IndexMismatch, match=r"AISLE_ENCODER.*aisle index"):
        opened(home, WordEncoder("other"))


def test_a_rebuild_holds_exactly_the_new_products(home: Home) -> None:
    build(home, SHOP)
    build(home, [LAMP, Product(id="new", title="Something new")])
    index = opened(home)
    assert index.count() == 2
    assert set(index.get(["kettle", "lamp", "new"])) == {"lamp", "new"}


def test_a_rebuild_encodes_only_what_reads_differently(home: Home) -> None:
    build(home, SHOP)
    encoder = WordEncoder()
    repriced = KETTLE.model_copy(update={"price": usd(1)})
    renamed = LAMP.model_copy(update={"title": "Reading lamp"})
    build(home, [repriced, TEAPOT, renamed], encoder)
    assert encoder.encoded == 1
    assert opened(home).get(["kettle"]) == {"kettle": repriced}


def test_a_draft_left_unfinished_is_continued(home: Home) -> None:
    products = [Product(id=str(n), title=f"Thing number {n}") for n in range(1200)]

    class Unplugged(WordEncoder):
        def encode_documents(self, texts: Sequence[str]):  # type: ignore[no-untyped-def]
            if self.encoded:
                raise ConnectionAbortedError
            return super().encode_documents(texts)

    with pytest.raises(ConnectionAbortedError):
        build(home, products, Unplugged())
    with pytest.raises(IndexMissing):
        home.live()
    encoder = WordEncoder()
    build(home, products, encoder)
    assert encoder.encoded == 1200 - 512
    assert opened(home).count() == 1200


def test_a_running_index_switches_to_a_rebuild(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.server.LOOK_AGAIN_S", 0.0)
    build(home, SHOP)
    index = opened(home)
    assert index.count() == 4
    build(home, [LAMP])
    assert index.count() == 1
    assert index.get(["lamp"]) == {"lamp": LAMP}


def test_updating_nothing_changes_nothing(index: ProductIndex) -> None:
    index.upsert([])
    index.delete([])
    assert index.count() == 4


def test_the_vocabulary_follows_a_patch(index: ProductIndex) -> None:
    assert index.vocabulary().prices
    index.patch("kettle", price=usd(99_999))
    (dollars,) = [p for p in index.vocabulary().prices if p.currency == "USD"]
    assert dollars.quantiles[-1][1] == usd(99_999)


def test_the_vocabulary_forgets_what_the_last_product_took_along(index: ProductIndex) -> None:
    index.upsert(
        [Product(id="krone", title="Sea chart", brand="Fyr", price=Money(amount=100, currency="NOK"))]
    )
    assert "NOK" in {prices.currency for prices in index.vocabulary().prices}
    index.delete(["krone"])
    assert "NOK" not in {prices.currency for prices in index.vocabulary().prices}
    assert "Fyr" not in {brand.label for brand in index.vocabulary().brands}


def test_patches_from_two_threads_both_count(index: ProductIndex) -> None:
    def reprice(n: int) -> None:
        index.patch("kettle", price=usd(n))

    def restock(n: int) -> None:
        index.patch("kettle", availability=[Availability.IN_STOCK, Availability.OUT_OF_STOCK][n % 2])

    for n in range(40):
        both = [threading.Thread(target=change, args=(n,)) for change in (reprice, restock)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()
        kettle = index.get(["kettle"])["kettle"]
        assert kettle.price == usd(n)
        assert kettle.availability is [Availability.IN_STOCK, Availability.OUT_OF_STOCK][n % 2]


def test_a_source_that_changes_while_it_is_read_leaves_the_live_index_alone(home: Home) -> None:
    build(home, SHOP)
    once = iter([LAMP, TEAPOT])  # a second reading finds nothing
    with pytest.raises(InvalidSource, match="changed while it was read"):
        build_index(lambda: once, home, WordEncoder())
    index = opened(home)
    assert index.count() == 4
    index.close()


def test_a_rebuild_with_another_encoder_is_refused_by_those_who_search(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.server.LOOK_AGAIN_S", 0.0)
    build(home, SHOP)
    index = opened(home)
    build(home, SHOP, WordEncoder("other"))
    for _ in range(2):
        with pytest.raises(IndexMismatch, match="AISLE_ENCODER"):
            index.count()


def test_a_reader_that_has_not_looked_yet_finds_the_rebuild_all_the_same(home: Home) -> None:
    build(home, SHOP)
    index = opened(home)
    build(home, [LAMP])
    assert index.get(["lamp", "kettle"]) == {"lamp": LAMP}
    index.close()


def test_what_matches_is_listed_by_a_number_and_what_does_not_state_it_comes_last(
    index: ProductIndex,
) -> None:
    def listed(**wishes: object) -> list[str]:
        found = index.matching(**wishes)  # type: ignore[arg-type]
        products = index.products(found)
        return [products[point].id for point in found]

    assert listed(by="price", lowest_first=True)[-1] == "mystery"
    assert set(listed(by="price")) == {p.id for p in SHOP}
    kettle, teapot = KETTLE.price, TEAPOT.price
    assert kettle
    assert teapot
    dearest = "kettle" if kettle.amount > teapot.amount else "teapot"
    assert listed(by="price", where=Where(brands=("Brevik",)))[0] == dearest
    assert listed(by="price", where=Where(brands=("Brevik",)), lowest_first=True)[-1] == dearest
    assert listed(without=Without(brands=("Brevik",)), limit=1) != ["teapot"]
