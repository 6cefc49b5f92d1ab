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
        ("couch that mustn't contain any leather", "couch", ("leather",)),
        ("it must not contain leather, a couch", "a couch", ("leather",)),
        ("thermostat, I don't have a C wire", "thermostat", ("c wire",)),
        ("cutting board that isn't made of plastic", "cutting board", ("plastic",)),
        ("yoga mat that has no smell", "yoga mat", ("smell",)),
        ("candle with zero scent", "candle", ("scent",)),
        ("bowl that is neither glass nor plastic", "bowl", ("glass", "plastic")),
        ("protein bar for someone with a nut allergy", "protein bar for someone", ("nut",)),
        ("dog bed, my dog hates fleece", "dog bed", ("fleece",)),
        ("my cat won't eat fish, wet food", "wet food", ("fish",)),
        ("stroller, ditch the cup holder", "stroller", ("cup holder",)),
        ("gloves instead of leather something in nylon", "gloves something in nylon", ("leather",)),
        ("kettle, any color but black", "kettle", ("black",)),
        ("everything except wool, sweater", "sweater", ("wool",)),
        ("bag, don't want anything with zippers", "bag", ("zippers",)),
        ("burger press, hold the handle", "burger press", ("handle",)),
        ("granola minus the raisins", "granola", ("raisins",)),
        ("soap, nothing scented", "soap", ("scented",)),
        ("watch but please nothing gold", "watch", ("gold",)),
        ("wallet, just not brown", "wallet", ("brown",)),
        ("oven gloves other than silicone ones", "oven gloves", ("silicone",)),
        ("mug without any text or logo on it", "mug", ("text", "logo")),
        ("bag no leather and waterproof", "bag waterproof", ("leather",)),
        ("box with no plastic, metal is fine", "box metal is fine", ("plastic",)),
        ("i don't want a red one, mug", "mug", ("red",)),
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
        ("non-leather belt", ("leather",)),
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
        "hands-free leash",
        "free weights",
        "duty free perfume",
        "no drill blinds",
        "non-stick pan",
        "allergy relief",
        "tent, not too heavy",
        "box no larger than a shoebox",
        "a gift, no matter the price",
        "no preference on color, a lamp",
        "not sure what i want, maybe a lamp",
        "not only for kids, a board game",
        "no problem with size, a tent",
        "nothing fancy, a kettle",
        "nothing phone 2",
        "no idea what to get my dad",
        "not bad headphones",
        "desk, no rush",
        "i don't have time to cook, snacks",
        "a jacket you don't need to iron",
        "mug that says i hate mondays",
        "not gluten free bread",
        "not necessarily leather wallet",
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
