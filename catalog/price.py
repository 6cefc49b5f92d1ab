"""Prices as shops write them, into `Money` and back into words. It reads one amount; it does not convert.

What is not clearly one non-negative amount is `None`: a range, "call us", "free", two prices in a cell.
A lone separator before exactly three digits groups thousands ("1.299" is 1,299), as on a price tag, unless
the currency itself has three decimals (KWD, TND) or the number starts with a zero ("0.999").
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from catalog.product import Money
from core.errors import InvalidSettings

LARGEST = 10**12  # in major units; above it a "price" is a barcode or a mistake

# What stands for a currency in feeds beside its ISO code. A sign shared by several currencies lists them,
# the usual one first ("" if none is): the feed's own currency wins where it is among them.
SIGNS: dict[str, tuple[str, ...]] = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD", "MXN", "CLP", "COP", "ARS"),
    "US$": ("USD",),
    "C$": ("CAD",),
    "CA$": ("CAD",),
    "CAD$": ("CAD",),
    "A$": ("AUD",),
    "AU$": ("AUD",),
    "NZ$": ("NZD",),
    "S$": ("SGD",),
    "HK$": ("HKD",),
    "NT$": ("TWD",),
    "MX$": ("MXN",),
    "R$": ("BRL",),
    "€": ("EUR",),
    "EURO": ("EUR",),
    "EUROS": ("EUR",),
    "£": ("GBP", "EGP", "LBP"),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "円": ("JPY",),
    "元": ("CNY",),
    "CN¥": ("CNY",),
    "RMB": ("CNY",),
    "₹": ("INR",),
    "RS": ("INR", "PKR", "LKR", "NPR"),
    "RS.": ("INR", "PKR", "LKR", "NPR"),
    "₩": ("KRW",),
    "₽": ("RUB",),
    "РУБ": ("RUB",),
    "РУБ.": ("RUB",),
    "₺": ("TRY",),
    "TL": ("TRY",),
    "₴": ("UAH",),
    "₫": ("VND",),
    "₱": ("PHP",),
    "₪": ("ILS",),
    "฿": ("THB",),
    "₦": ("NGN",),
    "ZŁ": ("PLN",),
    "KČ": ("CZK",),
    "FT": ("HUF",),
    "LEI": ("RON",),
    "ЛВ": ("BGN",),
    "ЛВ.": ("BGN",),
    "KR": ("", "SEK", "NOK", "DKK", "ISK"),
    "KR.": ("", "DKK", "SEK", "NOK", "ISK"),
    "SFR": ("CHF",),
    "SFR.": ("CHF",),
    "FR.": ("CHF",),
    "RP": ("IDR",),
    "RM": ("MYR",),
}

# Words that may stand beside an amount without changing what it is.
_FILLER = re.compile(
    r"price|our|now|only|sale|just|incl(?:uding|\.)?|inkl\.?|excl\.?|vat|tax|mwst\.?|ttc|ht|each|ea\.?|per|piece|pc"
    r"|item|unit|[*:=]|[.,][-\u2013\u2014]",
    re.I,
)
_PLAIN = re.compile(r"(?:([A-Z]{3}) ?|\$)?(\d{1,12}(?:\.\d{1,2})?)(?: ?([A-Z]{3}))?")
_NUMBER = re.compile(r"[.]?\d(?:(?:[.,'\u2019\u066c]|[ \u00a0\u202f\u2009](?=\d{3}(?!\d)))?\d)*")
_GROUPING = str.maketrans("", "", "'\u2019\u066c\u00a0\u202f\u2009 ")
_EURO_AS_POINT = re.compile(r"(\d)\s*€\s*(\d\d)(?!\d)")
_MINUS = re.compile(r"^[^\d]*[-\u2212\u2013][^\d]*\d|\(.*\d.*\)")


def parse_money(text: str | int | float | Decimal, currency: str) -> Money | None:
    """The one amount `text` states, or None. `currency` is assumed where the text names none."""
    if isinstance(text, bool):
        return None
    if not isinstance(text, str):
        return _money(Decimal(str(text)), currency)
    if plain := _PLAIN.fullmatch(text):
        before, number, after = plain.groups()
        code = before or after
        if not (before and after):
            if code is None and text[0] == "$":
                code = _currency_of("$", currency)
            elif code is not None:
                code = _currency_of(code, currency)
            else:
                code = currency
            return _money(Decimal(number), code) if code else None
    return _parse_prose(text, currency)


def format_money(money: Money, locale: str = "en_US") -> str:
    """The amount as a shopper in that locale reads it: $1,299.00, 1.299,00 €."""
    return _formatted(money.amount, money.currency, locale)


@lru_cache(maxsize=10_000)
def _formatted(units: int, currency: str, locale: str) -> str:
    """Every receipt of a search states the same few limits and prices, and babel takes its time."""
    from babel.core import UnknownLocaleError
    from babel.numbers import format_currency

    amount = Decimal(units).scaleb(-_precision(currency))
    try:
        return str(format_currency(amount, currency, locale=locale))
    except (UnknownLocaleError, ValueError) as error:
        raise InvalidSettings(f"unknown locale {locale!r}; write it like en_US or de_DE") from error


def major_units(money: Money) -> float:
    """The amount as people write it: 1299 cents are 12.99."""
    return float(Decimal(money.amount).scaleb(-_precision(money.currency)))


def is_currency(code: str) -> bool:
    """Whether `code` is an ISO 4217 currency, in capitals."""
    return code in _currencies()


def _parse_prose(text: str, currency: str) -> Money | None:
    from price_parser.parser import parse_number

    text = _EURO_AS_POINT.sub(r"\1.\2 €", text.strip())
    if len(text) > 100 or "%" in text or _MINUS.search(text):
        return None
    numbers = list(_NUMBER.finditer(text))
    if len(numbers) != 1:
        return None
    found = numbers[0]
    rest = (text[: found.start()] + " " + text[found.end() :]).split()
    signs = [word for word in rest if not _FILLER.fullmatch(word.strip("()/:*"))]
    codes = {_currency_of(sign.strip("()/:*"), currency) for sign in signs} or {currency}
    if len(codes) > 1 and "$" in signs:  # "USD $12" says it twice
        codes.discard(_currency_of("$", currency))
    code = codes.pop()
    if codes or code is None:
        return None
    number = found.group().translate(_GROUPING)
    amount = parse_number(number, decimal_separator=_lone_point(number, code))
    return _money(amount, code) if amount is not None else None


def _lone_point(number: str, currency: str) -> str | None:
    """The separator of "0.999" or "1.299 KWD", where three digits are decimals after all."""
    separators = [mark for mark in number if mark in ".,"]
    if len(separators) == 1 and re.fullmatch(r"\d+[.,]\d{3}", number):
        if number.startswith("0") or _precision(currency) == 3:
            return separators[0]
    elif len(set(separators)) == 2 and separators.count(separators[-1]) == 1:
        return separators[-1]  # "1,299.500": the last of two kinds is the decimal one
    return None


def _money(amount: Decimal, currency: str) -> Money | None:
    if not amount.is_finite() or amount < 0 or amount > LARGEST:
        return None
    minor = amount.scaleb(_precision(currency)).to_integral_value(ROUND_HALF_UP)
    return Money(amount=int(minor), currency=currency)


def _currency_of(sign: str, default: str) -> str | None:
    sign = sign.upper()
    if sign in _currencies():
        return sign
    candidates = SIGNS.get(sign, ())
    if default in candidates:
        return default
    return (candidates[0] or None) if candidates else None


@lru_cache(maxsize=512)
def _precision(currency: str) -> int:
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency)


@lru_cache(maxsize=1)
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies

    return frozenset(list_currencies()) - {"XXX", "XTS"}
