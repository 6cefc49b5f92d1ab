"""Of which product each stretch of a reply speaks: by its marker "[2]", its name, or the sentence before.

Reads references only. Whether what is said is true is not decided here.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from catalog.product import Product
from ranking.words import words

LONGEST_NAME = 24  # words before a marker that may name its product

MARKER = re.compile(r"\[\s*(\d{1,3})\s*\]")
SENTENCE = re.compile(r"(?<=[.!?])(?<!\b[A-Z]\.)(?<!\bNo\.)(?<!\bapprox\.)\s+(?=[\"'(\[]?[A-Z0-9\[])|\n+")
_TOKEN = re.compile(r"[^\W_]+(?:['.][^\W_]+)*")
_BOUNDARY = re.compile(r"[,;:]?\s+(?:while|whereas|but|and)\b|[,;]\s")
_FACT = re.compile(
    r"\b(?:is|are|has|have|costs?|comes?|weighs?|holds?|sells?|offers?|includes?|contains?|features?|uses?)\b"
)
_EVERY = re.compile(
    r"\b(?:both|all (?:of )?(?:them|these|three|two|four|five)|they|each|these|either)\b", re.I
)
_JOINED = re.compile(r"^[\s,]*(?:and|or|&|,)?[\s,]*(?:the\s+)?$", re.I)
_OBJECT = re.compile(r"\bthan(?:\s+the)?\s*$", re.I)
_GAP = re.compile(
    r"[\s,&'\".:*#!?|+/()\u00d7\u2013\u2014\u201c\u201d\u00ae\u2122-]*"
)  # between words of a name
_CAPITALISED = re.compile(r"[A-Z0-9]")


@dataclass(frozen=True)
class Mention:
    """Where a product is named: the words of the name, if any, and the marker."""

    start: int
    end: int
    place: int
    name: str
    led: bool  # whether what is said of it follows; a bare marker may stand behind


@dataclass(frozen=True)
class Statement:
    """A stretch of a sentence, the places of the products that it speaks of, and those it compares with."""

    text: str
    about: tuple[int, ...]
    than: tuple[int, ...] = ()
    names: tuple[tuple[str, int], ...] = field(default=())  # what a product is called here, and its place


def sentences(text: str) -> list[str]:
    """The sentences of a reply."""
    return [part.strip() for part in SENTENCE.split(text.replace("\u2019", "'")) if part and part.strip()]


def cited(text: str) -> tuple[int, ...]:
    """The places, from 0, that the markers of a text name, each once."""
    return tuple(dict.fromkeys(int(match[1]) - 1 for match in MARKER.finditer(text)))


def statements(
    sentence: str, products: Sequence[Product], before: tuple[int, ...]
) -> tuple[tuple[Statement, ...], tuple[int, ...]]:
    """The statements of a sentence, and of which products the next one speaks if it names none."""
    mentions = _mentions(sentence, products)
    everything = tuple(range(len(products)))
    if not mentions:
        about = before or everything
        if _EVERY.search(sentence) and len(about) < 2:
            about = everything
        return (Statement(sentence, about),), about
    objects = [m for m in mentions if _OBJECT.search(sentence[: m.start])]
    joined = _groups(sentence, [m for m in mentions if m not in objects])
    names = tuple((mention.name, mention.place) for mention in mentions if mention.name)
    than = tuple(mention.place for mention in objects)
    if not joined:
        return (Statement(_blanked(sentence, mentions), before or everything, than, names),), before
    edges = [0, *(_edge(sentence, *pair) for pair in pairwise(joined)), len(sentence)]
    blank = _blanked(sentence, mentions)
    said: list[Statement] = []
    for group, start, end in zip(joined, edges[:-1], edges[1:], strict=True):
        about = tuple(dict.fromkeys(mention.place for mention in group))
        inside = [m for m in mentions if start <= m.start < end]
        against = tuple(m.place for m in inside if m in objects)
        called = tuple((m.name, m.place) for m in inside if m.name)
        if said and re.fullmatch(r"[\s.,;:!?()-]*(?:it)?[\s.,;:!?()-]*", blank[start:end]):
            # "[1] is in stock, as is [2]": what was said of the last holds for it too
            last = said.pop()
            said.append(Statement(last.text, (*last.about, *about), last.than, (*last.names, *called)))
            continue
        said.append(Statement(blank[start:end], about, against, called))
    places = tuple(dict.fromkeys(place for statement in said for place in statement.about))
    return tuple(said), places


def _mentions(sentence: str, products: Sequence[Product]) -> list[Mention]:
    """Every marker with the name before it, and every name that stands alone, in order."""
    found: list[Mention] = []
    for match in MARKER.finditer(sentence):
        place = int(match[1]) - 1
        if 0 <= place < len(products):
            first = found[-1].end if found else 0
            start = _name_start(sentence, first, match.start(), products[place])
            found.append(_marked(sentence, start, match, place, first))
    for place, product in enumerate(products):
        for start, end in _bare_names(sentence, product):
            if not any(mention.start < end and start < mention.end for mention in found):
                found.append(Mention(start, end, place, sentence[start:end], led=True))
    return sorted(found, key=lambda mention: mention.start)


def _marked(sentence: str, start: int, match: re.Match[str], place: int, first: int) -> Mention:
    name = sentence[start : match.start()].strip(" ,(")
    opens = not sentence[first : match.start()].strip(" ,(") or _joins(sentence[first : match.start()])
    return Mention(start, match.end(), place, name, led=bool(name) or opens)


def _joins(text: str) -> bool:
    return re.search(r"(?:\b(?:while|whereas|but|and|or|than|for)|[,;:])\s*$", text) is not None


def _name_start(sentence: str, first: int, end: int, product: Product) -> int:
    """Where the words begin that name the product right before its marker: its own, and any capitalised."""
    own = _naming(product) - {"the", "a"}
    start = end
    for count, token in enumerate(reversed(list(_TOKEN.finditer(sentence, first, end)))):
        gap = sentence[token.end() : start]
        stems = set(words(token[0]))
        named = bool(stems) and stems <= own
        foreign = _CAPITALISED.match(token[0]) and token.start() > 0 and token[0].lower() not in _OPENINGS
        if count >= LONGEST_NAME or not _GAP.fullmatch(gap):
            break
        if not named and not foreign:
            break
        start = token.start()
    return start


_OPENINGS = frozenset(
    ["i", "at", "for", "with", "the", "a", "an", "of", "if", "as", "while", "and", "but", "though"]
)


def _naming(product: Product) -> frozenset[str]:
    """The stems of the words that a product may be called by."""
    types = product.attributes.get("type", ())
    texts = (product.title, product.brand or "", *types, *product.categories[-1:])
    return frozenset(stem for text in texts for stem in words(text))


def _bare_names(sentence: str, product: Product) -> list[tuple[int, int]]:
    """Runs of capitalised words that begin the title as it is spelled, at least its brand and a word."""
    head = product.title.split(",")[0].split()
    least = len((product.brand or "").split()) + 1
    found: list[tuple[int, int]] = []
    for size in range(len(head), least - 1, -1):
        name = re.escape(" ".join(head[:size]))
        for match in re.finditer(rf"(?<!\w){name}(?!\w)", sentence):
            if not any(start <= match.start() < end for start, end in found):
                found.append(match.span())
    return found


def _groups(sentence: str, mentions: Sequence[Mention]) -> list[list[Mention]]:
    """Mentions that are joined by "and" alone are spoken of together."""
    groups: list[list[Mention]] = []
    for mention in mentions:
        if groups and _JOINED.match(sentence[groups[-1][-1].end : mention.start]):
            groups[-1].append(mention)
        else:
            groups.append([mention])
    return groups


def _edge(sentence: str, left: Sequence[Mention], right: Sequence[Mention]) -> int:
    """Where what is said of one group ends and what is said of the next begins."""
    start, end = left[-1].end, right[0].start
    if not right[0].led:  # "... for $20 [1] or a larger one for $30 [2]"
        bounds = [match.start() for match in _BOUNDARY.finditer(sentence, start, end)]
        return bounds[0] if bounds else start
    bounds = [match.start() for match in _BOUNDARY.finditer(sentence, start, end)]
    if bounds and not _FACT.search(sentence, bounds[-1], end):
        return bounds[-1]
    return end


def _blanked(sentence: str, mentions: Sequence[Mention]) -> str:
    """The sentence with "it" for every mention, as long as it was."""
    for mention in mentions:
        size = mention.end - mention.start
        sentence = sentence[: mention.start] + "it".ljust(size)[:size] + sentence[mention.end :]
    return sentence
