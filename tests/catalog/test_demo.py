"""The demo catalogue is what later tests take as truth, so it is held to its own word here."""

import re
from collections import defaultdict
from collections.abc import Iterator
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from catalog.demo import claims, picture, products, write
from catalog.demo.tables import Claim, Fact, brands, facts, families
from catalog.product import Availability, Product
from core.errors import InvalidQuery

PRODUCTS = tuple(products())
GROUPS: dict[str, list[Product]] = defaultdict(list)
for _product in PRODUCTS:
    if _product.group_id:
        GROUPS[_product.group_id].append(_product)

TRUTH = claims()
JSONL_SHA256 = "1221802b2812b7bc8165593905c451f8304a1ffde89627a734ed827e46516476"


def sentences(product: Product) -> list[str]:
    """Its title's parts and its description's clauses: a negation reaches no further than one of them."""
    return re.split(r", (?=\D)", product.title.lower()) + re.split(
        r"[.:;] ?(?=[^\d]|$)", (product.description or "").lower()
    )


def mentions(product: Product, fact: Fact) -> Iterator[bool]:
    """For each time the text names the fact: whether it is affirmed there."""
    word = re.compile(rf"\b(?:{'|'.join(map(re.escape, fact.words))})\b(?P<free>-free)?")
    for sentence in sentences(product):
        for match in word.finditer(sentence):
            denied = re.search(r"\b(?:no|not|without|free of|free from)\b", sentence[: match.start()])
            yield not (denied or match["free"])


def stated(product: Product) -> dict[str, Claim]:
    return {claim.fact: claim for claim in TRUTH[product.id]}


def facts_of(product: Product) -> set[str]:
    """Every fact that the product's family decides about, stated for this product or not."""
    family = next(f for f in families().values() if f.noun.lower() == product.attributes["type"][0])
    return {claim.fact for model in family.models for claim in model.claims}


def amount(value: str) -> float:
    """A size as a number, in its base unit: "3 x 100 g" is 300, "1 L" is 1000."""
    match = re.fullmatch(r"(?:[a-z-]+ )?(?:(?P<packs>\d+) x )?(?P<number>[\d.]+) (?P<unit>.+)", value)
    assert match, value
    thousands = 1000 if match["unit"] in {"kg", "L", "TB"} else 1
    return float(match["number"]) * int(match["packs"] or 1) * thousands


def test_about_two_thousand_products_fill_sixteen_departments() -> None:
    departments: dict[str, int] = defaultdict(int)
    for product in PRODUCTS:
        departments[product.categories[0]] += 1
    assert 1900 <= len(PRODUCTS) <= 2200
    assert len(departments) == 16
    assert min(departments.values()) >= 60
    assert len(families()) >= 100


def test_categories_are_a_tree_of_three_levels() -> None:
    parents: dict[str, set[tuple[str, ...]]] = defaultdict(set)
    for product in PRODUCTS:
        assert len(product.categories) == 3
        parents[product.categories[2]].add(product.categories[:2])
    shared = {leaf: paths for leaf, paths in parents.items() if len(paths) > 1}
    assert set(shared) == {"Gloves", "Monitors"}  # for the garden or for work; of computers or of babies


def test_ids_are_unique_short_and_plain() -> None:
    ids = [product.id for product in PRODUCTS]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", identity) and len(identity) <= 60 for identity in ids)


def test_titles_are_unique() -> None:
    titles = [product.title for product in PRODUCTS]
    assert len(set(titles)) == len(titles)


def test_the_written_file_is_the_same_to_the_byte_everywhere(tmp_path: Path) -> None:
    assert write(tmp_path) == len(PRODUCTS)
    lines = (tmp_path / "products.jsonl").read_bytes()
    assert [Product.model_validate_json(line) for line in lines.splitlines()] == list(PRODUCTS)
    assert len(list((tmp_path / "images").glob("*.svg"))) == len(PRODUCTS)
    assert sha256(lines).hexdigest() == JSONL_SHA256


