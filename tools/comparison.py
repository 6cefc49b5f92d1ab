"""Products side by side: the facts in which they differ, and who wins where better is defined.

Reads records and their units. Which of the products suits a shopper is not for it to say.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from math import prod
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from catalog.keys import key
from catalog.price import format_money
from catalog.product import Availability, Product, Rating
from core.errors import InvalidQuery
from core.record import Record
from ranking.sorting import believed

FEWEST, MOST_PRODUCTS = 2, 4
MOST_ROWS = 12  # of attributes
LONGEST_VALUE = 60  # characters; a longer one is a sentence, and tells the least at a glance

_NUMBER = r"\d+(?:[.,]\d+)*"
_PARTS = re.compile(rf"({_NUMBER})\s*([^\W\d_][\w%\u00b0.]*(?:\s+[^\W\d_]+){{0,2}}|%|\"|\u00b0)?")
_SIZES = re.compile(rf"({_NUMBER}(?:\s*[x\u00d7*]\s*{_NUMBER}){{1,2}})\s*([a-z\"]+)?")


class Row(Record):
    """One fact of every product, in the products' order; `best` are the places of the winners, if any."""

    name: str
    values: tuple[str | None, ...]
    best: tuple[int, ...] = ()


class Comparison(Record):
    """Products, and the rows in which they differ."""

    products: tuple[Product, ...]
    rows: tuple[Row, ...]


class Measure(NamedTuple):
    """A quantity in the first unit of its kind, or in the words that it counts."""

    amount: float
    unit: str


def compare(products: Sequence[Product]) -> Comparison:
    """Compare two to four products; what they have in common is left out."""
    if not FEWEST <= len(products) <= MOST_PRODUCTS:
        raise InvalidQuery(
            f"{len(products)} products cannot be compared; give {FEWEST} to {MOST_PRODUCTS} product ids"
        )
    if len({product.id for product in products}) < len(products):
        raise InvalidQuery("a product cannot be compared with itself; give different product ids")
    rows = [_price(products), _rating(products), _availability(products), _brand(products)]
    rows += sorted(_attributes(products), key=_telling)[:MOST_ROWS]
    return Comparison(products=tuple(products), rows=tuple(row for row in rows if _differs(row)))


def measured(values: Sequence[str]) -> Measure | None:
    """What one value measures: "1.7 L", "3 min 40 s", "52 x 44 x 20 cm" by its volume, "XL".

    None for ranges, for several values, and for what is no quantity.
    """
    if len(values) != 1:
        return None
    text = key(values[0])
    sizes = _tables()["sizes"]
    for order in (sizes["order"], sizes["words"]):
        if text in order:
            return Measure(order.index(text), "size")
    if sides := _SIZES.fullmatch(text):
        lengths = [_amount(side) for side in re.split(r"\s*[x\u00d7*]\s*", sides[1])]
        unit = _unit(sides[2] or "")
        return Measure(prod(lengths) * unit.amount ** len(lengths), f"{unit.unit}^{len(lengths)}")
    parts = list(_PARTS.finditer(text))
    if not parts or _PARTS.sub("", text).strip():
        return None
    units = [_unit(part[2] or "") for part in parts]
    if len({unit.unit for unit in units}) > 1 or (len(parts) > 1 and units[0].unit != "s"):
        return None
    total = sum(_amount(part[1]) * unit.amount for part, unit in zip(parts, units, strict=True))
    return Measure(total, units[0].unit)


def _price(products: Sequence[Product]) -> Row:
    prices = [product.price for product in products]
    known = [price for price in prices if price]
    comparable = len(known) == len(prices) and len({price.currency for price in known}) == 1
    return Row(
        name="price",
        values=tuple(price and format_money(price) for price in prices),
        best=_lowest([price.amount for price in known]) if comparable else (),
    )


def _rating(products: Sequence[Product]) -> Row:
    """Who has the best rating: not by stars alone, a few votes are believed less than many."""
    known = [product.rating for product in products if product.rating]
    prior = fmean([rating.value for rating in known] or [0.0])
    worth = [believed(rating, prior) or 0.0 for rating in known]
    return Row(
        name="rating",
        values=tuple(_stars(product.rating) for product in products),
        best=_highest(worth) if len(known) == len(products) else (),
    )


