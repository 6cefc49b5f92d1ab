"""What shops write in a price cell, and what it means to the minor unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.price import format_money, parse_money
from catalog.product import Money
from core.errors import InvalidSettings


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("12.99", 1299, "USD"),
        ("12.99 USD", 1299, "USD"),
        ("EUR 12.00", 1200, "EUR"),
        ("$1,299.00", 129900, "USD"),
        ("1.299,00 EUR", 129900, "EUR"),
        ("1 299,00 €", 129900, "EUR"),
        ("1\u202f299,00\u00a0€", 129900, "EUR"),
        ("CHF 1'299.-", 129900, "CHF"),
        ("Rs. 1,29,900.00", 12990000, "INR"),
        ("35€99", 3599, "EUR"),
        ("¥1200", 1200, "JPY"),
        ("R$ 1.299,90", 129990, "BRL"),
        ("USD $12.50", 1250, "USD"),
        ("Price: $12.99 each", 1299, "USD"),
        (12.99, 1299, "USD"),
        (Decimal("0.995"), 100, "USD"),
        (5, 500, "USD"),
        ("0.00", 0, "USD"),
    ],
)
def test_a_price_is_read_to_its_minor_unit(text: str | float | Decimal, amount: int, currency: str) -> None:
    assert parse_money(text, "USD") == Money(amount=amount, currency=currency)


def test_three_digits_after_a_lone_separator_are_thousands() -> None:
    assert parse_money("1.299", "USD") == Money(amount=129900, currency="USD")
    assert parse_money("1,299", "EUR") == Money(amount=129900, currency="EUR")


def test_they_are_decimals_after_a_zero_in_a_three_decimal_currency_and_in_a_typed_number() -> None:
    assert parse_money("0.999", "USD") == Money(amount=100, currency="USD")
    assert parse_money("1.299 KWD", "USD") == Money(amount=1299, currency="KWD")
    assert parse_money(1.299, "USD") == Money(amount=130, currency="USD")


NOT_ONE_AMOUNT = [
    "",
    "call us",
    "free",
    "-5",
    "(5.00)",
    "$10 - $20",
    "12 99",
    "99 €, 79 €",
    "50%",
    "Pack of 3",
]
NOT_ONE_AMOUNT += ["555-1234", "NaN", "1e5", "999999999999999", "ƒ 12", "12.99 XYZ", "12.99 kr"]


@pytest.mark.parametrize("text", NOT_ONE_AMOUNT)
def test_what_is_not_clearly_one_amount_is_unknown(text: str) -> None:
    assert parse_money(text, "USD") is None


@pytest.mark.parametrize("number", [-1, float("nan"), float("inf"), 10**13, True])
def test_numbers_that_are_no_price_are_unknown(number: float) -> None:
    assert parse_money(number, "USD") is None


def test_a_shared_sign_means_the_currency_of_the_feed_where_it_can() -> None:
    assert parse_money("$5", "CAD") == Money(amount=500, currency="CAD")
    assert parse_money("¥1200", "CNY") == Money(amount=120000, currency="CNY")
    assert parse_money("12.99 kr", "SEK") == Money(amount=1299, currency="SEK")
    assert parse_money("$5", "EUR") == Money(amount=500, currency="USD")


def test_money_is_written_as_the_locale_writes_it() -> None:
    assert format_money(Money(amount=129900, currency="USD")) == "$1,299.00"
    assert format_money(Money(amount=129900, currency="EUR"), "de_DE") == "1.299,00\u00a0€"
    assert format_money(Money(amount=1200, currency="JPY")) == "¥1,200"


def test_an_unknown_locale_is_named() -> None:
    with pytest.raises(InvalidSettings, match="xx_QQ"):
        format_money(Money(amount=1, currency="USD"), "xx_QQ")


@given(st.text(max_size=60))
def test_any_text_is_an_amount_or_unknown(text: str) -> None:
    money = parse_money(text, "USD")
    assert money is None or 0 <= money.amount <= 10**15


@given(st.integers(0, 10**10), st.sampled_from(["USD", "EUR", "JPY", "KWD", "CAD", "INR"]))
def test_what_is_formatted_in_english_is_read_back(amount: int, currency: str) -> None:
    money = Money(amount=amount, currency=currency)
    assert parse_money(format_money(money), currency) == money
