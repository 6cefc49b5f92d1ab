"""A query put right before it is searched: spelling, joined and split words, numbers, units, odd characters.

The catalogue's own words decide, and cautiously: a word that it uses, a brand, a model number or an English
word stays as written. It says what it changed; it neither searches nor ranks.
"""

import math
import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from catalog.lexicon import Lexicon, Near, fold, inflections, is_english
from ranking.records import LONGEST_QUERY, Repair

MOST_WORDS = 32  # of a query are looked at; a longer one is pasted text
LONGEST_WORD = 30
COMMONER = 5  # times as often is one way of writing found than the other, if it replaces it
RARE = 100  # times as often is a word found than another, if that can be its misspelling

# A candidate scores the logarithm of how many in PER products use it, less what its mistake costs. Chosen
# on made mistakes, against words of other catalogues that must stay: docs/LOG.md, "Query repair".
PER = 10_000
FEWEST = 2_000  # products; of fewer, shares would say more than is known
SHORTEST = 4  # letters; shorter words have too many neighbours to tell a mistake from another word
NEEDED = {4: 5.0, 5: 3.0, 6: 1.5}  # by letters
NEEDED_BY_LONG_WORDS = 0.6
IN_CONTEXT = math.log(30)  # what it is worth that titles have the candidate beside the neighbouring word
AHEAD = math.log(3)  # by how much it must lead the next one
ODD = 1.5  # the cost of a mistake that is not a common slip
FIRST_LETTER = 3.0  # the cost of a wrong first letter, in words of CLEAR letters; else it takes context
CLEAR = 6
TWICE_WRONG = 10  # letters from which on two mistakes are believed without context

# Joined to a word that is none of them, one of these makes another word: "a part", "in sole", "for mat".
_SMALL = frozenset(
    re.findall(r"\w+", "a an and as at be by for from in is it no not of off on or out so the to up with")
)

