"""One utterance, understood: what is required, what is wished, and what stays a matter of words."""

import pytest

from agent.plan import Intent, constraints
from agent.reading.intent import intent_of
from agent.reading.lexis import Lexis
from agent.reading.parse import LONGEST_READ, Reading, parse
from catalog.where import Where, Without
from ranking.records import LONGEST_QUERY, Search, Sort, Wish


def flat(reading: Reading) -> dict[str, object]:
    return constraints(Search(query=reading.query, where=reading.where, without=reading.without))


@pytest.mark.parametrize(
    ("utterance", "query", "required"),
    [
        (
            "gift for a 7 year old who likes space, under 30, nothing with batteries",
            "gift for a 7 year old who likes space",
            {"price_max": 30.0, "exclude": ["batteries"]},
        ),
        (
            "I'm looking for a backpack under $60 with 4+ stars, no leather please",
            "backpack",
            {"price_max": 60.0, "rating_min": 4.0, "exclude": ["leather"]},
        ),
        (
            "can you find me a lamp without a cord for the bedroom?",
            "lamp for the bedroom",
            {"exclude": ["cord"]},
        ),
        (
            "snacks for my son who is allergic to peanuts and dairy",
            "snacks for my son",
            {"exclude": ["peanuts", "dairy"]},
        ),
        ("I hate polyester, need a summer dress", "summer dress", {"exclude": ["polyester"]}),
        ("sofa in any colour other than black", "sofa in any colour", {"exclude": ["black"]}),
        ("lunch box not made of plastic", "lunch box", {"exclude": ["plastic"]}),
        (
            "puzzles, no small parts, 20-30 dollars",
            "puzzles",
            {"price_min": 20.0, "price_max": 30.0, "exclude": ["small parts"]},
        ),
        ("gluten-free cookies under 5", "gluten-free cookies", {"price_max": 5.0, "exclude": ["gluten"]}),
        ("hello", "", {}),
        ("show me", "", {}),
        ("hey there, I need a tent for two, thanks", "tent for two", {}),
    ],
)
def test_requirements_leave_the_query_and_the_rest_stays(
    utterance: str, query: str, required: dict[str, object], lexis: Lexis
) -> None:
    reading = parse(utterance, lexis)
    assert (reading.query, flat(reading)) == (query, required)


@pytest.mark.parametrize(
    "phrase",
    [
        "no 7 serum",
        "listen without prejudice",
        "not your phone tshirt",
        "under armour shoes",
        "under desk treadmill",
        "over the door organizer",
        "over ear headphones",
        "5 star notebook",
        "free people dress",
        "around the world game",
        "between the covers",
        "max factor mascara",
        "more than words card game",
        "at home hair dye",
        "top gun jacket",
        "less than perfect jeans",
        "best friend necklace",
        "hello kitty mug",
        "cheap trick vinyl",
        "i hate mondays mug",
        "green tea",
        "black pepper",
        "wine glass",
        "leather conditioner",
        "wood glue",
        "hand cream",
        "case for a red phone",
        "faux leather jacket",
        "leather shoe polish",
        "leather strap watch",
        "steel toe boots",
        "orange marmalade",
        "led bulb warm white",
        "running shoes size 8.5",
        "zapatos rojos",
        "наушники",
    ],
)
def test_product_phrases_stay_whole(phrase: str, lexis: Lexis) -> None:
    reading = parse(phrase, lexis)
    assert (reading.query, flat(reading)) == (phrase, {})


@pytest.mark.parametrize(
    ("utterance", "brands"),
    [
        ("skarvane jacket", ["Skarvane"]),
        ("jacket by skarvane", ["Skarvane"]),
        ("skarvan jacket", ["Skarvane"]),
        ("Tolly Grove or Lumvarro dresses", ["Tolly Grove", "Lumvarro"]),
        ("a dress from Tolly Grove, Lumvarro or Wrenlow", ["Tolly Grove", "Lumvarro", "Wrenlow"]),
        ("only Kinevolt chargers", ["Kinevolt"]),
        ("Kinevolt charger, Strandvolt cable", ["Kinevolt"]),
    ],
)
def test_a_brand_named_outright_is_required(utterance: str, brands: list[str], lexis: Lexis) -> None:
    assert list(parse(utterance, lexis).where.brands) == brands


