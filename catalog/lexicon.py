"""The words of a catalogue: how many products use each, which stand side by side, which belong to brands.

Read off a sample of the index and kept current by what is added. It says what is known and what is near;
whether a query is to be changed, `ranking.repair` decides.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from catalog.collection import Collection
from catalog.keys import key
from catalog.points import product_of
from catalog.product import Product
from catalog.texts import body_text, title_text

# Points are stored under hashes of their ids, so the first ones are a fair sample. Reading takes 90
# microseconds a product, and a word that none of these has is rare: `occurs` asks the index about it.
SAMPLE = 20_000
LONGEST_TEXT = 20_000  # characters of one product that are read
MOST_WORDS = 300_000
MOST_PHRASES = 500_000
MOST_BRANDS = 100_000
FAR = 8  # letters from which on a word with two mistakes is still recognisable
LETTERS = "abcdefghijklmnopqrstuvwxyz"

_ACCENTS = re.compile(r"[\u0300-\u036f]+")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
# Words on the two sides of one of these do not belong together.
_BREAK = re.compile(r"[^\w\s'./-]+|\s[-/]\s|[.](?!\d)")
# An ending, and what stands in its place in the stem; "" also undoes a doubled consonant: "planning", "plan".
_ENDINGS = (
    ("s", ""),
    ("es", ""),
    ("ies", "y"),
    *((ending, stem) for ending in ("ed", "er", "ers", "ing", "ings") for stem in ("", "e")),
    ("ied", "y"),
    ("ier", "y"),
    ("y", ""),
    ("ly", ""),
)


class Near(NamedTuple):
    """A known word, how many mistakes away it is, and how many products use it."""

    word: str
    distance: int
    products: int


class Lexicon:
    """Counts over products; names and words are compared as `fold` writes them.

    `words` counts in all text, `phrases` words and neighbouring pairs in titles and category names.
    `occurs` asks the index whether any product at all has a word, also one added since by someone else.
    """

    def __init__(
        self,
        words: Mapping[str, int],
        phrases: Mapping[str, int] | None = None,
        brands: Iterable[str] = (),
        *,
        products: int = 0,
        occurs: Callable[[str], bool] = lambda word: False,
    ) -> None:
        self._read = products
        self._learned = 0
        self._words = Counter(words)
        self._phrases = Counter(phrases or {})
        self.names = {key(brand) for brand in brands}  # of brands, whole
        self._brands = {word for name in self.names for word in words_of(name)}
        self._occurs = occurs
        self._long: dict[tuple[str, int], list[str]] = {}
        self._shelve(self._words)

    def count(self, word: str) -> int:
        """How many of the products read use the word anywhere."""
        return self._words.get(word, 0)

    def labelled(self, *words: str) -> int:
        """How many have the word, or the words side by side, in a title or category name."""
        return self._phrases.get(" ".join(words), 0)

    def is_name(self, word: str) -> bool:
        """Whether the word is part of a brand's name."""
        return word in self._brands

    def occurs(self, word: str) -> bool:
        """Whether any product has the word, also one that was not read."""
        return self.count(word) > 0 or self.is_name(word) or self._occurs(word)

    def near(self, word: str) -> list[Near]:
        """Known words one mistake away; if there is none and the word is long, those two away."""
        found = [Near(w, 1, self._words[w]) for w in _one_mistake(word) if w in self._words]
        if found or len(word) < FAR:
            return found
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract_iter

        shelves = [self._long.get((word[:1], len(word) + more), ()) for more in range(-2, 3)]
        return [
            Near(w, 2, self._words[w])
            for shelf in shelves
            for w, _, _ in extract_iter(word, shelf, scorer=OSA.distance, score_cutoff=2)
        ]

    def learn(self, products: Iterable[Product]) -> None:
        """Count products that were added; a replaced one counts again, until the next full reading."""
        for product in products:
            words, phrases = _counted(product)
            self._shelve(word for word in words if word not in self._words)
            self._words.update(words)
            self._phrases.update(phrases)
            if product.brand:
                self.names.add(key(product.brand))
                self._brands.update(words_of(product.brand))
            self._learned += 1

    @property
    def products(self) -> int:
        """How many products were counted."""
        return self._read + self._learned

    @property
    def is_worn(self) -> bool:
        """Whether as much has been learned as was read, so that reading anew is worth its time."""
        return self._learned > max(self._read, 1000)

    def _shelve(self, words: Iterable[str]) -> None:
        for word in words:
            if len(word) >= FAR - 2 and word.isascii() and word.isalpha():
                self._long.setdefault((word[:1], len(word)), []).append(word)


def read_lexicon(collection: Collection, occurs: Callable[[str], bool]) -> Lexicon:
    """Count the words of the collection, or of a fair sample if it is large; all its brands are names."""
    words: Counter[str] = Counter()
    phrases: Counter[str] = Counter()
    products = 0
    for _, fields in collection.scroll(["product"]):
        counted = _counted(product_of(fields))
        words.update(counted[0])
        phrases.update(counted[1])
        products += 1
        if products >= SAMPLE:
            break
    brands = [brand for brand, _ in collection.facet("brand_label", None, MOST_BRANDS)]
    return Lexicon(
        _most(words, MOST_WORDS), _most(phrases, MOST_PHRASES), brands, products=products, occurs=occurs
    )


def fold(text: str) -> str:
    """How words are compared: without case, accents and typographic variants."""
    if text.isascii():
        return text.lower()
    return _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).replace("\u2019", "'").casefold()


def words_of(text: str) -> list[str]:
    """The words of a text, folded; a possessive counts as its owner."""
    words = _WORD.findall(folded := fold(text))
    return [word.removesuffix("'s").replace("'", "") for word in words] if "'" in folded else words


def inflections(word: str) -> Iterator[str]:
    """Other forms of an English word, roughly: what could be its stem, and what it could be the stem of."""
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            yield stem + instead
            if stem[-1] == stem[-2] and not instead:
                yield stem[:-1]
        if word.endswith(instead):
            yield word[: len(word) - len(instead)] + ending


def is_english(word: str) -> bool:
    """Whether a dictionary has the word or its stem: what the catalogue lacks is not misspelt for that."""
    known = _english()
    return word in known or any(form in known for form in inflections(word))


@cache
def _english() -> frozenset[str]:
    lines = Path(__file__).with_name("english.txt").read_text(encoding="ascii").split("\n")
    return frozenset(line for line in lines if line and not line.startswith("#"))


def _counted(product: Product) -> tuple[set[str], set[str]]:
    """The words of a product, and the words and neighbouring pairs of its title and categories."""
    phrases: set[str] = set()
    for label in (title_text(product)[:LONGEST_TEXT], *product.categories):
        for part in _BREAK.split(label):
            words = words_of(part)
            phrases.update(words)
            phrases.update(map(" ".join, pairwise(words)))
    return set(words_of(body_text(product)[:LONGEST_TEXT])), phrases


def _most(counts: Counter[str], limit: int) -> Mapping[str, int]:
    return counts if len(counts) <= limit else dict(counts.most_common(limit))


def _one_mistake(word: str) -> set[str]:
    """Every word one deletion, swap of neighbours, replacement or insertion away."""
    cuts = [(word[:i], word[i:]) for i in range(len(word) + 1)]
    found = {a + b[1:] for a, b in cuts if b}
    found.update(a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1)
    found.update(a + c + b[1:] for a, b in cuts if b for c in LETTERS)
    found.update(a + c + b for a, b in cuts for c in LETTERS)
    found.discard(word)
    return found
