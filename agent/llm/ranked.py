"""Superlatives and comparatives of a statement, computed over the products: "cheapest", "lighter than [2]".

What cannot be computed is an objection. Reads no other claim.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agent.llm.said import Found, Problem, Span, any_of, lists, overlaps
from agent.llm.subjects import Statement
from catalog.product import Product
from ranking.words import words
from tools.claims import attribute
from tools.comparison import Measure, measured

DEGREES = ("low_est", "high_est", "low_er", "high_er")

_OTHERS = re.compile(r"\bthan (?:any|the|all|both|every|either)\b|\bof (?:the|these|them|all)\b|\bhere\b")


def ranked(statement: Statement, products: Sequence[Product]) -> Found:
    """Where the statement ranks a product, and what of that does not hold."""
    spans: list[Span] = []
    problems: list[Problem] = []
    for measure in lists()["measure"]:
        for degree in DEGREES:
            for match in re.finditer(any_of(measure[degree]), statement.text, re.I):
                if overlaps(match.span(), spans):
                    continue
                spans.append(match.span())
                holds = _holds(measure, degree, statement, products)
                if holds is not True:
                    reason = "cannot be computed from the records" if holds is None else "is not so"
                    problems.append(Problem(match[0], f"by {measure['name']} this {reason}"))
    for match in re.finditer(any_of(lists()["ranked"]["first"]), statement.text, re.I):
        spans.append(match.span())
        if statement.about != (0,):
            problems.append(Problem(match[0], "the best match is the first product"))
    kinds = frozenset(stem for place in statement.about for stem in _called(products[place]))
    problems += _unread(statement.text, spans, kinds)
    return Found(tuple(spans), tuple(problems))


def _holds(
    measure: Mapping[str, Any], degree: str, statement: Statement, products: Sequence[Product]
) -> bool | None:
    """Whether all that it is said of rank so; None where a value is unknown or cannot be compared."""
    sign = 1 if degree.startswith("high") else -1
    others = [place for place in range(len(products)) if place not in statement.about]
    against = list(statement.than) or others
    if (
        degree.endswith("_er")
        and not statement.than
        and len(products) > 2
        and not _OTHERS.search(statement.text)
    ):
        return None  # "it is cheaper": than which of them?
    if degree.endswith("_est") and len(statement.about) > 1:
        return None
    if not against or not statement.about:
        return None
    own = [_value(measure, products[place]) for place in statement.about]
    rivals = [_value(measure, products[place]) for place in against]
    known = [value for value in (*own, *rivals) if value]
    if len(known) < len(own) + len(rivals) or len({value.unit for value in known}) > 1:
        return None
    strict = degree.endswith("_er")
    gaps = [sign * (mine.amount - other.amount) for mine in own if mine for other in rivals if other]
    return all(gap > 0 if strict else gap >= 0 for gap in gaps)


def _value(measure: Mapping[str, Any], product: Product) -> Measure | None:
    if measure["name"] == "price":
        return Measure(product.price.amount, product.price.currency) if product.price else None
    if measure["name"] == "rating":
        return Measure(product.rating.value, "stars") if product.rating else None
    if measure["name"] == "reviews":
        count = product.rating.count if product.rating else None
        return None if count is None else Measure(count, "reviews")
    stated = attribute(product, measure["attributes"])
    return measured(stated[1]) if stated else None


def _called(product: Product) -> tuple[str, ...]:
    return tuple(s for text in (product.title, *product.attributes.get("type", ())) for s in words(text))


def _unread(text: str, spans: Sequence[Span], kinds: frozenset[str]) -> Iterator[Problem]:
    """What looks like a comparison and was not computed; "cooler" and "dish dryer" are also things."""
    allowed = [match.span() for match in re.finditer(any_of(lists()["ranked"]["allowed"]), text, re.I)]
    for match in re.finditer(any_of(lists()["ranked"]["unread"]), text, re.I):
        thing = set(words(match[0])) <= kinds and not re.match(r"\s+than\b", text[match.end() :])
        if not thing and not overlaps(match.span(), (*spans, *allowed)):
            yield Problem(match[0], "a comparison that the records cannot settle")
