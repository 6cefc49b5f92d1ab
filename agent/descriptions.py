"""Colors, materials, sizes, properties and departments that an utterance requires, as the shop counts them.

Only what the vocabulary has as a value of a counted attribute; everything else describes, and is searched.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from agent.lexis import Lexis, Word
from agent.wishes import wordings
from catalog.lexicon import words_of
from core.record import Record

Kind = Literal["color", "material", "size", "property", "value", "category"]

NAMES: Mapping[str, tuple[str, ...]] = {
    "color": ("color", "colour", "product color", "main color", "color family"),
    "material": ("material", "materials", "main material"),
    "size": ("size",),
}
SIZE_SYSTEMS = frozenset(["us", "uk", "eu", "size"])
SPELLINGS = {"gray": "grey", "grey": "gray"}

_RESTRICTED = re.compile(
    r"\b(?:in|from|under|within)\s+(?:the\s+|your\s+)?(?P<name>[^\W_][\w &,'-]{1,40}?)\s+"
    r"(?:department|section|category|categories|aisle)\b"
    r"|\bcategory:?\s+(?P<named>[^\W_][\w &,'-]{1,40})",
    re.IGNORECASE,
)
_ONLY = frozenset(["only", "just", "strictly", "exclusively"])


class Description(Record):
    """A requirement with its place: values of one attribute, any of which will do, or categories."""

    kind: Kind
    name: str
    values: tuple[str, ...]
    start: int
    end: int


def described(text: str, words: Sequence[Word], taken: frozenset[int], lexis: Lexis) -> Iterator[Description]:
    """What the words require; those at the places `taken` are names and require nothing more."""
    yield from _departments(text, words, lexis)
    at = 0
    while at < len(words):
        found = None if at in taken else _at(text, words, at, lexis)
        if found:
            yield found[0]
        at += found[1] if found else 1


def _at(text: str, words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    if words[at].text == "size" or (at + 1 < len(words) and words[at + 1].text == "size"):
        return _size(words, at, lexis)
    if _serves_another(words, at, wordings()["evidence"]["others"]):
        return None
    return (
        _color(words, at, lexis)
        or _material(text, words, at, lexis)
        or _property(words, at, lexis)
        or _named(words, at, lexis)
    )


def _color(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    name = lexis.attribute(NAMES["color"])
    if name is None:
        return None
    evidence = wordings()["evidence"]
    by_name, size = lexis.values_at(words, at)
    if name not in by_name and words[at].text in SPELLINGS:
        other = words[at]._replace(text=SPELLINGS[words[at].text])
        by_name, size = lexis.values_at([other], 0)
    if name not in by_name:
        return None
    after = _text(words, at + size)
    said = [word.text for word in words[at : at + size]]
    if after in evidence["colors"] and not set(said) & set(evidence["basic_colors"]):
        return _description(
            "color", name, by_name[name], words, at, size + 1
        ), size + 1  # "sage green" is sage
    plain = any(word in evidence["colors"] for word in said)
    meant = _text(words, at - 1) == "in" or after in ("color", "colour", "colored", "coloured")
    if not meant and (not plain or after in evidence["named_colors"]):
        return None
    if _text(words, at - 1) in evidence["shades"]:
        return None  # "dark green" where the shop has no such color: green would be too much
    return _description("color", name, _holding(said, lexis.values_of(name)), words, at, size), size


def _material(text: str, words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    name = lexis.attribute(NAMES["material"])
    by_name, size = lexis.values_at(words, at)
    if name is None or name not in by_name:
        return None
    evidence = wordings()["evidence"]
    before = " ".join(text[: words[at].start].lower().split())
    made = any(before.endswith(phrase) for phrase in evidence["made"])
    after = _text(words, at + size)
    adjacent = at + size < len(words) and not text[words[at + size - 1].end : words[at + size].start].strip(
        " -"
    )
    if not made and (not adjacent or after in evidence["treats"] or after in evidence["clause_ends"]):
        return None
    said = [word.text for word in words[at : at + size]]
    values = _holding(said, lexis.values_of(name))
    real = tuple(v for v in values if not set(words_of(v)) & set(evidence["imitations"]) - set(said))
    return (_description("material", name, real, words, at, size), size) if real else None


def _size(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    """A size said with the word: "size 9", "queen size"."""
    name = lexis.attribute(NAMES["size"])
    value = _text(words, at + 1) if words[at].text == "size" else words[at].text
    if name is None or not value:
        return None
    values = tuple(
        label
        for label in lexis.values_of(name)
        if value in (parts := words_of(label)) and set(parts) - {value} <= SIZE_SYSTEMS
    )
    return (_description("size", name, values, words, at, 2), 2) if values else None


def _property(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    """A yes-or-no attribute said as an adjective, "waterproof"; a noun only describes."""
    name, size = lexis.switch_at(words, at)
    if name is None:
        return None
    evidence = wordings()["evidence"]
    word = words[at + size - 1].text
    if word not in evidence["properties"] and not word.endswith(tuple(evidence["property_endings"])):
        return None
    return _description("property", name, ("yes",), words, at, size), size


def _named(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    """A value beside the name of its attribute: "slim fit", "lavender scent"."""
    by_name, size = lexis.values_at(words, at)
    for name, labels in by_name.items():
        if _text(words, at + size) == name or _text(words, at - 1) == name:
            return _description("value", name, labels, words, at, size), size
    return None


def _departments(text: str, words: Sequence[Word], lexis: Lexis) -> Iterator[Description]:
    """A category said as a restriction: "in the kitchen department", "only kettles"."""
    for match in _RESTRICTED.finditer(text):
        group = "name" if match["name"] else "named"
        inside = [word for word in words if match.start(group) <= word.start and word.end <= match.end(group)]
        names, size = lexis.categories_at(inside, 0)
        if names and (size == len(inside) or group == "named"):
            yield Description(
                kind="category", name="category", values=names, start=match.start(), end=match.end()
            )
    for at, word in enumerate(words):
        if word.text in _ONLY:
            names, size = lexis.categories_at(words, at + 1)
            if names and _text(words, at + 1 + size) in ("", *wordings()["evidence"]["clause_ends"]):
                end = words[at + size].end
                yield Description(kind="category", name="category", values=names, start=word.start, end=end)


def _serves_another(words: Sequence[Word], at: int, others: Sequence[str]) -> bool:
    """Whether the word belongs to what the product is for or has: "case for a red phone"."""
    return any(word.text in others for word in words[:at]) and not _is_made(words, at)


def _is_made(words: Sequence[Word], at: int) -> bool:
    return _text(words, at - 1) == "in" or [_text(words, at - 2), _text(words, at - 1)] in (
        ["made", "of"],
        ["made", "from"],
    )


def _holding(said: Sequence[str], labels: Sequence[str]) -> tuple[str, ...]:
    """The values with these words: "blue" is also light blue."""
    wanted = [{word, SPELLINGS.get(word, word)} for word in said]
    return tuple(label for label in labels if all(set(words_of(label)) & either for either in wanted))


def _description(
    kind: Kind, name: str, values: tuple[str, ...], words: Sequence[Word], at: int, size: int
) -> Description:
    return Description(
        kind=kind, name=name, values=values, start=words[at].start, end=words[at + size - 1].end
    )


def _text(words: Sequence[Word], at: int) -> str:
    return words[at].text if 0 <= at < len(words) else ""
