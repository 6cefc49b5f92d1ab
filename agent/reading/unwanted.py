"""What an utterance excludes, as the shop counts it: brands, departments and colors, else words.

Where the words stand is known to `ranking.negation`; this says what they mean here.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from agent.reading.denying import plainly, ruled_out, things_of
from agent.reading.lexis import Lexis, words
from agent.reading.wishes import wordings
from catalog.where import Without
from ranking.negation import refusals
from ranking.things import wordlists
from ranking.values import fitting, is_color, names_of

CUT = "\ue000"  # where something was taken out of the query
_DEPARTMENT = re.compile(r"(?P<name>.+?)\s+(?:department|section|category|aisle)", re.IGNORECASE)
EDGES = " \t,;:!?&-"
_SAID_TO_BE_A_BRAND = re.compile(r"(?<!\w)(?:by|from|brands?)\s+\w+\W*$", re.IGNORECASE)


class Unwanted(NamedTuple):
    """One excluded term as the shop counts it: a brand, a category or values of an attribute, if it is any.

    `product` is what it was said of: "no Acme CHARGERS".
    """

    term: str
    brand: str | None = None
    category: str | None = None
    attribute: str | None = None
    values: tuple[str, ...] = ()
    product: str = ""

    @property
    def is_counted(self) -> bool:
        """Whether it is anything but words."""
        return bool(self.brand or self.category or self.values)


class Refused(NamedTuple):
    """What a page excludes, and the page without it; `kept` are words that still stand in it, and exclude."""

    page: str
    things: list[Unwanted]
    kept: frozenset[str]
    spans: list[tuple[int, int, str]]

    @property
    def without(self) -> Without:
        """The exclusions as a search takes them."""
        attributes: dict[str, tuple[str, ...]] = {}
        for thing in self.things:
            if thing.attribute:
                attributes[thing.attribute] = (*attributes.get(thing.attribute, ()), *thing.values)
        return Without(
            brands=tuple(dict.fromkeys(thing.brand for thing in self.things if thing.brand)),
            categories=tuple(dict.fromkeys(thing.category for thing in self.things if thing.category)),
            attributes={name: tuple(dict.fromkeys(values)) for name, values in attributes.items()},
            terms=tuple(dict.fromkeys(thing.term for thing in self.things if not thing.is_counted)),
        )


def refused(page: str, lexis: Lexis) -> Refused:
    """Take the exclusions out of a page."""
    things: list[Unwanted] = []
    kept: set[str] = set()
    spans: list[tuple[int, int, str]] = []
    for start, end, thing in _owned(page, lexis):
        things.append(thing)
        spans.append((start, end, thing.term))
        page = masked(page, start, end)
    for start, end, term in list(ruled_out(page)):
        things.append(_unwanted(term, page[start:end], lexis))
        spans.append((start, end, term))
        page = masked(page, start, end)
    page = plainly(page, lexis)
    for refusal in refusals(page, lexis.denials):
        said = page[refusal.start : refusal.end]
        terms = things_of(refusal.terms)
        if not terms:  # "money is no object": nothing is refused, and it may be a name
            continue
        read = [_unwanted(term, said, lexis) for term in terms]
        things += read
        words_said = said.lstrip(EDGES)
        spans.append((refusal.end - len(words_said), refusal.end, ", ".join(terms)))
        if not refusal.kept or all(thing.is_counted for thing in read):
            page = masked(page, refusal.start, refusal.end)
        else:  # "gluten-free" is searched for, not "no Acme"
            kept |= {word.text for term in terms for word in words(term)}
    return Refused(page, things, frozenset(kept), spans)


def _owned(page: str, lexis: Lexis) -> Iterator[tuple[int, int, Unwanted]]:
    """What a shopper says to have already, where the shop has a department of nothing else."""
    for match in _has_already().finditer(page):
        said = words(match["what"])
        for at in range(len(said)):
            names, size = lexis.categories_at(said, at)
            if size and lexis.products_at(said, at)[1] == size:  # a tent; "dog" is whom things are for
                last = said[at + size - 1].end
                term = match["what"][said[at].start : last]
                end = match.end() if last == len(match["what"]) else match.start("what") + last
                for name in names:
                    yield match.start(), end, Unwanted(term, category=name)
                break


@cache
def _has_already() -> re.Pattern[str]:
    return re.compile("|".join(wordings()["owned"]["patterns"]), re.IGNORECASE)


def _unwanted(term: str, said: str, lexis: Lexis) -> Unwanted:
    """What an excluded term means to the shop; a color only where the shop counts colors."""
    found = words(term)
    if department := _DEPARTMENT.fullmatch(term):
        inside = words(department["name"])
        names, size = lexis.categories_at(inside, 0)
        if names and size == len(inside):
            return Unwanted(term, category=names[0])
    named = lexis.brand_at(found, 0) if found else None
    if named and (named.certain or (named.size == len(found) and _is_name(found[0].text, said, lexis))):
        return Unwanted(term, brand=named.label, product=term[found[named.size - 1].end :].strip())
    color = lexis.attribute(names_of("color"))
    product = ""
    describes = found and (is_color(found[0].text) or found[0].text in wordlists()["materials"])
    if (
        describes and len(found) > 1 and lexis.categories_at(found, 1)[1] == len(found) - 1
    ):  # "no green SHOES"
        term, product = found[0].text, term[found[0].end :].strip()
    if color and is_color(term) and (values := fitting(color, term, lexis.values_of(color))):
        return Unwanted(term, attribute=color, values=values, product=product)
    return Unwanted(term, product=product)


def _is_name(name: str, said: str, lexis: Lexis) -> bool:
    """Whether an excluded word is meant as a name: no plain word, or said to be one."""
    if lexis.is_only_a_name(name) or _SAID_TO_BE_A_BRAND.search(said):
        return True
    written = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said, re.IGNORECASE)
    return written is not None and written.group()[0].isupper() and not said.isupper()


def masked(page: str, start: int, end: int) -> str:
    """The page with a break where the words were; everything else keeps its place."""
    return page[:start] + CUT + " " * (end - start - 1) + page[end:]
