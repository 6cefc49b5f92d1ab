"""Exclusions are requirements: a product violates one, meets it, or says nothing, and the words prove it."""

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from catalog.demo import claims, products
from catalog.demo.tables import facts
from catalog.edge_home import EdgeHome
from catalog.feeds import read_feed
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.product import Product
from catalog.where import Where, Without
from ranking.exclusions import classifier
from ranking.recall import recall
from ranking.records import Check, Verdict
from tests.fakes import WordEncoder

MET, VIOLATED, UNKNOWN = Verdict.MET, Verdict.VIOLATED, Verdict.UNKNOWN


def check(
    term: str,
    title: str = "Thing",
    description: str | None = None,
    attributes: Mapping[str, tuple[str, ...]] | None = None,
    brand: str | None = None,
    tags: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
) -> Check:
    product = Product(
        id="x",
        title=title,
        description=description,
        attributes=attributes or {},
        brand=brand,
        tags=tags,
        categories=categories,
    )
    (found,) = classifier(Without(terms=(term,)))(product)
    return found


@pytest.mark.parametrize(
    ("term", "text", "verdict"),
    [
        # having it, with or without a word for having
        ("buckle", "Leather Belt with Metal Buckle", VIOLATED),
        ("buckle", "Buckle Belt for Women", VIOLATED),
        ("buckles", "Sandals for Women Platform Buckle Strap", VIOLATED),
        ("buckle", "A side-release buckle opens with one hand.", VIOLATED),
        ("lid", "The lid seals tight.", VIOLATED),
        ("lids", "Deli containers w/ lids", VIOLATED),
        ("gelatin", "Sugar, Water, Fish Gelatin, Natural Flavor", VIOLATED),
        ("nuts", "Allergy advice: contains nuts.", VIOLATED),
        ("nuts", "With roasted almonds.", VIOLATED),
        ("gluten", "Flour tortillas of whole wheat", VIOLATED),
        ("hood", "Hooded rain jacket", VIOLATED),
        ("c wire", 'Requires "C" wire', VIOLATED),
        ("c wire", "Wi-Fi thermostat, C-wire required", VIOLATED),
        ("cord", "Corded, so it never has to be charged.", VIOLATED),
        ("batteries", "Needs 2 AA batteries (not included).", VIOLATED),
        ("batteries", "It does not work without batteries.", VIOLATED),
        ("lid", "Comes not only with a straw but with a lid", VIOLATED),
        ("buckle", "No tools needed, buckle included", VIOLATED),
        ("pencil", "No 2 pencil", VIOLATED),
        ("camera", "Bluetooth 5.0 camera", VIOLATED),
        ("leather", "Leather case for glasses", VIOLATED),
        ("leather", "No-slip leather slippers", VIOLATED),
        ("erythritol", "A blend of non-GMO monk fruit and non-GMO erythritol", VIOLATED),
        ("sugar", "Contains 12 g sugar per serving", VIOLATED),
        ("zipper", "The jacket unzips from below", VIOLATED),
        # denied before its name
        ("buckle", "Belt with no buckle", MET),
        ("buckles", "Leather belt without a buckle", MET),
        ("buckle", "Belt strap w/o belt buckle", MET),
        ("buckle", "No-buckle stretch belt", MET),
        ("lids", "Portion cups (no lids), 200 count", MET),
        ("batteries", "No batteries needed.", MET),
        ("batteries", "There is no need for batteries", MET),
        ("batteries", "It doesn't need batteries", MET),
        ("batteries", "It doesn\u2019t require electricity or batteries", MET),
        ("charger", "The box does not include a charger.", MET),
        ("charger", "There is no charger in the box", MET),
        ("charger", "Does not come with a charger", MET),
        ("gelatin", "Vegan gummies without the use of gelatin", MET),
        ("buckle", "Holds without having a buckle", MET),
        ("laces", "No more laces", MET),
        ("sugar", "0g sugar and 0g fat", MET),
        ("alcohol", "0% alcohol", MET),
        ("alcohol", "A non-alcoholic spirit", MET),
        ("batteries", "USB power instead of batteries", MET),
        ("rips", "Not ripped and not bleached", MET),
        ("cord", "Lacks a cord", MET),
        ("wiring", "No in-wall wiring required", MET),
        ("interesterified soybean oil", "Made without soybean oil", MET),
        # lists
        ("parabens", "No parabens, sulfates or dyes", MET),
        ("sulfates", "No parabens, sulfates or dyes", MET),
        ("dyes", "No parabens, sulfates or dyes", MET),
        ("dairy", "Free from gluten, dairy and nuts", MET),
        ("nuts", "Free from: gluten, dairy, nuts", MET),
        ("dairy", "Soy, gluten and dairy free", MET),
        ("gluten", "Made without added sugar, gluten or dairy.", MET),
        ("straw", "BPA-free bottle, straw included", VIOLATED),
        ("straw", "No BPA, with a straw", VIOLATED),
        # denied after or in its name
        ("buckle", "Buckle-free belt", MET),
        ("buckle", "Buckleless belt", MET),
        ("gluten", "gluten free flour", MET),
        ("mugs", "Dinner set. Mugs are sold separately.", MET),
        ("silverware", "Fits polished silverware (not included)", MET),
        ("c wire", "Does not require a common wire (C-wire)", MET),
        ("fragrance", "Fragrance: none", MET),
        ("cord", "Cordless lamp", MET),
        ("scent", "Unscented candle", MET),
        ("sugar", "Unsweetened oat drink", MET),
        ("sleeves", "Sleeveless top", MET),
        ("underwire", "Wirefree bra", MET),
        ("armrests", "Armless chair", MET),
        ("cord", "Battery operated wall sconce", MET),
        ("gelatin", "Vegan marshmallows", MET),
        # in another role, or left open
        ("buckle", "Belt buckle cover", UNKNOWN),
        ("sugar", "Sugar bowl of porcelain", UNKNOWN),
        ("sugar", "A sugar substitute of monk fruit", UNKNOWN),
        ("silverware", "Silverware drawer organizer", UNKNOWN),
        ("silverware", "Chest for flatware, knives and silverware", UNKNOWN),
        ("batteries", "For use with batteries sold separately", UNKNOWN),
        ("batteries", "Batteries not included", UNKNOWN),
        ("buckle", "Unlike belts with a buckle", UNKNOWN),
        ("cords", "Compatible with cords of 5 mm", UNKNOWN),
        ("straw", "Drink with or without a straw", UNKNOWN),
        ("lid", "Pour without removing the lid", UNKNOWN),
        ("laces", "No hassle with laces", UNKNOWN),
        ("buckle", "No pressure on the buckle", UNKNOWN),
        ("fragrance", "No artificial fragrance", UNKNOWN),
        ("oil", "No palm oil", UNKNOWN),
        ("leather", "Faux leather jacket", UNKNOWN),
        ("milk", "Oat milk", UNKNOWN),
        ("sugar", "Low sugar jam", UNKNOWN),
        ("bleach", "Wash warm. Do not bleach.", UNKNOWN),
        ("leather", "Won't harm leather", UNKNOWN),
        ("grain", "Full-grain cowhide", UNKNOWN),
        ("strap", "No buckle and adjustable strap", UNKNOWN),
        ("cord", "According to the record, a discord", UNKNOWN),
        ("gelatin", "Melts just like a traditional gelatin-based marshmallow", UNKNOWN),
        ("wool", "A warm hat", UNKNOWN),
        ("leather", "Upper of synthetic leather", UNKNOWN),
        ("plastic", "A strong alternative to traditional plastic bags", UNKNOWN),
        ("zipper", "To open it, pull on the handle", UNKNOWN),
        ("pockets", "Thigh pockets (boots not included)", VIOLATED),
        ("glass", "Not fragile and having a glass front", VIOLATED),
    ],
)
def test_wordings(term: str, text: str, verdict: Verdict) -> None:
    assert check(term, title=text).verdict is verdict
    if verdict is not UNKNOWN:
        assert check(term, description=text).verdict is verdict


