"""The values of single product fields out of the ways feeds write them. What is unreadable is unknown."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from catalog.feeds.text import UNDECODABLE, one_line, scalar, scalars
from catalog.product import Availability, Rating

MOST_IMAGES, MOST_TAGS, MOST_ATTRIBUTES = 20, 50, 500
LONGEST_VALUE, LONGEST_NAME = 2_000, 100

_STOCK = {
    Availability.IN_STOCK: "instock available yes true y limitedstock limitedavailability lowstock "
    "instoreonly onlineonly onstock reserved",
    Availability.OUT_OF_STOCK: "outofstock soldout unavailable notavailable notinstock oos no false n "
    "currentlyunavailable temporarilyoutofstock",
    Availability.PREORDER: "preorder presale presell comingsoon availableforpreorder",
    Availability.BACKORDER: "backorder backordered onbackorder availableonbackorder madetoorder onorder",
    Availability.DISCONTINUED: "discontinued endoflife eol archived retired",
}
_STATES = {word: state for state, words in _STOCK.items() for word in words.split()}
_PATH = re.compile(r"\s*(?:>|»|\u203a|→|\||::)\s*|\s+/\s+")
_BETWEEN_URLS = re.compile(r"(?<![\s,;|])[\s,;|]+(?=(?:https?:)?//)")  # addresses themselves may hold commas
_OF_FIVE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:/|out of|von|sur)?\s*(5)?(?:[.,]0+)?\s*(?:stars?|★+)?", re.I)
_COLOR_NAMES = frozenset(
    ["color", "product color", "color name", "item color", "main color", "primary color", "base color"]
)
_YES_NO = {"true": "yes", "yes": "yes", "false": "no", "no": "no"}
_COUNT = re.compile(r"\d{1,3}(?:[,. ]\d{3})*|\d+")


def categories(value: Any) -> tuple[str, ...]:
    """A path from root to leaf, out of a list or a text with separators; of several paths, the deepest."""
    if value is None:
        return ()
    if isinstance(value, str):
        return _path(value)
    texts = list(scalars(value))
    paths = [_path(text) for text in texts if _PATH.search(text)]
    return max(paths, key=len) if paths else tuple(texts)


def _path(text: str) -> tuple[str, ...]:
    text = one_line(text) or ""
    parts = _PATH.split(text)
    if len(parts) == 1 and "/" in text:
        split = [part.strip() for part in text.split("/")]
        # "Home/Kitchen" is a path, "A/C Units" and "w/ Lid" are not
        parts = split if all(len(part) > 2 for part in split if part) else parts
    return tuple(part for part in (one_line(part) for part in parts) if part and not part.isdigit())


def availability(value: Any) -> Availability:
    """The state of stock out of words, schema.org addresses, flags and counts."""
    if isinstance(value, bool):
        return Availability.IN_STOCK if value else Availability.OUT_OF_STOCK
    text = scalar(value)
    if text is None:
        return Availability.UNKNOWN
    return _availability(text) if len(text) < 60 else Availability.UNKNOWN


@lru_cache(maxsize=256)
def _availability(text: str) -> Availability:
    number = _decimal(text)
    if number is not None:
        return Availability.IN_STOCK if number > 0 else Availability.OUT_OF_STOCK
    word = re.sub(r"[\s_.-]+", "", text.rsplit("/", 1)[-1].rsplit(":", 1)[-1].lower())
    return _STATES.get(word, Availability.UNKNOWN)


def rating(value: Any, count: Any = None, scale: Any = None) -> Rating | None:
    """A mean out of five; another scale counts only if the feed names it. No reviews, no rating."""
    if isinstance(value, dict):
        count = next((value[key] for key in ("count", "review_count", "rating_count") if key in value), count)
        value = next((value[key] for key in ("rate", "value", "average", "rating") if key in value), None)
    mean = _mean(value)
    best = _mean(scale) if scale is not None else None
    if mean is not None and best and best != 5:
        mean = mean * 5 / best
    number = whole_number(count)
    if mean is None or not 0 < mean <= 5 or number == 0:
        return None
    return Rating(value=round(float(mean), 3), count=number)


def _mean(value: Any) -> Decimal | None:
    if isinstance(value, str):
        found = _OF_FIVE.fullmatch(value.strip()) if len(value) < 40 else None
        return Decimal(found[1].replace(",", ".")) if found else None
    return _decimal(value)


def whole_number(value: Any) -> int | None:
    """A count like 254 or "1,543"."""
    if isinstance(value, str):
        found = _COUNT.fullmatch(value.strip()) if len(value) < 30 else None
        if found:
            return int(re.sub(r"[,. ]", "", found[0]))
    number = _decimal(value)
    if number is None or not 0 <= number <= 10**12 or number != number.to_integral_value():
        return None
    return int(number)


def _decimal(value: Any) -> Decimal | None:
    if value is None or isinstance(value, bool | list | dict):
        return None
    text = str(value).strip()
    if len(text) > 40:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def attributes(pairs: Iterable[tuple[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Named facts: lower-case names, American "color", yes/no for true/false, each value once."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        key = attribute_name(name)
        if key is None or not (told := _attribute_values(key, value)):
            continue
        if key in found:
            found[key] = tuple(dict.fromkeys(found[key] + told))
        elif len(found) < MOST_ATTRIBUTES:
            found[key] = told
    return found


@lru_cache(maxsize=65_536)
def attribute_name(name: str) -> str | None:
    """The one spelling of an attribute's name: "attr_t_product_colour" and "Colour" are both "color"."""
    if UNDECODABLE in name:
        return None
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    text = (one_line(name.replace("_", " ")) or "").lower().replace("colour", "color").rstrip(" :")
    if text in _COLOR_NAMES:
        return "color"
    return text if 0 < len(text) <= LONGEST_NAME else None


