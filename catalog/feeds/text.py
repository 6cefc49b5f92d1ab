"""What a feed wrote in a cell, as text a shopper could read. Knows values, not fields or formats."""

import html
import re
import unicodedata
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any

UNDECODABLE = "\ufdd0"  # a noncharacter: what `source` puts where bytes are not text


class Unusable(ValueError):
    """Why a row cannot become a product, as one sentence. It ends as the reason of a `Reject`."""


_PLACEHOLDER = re.compile(
    r"\s*(?:[-\u2013\u2014.?]*|#?n/a|n\.a\.|[<(]?(?:null|none|nil|nan|undefined)[>)]?|not set|tb[ad])\s*",
    re.I,
)
_LONGEST_PLACEHOLDER = 12
_OFTEN_REPEATED = 40

# Control characters, bidirectional overrides, zero-width and "tag" characters: nothing a reader would see,
# and where hidden instructions travel. Zero-width joiners stay inside scripts (and emoji) that need them.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufdd1-\ufdef\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f]"
    "|(?<![^\x00-\x7f])[\u200c\u200d]|[\u200c\u200d](?![^\x00-\x7f])"
)
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])[^<>]*>|<[!?][a-zA-Z\[][^<>]*>", re.DOTALL
)
_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,30}|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});")
_BLOCK = re.compile(
    r"address|article|aside|blockquote|br|d[dlt]|div|fig(?:ure|caption)|footer|h[1-6r]|header|li|main|nav|ol|p|pre"
    r"|section|table|t(?:body|[dhr]|foot|head)|ul"
)
_HIDDEN = frozenset(["script", "style", "template", "noscript", "iframe", "head"])


def one_line(value: str) -> str | None:
    """The text on one line, without markup and invisible characters; None if it says nothing."""
    if not value.isprintable() or "<" in value or "&" in value or not value.isascii():
        value = _readable(value)
    value = " ".join(value.split())
    return None if is_placeholder(value) else value


def prose(value: str) -> str | None:
    """The text with its line breaks, one per block of the markup; None if it says nothing."""
    if value.isprintable() and "<" not in value and "&" not in value and value.isascii():
        return one_line(value)
    lines = (" ".join(line.split()) for line in _readable(value).splitlines())
    value = "\n".join(line for line in lines if line)
    return None if is_placeholder(value) else value


def is_placeholder(value: str) -> bool:
    """Whether the words mean "we do not know": empty, "N/A", "-", "null"."""
    return len(value) <= _LONGEST_PLACEHOLDER and _PLACEHOLDER.fullmatch(value) is not None


def shown(name: str) -> str:
    """A source's own name for something, fit for a one-line message."""
    return " ".join(_INVISIBLE.sub("", name.replace(UNDECODABLE, "\ufffd")).split())[:40]


def scalar(value: Any) -> str | None:
    """A single value of a row as one line of text: yes/no for booleans, numbers without a tail of zeros."""
    if isinstance(value, str):
        return _repeated(value) if len(value) <= _OFTEN_REPEATED else one_line(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else None
    if isinstance(value, float | Decimal):
        return _number(Decimal(str(value)))
    if isinstance(
        value, dict
    ):  # {"name": "Acme"}, {"value": 3}, {"en": "Shoe"}: the first that says something
        named = (
            value.get(key) for key in ("name", "value", "plain", "text", "label", "title", "@value", "en")
        )
        return next(
            (text for item in named if not isinstance(item, dict | list) and (text := scalar(item))), None
        )
    if isinstance(value, list | tuple) and value and not isinstance(value[0], list | tuple):
        return scalar(value[0])
    return None


def scalars(value: Any) -> Iterator[str]:
    """Every value of a list (or the one value), as `scalar` writes it."""
    for item in value if isinstance(value, list | tuple) else (value,):
        if (text := scalar(item)) is not None:
            yield text


@lru_cache(maxsize=65_536)
def _repeated(value: str) -> str | None:
    """Short values come again and again in a catalogue: "Black", "Cotton", the brands."""
    return one_line(value)


def _number(number: Decimal) -> str | None:
    if not number.is_finite() or abs(number.adjusted()) > 30:
        return None
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _readable(value: str) -> str:
    if UNDECODABLE in value:
        raise Unusable("bytes that are not text in the encoding of the file")
    if "<" in value:
        value = _without_tags(value)
    if "&" in value and _ENTITY.search(value):
        value = html.unescape(value)
        if "<" in value:  # markup that was escaped once more on its way into the feed
            value = _without_tags(value)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    return value if value.replace("\n", " ").isprintable() else _INVISIBLE.sub("", value)


def _without_tags(value: str) -> str:
    pieces: list[str] = []
    hidden: str | None = None
    position = 0
    for tag in _TAG.finditer(value):
        if hidden is None:
            pieces.append(value[position : tag.start()])
        position = tag.end()
        name = (tag[2] or "").lower()
        if hidden is not None:
            hidden = None if tag[1] and name == hidden else hidden
        elif name in _HIDDEN and not tag[1] and not tag[0].endswith("/>"):
            hidden = name
        elif _BLOCK.fullmatch(name):
            pieces.append("\n")
    if hidden is None:
        pieces.append(value[position:])
    return "".join(pieces)
