"""Questions about a product are answered from its record with the field quoted, or not at all."""

import pytest

from catalog.demo import claims, products
from catalog.demo.tables import facts
from catalog.product import Availability, Money, Product, Rating
from ranking.records import Verdict
from tools.facts import fact

CATALOGUE = {product.id: product for product in products()}
YES, NO, OPEN = Verdict.MET, Verdict.VIOLATED, None
SILENT = (None, None)

CITYFOLD, ALLWAYS = "stroller-cityfold-black", "stroller-allways-navy"
TRI, SLIP, SMID = "skillet-tri-8in-silver", "skillet-slip-8in-black", "skillet-smid-8in-black"
HUSH, TEMPO = "kettle-hush-17l-charcoal", "headphones-tempo-white"
ALMOND, BAR = "nut-butter-silk-250g", "protein-bar-pennywise-1bar"
BRUSH, WATCH = "toothbrush-buzzy-turquoise", "smartwatch-fit-band-40mm-black"
MUG, KNIFE = "mug-commuter-350ml-black", "chef-knife-egg-8in-black"
BOTTLE = "water-bottle-squeeze-500ml-blue"


@pytest.mark.parametrize(
    ("product", "question", "field", "verdict"),
    [
        (CITYFOLD, "does it have a hood?", "hood", YES),
        (CITYFOLD, "does it come with a rain cover?", "description", YES),
        (CITYFOLD, "is it made of leather", "leather", NO),
        (CITYFOLD, "is the first one leather-free?", "leather", YES),
        (CITYFOLD, "is it black?", "color", YES),
        (CITYFOLD, "is it red?", "color", NO),
        (CITYFOLD, "is the Cityfold in stock", "availability", YES),
        (ALLWAYS, "does it contain leather", "leather", YES),
        (TRI, "can I use it on induction?", "hob", YES),
        (SLIP, "does it work on induction?", "hob", NO),
        (TRI, "does it have a lid", "lid", YES),
        (SMID, "does it come with a lid?", "description", NO),
        (SMID, "is it PTFE-free", "free from", YES),
        (SLIP, "is it PTFE free?", "contains", NO),
        (TRI, "can it go in the oven", "oven safe to", YES),
        (TRI, "is it stainless steel?", "material", YES),
        (ALMOND, "does it contain nuts?", "contains", YES),
        (ALMOND, "does it contain peanuts?", "free from", NO),
        (ALMOND, "is it vegan", "vegan", YES),
        (BAR, "is it gluten-free?", "contains", NO),
        (BRUSH, "does it come with batteries?", "description", NO),
        (BRUSH, "does it need batteries", "batteries", YES),
        (BRUSH, "does it have a timer?", "timer", NO),
        (BRUSH, "is it in stock?", "availability", NO),
        (WATCH, "does it have gps?", "gps", NO),
        (WATCH, "can I still buy it?", "availability", NO),
        (TEMPO, "is it wireless?", "connection", YES),
        (TEMPO, "is there a microphone?", "description", YES),
        (TEMPO, "can I fold it?", "foldable", YES),
        (HUSH, "does it have a warranty?", "warranty", YES),
        (HUSH, "is this kettle stainless steel?", "material", YES),
        (MUG, "can I put it in the microwave?", "microwave safe", NO),
        (MUG, "is the mug safe for dishwashers", "description", YES),
        (KNIFE, "is it dishwasher safe?", "dishwasher safe", NO),
        (KNIFE, "isn't it dishwasher safe?", "dishwasher safe", NO),
        (BOTTLE, "is it leakproof", "leakproof", NO),
    ],
)
def test_yes_and_no_come_from_the_field_that_says_so(
    product: str, question: str, field: str, verdict: Verdict
) -> None:
    answer = fact(CATALOGUE[product], question)
    assert (answer.field, answer.verdict) == (field, verdict)


