"""What a turn says about shown products: which it means, where in the text it says so, and what is none."""

import pytest

from agent.references.refer import Referred, refer
from catalog.demo import products
from catalog.product import Product

CATALOGUE = {product.id: product for product in products()}
SHOWN: dict[str, tuple[Product, ...]] = {
    name: tuple(CATALOGUE[i] for i in ids.split())
    for name, ids in {
        "strollers": "stroller-cityfold-black stroller-allways-navy stroller-hop-red stroller-duet-grey",
        "headphones": "headphones-quiet-one-black headphones-monitor-60-black headphones-tempo-white "
        "headphones-basic-over-black headphones-junior-yellow",
        "lamps": "desk-lamp-arkitekt-black desk-lamp-wander-cream desk-lamp-study-black "
        "desk-lamp-clamp-black desk-lamp-firefly-mint",
        "kettles": "kettle-fjord-10l-silver kettle-vindo-17l-clear kettle-pip-10l-white",
        "mixed": "kettle-fjord-10l-silver desk-lamp-study-black",
        "one": "kettle-hush-17l-charcoal",
        "none": "",
    }.items()
}


def said(text: str, shown: str, focus: str = "") -> Referred:
    among = SHOWN[shown]
    return refer(text, among, [among[int(place) - 1].id for place in focus.split()])


def outcome(referred: Referred, shown: str) -> str:
    """Places from 1, in the order they were meant, or the problem."""
    if referred.problem:
        return f"{referred.problem}: {referred.detail}"
    places = {product.id: place for place, product in enumerate(SHOWN[shown], start=1)}
    return " ".join(str(places[i]) for i in referred.ids)


# Shown, places spoken of last, what is said, places that are meant (or the problem).
WORKED_WITH = [
    ("kettles", "", "is the second one in stock?", "2"),
    ("kettles", "", "tell me more about the 2nd one", "2"),
    ("kettles", "", "the third", "3"),
    ("kettles", "", "#2", "2"),
    ("kettles", "", "more like number 3 please", "3"),
    ("kettles", "", "compare the first and the third", "1 3"),
    ("headphones", "", "compare the second and third", "2 3"),
    ("headphones", "", "compare the first two", "1 2"),
    ("headphones", "", "what about the last one?", "5"),
    ("headphones", "", "compare the last two", "4 5"),
    ("headphones", "", "cheaper than the first", "1"),
    ("headphones", "", "like the second but wireless", "2"),
    ("headphones", "", "like the first, but under $100", "1"),
    ("headphones", "", "is the first one waterproof?", "1"),
    ("headphones", "", "is the third foldable?", "3"),
    ("kettles", "", "compare all of them", "1 2 3"),
    ("mixed", "", "compare both", "1 2"),
    ("headphones", "2 4", "which of these two is lighter?", "2 4"),
    ("headphones", "2 4", "compare them", "2 4"),
    ("kettles", "", "compare these", "1 2 3"),
    ("headphones", "3", "is it wireless?", "3"),
    ("headphones", "3", "how much does it weigh?", "3"),
    ("headphones", "", "is it wireless?", "ambiguous: it"),
    ("one", "", "is it loud?", "1"),
    ("one", "", "something like this one", "1"),
    ("strollers", "", "tell me about the Cityfold", "1"),
    ("strollers", "", "compare the Cityfold and the Hop", "1 3"),
    ("strollers", "", "the tinywhile one", "3"),
    ("lamps", "", "the mint one", "5"),
    ("lamps", "", "what about the plastic one", "3"),
    ("lamps", "", "the black one", "ambiguous: the black one"),
    ("lamps", "", "the pink one", ""),
    ("kettles", "", "the cheapest one", "3"),
    ("mixed", "", "the cheaper one", "2"),
    ("lamps", "", "is the best rated one dimmable?", "5"),
    ("lamps", "", "the $129 one", "1"),
    ("kettles", "", "compare the first with the fifth", "out_of_range: 5"),
    ("kettles", "", "tell me about number 7", "out_of_range: 7"),
    ("none", "", "is the second one in stock?", "nothing_shown: the second one"),
    ("none", "", "compare them", "nothing_shown: them"),
    # descriptions, not references
    ("kettles", "", "the first aid kit", ""),
    ("kettles", "", "second hand books", ""),
    ("kettles", "", "harry potter 2nd edition", ""),
    ("kettles", "", "this is for my mother", ""),
    ("kettles", "1", "it has to be quiet", ""),
    ("kettles", "", "a chair that I can fold", ""),
    ("kettles", "", "third reality plug", ""),
    ("kettles", "", "number 7 serum", ""),
    ("kettles", "", "one piece swimsuit", ""),
    ("lamps", "", "show me black ones", ""),
    ("lamps", "", "the black ones", ""),
    ("none", "", "the blue one", ""),
]

