"""The numbers of an utterance with what they count: money, stars, reviews, or something else.

Digits and words, separators of both kinds, signs, codes and units. Whether a number limits anything is
decided in `agent.reading.numbers`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from catalog.price import SIGNS, parse_money
from catalog.product import Money

Unit = Literal["price", "rating", "reviews", "ratings", "other"]

STARS = 5
GROUP = 3  # digits
MOST_BETWEEN = 2  # words between a number and the reviews it counts: "2,000 verified customer reviews"

_SYMBOLS = sorted((sign for sign in SIGNS if not sign.isalpha() and "." not in sign), key=len, reverse=True)
_SYMBOL = "|".join(map(re.escape, _SYMBOLS))
_LETTER_SIGNS = frozenset(sign.casefold() for sign in SIGNS if sign.isalpha()) - {
    "euro",
    "euros",
    "ft",
    "lei",
}
_TOKEN = re.compile(
    rf"(?P<sign>{_SYMBOL})"
    r"|(?P<code>(?:usd|eur|gbp|cad|aud|inr|chf|rs)(?=\.?\d))"
    r"|(?P<name>[^\W\d_]+[-.]?\d[\w]*(?:-\w+)*)"  # a model: "wh-1000xm4", "s8"
    r"|(?P<fraction>\d+/(?!(?:5|10)(?!\d))\d+)"
    r"|(?P<number>\d+(?:[.,'\u2019]\d+)*)(?P<suffix>[^\W\d_]*)"
    r"|(?P<word>[^\W\d_]+(?:['\u2019][^\W\d_]+)*)"
    r"|[★☆]+|[<>]=?|\S",
    re.IGNORECASE,
)
_PRIMES = frozenset("\"\u2033\u201d'%°")
_DASHES = str.maketrans(
    {"\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-"}
)
_GROUPED = re.compile(r"\d{1,3}(?:[.,'\u2019]\d{3})+")


class Token(NamedTuple):
    """A word, number or sign in lower case, with its place; `value` where it is a number."""

    text: str
    start: int
    end: int
    value: Decimal | None = None
    is_sign: bool = False


class Amount(NamedTuple):
    """A number with its sign and unit: the tokens from `first` to before `last`."""

    first: int
    last: int
    number: Token
    unit: Unit | None
    currency: str | None = None  # as it is written: "$", "EUR"
    scale: Decimal = Decimal(1)
    least: bool = False  # "4+", "1000 plus"


class UnitFound(NamedTuple):
    """What stands after a number: what it counts, where that ends, and what it multiplies the number by."""

    kind: Unit
    last: int
    currency: str | None = None
    scale: Decimal = Decimal(1)


@cache
def tables() -> Mapping[str, Any]:
    """The word lists of `numbers.toml`."""
    return tomllib.loads(Path(__file__).with_name("numbers.toml").read_text(encoding="utf-8"))


def tokens(text: str) -> list[Token]:
    """The words, numbers and signs of a text; numbers in words become numbers."""
    return list(_spelled_out(list(_grouped(list(_split(text.translate(_DASHES)))))))


def amounts(words: Sequence[Token], currency: str) -> list[Amount]:
    """Every number among the tokens, with what it counts; pounds are money where the shop's currency is."""
    found: list[Amount] = []
    last = 0
    for at, token in enumerate(words):
        if token.value is not None and at >= last and not _is_glued(words, at):
            found.append(_amount(words, at, currency))
            last = found[-1].last
    return found


def money(amount: Amount, currency: str | None, default: str) -> Money | None:
    """The amount as money, in the currency written or else the default one."""
    number = amount.number.text
    if amount.scale != 1 or not number[0].isdigit():
        number = f"{(amount.number.value or Decimal(0)) * amount.scale:f}"
    return parse_money(f"{currency} {number}" if currency else number, default)


def count(amount: Amount) -> int:
    """The amount as a whole number: separators group thousands."""
    return int((amount.number.value or Decimal(0)) * amount.scale)


def _split(text: str) -> Iterator[Token]:
    units = tables()["units"]
    known = {*units["stars"], *units["reviews"], *units["ratings"], *_money_words(), *_LETTER_SIGNS, "ish"}
    for found in _TOKEN.finditer(text):
        start, end = found.span()
        number, suffix = found["number"], (found["suffix"] or "").lower()
        if number is None:
            is_sign = bool(found["sign"] or found["code"])
            yield Token(found[0].lower().replace("\u2019", "'"), start, end, None, is_sign)
        elif suffix in ("", "k") or suffix in known:
            if suffix == "k":
                value = _decimal(number) * 1000
                yield Token(f"{value:f}", start, end, value)
                continue
            middle = end - len(suffix)
            yield Token(number, start, middle, _decimal(number))
            if suffix:
                yield Token(suffix, middle, end)
        else:
            yield Token(found[0].lower(), start, end)


