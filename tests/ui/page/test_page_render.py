"""What the page's HTML says of records, read back with a parser."""

import re
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from agent.dialogue.state import Need, Phrase, Wanted
from agent.editing import Kind, Part
from agent.steps import Asked, Option
from catalog.demo import products
from catalog.product import Availability, Money, Product, Rating
from catalog.where import Where, Without
from core.trace import Stage, Trace
from ranking.records import Check, Group, Hit, Relaxation, Repair, Results, Search, Verdict
from tests.ui.page import hostile
from tools.comparison import compare
from ui.page import render

TRACE = Trace(total_ms=1.0)
USD = "USD"


class Elements(HTMLParser):
    """The elements of a page, each with its attributes, and its text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def read(html: Markup) -> Elements:
    return Elements(str(html))


def words(html: Markup) -> str:
    return " ".join(read(html).text.split())


def lamp(**changes: object) -> Product:
    product = Product(
        id="lamp",
        title="Small Lamp",
        brand="Dunmere",
        price=Money(amount=1999, currency=USD),
        availability=Availability.IN_STOCK,
        rating=Rating(value=4.2, count=1081),
        url="https://shop.example/lamp",
    )
    return product.model_copy(update=changes)


def hit(product: Product | None = None, *checks: Check, relevant: bool = True) -> Hit:
    return Hit(product=product or lamp(), score=1.0, receipt=checks, relevant=relevant)


def results(*hits: Hit, **changes: object) -> Results:
    return Results(hits=hits, fitting=len(hits), trace=TRACE).model_copy(update=changes)


def wanted(**where: object) -> Wanted:
    return Wanted(needs=(Need(phrases=(Phrase(text="lamp"),), where=Where.model_validate(where)),))


def test_a_card_tells_name_brand_price_rating_and_stock() -> None:
    told = words(render.card(hit(), 1, {}))
    for part in ("Small Lamp", "Dunmere", "$19.99", "4.2", "(1,081", "In stock"):
        assert part in told


def test_a_lower_price_stands_beside_the_one_that_is_struck() -> None:
    card = read(render.card(hit(lamp(list_price=Money(amount=3998, currency=USD))), 1, {}))
    assert "s" in [tag for tag, _ in card.found]
    assert "$39.98" in card.text
    assert "50%" in card.text


def test_a_list_price_that_is_no_more_or_in_other_money_is_not_shown() -> None:
    for money in (Money(amount=1999, currency=USD), Money(amount=9999, currency="EUR")):
        assert read(render.card(hit(lamp(list_price=money)), 1, {})).named("s") == []


def test_what_is_not_known_is_said_to_be_so() -> None:
    bare = lamp(price=None, rating=None, availability=Availability.UNKNOWN, brand=None)
    told = words(render.card(hit(bare), 1, {}))
    assert "No price listed" in told
    assert "No reviews yet" in told
    assert "Stock not stated" in told
    assert "None" not in told


def test_receipt_marks_open_to_their_evidence() -> None:
    proven = Check(requirement="price at most $40.00", verdict=Verdict.MET, evidence="$19.99")
    silent = Check(requirement="without cord", verdict=Verdict.UNKNOWN)
    card = render.card(hit(None, proven, silent), 1, {"price at most $40.00": "under $40"})
    assert "under $40" in words(card)
    assert "$19.99" in words(card)
    assert "The listing does not say." in words(card)
    assert "mark met" in card
    assert "mark unknown" in card


def test_links_leave_without_a_trace_and_only_for_the_web() -> None:
    (link,) = [a for a in read(render.details(lamp(), ())).named("a") if a.get("href")]
    assert link["href"] == "https://shop.example/lamp"
    assert set((link["rel"] or "").split()) >= {"noopener", "noreferrer"}
    assert read(render.details(lamp(url="javascript:alert(1)"), ())).named("a") == []


def test_pictures_send_no_referrer_and_have_one_size() -> None:
    (image,) = read(render.card(hit(lamp(images=("https://cdn.example/a.jpg",))), 1, {})).named("img")
    assert image["referrerpolicy"] == "no-referrer"
    assert (image["width"], image["height"]) == ("400", "400")


@pytest.mark.parametrize("product", list(hostile.products()), ids=lambda product: product.id[:8])
def test_no_text_of_a_product_becomes_markup(product: Product) -> None:
    evidence = Check(requirement=hostile.HANDLER, verdict=Verdict.MET, evidence=hostile.SCRIPT)
    shown = hit(product, evidence)
    other = lamp(id="other", title=hostile.SCRIPT, price=Money(amount=2999, currency=USD))
    pages = [
        render.card(shown, 1, {hostile.HANDLER: hostile.HANDLER}),
        render.shelf(results(shown), wanted(), {}),
        render.details(product, (other,)),
        render.comparison(compare([product, other])),
        render.shortlist([render.Saved(product=product, note=hostile.HANDLER)], 0),
        render.said(product.title),
        render.reply(render.Reply(text=product.title, problem=hostile.SCRIPT, changes=(hostile.HANDLER,))),
        render.plan_bar(wanted(attributes=product.attributes, brands=(product.brand or "",))),
    ]
    for page in pages:
        elements = read(page)
        assert elements.named("script") == []
        for tag, attributes in elements.found:
            assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
            assert not (attributes.get("src") or "").startswith(("javascript", "data", "x"))
            assert not (attributes.get("href") or "").startswith(("javascript", "data"))


def test_an_id_comes_back_from_the_page_as_it_is() -> None:
    odd = "a\"b'c<d>&"
    card = read(render.card(hit(lamp(id=odd)), 1, {}))
    assert {attributes["data-id"] for _, attributes in card.found if "data-id" in attributes} == {odd}


def test_every_understood_thing_has_a_chip_that_can_be_removed() -> None:
    need = Need(
        phrases=(Phrase(text="lamp"), Phrase(text="for kids", slot="audience")),
        where=Where(
            price_min=Money(amount=1000, currency=USD),
            price_max=Money(amount=4050, currency=USD),
            rating_min=4,
            attributes={"color": ("red",), "dimmable": ("yes",)},
            brands=("Dunmere",),
            categories=("Home > Lamps",),
            available_only=True,
        ),
        without=Without(terms=("cord",), brands=("Zed",), products=("x", "y")),
    )
    bar = read(render.plan_bar(Wanted(needs=(need,))))
    labels = [a["data-label"] for a in bar.named("button") if a.get("data-edit") == "remove"]
    assert labels == [
        "for kids",
        "$10\u2013$40.50",
        "4+ stars",
        "in stock",
        "color: red",
        "dimmable",
        "Dunmere",
        "in Lamps",
        "no cord",
        "no Zed",
        "2 hidden",
    ]


def test_of_several_needs_each_chip_says_whose_it_is() -> None:
    needs = tuple(
        Need(phrases=(Phrase(text=name),), where=Where(price_max=Money(amount=5000, currency=USD)))
        for name in ("lamp", "chair")
    )
    told = words(render.plan_bar(Wanted(needs=needs, budget=Money(amount=20000, currency=USD))))
    for label in ("lamp: under $50", "chair: under $50", "$200 for all"):
        assert label in told


def test_an_empty_shelf_says_what_would_be_found_otherwise() -> None:
    search = Search(query="lamp", where=Where(price_max=Money(amount=9000, currency=USD)))
    wider = Relaxation(dropped="price at most $5.00", count=7, example_ids=("a",), search=search)
    empty = results(relaxations=(wider,))
    offers = (Option(label="under $90", count=7, say="under $90"),)
    shelf = read(render.shelf(empty, wanted(), {}, offers=offers))
    assert "Nothing on this shelf" in shelf.text
    (offer,) = [a for a in shelf.named("button") if a.get("data-edit") == "relax"]
    assert Where.model_validate_json(offer["data-where"] or "") == search.where
    assert "under $90" in shelf.text


def test_what_is_merely_near_is_not_passed_off_as_found() -> None:
    told = words(render.shelf(results(hit(relevant=False), fitting=0), wanted(), {}))
    assert told.index("Nothing on this shelf") < told.index("The nearest there is") < told.index("Small Lamp")


def test_a_bundle_has_one_choice_in_each_group_and_a_total() -> None:
    chair = lamp(id="chair", title="Chair")
    groups = tuple(
        Group(label=product.title, search=Search(query=product.title), hits=(hit(product),), pick=product.id)
        for product in (lamp(), chair)
    )
    bundle = results(hit(), hit(chair), groups=groups)
    shelf = read(render.shelf(bundle, wanted(), {}))
    chosen = [a for a in shelf.named("input") if a.get("type") == "radio" and "checked" in a]
    assert [a["value"] for a in chosen] == ["lamp", "chair"]
    assert len({a["name"] for a in chosen}) == 2
    assert "Your set" in shelf.text


def test_a_repair_can_be_undone() -> None:
    repair = Repair(query="kettle", changes=(("kettel", "kettle"),))
    (undo,) = [
        a for a in read(render.reply(render.Reply(repair=repair))).named("button") if a["data-edit"] == "undo"
    ]
    assert undo["data-changes"] == '[["kettel", "kettle"]]'


def test_a_question_has_its_options_with_their_counts() -> None:
    option = Option(label="leather", count=12, say="leather")
    asked = Asked(question="Which material?", facet="material", options=(option,), ms=1.0)
    html = render.reply(render.Reply(question=asked))
    assert "Which material?" in words(html)
    assert "leather 12" in words(html)


def test_the_curious_see_plan_stages_and_model() -> None:
    trace = Trace(stages=(Stage(name="recall", n_in=10, n_out=5, ms=2.5),), total_ms=2.5)
    making = render.Making(
        intent="find", source="merged", queries=("lamp",), trace=trace, total_ms=31.0, model="tiny", tokens=99
    )
    told = words(render.reply(render.Reply(text="Here."), making))
    for part in ("31 ms", "rules and a language model", "recall", "2.5", "tiny", "99 tokens"):
        assert part in told


def test_a_comparison_marks_what_is_better() -> None:
    cheap, dear = lamp(), lamp(id="dear", title="Large Lamp", price=Money(amount=9900, currency=USD))
    html = render.comparison(compare([cheap, dear]))
    assert re.search(r'class="best">\s*\$19\.99', html)
    assert not re.search(r'class="best">\s*\$99\.00', html)


def test_the_shortlist_shows_notes_and_what_all_of_it_costs() -> None:
    saved = [render.Saved(product=lamp(), note="for the hall"), render.Saved(product=lamp(id="two"))]
    told = words(render.shortlist(saved, gone=1))
    assert "for the hall" in told
    assert "$39.98" in told
    assert "1 saved product is no longer sold here" in told


def test_an_editor_holds_the_limits_in_force() -> None:
    where = Where(price_max=Money(amount=4000, currency=USD))
    fields = read(render.editor(Part(kind=Kind.PRICE), (), where, None)).named("input")
    assert [field["value"] for field in fields] == ["", "40"]
    choices = [("red", 3, True), ("blue", 0, False)]
    boxes = read(render.editor(Part(kind=Kind.ATTRIBUTE, name="color"), choices, where, None)).named("input")
    assert [(box["value"], "checked" in box) for box in boxes] == [("red", True), ("blue", False)]


def test_details_have_every_attribute() -> None:
    product = next(iter(products()))
    told = words(render.details(product, ()))
    for name, values in product.attributes.items():
        assert name in told
        assert values[0] in told
