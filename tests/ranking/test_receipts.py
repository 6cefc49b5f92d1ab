"""Every requirement is met, violated or unknown, and the evidence says why."""

import pytest

from catalog.conditions import condition
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