def _stars(rating: Rating | None) -> str | None:
    if rating is None:
        return None
    return f"{rating.value:.1f}" if rating.count is None else f"{rating.value:.1f} ({rating.count:,})"


def _availability(products: Sequence[Product]) -> Row:
    states = [product.availability for product in products]
    return Row(
        name="availability",
        values=tuple(None if s is Availability.UNKNOWN else s.value.replace("_", " ") for s in states),
        best=_highest([state is Availability.IN_STOCK for state in states]),
    )


def _brand(products: Sequence[Product]) -> Row:
    return Row(name="brand", values=tuple(product.brand for product in products))


def _attributes(products: Sequence[Product]) -> list[Row]:
    """The rows in which the products differ and that at least half of them fill."""
    sheets = [_sheet(product) for product in products]
    rows = []
    for name in dict.fromkeys(name for sheet in sheets for name in sheet):
        given = [sheet.get(name) for sheet in sheets]
        said = [values for values in given if values]
        if 2 * len(said) < len(given) or len({_same(values[1]) for values in said}) + (None in given) < 2:
            continue
        values = tuple(", ".join(values[1]) if values else None for values in given)
        best = _winners(name, [values[1] for values in said]) if len(said) == len(given) else ()
        rows.append(Row(name=said[0][0], values=values, best=best))
    return rows


def _sheet(product: Product) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The product's attributes under the name that stands for all names of a thing, with its own name."""
    sheet: dict[str, tuple[str, tuple[str, ...]]] = {}
    for name, values in product.attributes.items():
        plain = " ".join(key(name).replace("_", " ").split())
        if values:
            sheet.setdefault(_canonical().get(plain, plain), (plain, tuple(values)))
    return sheet


def _same(values: Iterable[str]) -> frozenset[str | Measure]:
    """What counts as equal: 1 L and 1000 ml, Red and red."""
    found = []
    for value in values:
        measure = measured([value])
        found.append(measure._replace(amount=float(f"{measure.amount:.3g}")) if measure else key(value))
    return frozenset(found)


def _winners(name: str, given: Sequence[tuple[str, ...]]) -> tuple[int, ...]:
    better = _tables()["better"]
    if name in better["yes"]:
        answers = [key(values[0]) if len(values) == 1 else "" for values in given]
        return _highest([answer == "yes" for answer in answers]) if {*answers} <= {"yes", "no"} else ()
    if name not in (*better["more"], *better["less"]):
        return ()
    measures = [measured(values) for values in given]
    known = [measure for measure in measures if measure]
    if len(known) < len(measures) or len({measure.unit for measure in known}) > 1:
        return ()
    amounts = [measure.amount for measure in known]
    return _highest(amounts) if name in better["more"] else _lowest(amounts)


def _highest(amounts: Sequence[float]) -> tuple[int, ...]:
    """The places of the greatest; none where all are equal."""
    places = tuple(place for place, amount in enumerate(amounts) if amount == max(amounts))
    return places if len(places) < len(amounts) else ()


def _lowest(amounts: Sequence[float]) -> tuple[int, ...]:
    return _highest([-amount for amount in amounts])


def _differs(row: Row) -> bool:
    return len(set(row.values)) > 1


def _telling(row: Row) -> tuple[bool, bool, int, int]:
    """Short values before sentences, then what has a winner, then what most products say, then variety."""
    known = [value for value in row.values if value]
    wordy = any(len(value) > LONGEST_VALUE for value in known)
    return wordy, not row.best, len(row.values) - len(known), -len(set(known))


def _amount(number: str) -> float:
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        return float(number.replace(",", ""))
    whole, _, rest = number.replace(",", ".").rpartition(".")
    return float(f"{whole.replace('.', '')}.{rest}" if whole else rest)


def _unit(written: str) -> Measure:
    """A unit as so many of the first of its kind; other words count themselves."""
    plain = written.rstrip(".")
    single = plain[:-1] if len(plain) > 2 and plain.endswith("s") else plain
    for first, spellings in _tables()["units"].items():
        for spelled in (plain, single):
            if spelled in spellings:
                return Measure(spellings[spelled], first)
    return Measure(1.0, single)


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("comparison.toml").read_text(encoding="utf-8"))


@cache
def _canonical() -> Mapping[str, str]:
    return {name: names[0] for names in _tables()["same"]["names"] for name in names}
