"""Texts that others wrote, as quoted data for a prompt: cut, cleaned, and unable to end their quotes.

It makes a text harmless to the form of a prompt. That a model does not obey it is for the prompt and the
audit to see to.
"""

import json
import re
import unicodedata
from collections.abc import Sequence

from catalog.price import format_money
from catalog.product import Availability, Product

LONGEST_TITLE = 150  # characters
LONGEST_DESCRIPTION = 500
LONGEST_VALUE = 80
MOST_ATTRIBUTES = 24

# Brackets make markers, tags, templates and the control tokens of chat formats; each has a tame likeness.
_TAME = str.maketrans("[]{}<>`|\\", "()()\u2039\u203a'//")
_INVISIBLE = frozenset(["Cc", "Cf", "Co", "Cs", "Cn"])
_SELECTORS = re.compile("[\ufe00-\ufe0f\u115f\u1160\u3164\uffa0\u034f\u2800]")
_RULES = re.compile(r"([#=*_~\-.!])\1{2,}")  # "###", "---": section marks
_STACKED = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]{2})[\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]+"
)


def tamed(text: str, longest: int) -> str:
    """One line of visible text without the signs that prompts are built of, cut between words."""
    text = unicodedata.normalize("NFKC", text[: 4 * longest])  # first: full-width brackets are brackets
    text = _SELECTORS.sub("", "".join(c if _is_visible(c) else _space_for(c) for c in text))
    line = " ".join(_STACKED.sub(r"\1", _RULES.sub(r"\1", text.translate(_TAME))).split())
    if len(line) <= longest:
        return line
    return line[: longest + 1].rsplit(" ", 1)[0][:longest] + "\u2026"


def quoted(text: str, longest: int) -> str:
    """The tamed text as a string in quotes that it cannot close."""
    return json.dumps(tamed(text, longest), ensure_ascii=False)


def records(products: Sequence[Product]) -> str:
    """The products as one line of JSON each behind the marker by which a reply cites it, from [1]."""
    return "\n".join(f"[{place}] {_record(product)}" for place, product in enumerate(products, start=1))


def _record(product: Product) -> str:
    fields: dict[str, object] = {"title": tamed(product.title, LONGEST_TITLE)}
    if product.brand:
        fields["brand"] = tamed(product.brand, LONGEST_VALUE)
    if product.price:
        fields["price"] = format_money(product.price)
    if product.list_price:
        fields["list price"] = format_money(product.list_price)
    if product.availability is not Availability.UNKNOWN:
        fields["availability"] = product.availability.value.replace("_", " ")
    if product.rating:
        fields["stars of 5"] = product.rating.value
        if product.rating.count is not None:
            fields["reviews"] = product.rating.count
    shown = list(product.attributes.items())[:MOST_ATTRIBUTES]
    if shown:
        fields["attributes"] = {
            tamed(name, LONGEST_VALUE): tamed(", ".join(values), LONGEST_VALUE) for name, values in shown
        }
    if product.description:
        fields["description"] = tamed(product.description, LONGEST_DESCRIPTION)
    return json.dumps(fields, ensure_ascii=False)


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE


def _space_for(character: str) -> str:
    """A line end or tab parts words; what cannot be seen parts nothing."""
    return " " if character.isspace() else ""