@pytest.mark.parametrize(
    "utterance",
    [
        "gift for Kinevolt fans",
        "i already have a Kinevolt charger, looking for a cable",
        "bag like Portmantle",
        "Portmantle style bag",
        "case for my Kinevolt charger",
    ],
)
def test_a_brand_that_is_only_mentioned_is_not(utterance: str, lexis: Lexis) -> None:
    assert parse(utterance, lexis).where.brands == ()


@pytest.mark.parametrize(
    ("utterance", "query"),
    [
        ("charger but not from Kinevolt", "charger"),
        ("no Kinevolt chargers", "chargers"),
        ("charger, anything but Kinevolt", "charger"),
    ],
)
def test_a_brand_that_is_not_wanted_is_excluded(utterance: str, query: str, lexis: Lexis) -> None:
    reading = parse(utterance, lexis)
    assert (reading.query, reading.without.brands, reading.where.brands) == (query, ("Kinevolt",), ())


@pytest.mark.parametrize(
    ("utterance", "query", "without"),
    [
        ("sofa, not black", "sofa", Without(attributes={"color": ("black",)})),
        ("anything but red shoes", "shoes", Without(attributes={"color": ("red", "burgundy")})),
        (
            "wallet other than brown",
            "wallet",
            Without(attributes={"color": ("brown", "cognac", "walnut", "tan")}),
        ),
        ("anything but polyester dress", "dress", Without(terms=("polyester",))),
        ("chocolate without red dye", "chocolate", Without(terms=("red dye",))),
        ("a gift, nothing from the kitchen department", "gift", Without(categories=("Kitchen & Dining",))),
        ("any brand but Kinevolt, power bank", "power bank", Without(brands=("Kinevolt",))),
        ("skip the mugs, show me bowls", "bowls", Without(terms=("mugs",))),
    ],
)
def test_what_the_shop_counts_is_excluded_as_that_and_all_else_as_words(
    utterance: str, query: str, without: Without, lexis: Lexis
) -> None:
    reading = parse(utterance, lexis)
    assert (reading.query, reading.without, reading.where) == (query, without, Where())


def test_what_is_excluded_is_not_required(lexis: Lexis) -> None:
    for utterance in ("leather-free wallet", "no plastic packaging soap", "non-leather bag"):
        assert parse(utterance, lexis).where.is_empty


def test_a_misspelt_brand_is_put_right_in_the_query_too(lexis: Lexis) -> None:
    assert parse("skarvan jacket", lexis).query == "Skarvane jacket"


@pytest.mark.parametrize(
    ("utterance", "attributes"),
    [
        ("red dress", {"color": ("red", "burgundy")}),
        ("blue hoodie", {"color": ("navy", "blue", "sky", "indigo", "light blue")}),
        ("dress in navy", {"color": ("navy",)}),
        ("sage green mug", {"color": ("sage",)}),
        ("rose gold watch", {"color": ("rose gold",)}),
        ("scarf in cream", {"color": ("cream",)}),
        ("dark blue dress", {}),
        ("black and white mug", {"color": ("black", "white")}),
        (
            "waterproof jacket size L",
            {"waterproof": ("yes",), "size": ("L", "large", "L 58-62 cm", "large 95 L")},
        ),
        ("king sheets", {"size": ("King",)}),
        ("king cake", {}),
        ("hoodie in xl", {"size": ("XL",)}),
        ("small lamp", {}),
        ("shoes size 9", {"size": ("US 9",)}),
        ("queen size sheets", {"size": ("Queen",)}),
        ("slim fit jeans", {"fit": ("slim",)}),
        ("belt with buckle", {}),
    ],
)
def test_what_the_shop_counts_is_required(
    utterance: str, attributes: dict[str, tuple[str, ...]], lexis: Lexis
) -> None:
    assert dict(parse(utterance, lexis).where.attributes) == attributes


def test_a_material_is_met_by_its_kinds_and_not_by_imitations(lexis: Lexis) -> None:
    leather = parse("leather belt", lexis).where.attributes["material"]
    assert {"leather", "full-grain leather"} <= set(leather)
    assert not any("faux" in value or "vegan" in value for value in leather)