@pytest.mark.parametrize(
    ("term", "attributes", "verdict", "evidence"),
    [
        ("buckle", {"buckle": ("no",)}, MET, "buckle: no"),
        ("buckle", {"closure": ("buckle",)}, VIOLATED, "closure: buckle"),
        ("buckles", {"buckle type": ("pin",)}, VIOLATED, "buckle type: pin"),
        ("buckle", {"buckle type": ("none",)}, MET, "buckle type: none"),
        ("batteries", {"batteries included": ("yes",)}, VIOLATED, "batteries included: yes"),
        ("gluten", {"gluten free": ("yes",)}, MET, "gluten free: yes"),
        ("gluten", {"gluten free": ("no",)}, VIOLATED, "gluten free: no"),
        ("sugar", {"free from": ("nuts", "added sugar")}, MET, "free from: added sugar"),
        ("nuts", {"contains": ("almonds",), "free from": ("peanuts",)}, VIOLATED, "contains: almonds"),
        ("nuts", {"free from": ("peanuts",)}, UNKNOWN, None),
        ("fragrance", {"scent": ("unscented",)}, MET, "scent: unscented"),
        ("sugar", {"sugar": ("0 g",)}, MET, "sugar: 0 g"),
        ("sleeves", {"sleeve": ("short",)}, VIOLATED, "sleeve: short"),
        ("clear", {"color": ("Clear",)}, VIOLATED, "color: Clear"),
        ("nuts", {"color": ("walnut",)}, UNKNOWN, None),
        ("cords", {"compatible with": ("cords",)}, UNKNOWN, None),
        ("water", {"water resistant": ("yes",)}, UNKNOWN, None),
    ],
)
def test_attributes(
    term: str, attributes: Mapping[str, tuple[str, ...]], verdict: Verdict, evidence: str | None
) -> None:
    found = check(term, attributes=attributes)
    assert (found.verdict, found.evidence) == (verdict, evidence)


