"""What the pieces of a message name: the things in it that could be wanted, and how each is introduced.

A few rules of grammar, and the lexis to tell a thing from a word. Which of them are needs of their own is
decided in `agent.reading.decompose`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import dropwhile
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from agent.reading.lexis import TYPES, Lexis, Word, words
from agent.reading.numbers import figures
from agent.reading.wishes import any_of, wordings
from catalog.lexicon import is_english

Joint = Literal["start", "list", "sentence", "colon", "comma", "and", "or"]

EDGES = " \t\n,;:.!?&+-*\u2022"
MOST_CROSSING = 3  # words before a joint that a name may begin in
MOST_BEFORE_WISH = 5  # words of "my eldest daughter needs"

_QUOTED = re.compile(r"\"[^\"]*\"|[\u201c\u201d][^\u201c\u201d]*[\u201c\u201d]")


class Piece(NamedTuple):
    """A stretch of the message and how it is joined to what stands before."""

    start: int
    end: int
    joint: Joint


class Named(NamedTuple):
    """A thing that is named, and how: `words` are its name with what describes it."""

    words: tuple[Word, ...]
    article: bool
    sold: bool = False  # the shop has a name for it, and not only the language a word
    exact: bool = False  # nothing but that name, with colors and the like before it
    described: bool = False  # there are such
    kinds: tuple[str, ...] = ()  # what the shop calls so
    counted: bool = False  # "2 mugs"

    @property
    def end(self) -> int:
        """Where the name ends."""
        return self.words[-1].end


class Page(NamedTuple):
    """A message with what is known of its places."""

    text: str
    words: tuple[Word, ...]
    taken: tuple[tuple[int, int], ...]  # bounds and quotations: no joint and no name is in there
    lexis: Lexis

    def within(self, start: int, end: int) -> tuple[Word, ...]:
        """The words of a stretch."""
        return tuple(word for word in self.words if start <= word.start and word.end <= end)

    def is_taken(self, place: int) -> bool:
        """Whether the place belongs to a bound or a quotation."""
        return any(start <= place < end for start, end in self.taken)


def page_of(text: str, lexis: Lexis, currency: str) -> Page:
    """A message made ready."""
    bounds = [(figure.start, figure.end) for figure in figures(text, currency)]
    quoted = [match.span() for match in _QUOTED.finditer(text)]
    return Page(text, tuple(words(text)), (*bounds, *quoted), lexis)


def pieces_of(page: Page) -> Iterator[Piece]:
    """The message cut at everything that could join two needs."""
    start, joint = 0, "start"
    counted = 1
    for match in _joints().finditer(page.text):
        kind = match.lastgroup or ""
        if page.is_taken(match.start()):
            continue
        if kind == "numbered":
            if int(re.sub(r"\D", "", match[0])) != counted:
                continue
            counted += 1
        if _says_something(page, start, match.start()):
            yield Piece(start, match.start(), cast(Joint, joint))
            joint = "list" if kind in ("numbered", "bullet") else kind
        elif joint not in ("sentence", "list") or kind in ("numbered", "bullet"):  # as in "Also: a stove"
            joint = "list" if kind in ("numbered", "bullet") else kind
        start = match.end()
    if _says_something(page, start, len(page.text)):
        yield Piece(start, len(page.text), cast(Joint, joint))


def _says_something(page: Page, start: int, end: int) -> bool:
    """Whether there is more than "and" or "also"."""
    leads = word_lists("phrase")["leads"]
    return any(word.text not in leads for word in page.within(start, end))


def named_in(page: Page, piece: Piece) -> Named | None:
    """The thing that a piece begins with, if it asks for one."""
    lists = word_lists("phrase")
    text = page.text[piece.start : piece.end]
    begun = _leading().match(text)
    said = page.within(piece.start + (begun.end() if begun else 0), piece.end)
    said = tuple(dropwhile(lambda word: word.text in lists["leads"] or page.is_taken(word.start), said))
    if said and said[0].text in lists["subjects"]:
        wish = next((at for at, w in enumerate(said[:MOST_BEFORE_WISH]) if w.text in lists["needs"]), None)
        refused = any(word.text in lists["refusing"] for word in said[:MOST_BEFORE_WISH])
        said = () if wish is None or refused else said[wish + 1 :]
    if not said:
        return None
    counted = said[0].text.isdigit()
    article = counted or said[0].text in lists["articles"]
    if not article and said[0].text == "the" and len(said) > 1:
        article = said[1].text in lists["superlatives"]
    if said[0].text in lists["barred"] and not article:
        return None
    name: list[Word] = []
    for word in said[article:]:
        if word.text == "of" and name and name[-1].text in lists["measures"]:
            name.clear()
        elif page.is_taken(word.start) or page.text[name[-1].end if name else word.start : word.start].strip(
            " -'/&+."
        ):
            break
        elif word.text in lists["breaks"] and not _goes_on(page.lexis, name, word):
            if word.text in lists["verbs"]:
                return None
            break
        else:
            name.append(word)
    named = _thing(page.lexis, name, article=article) if name else None
    if counted and named:
        return named._replace(counted=True) if named.sold else None  # "16 GB" is no thing
    return named


def _thing(lexis: Lexis, name: Sequence[Word], *, article: bool) -> Named | None:
    """What words name: the longest name of the shop that they end in, or else an English noun at a guess."""
    last = len(name)
    while last:
        for first in range(last):
            kinds, size = lexis.products_at(name[:last], first)
            if size == last - first and not _is_other(name[first:last]):
                exact = all(is_detail(lexis, word) for word in name[:first])
                return Named(tuple(name[first:last]), article, True, exact, first > 0, kinds)
        if not is_detail(lexis, name[last - 1]):
            break
        last -= 1
    head = name[-1]
    noun = last == len(name) and head.text.isalpha() and len(head.text) > 2 and not _is_other([head])
    if noun and (is_english(head.text) or lexis.knows(head.text)):
        return Named(tuple(name), article)
    for first in range(len(name)):  # "sunscreen spf 50"
        kinds, size = lexis.products_at(name, first)
        if size and not _is_other(name[first : first + size]):
            return Named(tuple(name[: first + size]), article, True, False, first > 0, kinds)
    return None


def is_one_name(page: Page, piece: Piece) -> bool:
    """Whether the words on both sides of a joint are one name: an idiom, a category or a brand."""
    joined = [word for word in page.words if word.text not in ("and", "or", "n")]
    before = sum(word.end <= piece.start for word in joined)
    for at in range(max(0, before - MOST_CROSSING), before):
        sizes = [page.lexis.categories_at(joined, at)[1], page.lexis.values_at(joined, at)[1]]
        brand = page.lexis.brand_at(joined, at)
        if max(*sizes, brand.size if brand and not brand.corrected else 0) > before - at:
            return True
    spoken = [word.text for word in joined[max(0, before - MOST_CROSSING) : before]]
    following = [word.text for word in joined[before : before + MOST_CROSSING]]
    around = f" {' '.join(spoken)} and {' '.join(following)} "
    return any(f" {idiom} " in around for idiom in word_lists("phrase")["idioms"])


def _goes_on(lexis: Lexis, name: Sequence[Word], word: Word) -> bool:
    """Whether a word that mostly ends a name belongs to it: "watering can"."""
    return bool(name) and lexis.categories_at([name[-1], word], 0)[1] == 2


def is_detail(lexis: Lexis, word: Word) -> bool:
    """Whether a word only describes: a number, a color, a size, for whom it is."""
    values, _ = lexis.values_at([word], 0)
    switch, _ = lexis.switch_at([word], 0)
    described = any(attribute not in TYPES for attribute in values) or switch is not None
    is_mark = word.text.isdigit() or len(word.text) == 1
    return described or is_mark or word.text in word_lists("other")["living"]


def is_plain(page: Page, word: Word) -> bool:
    """Whether a word after a thing is a bound or a detail, and nothing that more could be joined to."""
    return page.is_taken(word.start) or word.text in ("in", "size") or is_detail(page.lexis, word)


def without_whom(tail: Sequence[Word]) -> tuple[Word, ...]:
    """What is said of a thing without whom it is for, at the end: "for two", "for my son"."""
    living, words_of_whom = (
        word_lists("other")["living"],
        (*word_lists("phrase")["articles"], "my", "our", "the"),
    )
    last = len(tail)
    while last and tail[last - 1].text in living:
        last -= 1
    begun = last
    while begun and tail[begun - 1].text in words_of_whom:
        begun -= 1
    is_for = last < len(tail) and begun and tail[begun - 1].text == "for"
    return tuple(tail[: begun - 1]) if is_for else tuple(tail)


def _is_other(name: Sequence[Word]) -> bool:
    return len(name) == 1 and any(name[0].text in listed for listed in word_lists("other").values())


@cache
def word_tables() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The tables of `decompose.toml`."""
    tables: dict[str, Any] = tomllib.loads(Path(__file__).with_name("decompose.toml").read_text("utf-8"))
    return tables


