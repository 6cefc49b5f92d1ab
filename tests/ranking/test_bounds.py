"""Round limits, worked by hand."""

import pytest

from catalog.product import Money
from ranking.bounds import rounded_down, rounded_up


def usd(dollars: float) -> Money:
    return Money(amount=round(dollars * 100), currency="USD")


@pytest.mark.parametrize(
    ("amount", "up", "down"),
    [(22.4, 25, 20), (7.2, 8, 7), (25, 25, 25), (112, 150, 100), (51, 60, 50), (0, 0, 0), (0.62, 0.7, 0.6)],
)
def test_a_limit_is_a_figure_that_people_say(amount: float, up: float, down: float) -> None:
    assert rounded_up(usd(amount)) == usd(up)
    assert rounded_down(usd(amount)) == usd(down)


def test_a_currency_without_cents_keeps_whole_units() -> None:
    assert rounded_up(Money(amount=2240, currency="JPY")) == Money(amount=2500, currency="JPY")
