"""Words, stems and the ends of noun phrases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ranking.words import Finder, fold, phrase_ends, stem, telling, words


def test_words_are_compared_without_case_accents_apostrophes_and_endings() -> None:
    assert words("Men's CAFÉ mugs, 1.75 inch") == ("men", "cafe", "mug", "1.75", "inch")
    assert fold("Crème Brûlée") == "creme brulee"


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    assert telling(words("a kettle for the office")) == [stem("kettle"), stem("office")]
    assert telling(words("to be or")) == list(words("to be or"))


@pytest.mark.parametrize(
    ("title", "word", "ends"),
    [
        ("Philips data projector 150 ANSI lumens", "projector", True),
        ("Newstar projector ceiling mount", "projector", False),
        ("Laptop sleeve, black", "laptop", False),
        ("Laptop sleeve, black", "sleeve", True),
        ("Leather case for iPhone", "case", True),
        ("Fitness tracker", "tracker", True),
    ],
)
def test_what_a_product_is_ends_its_phrase(title: str, word: str, ends: bool) -> None:
    assert (stem(word) in phrase_ends(title)) is ends


def test_odd_text_has_no_words() -> None:
    assert words("") == words("!!! \x00 🎁") == ()
    assert phrase_ends("") == set()


@given(
    st.lists(
        st.sampled_from(
            [
                "Batteries",
                "battery",
                "1.75",
                "1.5 l",
                "5",
                "2.0",
                "USB-C",
                "Café",
                "lamps",
                "lamp's",
                "x",
                "9",
            ]
        )
    )
)
def test_finding_stems_is_the_same_as_splitting_the_text(said: list[str]) -> None:
    asked = words("battery lamp 1.75 usb cafe x 5 1")
    text = ", ".join(said)
    assert Finder(asked).among(text) == set(asked) & set(words(text))
    assert Finder([]).among(text) == set()
