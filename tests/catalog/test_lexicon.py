"""The words of a catalogue, read from both engines and kept current."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient

from catalog import lexicon
from catalog.collection import Home
from catalog.edge_home import EdgeHome
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.lexicon import Lexicon, fold, inflections, is_english, words_of
from catalog.product import Money, Product
from catalog.server import ServerHome
from tests.fakes import WordEncoder

SHOP = [
    Product(id="1", title="Power bank, red", brand="Solvei", categories=("Phones", "Power Banks")),
    Product(id="2", title="Power bank, black", description="Charges a tablet twice."),
    Product(id="3", title="E-Cloth for glass", brand="E-Cloth", attributes={"material": ("microfibre",)}),
]


@pytest.fixture(params=["edge", "server"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    return (
        EdgeHome(tmp_path / "shop.index") if request.param == "edge" else ServerHome(QdrantClient(":memory:"))
    )


@pytest.fixture
def index(home: Home) -> Iterator[ProductIndex]:
    build_index(lambda: SHOP, home, WordEncoder())
    opened = ProductIndex(home, home.live(), WordEncoder())
    yield opened
    opened.close()


def test_words_are_counted_once_per_product_wherever_they_stand(index: ProductIndex) -> None:
    words = index.lexicon()
    assert [words.count(word) for word in ("power", "banks", "tablet", "microfibre", "sofa")] == [
        2,
        1,
        1,
        1,
        0,
    ]


def test_labels_count_neighbours_in_titles_and_categories_only(index: ProductIndex) -> None:
    words = index.lexicon()
    assert words.labelled("power", "bank") == 2
    assert words.labelled("power", "banks") == 1
    assert words.labelled("e", "cloth") == 1
    assert words.labelled("bank", "red") == 0, "a comma stands between them"
    assert words.labelled("tablet") == 0, "it is in a description"


def test_parts_of_brands_are_names(index: ProductIndex) -> None:
    assert index.lexicon().is_name("solvei")
    assert index.lexicon().is_name("cloth")
    assert not index.lexicon().is_name("power")


def test_an_added_product_brings_its_words(index: ProductIndex) -> None:
    before = index.lexicon()
    index.upsert([Product(id="4", title="Garden trellis", brand="Rankhelm")])
    after = index.lexicon()
    assert after is before, "nothing was read again"
    assert (after.count("trellis"), after.labelled("garden", "trellis")) == (1, 1)
    assert after.is_name("rankhelm")
    assert [near.word for near in after.near("trelis")] == ["trellis"]


def test_a_price_leaves_the_lexicon_alone(index: ProductIndex) -> None:
    before = index.lexicon()
    index.patch("1", price=Money(amount=900, currency="USD"))
    assert index.lexicon() is before
    assert before.count("power") == 2


def test_a_rebuild_is_read_anew(home: Home, index: ProductIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalog.server.LOOK_AGAIN_S", 0.0)
    assert index.lexicon().count("power") == 2
    build_index(lambda: [Product(id="9", title="Teapot")], home, WordEncoder())
    assert (index.lexicon().count("power"), index.lexicon().count("teapot")) == (0, 1)


def test_what_the_sample_missed_still_occurs(index: ProductIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexicon, "SAMPLE", 1)
    words = index.lexicon()
    assert words.products == 1
    unread = [word for word in ("red", "tablet", "glass") if not words.count(word)]
    assert len(unread) == 2
    assert all(words.occurs(word) for word in unread)
    assert not words.occurs("trellis")


def test_a_lexicon_that_learned_as_much_as_it_read_is_worn() -> None:
    words = Lexicon({"tea": 5}, products=1000)
    words.learn(Product(id=str(n), title="Tea") for n in range(1000))
    worn = [words.is_worn]
    words.learn([Product(id="last", title="Tea")])
    assert [*worn, words.is_worn] == [False, True]
    assert words.count("tea") == 1006


def test_near_finds_every_kind_of_single_mistake() -> None:
    words = Lexicon({"kettle": 7, "lamp": 3})
    for typo in ("ketle", "kettlee", "kettel", "kottle", "settle", "xkettle"):
        assert [near.word for near in words.near(typo)] == ["kettle"]
    assert words.near("kittel") == []


def test_near_finds_two_mistakes_in_long_words_only() -> None:
    words = Lexicon({"accessories": 7, "kettle": 7})
    assert words.near("accesoires") == [("accessories", 2, 7)]
    assert words.near("kitel") == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Women's CRÈME brûlée", ["women", "creme", "brulee"]),
        ("O\u2019Neill\u2019s e-cloth", ["oneill", "e", "cloth"]),
        ("\uff11.75in ½", ["1", "75in", "1", "2"]),
        ("ﬁsh \u200b", ["fish"]),
        ("наушники", ["наушники"]),
    ],
)
def test_words_are_folded(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_folding_changes_nothing_twice() -> None:
    for text in ("Women\u2019s ÅNGSTRÖM", "ﬀ ﬁ Ǆ", "İstanbul", "1½ in²"):
        assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("batteries", "battery"),
        ("planning", "plan"),
        ("baking", "bake"),
        ("boxes", "box"),
        ("battery", "batteries"),
        ("brush", "brushed"),
    ],
)
def test_inflections_lead_from_one_form_to_the_other(word: str, form: str) -> None:
    assert form in set(inflections(word))


def test_a_dictionary_knows_words_in_both_spellings_and_no_mistakes() -> None:
    assert all(map(is_english, ("laptop", "laptops", "colour", "color", "jewellery", "kayaking", "faux")))
    assert not any(map(is_english, ("keybord", "headphnoes", "blutooth", "xyzzy")))
