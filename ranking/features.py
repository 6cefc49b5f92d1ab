"""What is known about each candidate when it is ranked: one column of numbers per feature.

The names are a contract with the stored weights (`ranking.blend`). Features are comparisons, of a query
with a product or of a candidate with the others; none is a product's identity.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from catalog.points import DENSE, TITLE
from catalog.product import Product
from catalog.texts import body_text, title_text
from ranking.fusion import best_first, bm25, reciprocal_ranks
from ranking.recall import Candidates
from ranking.records import Check, Verdict
from ranking.words import Finder, lists, phrase_ends, telling, words

Column = NDArray[np.float64]
Fact = tuple[str, tuple[str, ...]]  # an attribute's name and its value's stems

LEADERS = 10  # candidates that the fusion places first: what the query seems to be about
FEEDBACK = 5  # of them, those whose mean vector the query moves to
NEIGHBOURS = 5
AUDIENCES = ("women", "men", "girls", "boys", "children")
LONGEST_VALUE = 30  # characters of an attribute's value that a query could name
NOWHERE = 30.0  # the place of the first matching word of a title that has none


@dataclass(frozen=True)
class Field:
    """The candidates of one query in a fixed order, with everything that the features look at."""

    query: str
    points: tuple[str, ...]
    products: Sequence[Product]
    vectors: NDArray[np.float32]  # unit rows
    scores: Mapping[str, Mapping[str, float]]
    fused: Mapping[str, float]
    checks: Sequence[tuple[Check, ...]]  # what is known of the exclusions


def fused(candidates: Candidates) -> dict[str, float]:
    """The reciprocal ranks of the lexical and the dense order."""
    lexical = best_first(bm25(candidates.scores))[: candidates.depth]
    return reciprocal_ranks([lexical, candidates.ranked.get(DENSE, [])])


def features(field: Field) -> dict[str, Column]:
    """A column per name in `FEATURES`, and `EXCLUDED`."""
    columns: dict[str, Column] = {}
    for family in _FAMILIES:
        columns |= family(field)
    return columns


def standardised(columns: Mapping[str, Column], names: Sequence[str]) -> NDArray[np.float64]:
    """The named columns, each with mean 0 and spread 1 over the candidates; what does not vary is 0."""
    matrix = np.stack([columns[name] for name in names], axis=1)
    spread = matrix.std(axis=0)
    floor = 1e-3 * np.maximum(1.0, np.abs(matrix).max(axis=0, initial=0.0))
    standard: NDArray[np.float64] = (matrix - matrix.mean(axis=0)) / (spread + floor)
    return standard


def _scores(field: Field) -> dict[str, Column]:
    lexical = _column(field, bm25(field.scores))
    return {
        "rrf": _column(field, field.fused),
        "bm25": lexical,
        "bm25_title": _column(field, field.scores.get(TITLE, {})),
        "dense": _column(field, field.scores.get(DENSE, {})),
    }


def _company(field: Field) -> dict[str, Column]:
    """How a candidate lies among the others: relevant products resemble each other."""
    order = _by_fusion(field)
    with _blas().limit(limits=1, user_api="blas"):  # its second thread would spin on, and slow what follows
        near = field.vectors @ field.vectors.T
    np.fill_diagonal(near, -1.0)
    ranks = _column(field, field.fused)
    nearest = np.argsort(-near, axis=1, kind="stable")[:, :NEIGHBOURS]
    centre = field.vectors[order[:FEEDBACK]].mean(axis=0)
    return {
        "feedback": (field.vectors @ centre).astype(np.float64),
        "density": near[:, order[:LEADERS]].mean(axis=1).astype(np.float64),
        "neighbours": ranks[nearest].mean(axis=1),
    }


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _shelf(field: Field) -> dict[str, Column]:
    """Agreement with the categories of the leading candidates."""
    leaders = [field.products[i] for i in _by_fusion(field)[:LEADERS]]
    levels = Counter(level for product in leaders for level in product.categories)
    leaves = Counter(product.categories[-1] for product in leaders if product.categories)
    none = -0.1  # not knowing is a little worse than disagreeing: known shelves can be checked
    return {
        "category": np.array(
            [
                sum(levels[c] for c in p.categories) / (LEADERS * len(p.categories)) if p.categories else none
                for p in field.products
            ]
        ),
        "leaf": np.array(
            [leaves[p.categories[-1]] / LEADERS if p.categories else none for p in field.products]
        ),
    }


def _wording(field: Field) -> dict[str, Column]:
    """Which of the query's words the product uses, where, and in what role."""
    asked = _Asked(telling(words(field.query)))
    rows = [_match(asked, product) for product in field.products]
    return {name: np.array([row[name] for row in rows]) for name in _WORDING}


class _Asked:
    """The query's telling words, with all that is the same for every product they are looked for in."""

    def __init__(self, stems: Sequence[str]) -> None:
        self.stems = stems
        self.wanted = frozenset(stems)
        self.pairs = list(pairwise(stems))
        self.numbers = [stem for stem in stems if any(c.isdigit() for c in stem)]
        self.trigrams = _trigrams(" ".join(stems))
        self.finder = Finder(stems)


_WORDING = (
    "coverage",
    "precision",
    "title_length",
    "starts",
    "first",
    "pairs",
    "letters",
    "numbers",
    "head",
    "accessory",
    "category_words",
    "leaf_words",
)


