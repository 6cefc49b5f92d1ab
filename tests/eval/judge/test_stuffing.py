"""Repetition is taken away, speech is left alone."""

import pytest

from catalog.demo import products
from eval.judge.bias import stuffed
from eval.judge.records import Case, Pair
from eval.judge.stuffing import unstuffed
from tests.eval.judge.made_up import case


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("A plate. red mug red mug red mug", "A plate."),
        ("A plate. Red mug, red mug! RED MUG | red mug", "A plate."),
        ("mug mug mug mug", None),
        ("A very, very good mug. New! New!", "A very, very good mug. New! New!"),
        ("Red mug and blue mug and green mug", "Red mug and blue mug and green mug"),
        ("no no no wait", "wait"),
        ("before red mug red mug red mug after", "before after"),
    ],
)
def test_a_description_loses_what_it_repeats_in_place(said: str, left: str | None) -> None:
    assert unstuffed(case("q", "a", description=said).product).description == left


def test_a_title_keeps_the_phrase_once() -> None:
    assert unstuffed(case("q", "a", "Mug mug mug mug red").product).title == "Mug red"
    assert unstuffed(case("q", "a", "red mug red mug red mug").product).title == "red mug"


def test_stuffing_leaves_a_listing_as_it_was() -> None:
    for product in list(products())[::97]:
        if product.description:
            pair = Pair(query_id="q", query="large ceramic mug", product_id=product.id)
            altered = stuffed(Case(pair=pair, product=product)).product
            assert altered != product
            plain = unstuffed(altered).description
            assert plain is not None
            assert plain.split() == product.description.split()


def test_honest_listings_are_handed_back_as_they_are() -> None:
    some = list(products())[::10]
    assert all(unstuffed(product) is product for product in some)


def test_more_stuffing_than_is_read_leaves_nothing_of_it() -> None:
    text = " ".join(["A plate.", *["red mug"] * 9000])
    assert unstuffed(case("q", "a", description=text).product).description == "A plate."


def test_a_long_text_without_repetition_is_kept_whole() -> None:
    text = " ".join(str(number) for number in range(9000))
    assert unstuffed(case("q", "a", description=text).product).description == text
