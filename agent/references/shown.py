"""Which of the products on show a description means: a name, a property, a price, the most of a kind.

Takes the description as given; where it stands and whether it is one, `agent.references.refer` decides.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, cached_property, lru_cache
from pathlib import Path
from statistics import fmean
from typing import Any, NamedTuple

from catalog.lexicon import is_english
from catalog.price import major_units
from catalog.product import Money, Product
from catalog.where import Without
from ranking.exclusions import Classify, classifier
from ranking.records import Verdict
from ranking.sorting import believed
from ranking.words import pieces, stem, words
from tools.comparison import measured

NEAR = 1.0  # in major units: "$35" is also 34.99


class Most(NamedTuple):
    """What a superlative or comparative asks for."""

    fields: tuple[str, ...]
    highest: bool
    of_two: bool  # "the cheaper one"


@cache
def tables() -> Mapping[str, Any]:
    """The words and patterns of `references.toml`."""
    return tomllib.loads(Path(__file__).with_name("references.toml").read_text(encoding="utf-8"))


@cache
def degrees() -> Mapping[str, Most]:
    """Superlatives and comparatives by their words."""
    found: dict[str, Most] = {}
    for measure in tables()["measures"].values():
        for degree in ("least", "less", "most", "more"):
            meaning = Most(tuple(measure["fields"]), degree in ("most", "more"), degree in ("less", "more"))
            found |= dict.fromkeys(measure.get(degree, ()), meaning)
    return found


class Shown:
    """The products on show, made ready for telling them apart."""

    def __init__(self, products: Sequence[Product]) -> None:
        self.products = tuple(products)

    @cached_property
    def nouns(self) -> frozenset[str]:
        """What the products are, in stems: "kettle"."""
        return frozenset(noun for product in self.products for noun in _nouns(product))

    @cached_property
    def _plain(self) -> frozenset[str]:
        """Stems that describe some product and so are no name."""
        values = (v for product in self.products for vs in product.attributes.values() for v in vs)
        levels = (level for product in self.products for level in product.categories)
        return frozenset(s for text in (*values, *levels) for s in words(text)) | self.nouns

    def named(self, word: str) -> bool:
        """Whether the word is part of a product's title or brand and does not describe any."""
        return (
            any(word in _name(product) for product in self.products)
            and word not in self._plain
            and not word.isdigit()
        )

    def own(self, piece: str) -> bool:
        """Whether the word names exactly one product, and hardly anything else."""
        holders = [product for product in self.products if stem(piece) in words(product.title)]
        is_brand = any(stem(piece) in words(product.brand or "") for product in self.products)
        return len(holders) == 1 and self.named(stem(piece)) and not is_brand and not is_english(piece)

    def described(self, said: str) -> list[Product]:
        """The products that the words describe, every one of them."""
        asked = [piece for piece in pieces(said) if piece[0].isalnum()]
        together = len(asked) > 1
        return [
            p
            for p in self.products
            if asked
            and (
                all(_is(p, piece) for piece in asked) or (together and _verdict(p, said) is Verdict.VIOLATED)
            )
        ]

    def titled(self, said: str) -> list[Product]:
        """The products in whose title and brand all the words stand."""
        asked = words(said)
        return [p for p in self.products if asked and set(asked) <= _name(p)]

    def of_kind(self, noun: str) -> list[Product]:
        """The products that are what the noun says."""
        return [product for product in self.products if stem(noun) in _nouns(product)]

    def having(self, what: str, *, lacking: bool = False) -> list[Product]:
        """The products known to have a thing, or known to lack it."""
        wanted = Verdict.MET if lacking else Verdict.VIOLATED
        return [product for product in self.products if _verdict(product, what) is wanted]

    def priced(self, money: Money, *, exact: bool) -> list[Product]:
        """The products at a price; one said in round numbers may be a few cents off."""
        asked = major_units(money)
        near = [
            (abs(major_units(product.price) - asked), product)
            for product in self.products
            if product.price and product.price.currency == money.currency
        ]
        close = [(off, product) for off, product in near if off == 0 or (off < NEAR and not exact)]
        nearest = min((off for off, _ in close), default=0.0)
        return [product for off, product in close if off == nearest]


def most(products: Sequence[Product], asked: Most) -> list[Product]:
    """The products with the most or least of something; none where too few records tell."""
    for field in asked.fields:
        values = _values(products, field)
        known = [value for value in values if value is not None]
        if len(known) < 2 or 2 * len(known) < len(values):
            continue
        best = max(known) if asked.highest else min(known)
        return [p for p, value in zip(products, values, strict=True) if value == best]
    return []


def _values(products: Sequence[Product], field: str) -> list[float | None]:
    if field == "price":
        currencies = {product.price.currency for product in products if product.price}
        return [major_units(p.price) if p.price and len(currencies) == 1 else None for p in products]
    if field == "reviews":
        return [p.rating.count if p.rating else None for p in products]
    if field == "rating":
        prior = fmean([p.rating.value for p in products if p.rating] or [0.0])
        return [believed(p.rating, prior) for p in products]
    found = [measured(p.attributes.get(field, ())) for p in products]
    units = {value.unit for value in found if value}
    return [value.amount if value and len(units) == 1 else None for value in found]


def _is(product: Product, piece: str) -> bool:
    """Whether one word describes the product: as a name, a kind, a value, or something that it has."""
    made = tables()["made"].get(piece, piece)
    base = re.fullmatch(r"(\w{3,}?)(?:less|free)", piece)
    if base and _verdict(product, base[1]) is Verdict.MET:
        return True
    values = {s for vs in product.attributes.values() for v in vs for s in words(v)}
    if stem(made) in values:
        return True
    if stem(piece) in {s for level in product.categories for s in words(level)} | _nouns(product):
        return True
    verdict = _verdict(product, made)
    return verdict is Verdict.VIOLATED or (verdict is not Verdict.MET and stem(piece) in _name(product))


def _verdict(product: Product, what: str) -> Verdict:
    (check,) = _classify(what)(product)
    return check.verdict


@lru_cache(maxsize=1024)
def _classify(what: str) -> Classify:
    return classifier(Without(terms=(what,)))


def _name(product: Product) -> frozenset[str]:
    return frozenset((*words(product.title), *words(product.brand or "")))


def _nouns(product: Product) -> frozenset[str]:
    """The last words of its type and of its category: what it is called."""
    texts = (*product.attributes.get("type", ()), *product.categories[-1:])
    return frozenset(words(text)[-1] for text in texts if words(text))