def _match(asked: _Asked, product: Product) -> dict[str, float]:
    stems, title, body = asked.stems, words(title_text(product)), asked.finder.among(body_text(product))
    leaf = words(product.categories[-1]) if product.categories else ()
    in_title = set(title)
    places = [title.index(stem) for stem in stems if stem in in_title]
    accessory = lists()["accessory"]
    marks = [i for i, stem in enumerate(title) if stem in accessory]
    beside = set(pairwise(title))
    last = stems[-1] if stems else ""
    found = len(asked.trigrams & _trigrams(" ".join(title)))
    return {
        "coverage": _share(stems, body),
        "precision": sum(stem in asked.wanted for stem in title) / max(len(title), 1),
        "title_length": float(len(title)),
        "starts": _share(stems, set(title[: len(stems) + 1])),
        "first": float(min(places)) if places else NOWHERE,
        "pairs": sum(pair in beside for pair in asked.pairs) / len(asked.pairs) if asked.pairs else 0.0,
        "letters": found / max(len(asked.trigrams), 1),  # forgives a misspelling
        "numbers": _share(asked.numbers, body) if asked.numbers else 1.0,
        "head": (float(last in phrase_ends(product.title)) if last in in_title else -1.0),
        "accessory": sum(any(mark < at for mark in marks) for at in places) / max(len(places), 1),
        "category_words": _share(stems, _in_path(product.categories)),
        "leaf_words": _share(leaf, asked.wanted),
    }


@lru_cache(maxsize=5_000)
def _in_path(categories: tuple[str, ...]) -> frozenset[str]:
    """The stems of a category path; many products share one."""
    return frozenset(stem for level in categories for stem in words(level))


def _agreement(field: Field) -> dict[str, Column]:
    """Whether brand, attributes and audience are the ones the query names: 1, 0 if unsaid, -1 if others."""
    asked = words(field.query)
    spans = {tuple(asked[i:j]) for i in range(len(asked)) for j in range(i + 1, min(i + 5, len(asked) + 1))}
    brands = [words(product.brand or "") for product in field.products]
    named = {brand for brand in brands if brand and len("".join(brand)) > 2 and brand in spans}
    audience = {name for name in AUDIENCES if lists()[name] & set(asked)}
    return {
        "brand": np.array([_agrees(brand, named) for brand in brands]),
        "attributes": _attributes(field, spans),
        "audience": np.array([_for_them(product, audience) for product in field.products]),
    }


def _agrees(brand: tuple[str, ...], named: set[tuple[str, ...]]) -> float:
    if not named or not brand:
        return 0.0
    return 1.0 if brand in named else -1.0


def _for_them(product: Product, audience: set[str]) -> float:
    if not audience:
        return 0.0
    stems = {stem for text in (product.title, *product.categories) for stem in words(text)}
    stated = {name for name in AUDIENCES if lists()[name] & stems}
    return (1.0 if stated & audience else -1.0) if stated else 0.0


def _attributes(field: Field, spans: set[tuple[str, ...]]) -> Column:
    """A value that the query names must be one that several candidates have, or it is a chance match."""
    known = [_facts(product) for product in field.products]
    common = Counter(fact for facts in known for fact in facts if fact[1] in spans)
    named = {fact for fact, count in common.items() if count > 1}
    names = {name for name, _ in named}

    def agreement(facts: set[Fact]) -> float:
        has = {name for name, _ in facts & named}
        other = {name for name, _ in facts} & names - has
        return (len(has) - len(other)) / len(names) if names else 0.0

    return np.array([agreement(facts) for facts in known])


def _facts(product: Product) -> set[Fact]:
    values = ((name, v) for name, given in product.attributes.items() for v in given)
    return {(name, words(v)) for name, v in values if 2 < len(v) < LONGEST_VALUE}


def _esteem(field: Field) -> dict[str, Column]:
    """What shoppers thought, as far as it is known."""
    ratings = [product.rating for product in field.products]
    return {
        "reviews": np.array([math.log1p(r.count or 0) if r else 0.0 for r in ratings]),
        "stars": np.array([r.value if r else 0.0 for r in ratings]),
    }


def _exclusions(field: Field) -> dict[str, Column]:
    return {EXCLUDED: np.array([_verdict(checks) for checks in field.checks])}


def _verdict(checks: Sequence[Check]) -> float:
    """1 for having something that is not wanted; else, negative, the share of it that it says it has not."""
    if any(check.verdict is Verdict.VIOLATED for check in checks):
        return 1.0
    return -sum(check.verdict is Verdict.MET for check in checks) / max(len(checks), 1)


_FAMILIES: Sequence[Callable[[Field], dict[str, Column]]] = (
    _scores,
    _company,
    _shelf,
    _wording,
    _agreement,
    _esteem,
    _exclusions,
)

CROSS = "cross"  # the cross-encoder's score, which only the candidates that it read have
EXCLUDED = "excluded"  # not weighed but heeded: see `ranking.blend.heeded`

FEATURES = (
    *("rrf", "bm25", "bm25_title", "dense"),
    *("feedback", "density", "neighbours"),
    *("category", "leaf"),
    *_WORDING,
    *("brand", "attributes", "audience"),
    *("reviews", "stars"),
)


def _column(field: Field, scores: Mapping[str, float]) -> Column:
    return np.array([scores.get(point, 0.0) for point in field.points])


def _by_fusion(field: Field) -> list[int]:
    return sorted(
        range(len(field.points)), key=lambda i: (-field.fused.get(field.points[i], 0.0), field.points[i])
    )


def _share(stems: Sequence[str], among: Set[str]) -> float:
    return sum(stem in among for stem in stems) / len(stems) if stems else 0.0


def _trigrams(text: str) -> set[str]:
    return {text[i : i + 3] for i in range(len(text) - 2)}
