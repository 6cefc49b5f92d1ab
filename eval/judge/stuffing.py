"""A listing without what it says three times in a row or more: words repeated to be found tell nothing.

It takes away only what is repeated in place; a false word said once is a claim, and stays one.
"""

import re
from collections.abc import Sequence

from catalog.product import Product

LEAST = 3  # times; "very, very good" and "new! new!" are a manner of speaking
LONGEST = 16  # words of one phrase
LONGEST_TEXT = 20_000  # characters; of a text that repeats itself, what follows is dropped unread

_WORD = re.compile(r"\S*\w\S*(?:\s+[^\w\s]+(?!\S))*")  # with the signs that stand alone behind it
_SIGNS = re.compile(r"[\W_]+")


def unstuffed(product: Product) -> Product:
    """The product itself where nothing is repeated; a title keeps the phrase once, a description loses it."""
    description = product.description and _without_runs(product.description, keep=0)
    return retold(product, _without_runs(product.title, keep=1), description)


def retold(product: Product, title: str, description: str | None) -> Product:
    """The product with these texts; itself where they are its own. An empty description is none."""
    if (title, description) == (product.title, product.description):
        return product
    return product.model_copy(update={"title": title, "description": description or None})


def _without_runs(text: str, keep: int) -> str:
    words = _WORD.findall(text[:LONGEST_TEXT])
    tokens = [_SIGNS.sub("", word.casefold()) for word in words]
    if len(set(tokens)) == len(tokens):
        return text
    kept, at = [], 0
    while at < len(tokens):
        phrase, times = _run(tokens, at)
        if times < LEAST:
            kept.append(words[at])
            at += 1
        else:
            kept += words[at : at + phrase * keep]
            at += phrase * times
    return text if len(kept) == len(words) else " ".join(kept)


def _run(tokens: Sequence[str], at: int) -> tuple[int, int]:
    """The shortest phrase that is repeated often enough from here on, in words, and how often it comes."""
    for size in range(1, LONGEST + 1):
        phrase, times = tokens[at : at + size], 1
        while tokens[at + size * times : at + size * (times + 1)] == phrase:
            times += 1
        if times >= LEAST:
            return size, times
    return 1, 1
