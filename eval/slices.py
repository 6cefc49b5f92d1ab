"""Kinds of queries, told from their words and the catalogue's vocabulary, so that a mean can be taken apart.

Plain rules that a person can predict: a slice says what a query looks like, not what was meant.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from catalog.keys import key
from catalog.product import Product
from catalog.texts import title_text
from catalog.vocabulary import Vocabulary

LONG = 6
SHORTEST_MISSPELT = 4  # a shorter word is one edit away from nearly anything

SLICES = ("negation", "brand", "number or size", "long", "misspelt", "single word", "category only")

_NEGATION = re.compile(
    r"(?<![\w-])(?:without|w/o|no|not|non|never|nothing|except|excluding|minus)(?!\w)"
    r"|n't\b|\w-free\b|\bfree (?:of|from)\b"
)
_SIZE = re.compile(
    r"\d|\b(?:x{1,3}[sl]|small|medium|large|petite|oversized?|sized?|inch(?:es)?|ounces?|gallons?)\b"
)
_FUNCTION_WORDS = re.compile(
    r"(?:\b(?:an?|and|by|for|from|in|is|it|of|on|one|or|the|this|to|with|your?)\b ?)+"
)
_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[^\W\d_]+")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "`": "'"})


def slices(
    queries: Mapping[str, str], vocabulary: Vocabulary, words: Collection[str]
) -> dict[str, frozenset[str]]:
    """The ids of the queries in each slice, in the order of SLICES; a query can be in several, or in none.

    `words` are words known to be spelt well beside those of the vocabulary (see `title_words`).
    """
    brands = {_plain(brand.label) for brand in vocabulary.brands}
    brands = {name for name in brands if _is_name(name)}
    longest = max((name.count(" ") + 1 for name in brands), default=0)
    categories = {_singular(level) for category in vocabulary.categories for level in category.path}
    known = {*words, *_vocabulary_words(vocabulary)}
    alphabet = "".join(sorted(set().union(*known)))
    belongs: dict[str, Callable[[str], bool]] = {
        "negation": lambda text: bool(_NEGATION.search(_normal(text))),
        "brand": lambda text: any(phrase in brands for phrase in _phrases(text, longest)),
        "number or size": lambda text: bool(_SIZE.search(_normal(text))),
        "long": lambda text: len(_spaced(text)) >= LONG,
        "misspelt": lambda text: any(_is_misspelt(word, known, alphabet) for word in letters(text)),
        "single word": lambda text: len(_spaced(text)) == 1,
        "category only": lambda text: _singular(text) in categories,
    }
    return {name: frozenset(q for q, text in queries.items() if belongs[name](text)) for name in SLICES}


def title_words(products: Iterable[Product]) -> frozenset[str]:
    """The words that shops write in titles and brands: what counts as spelt well."""
    return frozenset(word for product in products for word in letters(title_text(product)))


def letters(text: str) -> list[str]:
    """The words of a text that are made of letters: "Men's 2XL T-shirt" -> mens, xl, t, shirt."""
    return _LETTERS.findall(_normal(text).replace("'", ""))


def _normal(text: str) -> str:
    return key(text.translate(_APOSTROPHES))


def _spaced(text: str) -> list[str]:
    """Words as a shopper counts them: "1/2", "w/o" and "t-shirt" are one each, a lone "&" is none."""
    return [word for word in text.split() if _WORD.search(word)]


def _words(text: str) -> list[str]:
    return _WORD.findall(_normal(text).replace("'", ""))


def _plain(text: str) -> str:
    return " ".join(_words(text))


def _is_name(plain: str) -> bool:
    """Whether a brand could be recognised: "The One" and "3" could not."""
    return len(plain) > 1 and bool(_LETTERS.search(plain)) and not _FUNCTION_WORDS.fullmatch(plain)


def _phrases(text: str, longest: int) -> Iterator[str]:
    words = _words(text)
    for start in range(len(words)):
        for end in range(start + 1, min(start + longest, len(words)) + 1):
            yield " ".join(words[start:end])


def _singular(text: str) -> str:
    return " ".join(word.removesuffix("s") for word in _words(text))


def _vocabulary_words(vocabulary: Vocabulary) -> Iterator[str]:
    for brand in vocabulary.brands:
        yield from letters(brand.label)
    for category in vocabulary.categories:
        for level in category.path:
            yield from letters(level)
    for attribute in vocabulary.attributes:
        yield from letters(attribute.name)
        for value in attribute.values:
            yield from letters(value.label)


def _is_misspelt(word: str, known: Collection[str], alphabet: str) -> bool:
    if len(word) < SHORTEST_MISSPELT or not {word, f"{word}s", word.removesuffix("s")}.isdisjoint(known):
        return False
    return any(len(near) >= SHORTEST_MISSPELT and near in known for near in _one_edit(word, alphabet))


def _one_edit(word: str, alphabet: str) -> Iterator[str]:
    """Norvig's neighbours: a letter missing, too many, wrong, or two swapped."""
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
        for letter in alphabet:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]
