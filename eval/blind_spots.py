"""Why a relevant product was lost, as far as the words of the query and of the product can tell.

Both are read as BM25 reads them. Nothing here asks a model or guesses what a shopper meant: what no
rule explains is called "other".
"""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import cached_property
from itertools import pairwise

from catalog.index import ProductIndex, lexers
from catalog.points import BODY
from catalog.product import Product
from catalog.texts import body_text
from core.record import Record
from ranking.records import Check, Verdict

SHORTEST_MISSPELT = 4  # letters; below that almost any word is one edit from some other
LONGEST_BRAND = 4  # words
WORD = re.compile(r"[^\W_]+")
FIGURE = re.compile(r"(?<!\w)[^\W\d_]*\d[\w./]*(?<![./])")  # 1.75, 1/2, 200mg, b12


class Spot(StrEnum):
    """The kinds of reason, the most certain first."""

    NOT_INDEXED = "not in the index"
    OVER_FILTERING = "over-filtering"
    SPELLING = "spelling"
    VOCABULARY = "vocabulary gap"
    NEGATION = "negation"
    NUMBER = "number or unit"
    BRAND = "brand"
    WORDS = "missing words"
    OTHER = "other"


class Cause(Record):
    """One reason that applies to one lost product, and the words that show it."""

    spot: Spot
    evidence: str


class QueryWords:
    """A query, read once for all the products it lost; `negated` as `eval.slices` has it."""

    def __init__(self, index: ProductIndex, query: str, *, negated: bool) -> None:
        self._index = index
        self._lexer = lexers(index.stamp)[BODY]
        self.text = query
        self.words = list(dict.fromkeys(WORD.findall(query.casefold())))
        self.figures = list(dict.fromkeys(FIGURE.findall(query.casefold())))
        self.negated = negated

    @cached_property
    def unknown(self) -> list[str]:
        """Words that no product of the catalogue contains."""
        return [word for word in self.words if not self._occurs(word)]

    @cached_property
    def brands(self) -> list[str]:
        """Brands of the catalogue that the query names."""
        labels = {_plain(brand.label): brand.label for brand in self._index.vocabulary().brands}
        tokens = WORD.findall(self.text.casefold())
        sizes = range(1, LONGEST_BRAND + 1)
        spans = [" ".join(tokens[i : i + n]) for n in sizes for i in range(len(tokens) - n + 1)]
        return list(dict.fromkeys(labels[span] for span in spans if span in labels))

    def terms(self, text: str) -> set[int]:
        """What BM25 looks for when asked for `text`."""
        return set(self._lexer.query(text).indices)

    def terms_of(self, product: Product) -> set[int]:
        """What BM25 finds in a product."""
        return set(self._lexer.document(body_text(product)).indices)

    def _occurs(self, word: str) -> bool:
        found = self._index.search(self._index.vectors(word, (BODY,)), limit=1)
        return bool(found.get(BODY)) or not self.terms(word)  # a stop word is known to everyone


def causes(
    query: QueryWords, product: Product, checks: Iterable[Check], shown: Sequence[Product]
) -> tuple[Cause, ...]:
    """Every reason that applies, most certain first; `shown` are the products that took the places."""
    found: list[Cause] = []

    def because(spot: Spot, evidence: str) -> None:
        found.append(Cause(spot=spot, evidence=evidence))

    failed = [check for check in checks if check.verdict is not Verdict.MET]
    if failed:
        because(
            Spot.OVER_FILTERING, "; ".join(f"{c.requirement}: {c.evidence or 'not stated'}" for c in failed)
        )
    for word in query.unknown:
        if near := _nearly(word, product):
            because(Spot.SPELLING, f"{word} for {near}")
    terms = query.terms_of(product)
    asked = query.terms(query.text)
    if asked and not asked & terms:
        because(Spot.VOCABULARY, "no word of the query is in the product's text")
    if query.negated:
        because(Spot.NEGATION, "the query says what must not be")
    if missing := [figure for figure in query.figures if not query.terms(figure) <= terms]:
        because(Spot.NUMBER, f"{', '.join(missing)} not in the product's text")
    if evidence := _brand(query, product, shown):
        because(Spot.BRAND, evidence)
    if not found and (absent := [word for word in query.words if not query.terms(word) <= terms]):
        because(Spot.WORDS, f"{', '.join(absent)} not in the product's text")
    if not found:
        because(Spot.OTHER, "has every word of the query")
    return tuple(found)


def _brand(query: QueryWords, product: Product, shown: Sequence[Product]) -> str | None:
    if not query.brands:
        return None
    asked, own = {_plain(brand) for brand in query.brands}, _plain(product.brand or "")
    if own in asked:
        others = sum(_plain(other.brand or "") not in asked for other in shown)
        return f"{product.brand} was asked for, {others} of other brands are shown" if others else None
    if any(query.terms(brand) <= query.terms_of(product) for brand in query.brands):
        return None
    return f"{' or '.join(query.brands)} was asked for, this is {product.brand or 'of no stated brand'}"


def _nearly(word: str, product: Product) -> str | None:
    """A word of the product one edit away; a blank more or less is an edit too ("fire stick")."""
    if len(word) < SHORTEST_MISSPELT or any(letter.isdigit() for letter in word):
        return None
    words = WORD.findall(body_text(product).casefold())
    joined = (f"{left} {right}" for left, right in pairwise(words) if left + right == word)
    return next(joined, None) or next((other for other in words if one_edit(word, other)), None)


def one_edit(a: str, b: str) -> bool:
    """Whether one letter inserted, left out, replaced or swapped with its neighbour makes `b` of `a`."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    a, b = a[start:], b[start:]
    if len(a) != len(b):
        return a[1:] == b or a == b[1:]
    return a[1:] == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


def _plain(name: str) -> str:
    return " ".join(WORD.findall(name.casefold()))
