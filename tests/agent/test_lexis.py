"""Which names a catalogue answers to, and which of them are sure enough to filter by."""

import pytest

from agent.reading.lexis import Lexis, Named, compile_lexis, words
from catalog.lexicon import Lexicon
from catalog.vocabulary import Attribute, Category, Term, Vocabulary


def shop(*brands: tuple[str, int], lexicon: Lexicon | None = None, **others: tuple[object, ...]) -> Lexis:
    named = tuple(Term(label=label, count=count) for label, count in brands)
    parts = {"categories": (), "attributes": (), "prices": (), **others}
    return compile_lexis(Vocabulary.model_validate({"products": 1000, "brands": named, **parts}), lexicon)


def brand(text: str, lexis: Lexis) -> Named | None:
    return lexis.brand_at(words(text), 0)


@pytest.mark.parametrize(
    ("text", "label", "size"),
    [
        ("skarvane jacket", "Skarvane", 1),
        ("SKARVANE's jacket", "Skarvane", 1),
        ("tolly grove dress", "Tolly Grove", 2),
        ("Tolly-Grove dress", "Tolly Grove", 2),
        ("tollygrove dress", "Tolly Grove", 1),
        ("Basten & Pym desk", "Basten & Pym", 2),
        ("basten and pym desk", "Basten & Pym", 3),
    ],
)
def test_a_brand_is_found_however_it_is_written(text: str, label: str, size: int, lexis: Lexis) -> None:
    assert brand(text, lexis) == Named(label, size, certain=True)


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("U.S. Divers fins", "U.S. Divers"),
        ("us divers fins", "U.S. Divers"),
        ("levis jeans", "Levi's"),
        ("levi's jeans", "Levi's"),
        ("e cloth", "E-Cloth"),
        ("ecloth", "E-Cloth"),
        ("tresemme shampoo", "TRESemmé"),
        ("under armor shoes", "Under Armour"),
        ("carhart jacket", "Carhartt"),
    ],
)
def test_signs_accents_and_slips_do_not_hide_a_brand(written: str, label: str) -> None:
    labels = ("U.S. Divers", "Levi's", "E-Cloth", "TRESemmé", "Under Armour", "Carhartt")
    found = brand(written, shop(*((label, 20) for label in labels)))
    assert found is not None
    assert found.label == label


def test_a_slip_is_put_right_only_where_one_brand_is_near() -> None:
    one = shop(("Makita", 20))
    assert brand("makitta drill", one) == Named("Makita", 1, certain=True, corrected=True)
    assert brand("makitte drill", shop(("Makitta", 20), ("Makitto", 20))) is None


@pytest.mark.parametrize("text", ["maker faire", "can on", "make it", "qqqq", "garden"])
def test_words_that_only_resemble_a_brand_are_none(text: str) -> None:
    assert brand(text, shop(("Makita", 20), ("Canon", 20), ("Gardena", 20))) is None


def test_the_longest_name_wins() -> None:
    lexis = shop(("Amazon", 30), ("Amazon Basics", 10))
    found = brand("amazon basics cable", lexis)
    assert found is not None
    assert found.label == "Amazon Basics"


@pytest.mark.parametrize("word", ["Simple", "Case", "Pure", "Gap", "Champion"])
def test_an_ordinary_word_is_an_uncertain_brand(word: str) -> None:
    assert brand(f"{word} cream", shop((word, 50))) == Named(word, 1, certain=False)


@pytest.mark.parametrize("label", ["Generic", "Unknown", "Unbranded", "N/A"])
def test_what_feeds_write_for_no_brand_is_none(label: str) -> None:
    assert brand(label, shop((label, 50))) is None


def test_titles_tell_whether_a_word_means_the_brand() -> None:
    titles = {"champion": 52, "apple": 80, "kwonta": 200}
    lexicon = Lexicon(titles, titles, products=1000)
    lexis = shop(("Champion", 50), ("Apple", 20), ("Kwonta", 10), lexicon=lexicon)
    certain = {name: (found := brand(name, lexis)) is not None and found.certain for name in titles}
    assert certain == {"champion": True, "apple": False, "kwonta": False}


def test_a_brand_that_is_also_a_category_is_uncertain() -> None:
    kettles = Category(path=("Zorbles",), count=9)
    assert brand("zorbles", shop(("Zorbles", 50), categories=(kettles,))) == Named(
        "Zorbles", 1, certain=False
    )


def test_a_brand_with_one_product_is_uncertain() -> None:
    assert brand("zwibble mug", shop(("Zwibble", 1))) == Named("Zwibble", 1, certain=False)


def test_a_category_is_found_by_its_level_or_by_half_of_it(lexis: Lexis) -> None:
    assert lexis.categories_at(words("kitchen stuff"), 0) == (("Kitchen & Dining",), 1)
    assert lexis.categories_at(words("mug"), 0) == (("Kitchen & Dining > Tableware > Mugs",), 1)
    assert lexis.categories_at(words("rain jackets"), 0) == (("Clothing > Outerwear > Rain Jackets",), 2)


def test_a_kind_of_kettle_answers_to_kettles_where_nothing_else_does(lexis: Lexis) -> None:
    names, _ = lexis.categories_at(words("kettles"), 0)
    assert names == ("Kitchen & Dining > Small Appliances > Electric Kettles",)


def test_a_misspelt_category_is_found(lexis: Lexis) -> None:
    names, size = lexis.categories_at(words("suitcasse"), 0)
    assert (names, size) == (("Travel & Luggage > Luggage > Suitcases",), 1)


def test_values_are_found_with_their_attribute(lexis: Lexis) -> None:
    by_name, size = lexis.values_at(words("stainless steel pan"), 0)
    assert size == 2
    assert by_name["material"] == ("stainless steel",)


def test_a_yes_or_no_attribute_is_found_by_its_name(lexis: Lexis) -> None:
    assert lexis.switch_at(words("waterproof"), 0) == ("waterproof", 1)


def test_values_of_an_attribute_that_is_no_switch_are_listed() -> None:
    size = Attribute(name="size", count=9, values=(Term(label="US 9", count=5), Term(label="M", count=4)))
    lexis = shop(attributes=(size,))
    assert lexis.attribute(("color", "size")) == "size"
    assert lexis.values_of("size") == ("US 9", "M")


def test_brands_with_a_no_in_their_name_are_known() -> None:
    assert shop(("No Boundaries", 9), ("Acme", 9)).denials == {"no boundaries"}


def test_no_words_name_nothing(lexis: Lexis) -> None:
    assert lexis.brand_at([], 0) is None
    assert lexis.categories_at([], 0) == ((), 0)
    assert lexis.values_at([], 0) == ({}, 0)
