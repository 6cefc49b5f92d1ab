"""When one value of an attribute satisfies another: "navy" is blue, "9 M US" is size 9, "oak" is wood.

Compares words and knows no product. Families of colors and sizes are data in `values.toml`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from catalog.keys import key
from catalog.lexicon import fold
from ranking.mentions import Reading, said
from ranking.things import thing

Kind = Literal["color", "material", "size"]

LONGEST_COLOR = 2  # words
LONGEST_SIZE = 3
SYSTEMS = frozenset(["us", "uk", "eu"])

_WORD = re.compile(r"\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?")
_SIZE_WORD = re.compile(r"\d*x+[sl]|\d+x(?![^\W_])|\d+(?:\.\d+)?|[^\W\d_]+(?:'[^\W\d_]+)?|-")
_PIECES = re.compile(r"[/,;|()\[\]&+]|\band\b|\bor\b")


class Color(NamedTuple):
    """A color named in words: the family it belongs to, and its place."""

    family: str
    first: int
    last: int
    outright: bool  # the word names nothing but a color


class _Size(NamedTuple):
    """A size as it compares: a letter, a bed, or a range of numbers in the systems that are named."""

    kind: str
    name: str
    low: float = 0
    high: float = 0
    systems: frozenset[str] = frozenset()


def kind_of(name: str) -> Kind | None:
    """What the values of an attribute are, where more than their spelling can be compared."""
    return _kinds().get(key(name))


def names_of(kind: Kind) -> tuple[str, ...]:
    """The attribute names whose values are of a kind, the usual one first."""
    return tuple(_tables()["names"][kind])


@lru_cache(maxsize=100_000)
def fits(name: str, value: str, wanted: str) -> bool | None:
    """Whether a product with `value` has what is wanted; None where the value does not say."""
    if key(value) == key(wanted):
        return True
    kind = kind_of(name)
    if kind == "color":
        return _fits_color(value, wanted)
    if kind == "size":
        return _fits_size(value, wanted)
    return kind == "material" and _fits_material(value, wanted)


def fitting(name: str, wanted: str, values: Iterable[str]) -> tuple[str, ...]:
    """Of the values of an attribute, those that satisfy the wanted one: what a filter has to name."""
    return tuple(value for value in values if fits(name, value, wanted))


@lru_cache(maxsize=10_000)
def summed_up(name: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
    """The wanted values without those that another one includes: of blue, navy and sky only blue."""
    kept: list[str] = []
    for at, value in enumerate(wanted):
        wider = (w for w in (*kept, *wanted[at + 1 :]) if fits(name, value, w))
        if not any(w in kept or not fits(name, w, value) for w in wider):
            kept.append(value)
    return tuple(kept)


def colors(words: Sequence[str]) -> list[Color]:
    """The colors named in folded words, the longest name at each place."""
    found: list[Color] = []
    at = 0
    while at < len(words):
        for size in range(LONGEST_COLOR, 0, -1):
            family = _colors().get(" ".join(words[at : at + size])) if at + size <= len(words) else None
            if family:
                found.append(Color(family[0], at, at + size, family[1]))
                at += size - 1
                break
        at += 1
    return found


def is_color(text: str) -> bool:
    """Whether the words name a color and nothing else."""
    words = words_in(text)
    found = colors(words)
    return bool(found) and all(color.outright for color in found) and _covers(found, len(words))


def is_family(text: str) -> bool:
    """Whether the text is the name that a whole family of colors has."""
    return _spelled(text) in _tables()["families"]


def is_letter_size(text: str) -> bool:
    """Whether the text is nothing but a size such as "XL" or "medium"."""
    return text in _size_names("letters")


def beds(words: Sequence[str]) -> list[tuple[str, int, int]]:
    """The bed sizes named in folded words, with their places."""
    found = []
    at = 0
    while at < len(words):
        size, name = _named_size(words[at:], "beds")
        if name:
            found.append((name, at, at + size))
        at += max(size, 1)
    return found


def words_in(text: str) -> list[str]:
    """The folded words of a value, numbers apart from letters."""
    return _WORD.findall(fold(text))


@cache
def wordlist(name: str) -> frozenset[str]:
    """A list of words of `values.toml` by name."""
    return frozenset(_tables()["words"][name])


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_name("values.toml").read_text(encoding="utf-8"))


@cache
def _kinds() -> Mapping[str, Kind]:
    return {name: kind for kind, names in _tables()["names"].items() for name in names}


@cache
def _colors() -> Mapping[str, tuple[str, bool]]:
    """Every color name with its family, and whether it names nothing else."""
    tables = _tables()
    shades = {name: (family, False) for family, names in tables["shades"].items() for name in names}
    return shades | {name: (family, True) for family, names in tables["families"].items() for name in names}


def _fits_color(value: str, wanted: str) -> bool | None:
    asked = _spelled(wanted)
    named = [color for piece in _PIECES.split(fold(value)) for color in _colors_of(piece)]
    if is_family(asked) and any(color.family == asked for color in named):
        return True
    said_too = f" {asked} " in f" {_spelled(value)} "
    if said_too and not is_family(asked):
        return True
    families = {color.family for color in colors(asked.split())}
    if any(_spelled(piece) in families for piece in _PIECES.split(value)):
        return None  # "blue" may well be navy
    return False if named else None


def _colors_of(piece: str) -> list[Color]:
    """The colors of one part of a value; "midnight black" is black: an outright name counts alone."""
    found = colors(words_in(piece))
    return [color for color in found if color.outright] or found


def _spelled(text: str) -> str:
    return " ".join("grey" if word == "gray" else word for word in words_in(text))


def _covers(found: Sequence[Color], words: int) -> bool:
    return sum(color.last - color.first for color in found) == words


def _fits_material(value: str, wanted: str) -> bool:
    """Whether the value names the material or a sort of it, and does not imitate it."""
    asked = set(words_in(wanted))
    if wordlist("imitations") & set(words_in(value)) - asked:
        return False
    sorts = (wanted, *_tables()["materials"].get(_spelled(wanted), ()))
    found = [said(value.lower(), material) for material in map(thing, sorts) if material]
    return any(one is not None and one[0] is Reading.HAS for one in found)


def _fits_size(value: str, wanted: str) -> bool | None:
    alike = [
        (have, want)
        for want in _sizes(wanted)
        for have in _sizes(value)
        if have.kind == want.kind and (not have.systems or not want.systems or have.systems & want.systems)
    ]
    if any(have.name == want.name and have.low <= want.low <= have.high for have, want in alike):
        return True
    return False if alike else None


@lru_cache(maxsize=20_000)
def _sizes(value: str) -> tuple[_Size, ...]:
    """The sizes that a value names: "M (8-10)" is the letter M and the numbers from 8 to 10."""
    return tuple(size for piece in re.split(r"[/,;|()]", fold(value)) for size in _sizes_of(piece))


def _sizes_of(piece: str) -> Iterator[_Size]:
    known = frozenset(_tables()["sizes"]["systems"])
    words = _SIZE_WORD.findall(piece)
    systems = SYSTEMS & set(words)
    for table in ("letters", "beds"):
        if name := _named_size(words, table)[1]:
            yield _Size(table, name)
            return
    while words and words[0] in known:
        words = words[1:]
    numbers = [float(word) for word in words[:3:2] if word[0].isdigit() and word[-1].isdigit()]
    is_range = words[1:2] == ["-"] and len(numbers) == 2
    rest = [word for word in words[3 if is_range else 1 :] if word not in known]
    if numbers and not rest:
        yield _Size("number", "", numbers[0], numbers[1] if is_range else numbers[0], systems)
    elif name := _named_size(words, "letters")[1]:
        yield _Size("letters", name)


def _named_size(words: Sequence[str], table: str) -> tuple[int, str]:
    """The longest name of a size that the words begin with; a hyphen counts as a space."""
    for size in range(min(LONGEST_SIZE, len(words)), 0, -1):
        phrase = " ".join(word for word in words[:size] if word != "-")
        if name := _size_names(table).get(phrase):
            return size, name
    return 0, ""


@cache
def _size_names(table: str) -> Mapping[str, str]:
    return {name: names[0] for names in _tables()["sizes"][table] for name in names}
