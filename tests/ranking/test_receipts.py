"""Every requirement is met, violated or unknown, and the evidence says why."""

from itertools import islice

import pytest

from catalog.conditions import condition
from catalog.demo import products
from catalog.product import Availability, Money, Product, Rating
from catalog.where import Where, Without
from ranking.exclusions import classifier
from ranking.receipts import known_to_fit, known_to_violate, receipt
from ranking.records import Check, Verdict

MET, VIOLATED, UNKNOWN = Verdict.MET, Verdict.VIOLATED, Verdict.UNKNOWN
LAMP = Product(
    id="lamp",
    title="Lamp",
    brand="Brevik",
    categories=("Home", "Lamps"),
    price=Money(amount=1999, currency="USD"),
    rating=Rating(value=4.2),
    availability=Availability.BACKORDER,
    attributes={"Color": ("Red",)},
)
BARE = Product(id="bare", title="Bare")


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


@pytest.mark.parametrize(
    ("where", "lamp", "evidence"),
    [
        (Where(brands=("brevik",)), MET, "Brevik"),
        (Where(brands=("Solvei",)), VIOLATED, "Brevik"),
        (Where(categories=("lamps",)), MET, "Home > Lamps"),
        (Where(categories=("Garden",)), VIOLATED, "Home > Lamps"),
        (Where(price_max=usd(1999)), MET, "$19.99"),
        (Where(price_max=usd(1998)), VIOLATED, "$19.99"),
        (Where(price_min=usd(2000)), VIOLATED, "$19.99"),
        (Where(price_max=Money(amount=5000, currency="EUR")), UNKNOWN, "$19.99"),
        (Where(rating_min=4.0), MET, "4.2"),
        (Where(rating_max=4.0), VIOLATED, "4.2"),
        (Where(reviews_min=1), UNKNOWN, None),
        (Where(attributes={"color": ("red", "blue")}), MET, "Red"),
        (Where(attributes={"color": ("blue",)}), VIOLATED, "Red"),
        (Where(attributes={"material": ("oak",)}), UNKNOWN, None),
        (Where(available_only=True), MET, "backorder"),
    ],
)
def test_one_requirement(where: Where, lamp: Verdict, evidence: str | None) -> None:
    (check,) = receipt(LAMP, where)
    assert (check.verdict, check.evidence) == (lamp, evidence)
    (bare,) = receipt(BARE, where)
    assert (bare.verdict, bare.evidence) == (UNKNOWN, None)


def test_two_bounds_are_two_checks() -> None:
    checks = receipt(LAMP, Where(price_min=usd(1000), price_max=usd(1500)))
    assert [(c.requirement, c.verdict) for c in checks] == [
        ("price at least $10.00", MET),
        ("price at most $15.00", VIOLATED),
    ]


def test_nothing_required_is_nothing_to_prove() -> None:
    assert receipt(LAMP, Where()) == ()
    assert known_to_fit(())
    assert condition(Where()) is None


def test_known_to_fit_needs_every_check_met() -> None:
    met = Check(requirement="x", verdict=MET)
    assert known_to_fit((met, met))
    assert not known_to_fit((met, Check(requirement="y", verdict=UNKNOWN)))


def test_a_receipt_holds_what_was_required_and_then_what_was_excluded() -> None:
    classify = classifier(Without(brands=("Solvei",), terms=("lamp", "cord")))
    checks = receipt(LAMP, Where(available_only=True), classify(LAMP))
    assert [(c.requirement, c.verdict) for c in checks] == [
        ("available", MET),
        ("without brand Solvei", MET),
        ("without lamp", VIOLATED),
        ("without cord", UNKNOWN),
    ]


def test_known_to_violate_needs_one_check_violated() -> None:
    met, unknown, violated = (Check(requirement="x", verdict=v) for v in (MET, UNKNOWN, VIOLATED))
    assert known_to_violate((met, violated))
    assert not known_to_violate((met, unknown))
    assert not known_to_violate(())


