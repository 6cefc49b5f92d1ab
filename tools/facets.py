"""The one question worth asking about a broad search: the field that divides what it finds best.

It words no question, and asks nothing about a search that is specific, or that finds little.
"""

import tomllib
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from catalog.keys import PATH, key
from catalog.vocabulary import Term
from ranking.pipeline import rank
from ranking.receipts import known_to_fit
from ranking.records import Facet, Hit, Results, Search
from ranking.sorting import relevant
from ranking.words import telling, words
from tools.counts import BRAND, CATEGORY, PRICE, counted
from tools.shop import Shop

BROAD = 2  # words of a query, at most; more of them say already which one is wanted
REQUIRED = 1  # requirements, at most
DEEP = 200  # products that are counted: those of one page are few once variants are one hit
MANY = 10  # relevant hits; fewer are looked through sooner than a question is answered
LEAST = 2  # hits that make an option
OPTIONS = 5
COVERED = 0.6  # of the hits that the options must account for
DOMINANT = 0.6  # of the hits that one option may have


def dividing(shop: Shop, search: Search, found: Results, asked: Collection[str]) -> Facet | None:
    """A field with two to five counted options to ask about, none of `asked`; None where no question pays.

    Counts deeper than one page, in a search of its own without the cross-encoder.
    """
    if found.astray or not found.hits or not _is_broad(search):
        return None
    hits = _relevant(shop, search)
    if len(hits) < MANY:
        return None
    variants = shop.index.get(i for hit in hits for i in hit.variants)
    facets = {key(facet.name): facet for facet in counted(hits, variants)}
    spoken = {key(name) for name in asked} | _required(search)
    for names in _order():
        if spoken.isdisjoint(names):
            for name in names:
                options = _divides(facets[name], search, len(hits)) if name in facets else None
                if options:
                    return Facet(name=facets[name].name, options=options)
    return None


def _relevant(shop: Shop, search: Search) -> list[Hit]:
    deep = search.model_copy(update={"limit": DEEP, "relevant_only": False})
    hits = rank(shop.index, deep, replace(shop.ranker, reranker=None)).hits
    return [h for h, passes in zip(hits, relevant(hits), strict=True) if passes and known_to_fit(h.receipt)]


@cache
def _order() -> tuple[tuple[str, ...], ...]:
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return tuple(map(tuple, table["order"]))


def _is_broad(search: Search) -> bool:
    """Whether little is said about what is wanted."""
    where, without = search.where, search.without
    numbers = (where.price_min or where.price_max, where.rating_min, where.reviews_min)
    lists = (where.brands, where.categories, without.brands, without.categories, without.terms)
    said = sum(number is not None for number in numbers) + sum(map(bool, lists))
    said += len(where.attributes) + len(without.attributes)
    return not search.like and said <= REQUIRED and len(telling(words(search.query))) <= BROAD


def _required(search: Search) -> set[str]:
    """The fields that the search speaks of itself."""
    where = search.where
    shelved = where.categories if search.query else ()  # who looks round a department may be shown further
    said = {PRICE: where.price_min or where.price_max, BRAND: where.brands, CATEGORY: shelved}
    return {name for name, value in said.items() if value} | {key(name) for name in where.attributes}


def _divides(facet: Facet, search: Search, hits: int) -> tuple[Term, ...] | None:
    """The options of a facet, if a few of them account for most hits and none for nearly all."""
    if facet.name == CATEGORY:
        depths = sorted({option.label.count(PATH) for option in facet.options}, reverse=True)
        levels = ([o for o in facet.options if o.label.count(PATH) == depth] for depth in depths)
        chosen = (_chosen(level, search, hits) for level in levels)
        return next(filter(None, (_by_leaf(options) for options in chosen if options)), None)
    options = _chosen(facet.options, search, hits)
    return facet.options if options and facet.name == PRICE else options  # bands stay in their order


def _chosen(options: Sequence[Term], search: Search, hits: int) -> tuple[Term, ...] | None:
    leading = tuple(option for option in options if option.count >= LEAST)[:OPTIONS]
    counts = [option.count for option in leading]
    if len(leading) < 2 or sum(counts) < COVERED * hits or max(counts) > DOMINANT * hits:
        return None
    said = set(words(search.query))
    named = (set(words(option.label.rpartition(PATH)[2])) for option in leading)
    return None if any(stems and stems <= said for stems in named) else leading


def _by_leaf(options: Sequence[Term]) -> tuple[Term, ...] | None:
    """Categories by their last name alone, as a shopper would say them; None where two share one."""
    names = [option.label.rpartition(PATH)[2] for option in options]
    if len(set(names)) < len(names):
        return None
    return tuple(Term(label=name, count=o.count) for name, o in zip(names, options, strict=True))
