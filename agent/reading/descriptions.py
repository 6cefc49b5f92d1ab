"""Colors, materials, sizes, properties and departments that an utterance requires, as the shop counts them.

Only what the vocabulary has as a value of a counted attribute; everything else describes, and is searched.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from agent.reading.lexis import Lexis, Word
from agent.reading.wishes import wordings
from catalog.keys import key
from core.record import Record
from ranking.values import beds, colors, fitting, is_family, is_letter_size, names_of, wordlist

Kind = Literal["color", "material", "size", "property", "value", "category", "department"]

ANYBODY = "anybody"
GENDER = ("gender", "target gender", "sex")
SIZE_SYSTEMS = frozenset(["us", "uk", "eu"])

_RESTRICTED = re.compile(
    r"\b(?:in|from|under|within)\s+(?:the\s+|your\s+)?(?P<name>[^\W_][\w &,'-]{1,40}?)\s+"
    r"(?:department|section|category|categories|aisle)\b"
    r"|\bcategory:?\s+(?P<named>[^\W_][\w &,'-]{1,40})",
    re.IGNORECASE,
)
_JOINTS = frozenset(["or", "and"])
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
    if sized := _size(words, at, lexis):
        return sized
    if gender := _gender(words, at, lexis):  # "for women" is no other thing that it serves
        return gender
    if _serves_another(words, at, wordings()["evidence"]["others"]):
        return None
    return (
        _color(words, at, lexis)
        or _material(text, words, at, lexis)
        or _property(words, at, lexis)
        or _named(words, at, lexis)
    )


def _color(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    name = lexis.attribute(names_of("color"))
    if name is None:
        return None
    evidence = wordings()["evidence"]
    by_name, size = lexis.values_at(words, at)
    if name not in by_name:
        named = colors([words[at].text])
        if not named or not named[0].outright:
            return None
        size = 1  # "blue", where the shop only has navy
    said = [word.text for word in words[at : at + size]]
    after = _text(words, at + size)
    plain = any(color.outright for color in colors(said))
    length = size
    if is_family(after) and not plain:
        length = size + 1  # "sage green" is sage
    else:
        meant = _text(words, at - 1) == "in" or after in ("color", "colour", "colored", "coloured")
        if not meant and (not plain or after in wordlist("named_colors") or _of_a_part(words, at + size)):
            return None
        if _text(words, at - 1) in evidence["shades"]:
            return None  # "dark green" where the shop has no such color: green would be too much
    values = fitting(name, " ".join(said), lexis.values_of(name))
    return (_description("color", name, values, words, at, length), length) if values else None


def _material(text: str, words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    name = lexis.attribute(names_of("material"))
    by_name, size = lexis.values_at(words, at)
    if name is None or name not in by_name:
        return None
    evidence = wordings()["evidence"]
    before = " ".join(text[: words[at].start].lower().split())
    after = _text(words, at + size)
    made = any(before.endswith(phrase) for phrase in evidence["made"])
    said = [word.text for word in words[at : at + size]]
    made = made or (_is_chosen(words, at, size, lexis) and not colors(said))  # "in gold" may be either
    adjacent = at + size < len(words) and not text[words[at + size - 1].end : words[at + size].start].strip(
        " -"
    )
    if _text(words, at - 1) in wordlist("imitations") or _is_treated(words, at + size):
        return None
    if not made and (
        not adjacent
        or _of_a_part(words, at + size)
        or after in wordlist("treats")
        or after in evidence["clause_ends"]
    ):
        return None
    values = fitting(name, " ".join(said), lexis.values_of(name))
    return (_description("material", name, values, words, at, size), size) if values else None


def _is_chosen(words: Sequence[Word], at: int, size: int, lexis: Lexis) -> bool:
    """Whether a value, or several beside it, is what the product shall be in: "in linen or cotton?"."""
    first, last = at, at + size
    while _text(words, first - 1) in _JOINTS and lexis.values_at(words[first - 2 : first - 1], 0)[0]:
        first -= 2
    while _text(words, last) in _JOINTS and (further := lexis.values_at(words, last + 1)[1]):
        last += 1 + further
    ends = ("", *wordings()["evidence"]["clause_ends"])
    return _text(words, first - 1) == "in" and _text(words, last) in ends


def _of_a_part(words: Sequence[Word], at: int) -> bool:
    """Whether what is described is a part of the product: "steel TOE boots", but "leather STRAP"."""
    following = _text(words, at + 1)
    return _text(words, at) in wordlist("parts") and following not in (
        "",
        *wordings()["evidence"]["clause_ends"],
    )


def _is_treated(words: Sequence[Word], at: int) -> bool:
    """Whether the product is for the material: "leather shoe POLISH"."""
    return any(word.text in wordlist("applied") for word in words[at : at + 3])


def _size(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    """A size said with the word, "size 9", or where only sizes stand: "in XL", "king sheets"."""
    name = lexis.attribute(names_of("size"))
    if name is None:
        return None
    first, value, length = _size_said(words, at)
    values = fitting(name, value, lexis.values_of(name)) if value else ()
    return (_description("size", name, values, words, first, length), length) if values else None


def _size_said(words: Sequence[Word], at: int) -> tuple[int, str, int]:
    """Where a size begins, the size, and how many words say it."""
    evidence = wordings()["evidence"]
    if words[at].text == "size":
        number = at + 1 + (_text(words, at + 1) in SIZE_SYSTEMS)
        half = _is_decimal(words, number)
        said = " ".join(word.text for word in words[at + 1 : number + 1])
        return at, f"{said}.{words[number + 1].text}" if half else said, number + 1 + half - at
    for size in (2, 1) if at + 1 < len(words) else (1,):
        said = " ".join(word.text for word in words[at : at + size])
        after = _text(words, at + size)
        bed = beds(said.split())[:1]
        whole_bed = bool(bed) and bed[0][1:] == (0, size)
        if after in ("size", "sized") and (whole_bed or size == 1):
            return at, said, size + 1
        if whole_bed and {after, _text(words, at + size + 1)} & set(evidence["bedding"]):
            return at, said, size
        ends = after in ("", *evidence["clause_ends"])
        if ends and _text(words, at - 1) == "in" and is_letter_size(said):
            return at, said, size
    ends = _text(words, at + 1) in ("", *evidence["clause_ends"])
    sure = words[at].text.endswith(("xl", "xs")) and is_letter_size(words[at].text)
    return (at, words[at].text, 1) if sure and ends and at > 0 else (at, "", 0)


def _is_decimal(words: Sequence[Word], at: int) -> bool:
    """Whether the two words from here are one number with a half: "8.5"."""
    whole, part = words[at : at + 1], words[at + 1 : at + 2]
    return (
        bool(whole and part)
        and whole[0].text.isdigit()
        and part[0].text == "5"
        and part[0].start == whole[0].end + 1
    )


def _property(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    """A yes-or-no attribute said as an adjective, "waterproof"; a noun only describes. Where the adjective is
    a value of one attribute, "connection: wireless", it is that value.
    """
    name, size = lexis.switch_at(words, at)
    if name is None:
        by_name, size = lexis.values_at(words, at)
        if len(by_name) != 1 or size != 1 or words[at].text not in wordings()["evidence"]["properties"]:
            return None
        ((name, values),) = by_name.items()
        return _description("value", name, values, words, at, size), size
    evidence = wordings()["evidence"]
    word = words[at + size - 1].text
    if word not in evidence["properties"] and not word.endswith(tuple(evidence["property_endings"])):
        return None
    return _description("property", name, ("yes",), words, at, size), size


def gendered(meant: str, lexis: Lexis) -> tuple[str, tuple[str, ...]] | None:
    """The attribute that says whose a product is, with the values that are right for men, women, ..."""
    name = lexis.attribute(GENDER)
    spoken = wordings()["genders"]
    if name is None or meant not in spoken:
        return None
    values = tuple(v for v in lexis.values_of(name) if key(v) in (*spoken[meant], *spoken[ANYBODY]))
    return (name, values) if values else None


def _gender(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    """Whose it is, said of the product: "women's boots", "sweater for men"; unisex will do."""
    spoken = wordings()["genders"]
    people = [gender for gender in spoken if gender != ANYBODY]
    meant = next((gender for gender in people if words[at].text in spoken[gender]), "")
    found = gendered(meant, lexis)
    return (_description("value", *found, words, at, 1), 1) if found else None


def _named(words: Sequence[Word], at: int, lexis: Lexis) -> tuple[Description, int] | None:
    """A value beside the name of its attribute: "slim fit", "lavender scent"."""
    by_name, size = lexis.values_at(words, at)
    for name, labels in by_name.items():
        if _text(words, at + size) == name or _text(words, at - 1) == name:
            return _description("value", name, labels, words, at, size), size
    return None


def _departments(text: str, words: Sequence[Word], lexis: Lexis) -> Iterator[Description]:
    """A category said as a restriction: "in the kitchen department", "only kettles"; a department alone."""
    if names := lexis.department(words):
        yield Description(
            kind="department", name="category", values=names, start=words[0].start, end=words[-1].end
        )
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


def _description(
    kind: Kind, name: str, values: tuple[str, ...], words: Sequence[Word], at: int, size: int
) -> Description:
    return Description(
        kind=kind, name=name, values=values, start=words[at].start, end=words[at + size - 1].end
    )


def _text(words: Sequence[Word], at: int) -> str:
    return words[at].text if 0 <= at < len(words) else ""