_SIGNS = str.maketrans(
    dict.fromkeys("\u2018\u2019\u02bc\u2032", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u2033\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2013\u2014\u2212", "-")
    | dict.fromkeys("™®©℠", " ")
    | {"\u2044": "/"}  # within what NFKC makes of ½
)
_JOINERS = "\u200c\u200d"  # cannot be seen, but emoji and some scripts are spelt with them
_BEFORE_FRACTION = re.compile(r"(?<=\d)(?=[¼½¾⅐-⅞])")
_PERCENT = re.compile(r"(?<!\S)%(\d+)(?![\w%])")
_INCHES = re.compile(r'(?<=\d)"(?!\w)')
_UNITS = (
    "inches|inch|in|feet|foot|ft|yards?|yds?|mm|cm|mtrs?|meters?|metres?|ml|liters?|litres?|ltr|oz|ounces?|lbs?"
    "|pounds?|kg|mg|mcg|iu|pints?|quarts?|qt|gallons?|gal|cups?|gb|tb|mb|mah|wh|watts?|volts?|amps?|hz|khz|mhz"
    "|ghz|pcs|pieces?|pack|pk|count|ct|sheets|rolls|hours?|hrs?|mins?|minutes?|years?|months?"
)
_SIZE = re.compile(rf"(?<![^\W_])(\d+)([ -]?)({_UNITS})(?!\w)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

_VOWELS = "aeiouy"
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_BESIDE = {pair for row in _ROWS for pair in (*pairwise(row), *pairwise(row[::-1]))}


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def repair(query: str, lexicon: Lexicon) -> Repair | None:
    """The query as it should be searched; None when it should be searched as it is.

    Signs, spaces and units are put right silently; the words that changed are listed.
    """
    tidy = _sized(_tidy(query), lexicon)
    edits = list(_edits(tidy, lexicon))
    text, written = "", 0
    for edit in edits:
        text += tidy[written : edit.start] + edit.text
        written = edit.end
    text += tidy[written:]
    if not text or len(text) > LONGEST_QUERY or text == " ".join(query.split()):
        return None
    return Repair(query=text, changes=tuple((tidy[edit.start : edit.end], edit.text) for edit in edits))


def _tidy(query: str) -> str:
    """In plain characters, without what cannot be seen: "１½”" becomes "1 1/2 inch"."""
    seen = "".join(
        " " if unicodedata.category(c) == "Cc" else c
        for c in _BEFORE_FRACTION.sub(" ", query.translate(_SIGNS))
        if unicodedata.category(c) != "Cf" or c in _JOINERS
    )
    plain = unicodedata.normalize("NFKC", seen).translate(_SIGNS)
    plain = _INCHES.sub(" inch", _PERCENT.sub(r"\1%", plain)).replace('"', " ")
    return " ".join(plain.split())


def _sized(text: str, lexicon: Lexicon) -> str:
    """Numbers and units written together or apart, as the catalogue writes them."""

    def rewritten(size: re.Match[str]) -> str:
        number, space, unit = size.groups()
        if space and unit.lower() == "in":  # "5 in 1"
            return size[0]
        spelled = "inch" if unit.lower() == "in" else unit  # BM25 passes over "in"
        joined, apart = fold(number + unit), lexicon.labelled(number, fold(spelled))
        if space:
            return number + unit if lexicon.labelled(joined) >= max(2, COMMONER * apart) else size[0]
        if lexicon.count(joined) > COMMONER * apart:
            return size[0]
        if not lexicon.count(joined):
            return f"{number} {spelled}"
        follows = size.string[size.end() :].lstrip().startswith(f"{number} {spelled}")
        return size[0] if follows else f"{size[0]} {number} {spelled}"

    return _SIZE.sub(rewritten, text)


def _edits(text: str, lexicon: Lexicon) -> Iterator[_Edit]:
    spans = [found.span() for found, _ in zip(_WORD.finditer(text), range(MOST_WORDS), strict=False)]
    words = [fold(text[start:end]) for start, end in spans] + ["", ""]
    before, at = "", 0
    while at < len(spans):
        (start, end), word, after = spans[at], words[at], words[at + 1]
        better, keep = None, False
        if after and text[end : spans[at + 1][0]] in (" ", "-"):
            better = _joined(before, word, after, words[at + 2], lexicon)
        if better:
            keep = _together(word, after, lexicon) > 0
            at += 1
            end = spans[at][1]
        elif not _is_code(text, start, end):
            better = _split(word, lexicon)
            keep = better is not None
            better = better or _spelled(before, word, after, lexicon)
        if better and not (keep and fold(text[end:]).lstrip(" -").startswith(better)):
            # A word in two is searched both ways: the encoder may know it as written ("firestick").
            yield _Edit(start, end, f"{text[start:end]} {better}" if keep else better)
        before = (better or word).split()[-1]
        at += 1


def _joined(before: str, first: str, second: str, after: str, lexicon: Lexicon) -> str | None:
    """Two words as the one that the catalogue writes, "dish washer", unless each may stand for itself."""
    joined = first + second
    if len(joined) < CLEAR or not _is_plain(joined) or (first in _SMALL) != (second in _SMALL):
        return None
    if lexicon.labelled(joined) < max(2, COMMONER * _together(first, second, lexicon)):
        return None
    if lexicon.labelled(before, first) or lexicon.labelled(second, after):
        return None
    if (before or after) and min(lexicon.labelled(first), lexicon.labelled(second)) > 1:  # "car pet seat"
        fits = lexicon.labelled(before, joined) or lexicon.labelled(joined, after)
        return joined if fits else None
    return joined


def _split(word: str, lexicon: Lexicon) -> str | None:
    """A word as the two that the catalogue writes side by side: "powerbank"."""
    if len(word) <= SHORTEST or not _is_plain(word) or lexicon.is_name(word) or is_english(word):
        return None
    halves = ((word[:cut], word[cut:]) for cut in range(1, len(word) - 1))
    pairs = (pair for pair in halves if _SMALL.isdisjoint(pair))
    together, best = max(((_together(*pair, lexicon), pair) for pair in pairs), default=(0, ("", "")))
    if together < 2 or together <= COMMONER * lexicon.count(word) or not _is_missing(word, lexicon):
        return None
    return " ".join(best)


def _together(first: str, second: str, lexicon: Lexicon) -> int:
    """How many products are labelled with the two side by side, the second in the singular or the plural."""
    return max(lexicon.labelled(first, form) for form in (second, f"{second}s", second.removesuffix("s")))


def _spelled(before: str, word: str, after: str, lexicon: Lexicon) -> str | None:
    """The word of the catalogue that was meant, if there is little doubt."""
    written = lexicon.count(word)
    if len(word) < SHORTEST or not _is_plain(word) or lexicon.is_name(word) or is_english(word):
        return None
    forms = set(inflections(word))
    if not written and any(lexicon.count(form) for form in forms):
        return None
    scored = (
        (_score(before, word, after, near, lexicon), near.word)
        for near in lexicon.near(word)
        if near.products > RARE * written and near.word not in forms
    )
    ranked = sorted(((score, meant) for score, meant in scored if score is not None), reverse=True)
    if not ranked or ranked[0][0] < NEEDED.get(len(word), NEEDED_BY_LONG_WORDS):
        return None
    score, best = ranked[0]
    family = {best, *inflections(best)}
    if any(score - other < AHEAD for other, rival in ranked[1:] if rival not in family):
        return None
    return best if _is_missing(word, lexicon) else None


def _score(before: str, word: str, after: str, near: Near, lexicon: Lexicon) -> float | None:
    """How likely the candidate was meant; None where no frequency could make it believable."""
    meant = near.word
    score = math.log(near.products * PER / max(FEWEST, lexicon.products))
    if lexicon.labelled(before, meant) or lexicon.labelled(meant, after):
        return score + IN_CONTEXT - ODD * (near.distance - 1)
    if near.distance > 1:
        is_alike = len(word) >= TWICE_WRONG and meant[0] == word[0] and meant[-1] == word[-1]
        return score if is_alike else None
    if meant[0] != word[0]:
        return score - FIRST_LETTER if len(word) >= CLEAR and meant != word[1:] else None
    return score if _is_slip(word, meant) else score - ODD


def _is_slip(word: str, meant: str) -> bool:
    """Whether the one mistake is common: a letter missing, doubled or swapped, a vowel or key confused."""
    if len(meant) > len(word) or sorted(meant) == sorted(word):
        return True
    at = next((i for i, (a, b) in enumerate(zip(word, meant, strict=False)) if a != b), len(meant))
    if len(meant) < len(word):
        return word[at] == word[at - 1]
    return (word[at] in _VOWELS and meant[at] in _VOWELS) or (word[at], meant[at]) in _BESIDE


def _is_missing(word: str, lexicon: Lexicon) -> bool:
    """Whether no product has the word, or few enough to be mistaken too. Asked last: it searches."""
    return lexicon.count(word) > 0 or not lexicon.occurs(word)


def _is_code(text: str, start: int, end: int) -> bool:
    """Whether the word looks like a name or number of a model: "CDM-PSATA", "iPAQ", "a.link"."""
    is_shaped = not (text[start:end].islower() or text[start:end].istitle() or text.isupper())
    return is_shaped or not {text[start - 1 : start], text[end : end + 1]}.isdisjoint("-._&")


def _is_plain(word: str) -> bool:
    return word.isascii() and word.isalpha() and len(word) <= LONGEST_WORD