def test_variants_of_a_group_differ_in_color_or_size_and_agree_in_the_rest() -> None:
    assert len(GROUPS) > 400
    axes = {family.size_name for family in families().values()} | {"color"}
    for group in GROUPS.values():
        assert len(group) > 1
        for name in ("brand", "categories", "rating", "tags", "seller"):
            assert len({getattr(product, name) for product in group}) == 1, group[0].id
        choices = [tuple(product.attributes.get(axis or "", ()) for axis in axes) for product in group]
        assert len(set(choices)) == len(group), group[0].id


def test_a_list_price_is_above_the_price() -> None:
    on_sale = [product for product in PRODUCTS if product.list_price]
    assert len(on_sale) > 100
    for product in on_sale:
        assert product.price is not None
        assert product.list_price is not None
        assert product.list_price.amount > product.price.amount


def test_a_larger_capacity_of_one_model_never_costs_less() -> None:
    compared = 0
    for family in families().values():
        if family.size_name not in {"capacity", "volume", "net weight", "storage", "weight"}:
            continue
        values = [amount(size.value) for size in family.sizes]
        assert values == sorted(values), family.key
        for group in GROUPS.values():
            if group[0].attributes["type"][0] != family.noun.lower() or not group[0].price:
                continue
            by_size = sorted(
                (amount(p.attributes[family.size_name][0]), p.price.amount) for p in group if p.price
            )
            for (small, cheap), (large, dear) in pairwise(by_size):
                assert dear > cheap if large > small else dear == cheap, group[0].id
                compared += large > small
    assert compared > 100


def test_prices_end_as_shop_prices_do() -> None:
    endings = {product.price.amount % 100 for product in PRODUCTS if product.price}
    assert all(ending % 10 in {0, 5, 9} for ending in endings)


def test_premium_brands_cost_more_within_a_family() -> None:
    dearer = cheaper = 0
    for family in families().values():
        cents: dict[int, list[int]] = defaultdict(list)
        for model in family.models:
            if model.brand and model.cents:
                cents[brands()[model.brand].tier].append(model.cents)
        if 1 in cents and 3 in cents:
            above = sum(cents[3]) / len(cents[3]) > sum(cents[1]) / len(cents[1])
            dearer, cheaper = dearer + above, cheaper + (not above)
    assert dearer > 30
    assert cheaper == 0


def test_every_brand_sells_only_in_its_departments() -> None:
    assert len(brands()) >= 60
    for product in PRODUCTS:
        if product.brand:
            assert product.categories[0] in brands()[product.brand].departments, product.id
    assert {product.brand for product in PRODUCTS} - {None} == set(brands())


def test_ratings_and_stock_look_like_a_shop() -> None:
    ratings = [product.rating for product in PRODUCTS]
    known = [rating for rating in ratings if rating]
    assert 0.02 < 1 - len(known) / len(ratings) < 0.15
    assert all(3.2 <= rating.value <= 4.9 and rating.count for rating in known)
    stock = [product.availability for product in PRODUCTS]
    assert set(stock) == set(Availability) - {Availability.UNKNOWN}
    assert 0.75 < stock.count(Availability.IN_STOCK) / len(stock) < 0.92


def test_a_few_prices_and_brands_are_honestly_unknown() -> None:
    assert 5 <= sum(product.price is None for product in PRODUCTS) <= 60
    assert 5 <= sum(product.brand is None for product in PRODUCTS) <= 60


def test_the_text_affirms_what_the_tables_say_it_has_and_denies_what_it_lacks() -> None:
    for product in PRODUCTS:
        for name, claim in stated(product).items():
            found = list(mentions(product, facts()[name]))
            if claim.text or claim.title:
                assert found, f"{product.id} should name {name}: {product.description}"
            assert all(affirmed == claim.present for affirmed in found), (
                f"{product.id} contradicts {name}: {product.title} / {product.description}"
            )


def test_the_text_keeps_silent_where_the_tables_do() -> None:
    for product in PRODUCTS:
        truth = stated(product)
        for name in facts_of(product):
            if name not in truth or not (truth[name].text or truth[name].title):
                assert not list(mentions(product, facts()[name])), (
                    f"{product.id} names {name}: {product.title} / {product.description}"
                )


