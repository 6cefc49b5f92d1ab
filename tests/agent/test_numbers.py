"""Bounds in the words people use, and the numbers that are none."""

import pytest

from agent.reading.numbers import AROUND, figures
from catalog.price import major_units
from catalog.product import Money


def stated(text: str, currency: str = "USD") -> dict[str, float]:
    """The bounds by name, in major units."""
    found: dict[str, float] = {}
    for figure in figures(text, currency):
        for name, value in (("min", figure.low), ("max", figure.high)):
            if value is not None:
                found[f"{figure.field}_{name}"] = (
                    major_units(value) if isinstance(value, Money) else float(value)
                )
    return found


def left(text: str) -> str:
    """The text without its bounds."""
    for figure in reversed(figures(text)):
        text = text[: figure.start] + text[figure.end :]
    return " ".join(text.split())


def currencies(text: str, currency: str = "USD") -> set[str]:
    found = figures(text, currency)
    return {
        side.currency for figure in found for side in (figure.low, figure.high) if isinstance(side, Money)
    }


@pytest.mark.parametrize(
    "text",
    [
        "mug under $20",
        "mug below 20 dollars",
        "mug less than 20",
        "mug for less than 20 bucks",
        "mug up to $20",
        "mug, no more than 20",
        "mug, not more than $20",
        "nothing over 20",
        "no products above $20",
        "avoid anything over $20",
        "mug at most 20 dollars",
        "mug max 20",
        "max. 20 $",
        "mug 20 max",
        "mug, 20 dollars tops",
        "$20 or less",
        "20 or cheaper",
        "mug cheaper than 20",
        "costs no more than twenty dollars",
        "my budget is 20",
        "budget: 20",
        "a $20 budget",
        "I can spend 20",
        "I have 20 dollars",
        "mug for $20",
        "don't want to spend more than 20",
        "can't go over $20",
        "shouldn't exceed 20",
        "without going over $20",
        "keep it under 20",
        "price <= $20",
        "<$20",
        "sub-$20 mug",
        "under 20 mugs please",
        "under $20.00 each",
        "20 in total",
        "unter 20",
        "mug under 20 350 ml",
        "mug below 20 350ml",
        "mugs max 20 2-pack",
    ],
)
def test_a_highest_price(text: str) -> None:
    assert stated(text) == {"price_max": 20.0}


@pytest.mark.parametrize(
    "text",
    [
        "over $20",
        "above 20",
        "more than 20 dollars",
        "at least $20",
        "minimum $20",
        "$20 and up",
        "$20+",
        "20 dollars or more",
        "starting at $20",
        "from $20",
        "nothing under $20",
        "no less than 20",
        "upwards of 20 bucks",
    ],
)
def test_a_lowest_price(text: str) -> None:
    assert stated(text) == {"price_min": 20.0}


@pytest.mark.parametrize(
    "text",
    [
        "between 15 and 25",
        "between $15 and $25",
        "between $15 & 25",
        "from 15 to 25 dollars",
        "$15-25",
        "$15 - $25",
        "15\u201325 dollars",
        "15-25$",
        "15 to 25 bucks",
        "fifteen to twenty-five dollars",
        "mug 15-25",
        "price range 15-25",
        "in the $15 to $25 range",
        "over 15 but under 25",
        "at least $15, at most $25",
        "between 25 and 15 dollars",
    ],
)
def test_a_price_between_two(text: str) -> None:
    assert stated(text) == {"price_min": 15.0, "price_max": 25.0}


@pytest.mark.parametrize(
    "text", ["around 40", "about $40", "~40 dollars", "40ish dollars", "$40 mug", "about 40 or so"]
)
def test_around_is_a_fifth_either_way(text: str) -> None:
    share = float(AROUND)
    assert stated(text) == {"price_min": 40 * (1 - share), "price_max": 40 * (1 + share)}


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("under €19,99", 19.99, "EUR"),
        ("under 1.299,00 €", 1299.0, "EUR"),
        ("under $1,000", 1000.0, "USD"),
        ("under 1.5k", 1500.0, "USD"),
        ("under $2k", 2000.0, "USD"),
        ("under 2 hundred dollars", 200.0, "USD"),
        ("up to a hundred and fifty euros", 150.0, "EUR"),
        ("less than 20 quid", 20.0, "GBP"),
        ("at most 20 GBP", 20.0, "GBP"),
        ("under usd 30", 30.0, "USD"),
        ("under CA$50", 50.0, "CAD"),
        ("2000 rupees max", 2000.0, "INR"),
        ("under 50 cents", 0.5, "USD"),
        ("costs less than 5 pounds", 5.0, "GBP"),
    ],
)
def test_amounts_in_many_notations(text: str, amount: float, currency: str) -> None:
    assert stated(text) == {"price_max": amount}
    assert currencies(text) == {currency}


def test_what_names_no_currency_is_in_the_shop_s() -> None:
    assert currencies("under 30", "EUR") == {"EUR"}
    assert currencies("under $30", "CAD") == {"CAD"}


def test_pounds_are_money_where_the_shop_s_currency_is() -> None:
    assert stated("dumbbell under 20 pounds", "USD") == {}
    assert stated("kettle under 20 pounds", "GBP") == {"price_max": 20.0}


