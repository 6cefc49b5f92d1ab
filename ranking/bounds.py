"""Round amounts of money, as people name them for a limit: 22.40 becomes 25, 112 becomes 150."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from catalog.price import major_units, parse_money
from catalog.product import Money


def rounded_up(money: Money) -> Money:
    """The next round amount that is no less."""
    return _rounded(money, ROUND_CEILING)


def rounded_down(money: Money) -> Money:
    """The next round amount that is no more."""
    return _rounded(money, ROUND_FLOOR)


def _rounded(money: Money, rounding: str) -> Money:
    value = Decimal(str(major_units(money)))
    if not value:
        return money
    magnitude = Decimal(10) ** math.floor(value.log10())
    step = magnitude if value >= 5 * magnitude else magnitude / 2
    round_value = (value / step).to_integral_value(rounding) * step
    return parse_money(round_value, money.currency) or money
