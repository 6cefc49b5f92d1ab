"""Which query belongs to which slice, over a small vocabulary."""

import pytest

from catalog.product import Product
from catalog.vocabulary import Attribute, Category, Term, Vocabulary
from eval.slices import SLICES, letters, slices, title_words

VOCABULARY = Vocabulary(
    products=9,
    brands=tuple(
        Term(label=label, count=1)
        for label in ("Carhartt", "Michael Kors", "O'Keeffe's", "DeWALT", "The One", "3", "Procter & Gamble")
    ),
    categories=(
        Category(path=("Shoes",), count=2),
        Category(path=("Shoes", "Flip-Flops"), count=1),
        Category(path=("Music", "Guitars"), count=1),
        Category(path=("Home & Kitchen",), count=1),
    ),
    attributes=(Attribute(name="color", count=2, values=(Term(label="turquoise", count=1),)),),
    prices=(),
)
WORDS = title_words(
    [
        Product(id="1", title="Men's silicone belt with buckle"),
        Product(id="2", title="Marshmallows, leather strap 2XL", brand="Nyström"),
    ]
)


def slices_of(text: str) -> set[str]:
    return {name for name, ids in slices({"q": text}, VOCABULARY, WORDS).items() if "q" in ids}


@pytest.mark.parametrize(
    "text",
    [
        "brown belt without buckle",
        "Belt WITHOUT buckle",
        "belt w/o buckle",
        "belt with no buckle",
        "%100 silicone not clear",
        "non stick pan",
        "non-stick pan",
        "sugar-free marshmallows",
        "free of nickel",
        "shirt that doesn't shrink",
        "shirt that doesn\u2019t shrink",
        "everything except belts",
    ],
)
def test_negation(text: str) -> None:
    assert "negation" in slices_of(text)


@pytest.mark.parametrize(
    "text", ["notebook", "nordic lamp", "free shipping", "cordless lamp", ["no", "show socks maybe"][1]]
)
def test_words_that_only_look_like_negation(text: str) -> None:
    assert "negation" not in slices_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "carhartt double front pants",
        "michael  KORS handbags",
        "okeeffes hand cream",
        "o\u2019keeffe's hand cream",
        "dewalt",
        "procter & gamble soap",
    ],
)
def test_brand(text: str) -> None:
    assert "brand" in slices_of(text)


@pytest.mark.parametrize(
    "text", ["michael jackson shirt", "the one ring", "3 shelves", "kors michael", "carhart"]
)
def test_what_is_no_brand(text: str) -> None:
    assert "brand" not in slices_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "1/2 inch binder",
        "potassium 200mg",
        "size nine shoes",
        "womens shirt XXL",
        "petite pants",
    ],
)
def test_number_or_size(text: str) -> None:
    assert "number or size" in slices_of(text)


@pytest.mark.parametrize("text", ["kettle", "men's shirt", "usb c cable m", "sizeable shelf", "mini car"])
def test_neither_number_nor_size(text: str) -> None:
    assert "number or size" not in slices_of(text)


def test_long_is_six_words_and_signs_are_none() -> None:
    assert "long" in slices_of("black bardot top off the shoulder")
    assert "long" not in slices_of("wall beds & murphy bed queen")
    assert "long" not in slices_of("half-inch pvc coupling w/o stop")


def test_single_word() -> None:
    assert "single word" in slices_of("flip-flops")
    assert "single word" in slices_of(" guitar ! ")
    assert "single word" not in slices_of("flip flops")


@pytest.mark.parametrize(
    "text",
    ["siliconee belt", "silcone belt", "silicxne belt", "sliicone belt", "turqoise", "guitarr", "nystrom"],
)
def test_misspelt_is_one_letter_missing_too_many_wrong_or_swapped(text: str) -> None:
    """A word that nobody writes, next to one that a title, brand, category or value has."""
    assert "misspelt" in slices_of(text)


@pytest.mark.parametrize(
    "text",
    [
        "silicone belt",
        "silicones belts",
        "guitar",
        "marshmallow",
        "mens",
        "slcone belt",
        "zither",
        "bel",
        "nystorm",  # two edits from nyström
        "nyström",
    ],
)
def test_what_is_known_unlike_anything_or_short_is_not_misspelt(text: str) -> None:
    assert "misspelt" not in slices_of(text)


@pytest.mark.parametrize("text", ["shoes", "Shoe", "flip flops", "flip-flop", "guitar", "home kitchen"])
def test_category_only(text: str) -> None:
    assert "category only" in slices_of(text)


@pytest.mark.parametrize("text", ["red shoes", "music store", "kitchen", ""])
def test_not_a_category_alone(text: str) -> None:
    assert "category only" not in slices_of(text)


def test_every_slice_is_there_in_order_and_queries_may_be_in_several() -> None:
    found = slices({"a": "carhartt", "b": "guitar", "c": "pan"}, VOCABULARY, WORDS)
    assert tuple(found) == SLICES
    assert found["single word"] == {"a", "b", "c"}
    assert found["brand"] == {"a"}
    assert found["category only"] == {"b"}
    assert found["negation"] == set()


def test_an_empty_catalogue_knows_no_names() -> None:
    nothing = Vocabulary(products=0, brands=(), categories=(), attributes=(), prices=())
    found = slices({"q": "carhartt guitar without strap"}, nothing, frozenset())
    assert {name for name, ids in found.items() if ids} == {"negation"}


def test_letters() -> None:
    assert letters("Men's 2XL T-shirt") == ["mens", "xl", "t", "shirt"]
