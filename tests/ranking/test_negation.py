"""A bare query gives away what it excludes; names, titles and properties with a "no" in them stay whole."""

import pytest

from ranking.negation import Wanted, wants


@pytest.mark.parametrize(
    ("query", "positive", "excluded"),
    [
        ("wall lamp without cord", "wall lamp", ("cord",)),
        ("Wall Lamp WITHOUT a Cord", "Wall Lamp", ("cord",)),
        ("pillow w/o feathers", "pillow", ("feathers",)),
        ("belt with no buckle", "belt", ("buckle",)),
        ("belt no buckle", "belt", ("buckle",)),
        ("belt, no buckle, brown", "belt brown", ("buckle",)),
        ("%100 silicone not clear", "%100 silicone", ("clear",)),
        ("wireless thermostat without c wire", "wireless thermostat", ("c wire",)),
        (
            "tortillas without interesterified soybean oil\u201d",
            "tortillas",
            ("interesterified soybean oil",),
        ),
        ("lights without wiring with switch", "lights with switch", ("wiring",)),
        ("wall lamp without cord for bedroom", "wall lamp for bedroom", ("cord",)),
        ("shoes without laces black size 10", "shoes black size 10", ("laces",)),
        ("dress without sleeves and with pockets", "dress with pockets", ("sleeves",)),
        ("shampoo without parabens, sulfates or dyes", "shampoo", ("parabens", "sulfates", "dyes")),
        ("cookies free of nuts and dairy", "cookies", ("nuts", "dairy")),
        ("dog food no chicken no grain", "dog food", ("chicken", "grain")),
        ("couch not leather or suede", "couch", ("leather", "suede")),
        ("sofa but not leather", "sofa", ("leather",)),
        ("lamp that is not white", "lamp", ("white",)),
        ("lamp that does not have a cord", "lamp", ("cord",)),
        ("shoes i don\u2019t want laces", "shoes", ("laces",)),
        ("jam no added sugar", "jam", ("added sugar",)),
        ("phone without any camera please", "phone", ("camera",)),
        ("shirt without pocket", "shirt", ("pocket",)),
        ("not red", "", ("red",)),
        ("without sugar", "", ("sugar",)),
    ],
)
def test_an_exclusion_leaves_the_query(query: str, positive: str, excluded: tuple[str, ...]) -> None:
    assert wants(query) == Wanted(positive, excluded)


@pytest.mark.parametrize(
    ("query", "excluded"),
    [
        ("sugar free gum", ("sugar",)),
        ("gluten-free bread", ("gluten",)),
        ("no buckle belt", ("buckle",)),
        ("mens no buckle belt", ("buckle",)),
        ("no added sugar jam", ("added sugar",)),
    ],
)
def test_a_property_is_excluded_and_searched_for(query: str, excluded: tuple[str, ...]) -> None:
    assert wants(query) == Wanted(query, excluded)


@pytest.mark.parametrize(
    "query",
    [
        "no 7 serum",
        "no. 7 serum",
        "no 2 pencils",
        "no show socks",
        "no-show socks",
        "no iron shirt",
        "no tears shampoo",
        "no slip rug pad",
        "no drill curtain rod",
        "no more tears shampoo",
        "dr. no dvd",
        "say no to drugs poster",
        "yes no maybe book",
        "listen without prejudice shirt",
        "rebel without a cause",
        "men without hats",
        "not without my daughter",
        "shirt with or without collar",
        "not your phone tshirt",
        "watch the game not your phone tshirt",
        "make art not war poster",
        "not today satan",
        "do not disturb sign",
        "don't tread on me flag",
        "forget me not seeds",
        "to be or not to be mug",
        "the one for whom food is not enough",
        "hands free leash",
        "buy one get one free",
        "worry free travel",
        "free shipping tape",
        "wall lamp",
        "notebook",
        "nonstick pan",
        "  spaces  kept ",
        "no",
        "not",
        "without",
        "free",
        "no no no",
        "",
        "   ",
        "😀😀",
        "?!",
    ],
)
def test_what_excludes_nothing_stays_whole(query: str) -> None:
    assert wants(query) == Wanted(query, ())


def test_a_known_name_stays_whole() -> None:
    names = {"no boundaries", "not your mother's"}
    assert wants("No Boundaries jeans", names) == Wanted("No Boundaries jeans", ())
    assert wants("not your mother's shampoo without sulfates", names) == Wanted(
        "not your mother's shampoo", ("sulfates",)
    )


@pytest.mark.parametrize("word", ["x", "no ", "not ", "without ", "no buckle ", ", ", "a-", "free "])
def test_a_text_that_is_no_query_excludes_nothing(word: str) -> None:
    text = word * 5_000
    assert wants(text) == Wanted(text, ())


@pytest.mark.parametrize("word", ["no ", "not ", "without ", "with no ", "and ", ", ", "free of "])
def test_a_query_of_nothing_but_triggers_excludes_nothing(word: str) -> None:
    assert wants(word * 20).excluded == ()