# Written before the rules, and not looked at while these were made.
NOT_WORKED_WITH = [
    ("lamps", "", "does the fourth one have a dimmer", "4"),
    ("lamps", "", "show me something similar to the 5th", "5"),
    ("lamps", "", "how tall is number two?", "2"),
    ("lamps", "", "option 3 looks nice, is it plastic?", "3"),
    ("lamps", "", "what's the difference between the first one and the last one", "1 5"),
    ("lamps", "", "compare 1, 2 and 4", "1 2 4"),
    ("lamps", "", "#1 vs #3", "1 3"),
    ("lamps", "", "I like the second one but in green", "2"),
    ("lamps", "", "smaller than the first one", "1"),
    ("lamps", "", "do you have the third in white?", "3"),
    ("lamps", "", "is the wander dimmable?", "2"),
    ("lamps", "", "Arkitekt vs Firefly", "1 5"),
    ("lamps", "", "what is the Dunmere Study Desk Lamp made of?", "3"),
    ("lamps", "", "the cream one please", "2"),
    ("lamps", "", "anything like the cordless one but brighter?", "ambiguous: the cordless one"),
    ("lamps", "", "which is better, the clamp or the firefly?", "4 5"),
    ("lamps", "", "the one for $89", "2"),
    ("lamps", "", "tell me about the most expensive one", "1"),
    ("lamps", "2 5", "the cheaper of the two", "5"),
    ("lamps", "2 5", "which of them is brighter?", "2 5"),
    ("lamps", "4", "is this one any good?", "4"),
    ("lamps", "4", "something cheaper than that", "4"),
    ("lamps", "4", "and what colours does it come in", "4"),
    ("lamps", "4", "who makes it?", "4"),
    ("lamps", "4", "I'll take it", "4"),
    ("strollers", "", "the Nestaloo one", "ambiguous: the Nestaloo one"),
    ("strollers", "", "how heavy is the twin one", "4"),
    ("strollers", "", "is the red one suitable for newborns?", "3"),
    ("strollers", "", "does the Lullabrook come with a rain cover?", "4"),
    ("strollers", "", "the lightest one", "3"),
    ("strollers", "", "compare top two", "1 2"),
    ("strollers", "", "compare the cityfold to the allways", "1 2"),
    ("headphones", "", "is the quiet one really quiet?", "1"),
    ("headphones", "", "the $35 one", "5"),
    ("headphones", "", "the white one", "3"),
    ("mixed", "", "is the kettle loud?", "1"),
    ("mixed", "", "how bright is that lamp", "2"),
    ("mixed", "", "are they both in stock?", "1 2"),
    ("kettles", "", "the other one", "ambiguous: the other one"),
    ("kettles", "", "is it bpa free", "ambiguous: it"),
    ("kettles", "", "the tenth one", "out_of_range: 10"),
    ("kettles", "", "the $200 one", "unknown: the $200 one"),
    ("none", "", "how much is the first one", "nothing_shown: the first one"),
    ("none", "", "more like this", "nothing_shown: this"),
    # descriptions, not references
    ("lamps", "", "lamp for the second bedroom", ""),
    ("lamps", "", "a gift for the first birthday", ""),
    ("lamps", "", "first class stamps", ""),
    ("lamps", "", "the last of us game", ""),
    ("lamps", "", "is there a first aid kit with a bag", ""),
    ("lamps", "", "it should be dimmable and black", ""),
    ("lamps", "", "I need one that is cordless", ""),
    ("lamps", "", "size 2 diapers", ""),
    ("lamps", "", "chanel number 5", ""),
    ("lamps", "", "a lamp with both warm and cold light", ""),
    ("lamps", "", "these are for my kids, they love dinosaurs", ""),
    ("lamps", "", "a cheaper one", ""),
    ("lamps", "", "cheaper ones please", ""),
    ("lamps", "", "cheapest desk lamp", ""),
    ("lamps", "", "a second lamp for my office", ""),
    ("lamps", "", "my first bike", ""),
    ("lamps", "", "is it possible to get a lamp under 20?", ""),
    ("lamps", "", "I want a lamp that doesn't flicker", ""),
    ("lamps", "", "the black one piece swimsuit", ""),
    ("lamps", "", "black lamps for the study", ""),
    ("lamps", "", "mother of the bride dress", ""),
    ("lamps", "", "1 2 3 sesame street book", ""),
    ("lamps", "", "#2 pencils", ""),
    ("lamps", "", "second world war documentary", ""),
    ("lamps", "", "something for this winter", ""),
    ("lamps", "", "top 10 desk lamps", ""),
    ("none", "", "is it ok to ask you something", ""),
]


@pytest.mark.parametrize(("shown", "focus", "text", "meant"), WORKED_WITH + NOT_WORKED_WITH)
def test_a_turn_means_these_shown_products_and_no_others(
    shown: str, focus: str, text: str, meant: str
) -> None:
    assert outcome(said(text, shown, focus), shown) == meant


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("like the second one but wireless", ["the second one"]),
        ("compare the Quiet One and the last one", ["the Quiet One", "the last one"]),
        ("the third looks nice, is it foldable?", ["The third", "it"]),
        ("blue headphones under 50", []),
    ],
)
def test_the_words_that_refer_are_marked_and_no_others(text: str, spans: list[str]) -> None:
    found = said(text, "headphones").spans
    assert [text[start:end].lower() for start, end in found] == [span.lower() for span in spans]


def test_a_pronoun_of_a_later_clause_means_what_the_turn_has_just_named() -> None:
    assert outcome(said("the third looks nice, is it foldable?", "headphones", "1"), "headphones") == "3"


def test_several_that_fit_are_named_as_candidates() -> None:
    referred = said("the black one", "lamps")
    assert referred.ids == ()
    assert referred.candidates == (
        "desk-lamp-arkitekt-black",
        "desk-lamp-study-black",
        "desk-lamp-clamp-black",
    )


@pytest.mark.parametrize("text", ["", "   ", "?!", "the", "#", "\u0130\u0130 the", "compare", "it " * 5000])
def test_whatever_is_typed_has_a_reading(text: str) -> None:
    assert said(text, "lamps").ids == ()
