"""Words as the features compare them: folded, split and stemmed, in order. No scores, no catalogue.

BM25 has its own tokens inside the engine, which gives their weights but not their order.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from threading import local

from Stemmer import Stemmer

from catalog.lexicon import fold as plain

LONGEST_TEXT = 4_000  # characters; what a product is stands at its beginning

_PIECE = re.compile(r"[^\W_]+(?:\.\d+)?|[^\w\s.]")
_threads = local()  # a stemmer is not safe to share


@lru_cache(maxsize=20_000)
def words(text: str) -> tuple[str, ...]:
    """The stems of a text in order; titles, brands and categories come up again and again."""
    return tuple(stem(piece) for piece in pieces(text) if piece[0].isalnum())


def pieces(text: str) -> list[str]:
    """Words and punctuation in order, folded, not stemmed."""
    return _PIECE.findall(fold(text[:LONGEST_TEXT]))


def fold(text: str) -> str:
    """Lower case without accents and apostrophes: "Men's Café" -> "mens cafe"."""
    return plain(text).replace("'", "")


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The English stem of a folded word."""
    stemmer = getattr(_threads, "stemmer", None)
    if stemmer is None:
        stemmer = _threads.stemmer = Stemmer("english")
    return str(stemmer.stemWord(word))


def telling(stems: Sequence[str]) -> list[str]:
    """The stems that say something: without "the", "for" and the like, unless there are no others."""
    return [s for s in stems if s not in lists()["stop"]] or list(stems)


@cache
def lists() -> Mapping[str, frozenset[str]]:
    """The word lists of `words.toml`, stemmed."""
    tables = tomllib.loads(Path(__file__).with_name("words.toml").read_text(encoding="utf-8"))
    return {name: frozenset(map(stem, listed)) for name, listed in tables.items()}


class Finder:
    """Finds a few stems in long texts without splitting them into words: ten times as fast."""

    def __init__(self, stems: Sequence[str]) -> None:
        self._stems = frozenset(stems)
        # A stem may end otherwise than its words do ("batteri"), so its last letter is left open.
        starts = sorted({re.escape(s[:-1] if len(s) > 3 and s.isalpha() else s) for s in stems})
        self._word = (
            re.compile(rf"(?<![^\W_])(?<!\d\.)(?:{'|'.join(starts)})[^\W_]*(?:\.\d+)?") if starts else None
        )

    def among(self, text: str) -> set[str]:
        """Which of the stems the text has."""
        if self._word is None:
            return set()
        found = {stem(word) for word in set(self._word.findall(fold(text[:LONGEST_TEXT])))}
        return found & self._stems


@lru_cache(maxsize=20_000)
def phrase_ends(text: str) -> frozenset[str]:
    """Stems that end a noun phrase: "projector" in "data projector, 150 lm", not in "projector mount".

    What a product *is* ends its phrase; a word that only describes another noun does not.
    """
    found, ends = pieces(text), lists()["phrase_end"]
    following = [*found[1:], ""][: len(found)]
    return frozenset(
        stem(word)
        for word, after in zip(found, following, strict=True)
        if word[0].isalnum() and (not after.isalpha() or stem(after) in ends)
    )
