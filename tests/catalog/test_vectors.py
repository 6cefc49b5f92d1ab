"""BM25 vectors and the texts they are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.bm25 import FieldBm25, Lexer, average_length
from catalog.keys import attribute_key, category_keys, key
from catalog.points import commerce, payload, point_id, product_of
from catalog.product import Availability, Money, Product
from catalog.texts import body_text, dense_text, title_text

JACKET = Product(
    id="jacket",
    title="Rain jacket",
    brand="Skarvane",
    categories=("Clothing", "Jackets"),
    description="Keeps you dry.",
    attributes={"color": ("navy",), "hood": ("no",), "waterproof": ("yes",)},
    tags=("travel",),
)


def test_a_terms_weight_is_bm25s_by_hand() -> None:
    # tf 2, length 3, average 4, k1 1.2, b 0.5: 2 * 2.2 / (2 + 1.2 * (0.5 + 0.5 * 3 / 4)) = 4.4 / 3.05
    vector = Lexer(FieldBm25(k1=1.2, b=0.5, average_length=4)).document("kettle kettle lamp")
    assert max(vector.values) == pytest.approx(4.4 / 3.05, rel=1e-4)
    assert min(vector.values) == pytest.approx(2.2 / (1 + 1.2 * 0.875), rel=1e-4)


def test_query_and_document_agree_on_terms_whatever_case_accent_or_ending() -> None:
    lexer = Lexer(FieldBm25())
    assert lexer.query("CRÈME kettles").indices == lexer.query("creme kettle").indices
    assert set(lexer.query("kettles").indices) <= set(lexer.document("one kettle").indices)


def test_average_length_counts_tokens() -> None:
    assert average_length(["red kettle", "red red red red"]) == 3.0
    assert average_length([]) == 1.0
    assert average_length(["the and of"]) == 1.0


def test_the_body_has_the_titles_words_too() -> None:
    assert title_text(JACKET) == "Skarvane Rain jacket"
    assert "Skarvane Rain jacket" in body_text(JACKET)
    assert "Jackets" in body_text(JACKET)
    assert "travel" in body_text(JACKET)


def test_a_brand_in_the_title_is_not_said_twice() -> None:
    assert title_text(JACKET.model_copy(update={"title": "SKARVANE rain jacket"})) == "SKARVANE rain jacket"


def test_what_a_product_has_not_is_not_among_its_words() -> None:
    for text in (body_text(JACKET), dense_text(JACKET)):
        assert "hood" not in text
        assert "waterproof" in text
        assert "navy" in text


@given(st.text())
def test_the_normal_form_is_a_fixed_point(text: str) -> None:
    assert key(key(text)) == key(text)


def test_the_normal_form_by_example() -> None:
    assert key("  Crème\u00a0 BRÛLÉE ") == "crème brûlée"
    assert attribute_key("Color", "Dark  Red") == "color=dark red"
    assert category_keys(("Home", "Lamps", "Home")) == [
        "home",
        "lamps",
        "home > lamps",
        "home > lamps > home",
    ]


def test_a_payload_gives_the_product_back() -> None:
    assert product_of(payload(JACKET)) == JACKET


def test_what_is_unknown_is_absent_from_the_payload() -> None:
    stored = payload(Product(id="x", title="X"))
    assert {"brand", "price", "currency", "availability", "rating", "category", "facts"}.isdisjoint(stored)


def test_a_free_product_has_a_price() -> None:
    free = Product(id="x", title="X", price=Money(amount=0, currency="USD"))
    assert payload(free)["price"] == 0
    assert commerce(free.model_copy(update={"availability": Availability.UNKNOWN}))["availability"] is None


def test_only_counted_attributes_are_choices() -> None:
    assert payload(JACKET, ["color"])["choices"] == ["color=navy"]
    assert "choices" not in payload(JACKET)


def test_point_ids_do_not_change_between_versions() -> None:
    assert point_id("kettle") == "d9e80a90-a939-5a72-a8d7-28f633fca274"
    assert point_id("kettle") != point_id("Kettle")