def test_structured_fields_say_what_the_tables_say() -> None:
    for product in PRODUCTS:
        truth = stated(product)
        for name in facts_of(product):
            fact = facts()[name]
            claim = truth.get(name)
            said = claim is not None and claim.attribute
            if fact.value is None:
                expected = (("yes" if claim.present else "no"),) if claim and said else None
                assert product.attributes.get(fact.attribute) == expected, f"{product.id}: {name}"
            else:
                contained = fact.value in product.attributes.get("contains", ())
                absent = fact.value in product.attributes.get("free from", ())
                assert contained == bool(said and claim and claim.present), f"{product.id}: {name}"
                assert absent == bool(said and claim and not claim.present), f"{product.id}: {name}"


def test_nothing_fragrance_free_has_a_scent_and_nothing_scented_is_unscented() -> None:
    checked = 0
    for product in PRODUCTS:
        claim = stated(product).get("fragrance")
        if claim and "scent" in product.attributes:
            checked += 1
            assert (product.attributes["scent"] == ("unscented",)) != claim.present, product.id
    assert checked > 50


def test_what_contains_almonds_contains_nuts() -> None:
    for product in PRODUCTS:
        truth = stated(product)
        if "almonds" in truth and truth["almonds"].present:
            assert truth["nuts"].present, product.id


def test_vegan_food_and_care_contains_nothing_of_animal_origin() -> None:
    for product in PRODUCTS:
        if product.attributes.get("vegan") == ("yes",):
            truth = stated(product)
            animal = {name for name in ("dairy", "leather", "wool", "chicken") if name in truth}
            assert not any(truth[name].present for name in animal), product.id
            assert not re.search(r"\b(?:honey|beeswax)\b", f"{product.attributes}"), product.id


def test_each_fact_that_matters_is_said_in_every_way() -> None:
    ways = {(claim.present, claim.attribute, claim.text) for said in TRUTH.values() for claim in said}
    assert {(False, True, True), (False, True, False), (False, False, True)} <= ways
    assert {(True, True, True), (True, True, False), (True, False, True)} <= ways
    assert {claim.fact for said in TRUTH.values() for claim in said} == set(facts())
    for name in ("buckle", "fragrance", "batteries", "gluten", "nuts", "feathers", "hood", "laces", "latex"):
        verdicts = {claim.present for said in TRUTH.values() for claim in said if claim.fact == name}
        assert verdicts == {True, False}, name


def test_descriptions_have_two_to_five_finished_sentences() -> None:
    for product in PRODUCTS:
        text = product.description or ""
        assert not re.search(r"[{}]|  |\byes\b", text), product.id
        assert 2 <= len(re.findall(r"[.?](?: (?=[A-Z0-9])|$)", text)) <= 6, f"{product.id}: {text}"


def test_every_picture_is_small_well_formed_and_harmless() -> None:
    for product in PRODUCTS:
        drawing = picture(product)
        assert len(drawing.encode()) < 3000, product.id
        root = ET.fromstring(drawing)  # noqa: S314 - our own drawing
        assert root.get("viewBox") == "0 0 400 400"
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags <= {"svg", "g", "rect", "circle", "ellipse", "path"}, product.id
        assert product.images == (f"/media/demo/{product.id}.svg",)


def test_different_families_have_different_drawings() -> None:
    shapes: dict[str, str] = {}
    for product in PRODUCTS:
        outline = re.sub(r"#[0-9a-f]{6}", "", picture(product).split("<g", 1)[1].split(">", 1)[1])
        shapes.setdefault(outline, product.attributes["type"][0])
        assert shapes[outline] == product.attributes["type"][0]


def test_a_product_in_another_color_is_drawn_in_that_color() -> None:
    for group in GROUPS.values():
        colors = {product.attributes.get("color"): picture(product) for product in group}
        assert len(set(colors.values())) == len(colors), group[0].id


def test_a_product_from_elsewhere_has_no_picture() -> None:
    with pytest.raises(InvalidQuery, match="no drawing for X1"):
        picture(Product(id="X1", title="Something else"))
