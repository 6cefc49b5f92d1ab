"""A product as the cross-encoder reads it: what tells it apart, in a few dozen words.

Not what is searched (`catalog.texts` is), and never price or stock: those are compared as numbers.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from catalog.feeds.text import UNDECODABLE, one_line
from catalog.keys import key
from catalog.product import Product
from catalog.texts import title_text

# With a query of a few words about 64 tokens, which is all that the model reads.
BUDGET = 240
FACTS_SHARE = 1 / 3  # of the budget, however long the title
LONGEST_READ = 2_000  # characters of any one text that are looked at
MOST_VALUES = 3  # of one attribute
SHORTEST = 8  # room that is worth looking for another fact

WORD = re.compile(r"\w+")
END = ". "
COMMA = ", "

# Asked for most, so these come first; what needs no name is read as "black", not as "color black".
NAMELESS = ("color", "colour", "material", "pattern", "style", "flavor", "flavour", "scent", "finish", "type")
NAMED = ("size", "capacity", "age range", "gender")
CODES = ("gtin", "ean", "upc", "isbn", "asin", "sku")  # many tokens that no shopper types in words


def passage(product: Product, budget_chars: int = BUDGET) -> str:
    """At most `budget_chars` characters: title with brand, facts the title leaves out, leaf, description.

    A long title gives way to the facts, and the description has what is left.
    """
    title = _plain(title_text(product))
    facts = _fill(_facts(product, _words(title)), int(budget_chars * FACTS_SHARE))
    room = budget_chars - len(END) - len(facts) if facts else budget_chars
    text = END.join(part for part in (_cut(title, room), facts) if part)
    opening = _cut(_plain(product.description or ""), budget_chars - len(text) - len(END))
    return f"{text}{END}{opening}" if opening else text


def _facts(product: Product, said: str) -> Iterator[str]:
    """What the title does not say already: attributes, those most asked for first, then the leaf."""
    names = [name for name in product.attributes if len(name) <= BUDGET and not _is_code(name)]
    for name in sorted(names, key=_place):
        for value in product.attributes[name][:MOST_VALUES]:
            if len(value) <= BUDGET and _words(value) not in said:
                yield _plain(_fact(name, value))
    leaf = product.categories[-1] if product.categories else ""
    if _words(leaf) not in said:
        yield _plain(leaf)


def _fact(name: str, value: str) -> str:
    """The attribute in words. What a product has not is said too: it is what "without" asks for."""
    match key(value):
        case "yes":
            return name
        case "no":
            return f"no {name}"
    return value if _place(name) < len(NAMELESS) else f"{name} {value}"


@lru_cache(maxsize=4096)
def _place(name: str) -> int:
    """By the whole name or its last word, as in "product color"."""
    asked = (*NAMELESS, *NAMED)
    words = key(name)
    last = words.rpartition(" ")[2]
    return next((place for place, known in enumerate(asked) if known in (words, last)), len(asked))


def _words(text: str) -> str:
    """The words alone, with a space on either side of each, so that one text can be found in another."""
    return f" {' '.join(WORD.findall(key(text)))} "


@lru_cache(maxsize=4096)
def _is_code(name: str) -> bool:
    return key(name) in CODES


def _fill(facts: Iterable[str], room: int) -> str:
    """As many of the facts as there is room for, each once and whole."""
    taken: dict[str, None] = {}
    for fact in facts:
        if room < SHORTEST:
            break
        if fact and len(fact) <= room and fact not in taken:
            taken[fact] = None
            room -= len(fact) + len(COMMA)
    return COMMA.join(taken)


def _plain(text: str) -> str:
    """The beginning of the text on one line, without markup and control characters."""
    start = text[:LONGEST_READ].replace(UNDECODABLE, " ")
    if len(text) > LONGEST_READ and start.rfind("<") > start.rfind(">"):
        start = start[: start.rfind("<")]  # a tag that was cut in two is no longer recognised as one
    return one_line(start) or ""


def _cut(text: str, room: int) -> str:
    """The whole words for which there is room; part of a word where the first is longer than that."""
    if len(text) <= room:
        return text
    start = text[: max(room, 0)]
    if " " in start and text[room] != " ":
        start = start.rpartition(" ")[0]
    return start.rstrip(" ,;:-")