def _attribute_values(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, list | tuple):
        singles = (item for item in value if not isinstance(item, list | tuple))
        return tuple(dict.fromkeys(text for item in singles for text in _attribute_values(name, item)))
    text = scalar(value)
    if text is None or len(text) > LONGEST_VALUE:
        return ()
    if len(text) <= 5 and (said := _YES_NO.get(text.lower())):
        return (said,)
    return tuple(_colors(text)) if name.endswith(("color", "colors")) else (text,)


def _colors(text: str) -> Iterator[str]:
    """ "Black/Silver" is two colors; "RL-600 3515R/P-602" and "Brown W/ Strap" are one name."""
    parts = [part.strip() for part in re.split(r"[/,;]", text)]
    plain = all(len(part) > 2 and part.replace(" ", "").replace("-", "").isalpha() for part in parts)
    yield from parts if plain and not text.lower().count("w/") else (text,)


def images(*given: Any) -> tuple[str, ...]:
    """Addresses of pictures, the main one first."""
    found: dict[str, None] = {}
    for value in given:
        for item in value if isinstance(value, list | tuple) else (value,):
            text = _address(item) if isinstance(item, dict) else item
            if isinstance(text, str) and not text.startswith("data:"):
                found.update((clean, None) for part in _addresses(text) if (clean := url(part)))
    return tuple(found)[:MOST_IMAGES]


def _addresses(text: str) -> list[str]:
    return _BETWEEN_URLS.split(text) if "//" in text else re.split(r"[,;|]", text)


def _address(picture: dict[str, Any]) -> Any:
    return next(
        (picture[key] for key in ("url", "src", "contentUrl", "link", "href") if key in picture), None
    )


def url(value: Any) -> str | None:
    """An http(s) address or a path; anything else (javascript:, data:) is not one."""
    if not isinstance(value, str):
        value = next(iter(value), None) if isinstance(value, list) else None
        if not isinstance(value, str):
            return None
    if not value.startswith("http") or not value.isprintable() or "&amp;" in value:
        value = one_line(value) or ""
    value = value.strip()
    if not value or len(value) > 2_000 or " " in value:
        return None
    scheme, colon, _ = value.partition(":")
    return value if scheme.lower() in ("http", "https") or not colon or "/" in scheme else None


def tags(value: Any) -> tuple[str, ...]:
    """Labels out of a list or a text with commas."""
    if isinstance(value, str):
        value = re.split(r"[,;|]", value)
    return tuple(dict.fromkeys(text for text in scalars(value) if len(text) <= LONGEST_NAME))[:MOST_TAGS]


def moment(value: Any) -> datetime | None:
    """An instant out of ISO 8601, RFC 822 or seconds since 1970; without a zone it is taken as UTC."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    number = _decimal(value)
    try:
        if number is not None and number > 10**8:
            return datetime.fromtimestamp(float(number) / (1000 if number > 10**11 else 1), UTC)
        text = scalar(value)
        if text is None or len(text) > 50:
            return None
        when = datetime.fromisoformat(text) if text[:1].isdigit() else parsedate_to_datetime(text)
    except (ValueError, OverflowError, OSError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def in_window(value: Any) -> bool:
    """Whether now lies in "start/end"; a window that is missing or unreadable does not limit anything."""
    text = scalar(value)
    start, slash, end = (text or "").partition("/")
    opens, closes = moment(start.strip()), moment(end.strip())
    now = datetime.now(UTC)
    return not slash or ((opens is None or opens <= now) and (closes is None or now <= closes))