def test_a_structured_field_outweighs_the_text() -> None:
    assert check("buckle", "Belt with buckle", attributes={"buckle": ("no",)}).verdict is MET


def test_what_is_denied_and_listed_inside_stays_open_for_the_shopper_may_be_allergic() -> None:
    found = check("nuts", attributes={"free from": ("nuts",), "contains": ("peanuts",)})
    assert (found.verdict, found.evidence) == (UNKNOWN, "contains: peanuts")


def test_the_title_outweighs_the_description() -> None:
    replacement = "Insert the strap into the buckle and fasten the buckle."
    assert check("buckle", "Belt strap without buckle", replacement).verdict is MET
    assert check("buckle", "Belt with buckle", "Our brand makes belts with no buckle.").verdict is VIOLATED


def test_a_clear_denial_outweighs_other_mentions_in_the_description() -> None:
    told = "For twenty years our buckles have been made by hand. This belt has no buckle."
    assert check("buckle", "Stretch belt", told).verdict is MET


def test_a_hint_gives_way_to_plain_words_wherever_they_stand() -> None:
    told = "Contains gelatin."
    assert check("gelatin", "Vegan marshmallows", told).verdict is VIOLATED
    assert check("gelatin", "Marshmallows", tags=("vegan",)).verdict is MET


def test_what_the_title_only_holds_is_not_had_because_the_description_names_it() -> None:
    assert check("silverware", "Silverware tray", "Your silverware in good order.").verdict is UNKNOWN


def test_a_brand_is_a_name_and_no_material() -> None:
    assert check("leather", "Leather Honey balm", brand="Leather Honey").verdict is UNKNOWN


def test_a_shelf_label_that_covers_more_than_the_thing_proves_nothing() -> None:
    assert check("gelatin", categories=("Food", "Pudding & Gelatin")).verdict is UNKNOWN
    assert check("gelatin", categories=("Food", "Gelatin")).verdict is VIOLATED
    assert check("cord", categories=("Phones", "Cordless Phones")).verdict is MET


def test_evidence_is_a_short_quote_of_the_words_that_decide() -> None:
    assert check("buckle", "Leather Belt with Metal Buckle") == Check(
        requirement="without buckle", verdict=VIOLATED, evidence='title: "Leather Belt with Metal Buckle"'
    )
    told = f"{'Very fine leather. ' * 50}It has no Buckle. {'Very fine leather. ' * 50}"
    found = check("buckle", "Belt", told)
    assert found.verdict is MET
    assert found.evidence
    assert found.evidence.startswith('description: "... ')
    assert "no Buckle." in found.evidence
    assert len(found.evidence) < 100


def test_facts_are_checked_like_terms_and_the_unstated_is_unknown() -> None:
    without = Without(brands=("brevik",), categories=("Lamps",), attributes={"color": ("red", "blue")})
    classify = classifier(without)
    red = Product(
        id="a", title="A", brand="Brevik", categories=("Home", "Lamps"), attributes={"Color": ("Red",)}
    )
    green = Product(
        id="b", title="B", brand="Solvei", categories=("Garden",), attributes={"color": ("green",)}
    )
    requirements = ["without brand brevik", "without category Lamps", "without color red or blue"]
    assert [(c.requirement, c.verdict) for c in classify(red)] == [(r, VIOLATED) for r in requirements]
    assert [(c.requirement, c.verdict) for c in classify(green)] == [(r, MET) for r in requirements]
    assert [c.evidence for c in classify(red)] == ["Brevik", "Home > Lamps", "Red"]
    bare = classify(Product(id="c", title="C"))
    assert [(c.verdict, c.evidence) for c in bare] == [(UNKNOWN, None)] * 3