@pytest.mark.parametrize(
    ("utterance", "categories"),
    [
        ("something nice in the kitchen department", ("Kitchen & Dining",)),
        ("only mugs", ("Kitchen & Dining > Tableware > Mugs",)),
        ("mugs", ()),
        ("kitchen scale", ()),
    ],
)
def test_a_category_is_required_only_as_a_restriction(
    utterance: str, categories: tuple[str, ...], lexis: Lexis
) -> None:
    assert parse(utterance, lexis).where.categories == categories


@pytest.mark.parametrize(
    ("utterance", "query", "sort", "wishes"),
    [
        ("cheap blender", "blender", Sort.RELEVANCE, (Wish.CHEAP,)),
        ("the cheapest blender", "blender", Sort.PRICE_UP, ()),
        ("most expensive watch", "watch", Sort.PRICE_DOWN, ()),
        ("top-rated headphones", "headphones", Sort.RATING, ()),
        ("latest phone", "phone", Sort.NEWEST, ()),
        ("headphones with excellent ratings", "headphones", Sort.RELEVANCE, (Wish.WELL_RATED,)),
        ("phone with a large number of reviews", "phone", Sort.RELEVANCE, (Wish.POPULAR,)),
        ("a premium kettle", "premium kettle", Sort.RELEVANCE, (Wish.PREMIUM,)),
        ("a grinder, not too expensive", "grinder", Sort.RELEVANCE, (Wish.CHEAP,)),
        ("cheap and small lamp", "small lamp", Sort.RELEVANCE, (Wish.CHEAP,)),
    ],
)
def test_wishes_prefer_and_sort_but_require_nothing(
    utterance: str, query: str, sort: Sort, wishes: tuple[Wish, ...], lexis: Lexis
) -> None:
    reading = parse(utterance, lexis)
    assert (reading.query, reading.sort, reading.wishes) == (query, sort, wishes)
    assert flat(reading) == {}


@pytest.mark.parametrize(
    ("utterance", "problem"),
    [
        ("mug under 20 and over 50", "price cannot be at least $50.00 and at most $20.00"),
        ("over $20 and under 30 euros", "price is asked for in USD and in EUR"),
        ("mug over 4 stars, under 2 stars", "rating cannot be at least 4 and at most 2"),
        ("mug with at least 7 stars", "ratings go up to 5 stars, not 7"),
    ],
)
def test_what_contradicts_itself_is_said_and_not_required(utterance: str, problem: str, lexis: Lexis) -> None:
    reading = parse(utterance, lexis)
    assert [conflict.problem for conflict in reading.conflicts] == [problem]
    assert reading.where.is_empty


def test_of_two_bounds_the_later_holds(lexis: Lexis) -> None:
    assert flat(parse("mug under 50, under 40", lexis)) == {"price_max": 40.0}


def test_spans_say_what_each_part_was_read_as(lexis: Lexis) -> None:
    reading = parse("show me a red Skarvane jacket under $50, no zipper", lexis)
    assert [(span.text, span.kind, span.value) for span in reading.spans] == [
        ("red", "color", "color: red"),
        ("Skarvane", "brand", "Skarvane"),
        ("under $50", "price", "at most $50.00"),
        ("no zipper", "exclusion", "zipper"),
    ]
    assert all(reading.text[span.start : span.end] == span.text for span in reading.spans)


@pytest.mark.parametrize("utterance", ["", "   ", "\x00\x07", "\ufdd0", "\ue000", "?!", "..."])
def test_nothing_said_is_an_empty_reading(utterance: str, lexis: Lexis) -> None:
    reading = parse(utterance, lexis)
    assert (reading.query, flat(reading), intent_of(reading)) == ("", {}, Intent.CHAT)


@pytest.mark.parametrize(
    "unit",
    [
        "a ",
        "no ",
        "under 5 ",
        "between 5 and ",
        "cheap ",
        "with ",
        "(",
        "9",
        "🎧",
        "<b>",
        "zzqxw ",
        "show me ",
        " ",
        "\ue000",
    ],
)
def test_ten_thousand_characters_have_a_reading(unit: str, lexis: Lexis) -> None:
    reading = parse(unit * LONGEST_QUERY, lexis)
    assert len(reading.query) <= LONGEST_QUERY
    assert all(span.end <= LONGEST_READ for span in reading.spans)