@pytest.mark.parametrize(
    ("attributes", "wanted", "verdict"),
    [
        ({"color": ("Navy",)}, {"color": ("blue",)}, MET),
        ({"color": ("Dark Red/Black",)}, {"color": ("red",)}, MET),
        ({"color": ("Gray",)}, {"color": ("grey",)}, MET),
        ({"color": ("Green", "Red")}, {"color": ("red",)}, MET),
        ({"color": ("Midnight Black",)}, {"color": ("blue",)}, VIOLATED),
        ({"color": ("Rose Gold",)}, {"color": ("gold",)}, VIOLATED),
        ({"color": ("Sky",)}, {"color": ("navy",)}, VIOLATED),
        ({"color": ("Blue",)}, {"color": ("navy",)}, UNKNOWN),
        ({"color": ("1 Pack",)}, {"color": ("red",)}, UNKNOWN),
        ({"color": ("multi",)}, {"color": ("red",)}, UNKNOWN),
        ({"color": ("Style 3",)}, {"color": ("red",)}, UNKNOWN),
        ({"size": ("9 M US",)}, {"size": ("9",)}, MET),
        ({"size": ("9 M US",)}, {"size": ("M",)}, UNKNOWN),
        ({"size": ("9.5",)}, {"size": ("9",)}, VIOLATED),
        ({"size": ("EU 36-40",)}, {"size": ("38",)}, MET),
        ({"size": ("L",)}, {"size": ("large",)}, MET),
        ({"size": ("X-Large",)}, {"size": ("large",)}, VIOLATED),
        ({"size": ("Queen (60 x 80)",)}, {"size": ("queen",)}, MET),
        ({"size": ("California King",)}, {"size": ("king",)}, VIOLATED),
        ({"size": ("95 L",)}, {"size": ("L",)}, UNKNOWN),
        ({"size": ("One Size",)}, {"size": ("M",)}, UNKNOWN),
        ({"material": ("full-grain leather",)}, {"material": ("leather",)}, MET),
        ({"material": ("faux leather",)}, {"material": ("leather",)}, VIOLATED),
        ({"material": ("Oak",)}, {"material": ("wood",)}, MET),
        ({"fit": ("Slim",)}, {"fit": ("slim",)}, MET),
        ({"fit": ("Loose",)}, {"fit": ("slim",)}, VIOLATED),
    ],
)
def test_a_value_is_held_against_what_it_means(
    attributes: dict[str, tuple[str, ...]], wanted: dict[str, tuple[str, ...]], verdict: Verdict
) -> None:
    (check,) = receipt(Product(id="p", title="Thing", attributes=attributes), Where(attributes=wanted))
    assert (check.verdict, check.evidence) == (verdict, ", ".join(*attributes.values()))


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("Red Dog Bowl", {"color": ("red",)}),
        ("Dress for Women, Navy", {"color": ("blue",)}),
        ("Belt for men, brown leather", {"material": ("leather",)}),
        ("Hoodie - Gray, Large", {"color": ("grey",)}),
        ("Hoodie - Gray, Large", {"size": ("L",)}),
        ("Queen Sheet Set", {"size": ("queen",)}),
        ("Running shoe, size 9", {"size": ("9",)}),
        ("Waterproof jacket", {"waterproof": ("yes",)}),
        ("Lavender hand soap", {"scent": ("lavender",)}),
    ],
)
def test_where_the_field_is_missing_the_title_proves_it(
    title: str, wanted: dict[str, tuple[str, ...]]
) -> None:
    (check,) = receipt(Product(id="p", title=title), Where(attributes=wanted))
    assert (check.verdict, check.evidence) == (MET, f'title: "{title}"')


@pytest.mark.parametrize(
    ("title", "brand", "wanted"),
    [
        ("Case for red phones", None, {"color": ("red",)}),
        ("Watch with red strap", None, {"color": ("red",)}),
        ("Red Bull drink", "Red Bull", {"color": ("red",)}),
        ("Green tea", None, {"color": ("green",)}),
        ("Sky lantern", None, {"color": ("blue", "sky")}),
        ("Black dog bowl", None, {"color": ("red",)}),
        ("Leather conditioner", None, {"material": ("leather",)}),
        ("Faux leather bag", None, {"material": ("leather",)}),
        ("California King Sheets", None, {"size": ("king",)}),
        ("M3 screws", None, {"size": ("M",)}),
        ("Spray for waterproof jackets", None, {"waterproof": ("yes",)}),
    ],
)
def test_a_title_that_speaks_of_something_else_proves_nothing(
    title: str, brand: str | None, wanted: dict[str, tuple[str, ...]]
) -> None:
    (check,) = receipt(Product(id="p", title=title, brand=brand), Where(attributes=wanted))
    assert (check.verdict, check.evidence) == (UNKNOWN, None)


def test_a_field_that_does_not_say_leaves_it_to_the_title() -> None:
    product = Product(id="p", title="Red Dog Bowl", attributes={"color": ("1 Pack",)})
    (check,) = receipt(product, Where(attributes={"color": ("red",)}))
    assert (check.verdict, check.evidence) == (MET, 'title: "Red Dog Bowl"')


@pytest.mark.parametrize(
    ("title", "verdict"),
    [
        ("Brevik lamp", MET),
        ("Lamp by Brevik", MET),
        ("Shade for Brevik lamps", UNKNOWN),
        ("Brevikson lamp", UNKNOWN),
    ],
)
def test_a_product_without_a_brand_may_be_called_by_it(title: str, verdict: Verdict) -> None:
    (check,) = receipt(Product(id="p", title=title), Where(brands=("Brevik",)))
    assert check.verdict is verdict


def test_what_the_filter_lets_in_is_never_contradicted() -> None:
    for product in islice(products(), 400):
        for name, values in product.attributes.items():
            for value in values:
                (check,) = receipt(product, Where(attributes={name: (value, "another")}))
                assert check.verdict is MET


def test_a_requirement_is_named_by_the_widest_of_its_values() -> None:
    (check,) = receipt(LAMP, Where(attributes={"color": ("navy", "blue", "light blue")}))
    assert check.requirement == "color blue"
