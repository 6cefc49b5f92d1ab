"""Products side by side: only what differs, and a winner only where better is defined."""

import pytest

from catalog.demo import products
from catalog.product import Availability, Money, Product, Rating
from core.errors import InvalidQuery
from tools.comparison import Comparison, Measure, Row, compare, measured

CATALOGUE = {product.id: product for product in products()}


def side_by_side(*ids: str) -> Comparison:
    return compare([CATALOGUE[i] for i in ids])


def row(comparison: Comparison, name: str) -> Row:
    return next(row for row in comparison.rows if row.name == name)


def made(name: str, **fields: object) -> Product:
    return Product.model_validate({"id": name, "title": name, **fields})


def with_attributes(*sheets: dict[str, str]) -> Comparison:
    return compare(
        [made(str(n), attributes={k: (v,) for k, v in sheet.items()}) for n, sheet in enumerate(sheets)]
    )


def test_two_kettles_differ_in_price_noise_and_warranty_and_each_has_a_winner() -> None:
    table = side_by_side("kettle-fjord-10l-silver", "kettle-hush-17l-charcoal")
    assert row(table, "price") == Row(name="price", values=("$54.95", "$77.99"), best=(0,))
    assert row(table, "rating").values == ("4.5 (200)", "4.1 (4)")
    assert row(table, "availability") == Row(
        name="availability", values=("in stock", "out of stock"), best=(0,)
    )
    assert row(table, "noise level") == Row(name="noise level", values=("68 dB", "55 dB"), best=(1,))
    assert row(table, "warranty") == Row(name="warranty", values=("3 years", "2 years"), best=(0,))


def test_weight_capacity_and_color_have_no_winner() -> None:
    table = side_by_side("kettle-fjord-10l-silver", "kettle-hush-17l-charcoal")
    assert [row(table, name).best for name in ("weight", "capacity", "color", "wattage")] == [(), (), (), ()]


def test_what_is_the_same_is_left_out() -> None:
    table = side_by_side("kettle-fjord-10l-silver", "kettle-hush-17l-charcoal")
    assert "type" not in [row.name for row in table.rows]


def test_the_rows_with_a_winner_come_first_among_the_attributes() -> None:
    names = [row.name for row in side_by_side("kettle-fjord-10l-silver", "kettle-hush-17l-charcoal").rows]
    assert names[:6] == ["price", "rating", "availability", "brand", "noise level", "warranty"]


def test_a_missing_value_is_shown_as_missing_where_half_the_products_say_it() -> None:
    table = side_by_side(
        "headphones-quiet-one-black", "headphones-monitor-60-black", "headphones-basic-over-black"
    )
    assert row(table, "battery life") == Row(name="battery life", values=("40 h", None, "18 h"), best=())


def test_what_one_of_three_says_is_left_out() -> None:
    table = with_attributes({"lid": "yes", "size": "M"}, {"size": "L"}, {"size": "S"})
    assert [row.name for row in table.rows] == ["size"]


def test_the_same_thing_under_other_names_is_one_row() -> None:
    table = with_attributes({"item_weight": "2 kg"}, {"Weight": "1500 g"})
    assert table.rows == (Row(name="item weight", values=("2 kg", "1500 g")),)


def test_the_same_quantity_in_other_units_is_no_difference() -> None:
    assert with_attributes({"capacity": "1 L"}, {"capacity": "1000 ml"}).rows == ()
    assert with_attributes({"color": "Red"}, {"colour": "red"}).rows == ()


def test_units_are_converted_before_a_winner_is_named() -> None:
    table = with_attributes({"battery life": "2 days"}, {"battery life": "40 h"})
    assert row(table, "battery life").best == (0,)


def test_quantities_of_different_kinds_have_no_winner() -> None:
    table = with_attributes({"range": "40 m"}, {"range": "2 h"})
    assert row(table, "range").best == ()


def test_prices_in_two_currencies_have_no_winner() -> None:
    one = made("a", price=Money(amount=1000, currency="USD"))
    other = made("b", price=Money(amount=900, currency="EUR"))
    assert row(compare([one, other]), "price").best == ()


def test_a_missing_price_leaves_the_lowest_open() -> None:
    table = side_by_side("stroller-cityfold-black", "stroller-duet-grey")
    assert row(table, "price") == Row(name="price", values=("$399.00", None))


def test_a_few_enthusiasts_do_not_beat_a_thousand_votes() -> None:
    few = made("few", rating=Rating(value=4.8, count=2))
    many = made("many", rating=Rating(value=4.7, count=3000))
    bad = made("bad", rating=Rating(value=3.0, count=500))
    assert row(compare([few, many, bad]), "rating").best == (1,)


def test_equals_win_together() -> None:
    cheap = Money(amount=500, currency="USD")
    prices = (cheap, cheap, Money(amount=900, currency="USD"))
    table = compare([made(str(n), price=price) for n, price in enumerate(prices)])
    assert row(table, "price").best == (0, 1)


def test_unknown_stock_is_shown_as_unknown() -> None:
    table = compare([made("a", availability=Availability.IN_STOCK), made("b")])
    assert row(table, "availability") == Row(name="availability", values=("in stock", None), best=(0,))


def test_at_most_twelve_attributes_are_shown() -> None:
    sheets = [{f"property {n}": f"{side} {n}" for n in range(30)} for side in ("left", "right")]
    assert len(with_attributes(*sheets).rows) == 12


@pytest.mark.parametrize("count", [0, 1, 5])
def test_other_than_two_to_four_products_are_refused(count: int) -> None:
    with pytest.raises(InvalidQuery, match="2 to 4"):
        compare([made(str(n)) for n in range(count)])


def test_a_product_is_not_compared_with_itself() -> None:
    with pytest.raises(InvalidQuery, match="itself"):
        side_by_side("stroller-cityfold-black", "stroller-cityfold-black")


@pytest.mark.parametrize(
    ("value", "measure"),
    [
        ("1.7 L", Measure(1700, "ml")),
        ("3 min 40 s", Measure(220, "s")),
        ("2 x 3 x 4 cm", Measure(24_000, "mm^3")),
        ("10,000 mm", Measure(10_000, "mm")),
        ("1,5 kg", Measure(1500, "g")),
        ("2 slots", Measure(2, "slot")),
        ("XL", Measure(5, "size")),
        ("4-6 kg", None),
        ("IP67", None),
        ("13 g per 100 g", None),
        ("-5 C", None),
        ("yes", None),
    ],
)
def test_a_value_is_a_quantity_or_it_is_none(value: str, measure: Measure | None) -> None:
    assert measured([value]) == measure