def test_markup_and_control_characters_are_no_words(lexis: Lexis) -> None:
    assert parse("<p>red\x00 <b>lamp</b></p><script>alert(1)</script>", lexis).query == "red lamp"


def test_pasted_json_requires_nothing(lexis: Lexis) -> None:
    assert flat(parse('{"price_max": "x", "brands": []}', lexis)) == {}


@pytest.mark.parametrize(
    ("utterance", "intent"),
    [
        ("red lamp under 20", Intent.FIND),
        ("under 20", Intent.FIND),
        ("hi", Intent.CHAT),
        ("Thanks so much!", Intent.CHAT),
        ("what can you do?", Intent.CHAT),
        ("compare the first and the third", Intent.COMPARE),
        ("what's the difference between the two?", Intent.COMPARE),
        ("something like the second one", Intent.SIMILAR),
        ("is the second one waterproof?", Intent.ASK),
        ("how long is it", Intent.ASK),
        ("everything for a weekend of camping for two, 200 in total", Intent.BUNDLE),
        ("is there a red lamp", Intent.FIND),
        ("do you have kettles", Intent.FIND),
        ("what are the best headphones under 50?", Intent.FIND),
    ],
)
def test_the_wording_says_what_is_wanted(utterance: str, intent: Intent, lexis: Lexis) -> None:
    assert intent_of(parse(utterance, lexis)) is intent


@pytest.mark.parametrize(
    "said", ["I already have a tent", "we already own a good tent", "everything else, I already have a tent"]
)
def test_what_somebody_has_already_need_not_be_shown(said: str, lexis: Lexis) -> None:
    assert parse(said, lexis).without.categories == ("Camping > Shelter > Tents",)


@pytest.mark.parametrize("said", ["we already have a dog", "I have a tent", "tent pegs"])
def test_a_dog_at_home_and_a_tent_that_is_spoken_of_exclude_nothing(said: str, lexis: Lexis) -> None:
    assert parse(said, lexis).without.is_empty


def test_a_question_for_the_cheapest_leaves_only_the_product(lexis: Lexis) -> None:
    reading = parse("What's the cheapest kettle you have?", lexis)
    assert (reading.query, reading.sort) == ("kettle", Sort.PRICE_UP)


def test_who_asks_for_advice_wishes_what_is_well_rated(lexis: Lexis) -> None:
    reading = parse("what do you recommend?", lexis)
    assert (reading.query, reading.wishes) == ("", (Wish.WELL_RATED,))


def test_whose_it_is_is_required_where_it_is_said_of_the_product(lexis: Lexis) -> None:
    assert "women" in parse("sweater for women", lexis).where.attributes["gender"]
    assert parse("clicking all day makes my arm ache", lexis).where.is_empty
    assert parse("gift for a woman", lexis).where.is_empty


@pytest.mark.parametrize(
    ("utterance", "department"),
    [
        ("clothes", "Clothing"),
        ("show me your electronics", "Electronics"),
        ("kitchen", "Kitchen & Dining"),
        ("pets, please", "Pets"),
    ],
)
def test_a_department_alone_is_looked_round_in(utterance: str, department: str, lexis: Lexis) -> None:
    reading = parse(utterance, lexis)
    assert (reading.query, reading.where.categories) == ("", (department,))


@pytest.mark.parametrize(
    "utterance", ["kitchen scale", "furniture", "clothes for women", "luggage", "kettles"]
)
def test_what_says_more_or_names_a_shelf_below_is_searched_for(utterance: str, lexis: Lexis) -> None:
    reading = parse(utterance, lexis)
    assert (reading.query, reading.where.categories) == (utterance, ())


@pytest.mark.parametrize(
    "utterance",
    ["kettle in steel", "what about in steel", "kettle in steel or glass", "do you have it in steel?"],
)
def test_a_material_that_it_shall_be_in_is_required(utterance: str, lexis: Lexis) -> None:
    assert "brushed steel" in parse(utterance, lexis).where.attributes["material"]


@pytest.mark.parametrize(
    "utterance", ["wood or metal drill bits", "steel or glass cleaner", "steel wool", "steel", "terracotta"]
)
def test_a_material_beside_another_noun_is_not(utterance: str, lexis: Lexis) -> None:
    assert "material" not in parse(utterance, lexis).where.attributes