def test_what_states_an_excluded_fact_never_becomes_a_candidate(tmp_path: Path) -> None:
    shop = [Product(id="a", title="Belt", brand="Brevik"), Product(id="b", title="Belt with buckle")]
    home, encoder = EdgeHome(tmp_path / "shop.index"), WordEncoder()
    build_index(lambda: shop, home, encoder)
    index = ProductIndex(home, home.live(), encoder)
    without = Without(brands=("Brevik",), terms=("buckle",))
    found = recall(index, index.vectors("belt"), where=Where(), without=without)
    assert [p.id for p in index.products(found.points).values()] == ["b"]  # terms are judged, not filtered
    index.close()


def test_nothing_excluded_is_nothing_to_check() -> None:
    assert classifier(Without())(Product(id="a", title="A")) == ()


@pytest.mark.parametrize(
    "term", ["", "   ", "😀", "(((", "a" * 10_000, "b " * 5_000, "\\", "[a-", "ß", "\x00"]
)
def test_an_odd_term_is_unknown_for_a_product_that_does_not_name_it(term: str) -> None:
    assert check(term, "Plain cotton shirt", "With pockets.").verdict is UNKNOWN


def test_a_text_of_megabytes_is_read_as_far_as_its_beginning() -> None:
    assert check("buckle", "Belt", "no buckle " + "buckle " * 1_000_000).verdict is MET
    assert check("buckle", "Belt", "belt " * 1_000_000 + "buckle").verdict is UNKNOWN


def test_letters_that_grow_when_lowered_do_not_shift_the_quote() -> None:
    found = check("buckle", "İİİİ belt without buckle")
    assert found.verdict is MET
    assert found.evidence
    assert "without buckle" in found.evidence


def tally(stock: Iterable[Product], said_in_text: bool) -> Counter[tuple[bool, Verdict]]:
    """For every fact that the demo tables state of a product: what is true, and what we found."""
    truth = {
        (identity, claim.fact): claim.present
        for identity, stated in claims().items()
        for claim in stated
        if not said_in_text or claim.text or claim.title
    }
    named = {name: fact.words[0] for name, fact in facts().items()}
    classify = classifier(Without(terms=tuple(named.values())))
    counts: Counter[tuple[bool, Verdict]] = Counter()
    for product in stock:
        for name, found in zip(named, classify(product), strict=True):
            if (product.id, name) in truth:
                counts[truth[product.id, name], found.verdict] += 1
    return counts


@pytest.mark.parametrize("text_only", [False, True])
def test_the_demo_catalogue_is_read_as_its_tables_say(text_only: bool) -> None:
    stock = list(products())
    if text_only:
        stock = [product.model_copy(update={"attributes": {}, "tags": ()}) for product in stock]
    counts = tally(stock, said_in_text=text_only)
    assert sum(counts.values()) > 2_500
    has = sum(count for (present, _), count in counts.items() if present)
    lacks = sum(count for (present, _), count in counts.items() if not present)
    assert counts[True, VIOLATED] >= 0.99 * has
    assert counts[False, MET] >= 0.99 * lacks
    assert counts[True, MET] <= 0.002 * has  # the worst mistake: what was excluded, shown as free of it
    assert counts[False, VIOLATED] <= 0.005 * lacks


DATA = os.environ.get("AISLE_TEST_DATA")


@pytest.mark.skipif(not DATA, reason="AISLE_TEST_DATA names no folder with esci_us")
def test_what_meets_an_exclusion_is_judged_better_than_what_violates_it() -> None:
    from ranking.negation import wants

    folder = Path(DATA or "") / "esci_us"
    shop = {p.id: p for p in read_feed(folder / "products.jsonl.gz") if isinstance(p, Product)}
    rows = [line.split() for line in (folder / "qrels-dev.txt").read_text().splitlines()]
    grades: dict[Verdict, list[int]] = {verdict: [] for verdict in Verdict}
    for line in (folder / "queries-dev.tsv").read_text().splitlines():
        query, text = line.split("\t")
        if " without " not in text or not (excluded := wants(text).excluded):
            continue
        classify = classifier(Without(terms=excluded))
        for _, _, product, grade in (row for row in rows if row[0] == query):
            if product in shop:
                grades[classify(shop[product])[0].verdict].append(int(grade))
    exact = {verdict: sum(g == 3 for g in given) / len(given) for verdict, given in grades.items()}
    assert exact[MET] > exact[UNKNOWN] > exact[VIOLATED]
    assert exact[MET] > 2 * exact[VIOLATED]