@pytest.mark.parametrize(
    ("product", "question", "field", "quote"),
    [
        (CITYFOLD, "how much does it weigh", "weight", "6.9 kg"),
        (CITYFOLD, "how heavy is the stroller?", "weight", "6.9 kg"),
        (CITYFOLD, "how big is it folded?", "folded size", "52 x 44 x 20 cm"),
        (CITYFOLD, "what age is it for?", "age range", "6 months-4 years"),
        (CITYFOLD, "who makes it?", "brand", "Nestaloo"),
        (CITYFOLD, "how much is the second one", "price", "$399.00"),
        (CITYFOLD, "how many reviews does it have?", "reviews", "3"),
        (CITYFOLD, "what colours does it come in", "color", "black"),
        (TRI, "what is it made of", "material", "stainless steel"),
        (TRI, "what size is it", "diameter", "8 in"),
        (TRI, "how is it rated?", "rating", "4.7 of 5 from 3 reviews"),
        (HUSH, "how much water does it hold", "capacity", "1.7 L"),
        (HUSH, "how long is the warranty", "warranty", "2 years"),
        (HUSH, "how loud is it?", "noise level", "55 dB"),
        (HUSH, "how many watts", "wattage", "2000 W"),
        (WATCH, "how long does the battery last?", "battery life", "10 days"),
        (WATCH, "what strap does it have", "strap", "silicone"),
        (BRUSH, "how many modes does it have?", "modes", "1"),
        (BAR, "how many calories are in it", "calories", "200 kcal"),
        (BAR, "how much protein does it have", "protein", "12 g"),
    ],
)
def test_what_is_asked_for_is_quoted_without_a_yes_or_no(
    product: str, question: str, field: str, quote: str
) -> None:
    answer = fact(CATALOGUE[product], question)
    assert (answer.field, answer.quote, answer.verdict) == (field, quote, None)


@pytest.mark.parametrize(
    ("product", "question"),
    [
        (CITYFOLD, "is it waterproof?"),
        (CITYFOLD, "does it have cup holders"),
        (TRI, "is it dishwasher safe?"),
        (TRI, "is it electric?"),  # the hobs it suits are
        (TRI, "does it contain PTFE"),
        (SLIP, "does it have a lid"),
        (ALMOND, "is it gluten free?"),
        (TEMPO, "how long is the warranty?"),
        (HUSH, "how tall is it"),
        (HUSH, "does it whistle?"),
        (HUSH, "is it BPA free"),
        (HUSH, "what is the meaning of life"),
        (HUSH, ""),
        (HUSH, "does it have a " + "very " * 500 + "long handle"),
    ],
)
def test_a_silent_listing_gives_no_field(product: str, question: str) -> None:
    answer = fact(CATALOGUE[product], question)
    assert (answer.field, answer.quote, answer.verdict) == (None, None, None)


@pytest.mark.parametrize(
    ("product", "question", "field"),
    [
        (WATCH, "is it waterproof?", "water resistance"),
        (ALLWAYS, "is it blue?", "color"),  # navy: for the shopper to say
        (ALLWAYS, "is it made of leather?", "leather"),  # only its handlebar is
        (BRUSH, "is it for adults?", "age range"),
        (BRUSH, "is it available?", "availability"),
        (CITYFOLD, "does it come in red?", "color"),  # another variant may
        ("wall-clock-pendant-walnut", "does it contain nuts?", "material"),
    ],
)
def test_what_bears_on_a_question_without_deciding_it_is_only_quoted(
    product: str, question: str, field: str
) -> None:
    answer = fact(CATALOGUE[product], question)
    assert (answer.field, answer.verdict) == (field, None)
    assert answer.quote


def test_no_answer_contradicts_what_the_shop_says_of_a_product() -> None:
    truth, known = claims(), facts()
    groups = {product.group_id or product.id: product for product in CATALOGUE.values()}
    right = said = 0
    for product in groups.values():
        for told in truth[product.id]:
            what = known[told.fact]
            asked = f"does it contain {what.value}" if what.value else f"does it have {what.attribute}"
            verdict = fact(product, asked).verdict
            assert verdict in ((YES if told.present else NO), None), (product.id, asked)
            said += 1
            right += verdict is not None
    assert said > 900
    assert right / said > 0.98


def test_a_question_about_a_part_is_not_answered_for_the_whole() -> None:
    pan = Product(id="pan", title="Steel Pan", description="The glass lid is dishwasher safe.")
    answer = fact(pan, "is it dishwasher safe?")
    assert (answer.field, answer.verdict) == ("description", None)
    assert answer.quote == "The glass lid is dishwasher safe."


def test_traces_are_quoted_and_are_no_yes() -> None:
    oats = Product(id="oats", title="Rolled Oats", description="Made from oats. May contain traces of nuts.")
    answer = fact(oats, "does it contain nuts?")
    assert (answer.quote, answer.verdict) == ("May contain traces of nuts.", None)