def _decimal(number: str) -> Decimal:
    plain = number.replace("\u2019", "'")
    if _GROUPED.fullmatch(number):
        return Decimal(re.sub(r"\D", "", plain))
    *whole, rest = re.split(r"[.,']", plain)
    digits = "".join(whole)
    return Decimal(f"{digits}.{rest}" if digits else rest)


def _grouped(words: Sequence[Token]) -> Iterator[Token]:
    """With "1 250 euros", "$1 250" and "1 000" as one number each; "20 350 ml" stays two."""
    at = 0
    while at < len(words):
        last = at + 1
        if words[at].text.isdecimal() and len(words[at].text) <= GROUP:
            while _continues(words, last):
                last += 1
        is_money = bool(at and words[at - 1].is_sign) or text_at(words, last) in {*_SYMBOLS, *_money_words()}
        if last > at + 1 and (is_money or words[last - 1].text == "0" * GROUP):
            digits = "".join(token.text for token in words[at:last])
            yield Token(digits, words[at].start, words[last - 1].end, Decimal(digits))
        else:
            yield from words[at:last]
        at = last


def _continues(words: Sequence[Token], at: int) -> bool:
    """Whether a group of three digits stands here, one space after another number."""
    text = text_at(words, at)
    return len(text) == GROUP and text.isdecimal() and words[at].start == words[at - 1].end + 1


def _spelled_out(words: Sequence[Token]) -> Iterator[Token]:
    """With "two hundred", "twenty-five" and "four and a half" as one number each."""
    at = 0
    while at < len(words):
        value, last = _number_in_words(words, at)
        if value is None:
            yield words[at]
            at += 1
        else:
            yield Token(f"{value:f}", words[at].start, words[last - 1].end, value)
            at = last


def _number_in_words(words: Sequence[Token], first: int) -> tuple[Decimal | None, int]:
    cardinals: Mapping[str, int] = tables()["cardinals"]
    total, part, at = 0, 0, first
    multiple = cardinals.get(text_at(words, first + 1), 0) >= 100
    digits = words[first].value
    if digits is not None:
        if multiple and digits < 1000:  # "2 hundred"
            return digits * cardinals[words[first + 1].text], first + 2
        return None, first
    if words[first].text == "a" and multiple:
        part, at = 1, first + 1
    elif words[first].text not in cardinals:
        return None, first
    while at < len(words):
        word = words[at].text
        size = cardinals.get(word)
        if size is None:
            following = cardinals.get(text_at(words, at + 1), 0)
            hyphened = word == "-" and 0 < following < 10 and part % 100 >= 20  # "twenty-five"
            added = word == "and" and 0 < following < 100 <= part + total  # "a hundred and ten"
            if not hyphened and not added:
                break
            at += 1
            continue
        if size >= 1000:
            total, part = total + max(part, 1) * size, 0
        elif size >= 100:
            part = max(part, 1) * size
        elif part and not (part % 100 == 0 or (part % 100 >= 20 and part % 10 == 0 and size < 10)):
            break
        else:
            part += size
        at += 1
    value = Decimal(total + part)
    if [token.text for token in words[at : at + 3]] == ["and", "a", "half"]:
        return value + Decimal("0.5"), at + 3
    return value, at


def _is_glued(words: Sequence[Token], at: int) -> bool:
    """Whether the number continues a word or is below zero: "mp-3", "-5"; not so in "15-25"."""
    if not at or words[at - 1].text != "-" or words[at - 1].end != words[at].start:
        return False
    if at == 1:
        return True
    earlier = words[at - 2]
    return not (earlier.value is not None or earlier.is_sign or earlier.text in {*_money_words(), "k"})


@cache
def _money_words() -> Mapping[str, str]:
    return {word: code for code, listed in tables()["currencies"].items() for word in listed}