@pytest.mark.parametrize(
    "text",
    [
        "4+ stars",
        "4 stars and up",
        "4-star rating or higher",
        "rated 4",
        "rated 4+",
        "rated at least 4",
        "rating of 4 or better",
        "with a rating above 4",
        "ratings higher than 4 stars",
        "at least four stars",
        "minimum 4 stars",
        "4 star minimum",
        "4 out of 5 stars",
        "4/5 or better",
        "8/10 rating",
        "nothing below 4 stars",
        "no less than 4 stars",
        "skip anything under 4 stars",
        "4 or more stars",
        "(4+ star)",
        "4.0★ and up",
        "rating >= 4",
    ],
)
def test_a_lowest_rating(text: str) -> None:
    assert stated(text) == {"rating_min": 4.0}


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("3 to 4 stars", {"rating_min": 3.0, "rating_max": 4.0}),
        ("ratings between 4.0 and 4.2 stars", {"rating_min": 4.0, "rating_max": 4.2}),
        ("below 3 stars", {"rating_max": 3.0}),
        ("at most 3 stars", {"rating_max": 3.0}),
        ("four and a half stars and up", {"rating_min": 4.5}),
        ("4,5 stars", {"rating_min": 4.5}),
        ("headphones 4.5+", {"rating_min": 4.5}),
    ],
)
def test_other_bounds_on_the_rating(text: str, bounds: dict[str, float]) -> None:
    assert stated(text) == bounds


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("2,000+ reviews", {"reviews_min": 2000}),
        ("over 1000 customer ratings", {"reviews_min": 1000}),
        ("1k reviews", {"reviews_min": 1000}),
        ("1.5k+ reviews", {"reviews_min": 1500}),
        ("hundreds of reviews", {"reviews_min": 100}),
        ("at least a thousand reviews", {"reviews_min": 1000}),
        ("with good reviews (100+)", {"reviews_min": 100}),
        ("reviews: 100+", {"reviews_min": 100}),
        ("reviewed by at least 200 people", {"reviews_min": 200}),
        ("by 1000 plus buyers", {"reviews_min": 1000}),
        ("100 reviews minimum", {"reviews_min": 100}),
        ("fewer than 500 reviews", {"reviews_max": 500}),
        ("between 100 and 500 reviews", {"reviews_min": 100, "reviews_max": 500}),
        ("4.4 star ratings", {"rating_min": 4.4}),
    ],
)
def test_bounds_on_the_number_of_reviews(text: str, bounds: dict[str, float]) -> None:
    assert stated(text) == bounds


def test_several_bounds_in_one_breath() -> None:
    text = "cases under $20, rated 4.2+ by 250+ people, not more than 900 reviews"
    assert stated(text) == {"price_max": 20.0, "rating_min": 4.2, "reviews_min": 250, "reviews_max": 900}
    assert left(text) == "cases , ,"


@pytest.mark.parametrize(
    "text",
    [
        "13 inch laptop",
        "laptop under 13 inches",
        "6-inch screen",
        "up to 65 inch tv",
        "size 9 shoes",
        "size 8-10",
        "at least 500ml",
        "over 16GB ram",
        "more than 2 pockets",
        "less than 3 ingredients snack",
        "iphone 12",
        "wh-1000xm4",
        "iphone 11 pro max 128",
        "4G phone",
        "4k monitor",
        "spf 50+ sunscreen",
        "7 year old",
        "ages 3 to 5",
        "toys for kids under 10",
        "vitamins for women over 50",
        "pack of 4 towels",
        "tent for two",
        "tent for up to 4 people",
        "board game up to 4 players",
        "1000 piece puzzle",
        "2019 calendar",
        "1/2 inch binder",
        "3.5mm cable",
        "2 in 1 laptop",
        "24-70 lens",
        "100% cotton",
        "20% off",
        "no 7 serum",
        "5 star notebook",
        "five star notebook",
        "7 up soda",
        "level 5",
        "$100 gift card",
        "50 cent cd",
        "million dollar baby dvd",
        "max factor mascara",
        "over ear headphones",
        "under desk treadmill",
        "around the world game",
        "between the covers",
        "more than words card game",
        "forever 21 dress",
        "under -5 dollars",
    ],
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert figures(text) == []


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("headphones with at least 4 stars and under $50 in black", "headphones in black"),
        ("shoes size 9 under 60", "shoes size 9"),
        ("4k monitor under 300", "4k monitor"),
        ("iPhone 14 Pro Max case under $20", "iPhone 14 Pro Max case"),
        ("set of 4 mugs that cost less than 30", "set of 4 mugs"),
        ("1000 piece puzzle (under 25)", "1000 piece puzzle"),
    ],
)
def test_only_the_bound_is_taken(text: str, rest: str) -> None:
    assert left(text) == rest


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("at least 6 stars", "ratings go up to 5 stars, not 6"),
        ("under 99999999999999999999 dollars", "no price is that high"),
        ("over 99999999999999999999 reviews", "no product has that many reviews"),
    ],
)
def test_a_bound_that_cannot_hold_says_so(text: str, problem: str) -> None:
    (figure,) = figures(text)
    assert (figure.problem, figure.low, figure.high) == (problem, None, None)


def test_a_bound_ends_where_the_next_number_has_its_own_unit() -> None:
    assert stated("headphones under 150 4 stars and up") == {"price_max": 150.0, "rating_min": 4.0}
    assert left("kettle under 40 1.7 liter") == "kettle 1.7 liter"
    assert stated("screws under 3 1/2 inch") == {}
    assert stated("lens under 24 70 mm") == {"price_max": 24.0}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("piano under 10 000 euros", {"price_max": 10_000.0}),
        ("piano under $1 250", {"price_max": 1_250.0}),
        ("sofa between 1 000 and 2 000 dollars", {"price_min": 1_000.0, "price_max": 2_000.0}),
        ("at least 1 000 reviews", {"reviews_min": 1_000.0}),
        ("car below 1 000 000 euros", {"price_max": 1_000_000.0}),
    ],
)
def test_a_space_may_group_thousands(text: str, found: dict[str, float]) -> None:
    assert stated(text) == found