@cache
def word_lists(table: str) -> Mapping[str, frozenset[str]]:
    """The word lists of a table of `decompose.toml`."""
    return {name: frozenset(listed) for name, listed in word_tables()[table].items()}


@cache
def _joints() -> re.Pattern[str]:
    """All that can join needs, by kind."""
    both, either = (any_of(word_tables()["joints"][kind]) for kind in ("and", "or"))
    return re.compile(
        rf"(?P<numbered>(?:^|(?<=\s)|(?<=,))\(?\d{{1,2}}[.)]\s+(?=\S))"
        rf"|(?P<bullet>(?:^|\s*\n)\s*[-*\u2022\u2013]\s+|\s*;\s*)"
        rf"|(?P<or>\s*,?\s+(?:{either})\s+)"
        rf"|(?P<and>\s*,?\s+(?:{both})\s+)"
        rf"|(?P<sentence>[.!?]+\s+|\s*\n\s*)"
        rf"|(?P<colon>:\s+)"
        rf"|(?P<comma>\s*,\s+)",
        re.IGNORECASE,
    )


@cache
def _leading() -> re.Pattern[str]:
    """Talk before a need: "I'm looking for"."""
    kept = word_lists("phrase")["articles"] | {"best", "the best"}
    openings = any_of(phrase for phrase in wordings()["fluff"]["openings"] if phrase not in kept)
    return re.compile(rf"(?:[\s,]*(?:{openings})(?![\w'-]))+", re.IGNORECASE)