def _amount(words: Sequence[Token], at: int, shop: str) -> Amount:
    first, last, currency, least = at, at + 1, None, False
    before = text_at(words, at - 1)
    is_code = len(before) == 3 and before in _money_words()
    if at and (words[at - 1].is_sign or before in _LETTER_SIGNS or is_code):
        currency, first = _currency(before), at - 1
    elif before == "." and text_at(words, at - 2) == "rs":
        currency, first = "rs", at - 2
    if text_at(words, last) == "+":
        least, last = True, last + 1
    hyphen = text_at(words, last) == "-" and text_at(words, last + 1)[:1].isalpha()
    unit = unit_at(words, last + hyphen, shop)
    if text_at(words, last) == "plus" and (counted := unit_at(words, last + 1, shop)):
        least, unit = True, counted
    if currency and (unit is None or unit.kind != "price"):
        return Amount(first, last, words[at], "price", currency, least=least)
    if unit is None:
        return Amount(first, last, words[at], None, least=least)
    last = unit.last
    if text_at(words, last) == "+":
        least, last = True, last + 1
    return Amount(first, last, words[at], unit.kind, currency or unit.currency, unit.scale, least)


def unit_at(words: Sequence[Token], at: int, shop: str) -> UnitFound | None:
    """What the number before `at` counts."""
    word = text_at(words, at)
    if not word:
        return None
    return (
        _money_unit(words, at, shop)
        or _rating_unit(words, at)
        or _review_unit(words, at)
        or _measure(word, at)
    )


def _money_unit(words: Sequence[Token], at: int, shop: str) -> UnitFound | None:
    word = words[at].text
    if words[at].is_sign or (word in _LETTER_SIGNS and word not in tables()["measures"]["after"]):
        next_is_number = at + 1 < len(words) and words[at + 1].value is not None
        if next_is_number and words[at].end == words[at + 1].start:
            return None  # the sign of the next number
        return UnitFound("price", at + 1, _currency(word))
    if code := _money_words().get(word):
        return UnitFound("price", at + 1, code)
    if word in ("pound", "pounds") and shop == "GBP":
        return UnitFound("price", at + 1, shop)
    if word in tables()["hundredths"]["words"]:
        return UnitFound("price", at + 1, scale=Decimal("0.01"))
    return None


def _rating_unit(words: Sequence[Token], at: int) -> UnitFound | None:
    lists, word = tables()["units"], words[at].text
    top = at + 1 + (word == "out" and text_at(words, at + 1) == "of")
    if (word in ("/", "of") or top == at + 2) and text_at(words, top) in ("5", "10", "five", "ten"):
        scale = Decimal(1) if words[top].value == STARS else Decimal("0.5")
        last = top + 1
        while text_at(words, last) in (*lists["stars"], *lists["ratings"]):
            last += 1
        return UnitFound("rating", last, scale=scale)
    if word[0] in "★☆":
        return UnitFound("rating", at + 1)
    if word in lists["stars"]:
        if text_at(words, at + 1) in lists["reviews"]:
            return UnitFound("ratings", at + 2)
        return UnitFound("rating", at + 1 + (text_at(words, at + 1) in lists["ratings"]))
    return None


def _review_unit(words: Sequence[Token], at: int) -> UnitFound | None:
    lists = tables()["units"]
    known = {*lists["counted"], *lists["reviews"], *lists["ratings"]}
    last = at + (words[at].text == "of")  # "hundreds of reviews"
    first = last
    while last - first < MOST_BETWEEN and text_at(words, last) in lists["counted"]:
        if text_at(words, last + 1) not in known:
            break
        last += 1
    noun = text_at(words, last)
    if noun in lists["raters"]:
        return UnitFound("reviews", last + 1) if last > first or _rated_by(words, at - 1) else None
    if noun in lists["reviews"]:
        return UnitFound("reviews", last + 1)
    return UnitFound("ratings", last + 1) if noun in lists["ratings"] and noun != "rated" else None


def _measure(word: str, at: int) -> UnitFound | None:
    return UnitFound("other", at + 1) if word in tables()["measures"]["after"] or word in _PRIMES else None


def _rated_by(words: Sequence[Token], at: int) -> bool:
    """Whether the people counted are those who rated: "reviewed by 1000 people"."""
    before = {token.text for token in words[max(0, at - 6) : at]}
    return bool(before & {"by", "from", "rated", "reviewed", "reviews", "stars"})


def _currency(sign: str) -> str:
    return sign.upper() if sign.isalpha() and len(sign) == 3 else sign


def text_at(words: Sequence[Token], at: int) -> str:
    """The word at a place; nothing outside of the text."""
    return words[at].text if 0 <= at < len(words) else ""