def test_a_lack_that_only_follows_from_another_word_is_quoted_without_a_no() -> None:
    bar = Product(id="bar", title="Vegan Oat Bar", description="Sweet and soft.")
    answer = fact(bar, "does it contain milk?")
    assert (answer.field, answer.quote, answer.verdict) == ("title", "Vegan Oat Bar", None)


def test_a_blend_is_not_wholly_of_one_of_its_materials() -> None:
    shirt = Product(id="shirt", title="Shirt", attributes={"material": ("cotton blend",)})
    assert fact(shirt, "is it 100% cotton?").verdict is None
    assert (
        fact(shirt.model_copy(update={"attributes": {"material": ("cotton",)}}), "is it 100% cotton?").verdict
        is YES
    )


def test_imitation_leather_is_not_leather() -> None:
    bag = Product(id="bag", title="Tote", attributes={"material": ("faux leather",)})
    answer = fact(bag, "is it real leather?")
    assert (answer.field, answer.quote, answer.verdict) == ("material", "faux leather", None)


def test_a_sentence_answers_where_no_attribute_does() -> None:
    lamp = Product(
        id="lamp", title="Lamp", description="Turns all the way round. It weighs 1.2 kg with the foot."
    )
    answer = fact(lamp, "how heavy is it?")
    assert (answer.field, answer.quote) == ("description", "It weighs 1.2 kg with the foot.")


def test_an_unknown_price_stock_or_maker_is_not_made_up() -> None:
    bare = Product(id="bare", title="Thing")
    for question in (
        "how much is it",
        "is it in stock",
        "who makes it",
        "how many reviews",
        "how is it rated",
    ):
        assert fact(bare, question).field is None


def test_a_sale_is_one_where_the_list_price_is_higher() -> None:
    price = Money(amount=1000, currency="USD")
    reduced = Product(id="a", title="A", price=price, list_price=Money(amount=1500, currency="USD"))
    assert fact(reduced, "is it on sale?").verdict is YES
    assert fact(reduced, "is it on sale?").quote == "$10.00, list price $15.00"
    assert fact(reduced.model_copy(update={"list_price": None}), "is it on sale?").field is None


def test_what_can_be_ordered_ahead_is_not_in_stock() -> None:
    ahead = Product(id="a", title="A", availability=Availability.PREORDER, rating=Rating(value=4.0))
    assert fact(ahead, "is it in stock?").verdict is NO
    assert fact(ahead, "is it available?").verdict is None
    assert fact(ahead, "how many reviews?").field is None


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("3 AAA batteries are included.", YES),
        ("Comes with a case, batteries, and a key.", YES),
        ("Requires 4 AA batteries (not included).", NO),
        ("Includes reminders for filters and low batteries in the hall.", None),
        ("Including battery protection.", None),
        ("Battery included: no.", None),
        ("Runs on two AA batteries.", None),
    ],
)
def test_batteries_come_with_it_only_where_that_is_said(text: str, verdict: Verdict | None) -> None:
    toy = Product(id="toy", title="Rocket", description=text)
    assert fact(toy, "does it come with batteries?").verdict is verdict
    assert fact(toy, "are batteries included?").verdict is verdict


@pytest.mark.parametrize(
    ("title", "verdict"),
    [
        ("Suede Waterproof Boot, brown", YES),
        ("LED Strip, waterproof, 12 V", YES),
        ("Makeup Remover, wipes off waterproof mascara", None),
    ],
)
def test_an_adjective_of_a_title_counts_where_it_is_said_of_the_product(
    title: str, verdict: Verdict | None
) -> None:
    product = Product(id="x", title=title, categories=("Shop", "Boots" if "Boot" in title else "Things"))
    assert fact(product, "is it waterproof?").verdict is verdict


def test_a_long_sentence_is_quoted_around_the_words_that_answer() -> None:
    long = (
        "A very long story of where it was made and by whom " * 8 + "it is dishwasher safe and it lasts " * 3
    )
    answer = fact(Product(id="cup", title="Cup", description=long), "is it dishwasher safe?")
    assert answer.quote is not None
    assert "dishwasher safe" in answer.quote
    assert len(answer.quote) < 180
