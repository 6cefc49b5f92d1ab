"""One message taken apart into the needs it names, each to be read on its own by `agent.reading.parse`.

A few rules of grammar, and the lexis to tell a thing from a word: in doubt a message stays whole. It
reads no requirement itself, but for a sum that is said to be for everything.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import takewhile
from typing import NamedTuple

from agent.reading.goods import (
    EDGES,
    Joint,
    Named,
    Page,
    Piece,
    is_detail,
    is_one_name,
    is_plain,
    named_in,
    page_of,
    pieces_of,
    without_whom,
    word_lists,
    word_tables,
)
from agent.reading.lexis import Lexis, Word
from agent.reading.numbers import figures
from agent.reading.parse import LONGEST_READ
from agent.reading.total import budgeted
from agent.reading.wishes import any_of
from catalog.keys import PATH
from catalog.product import Money
from core.record import Record
from ranking.negation import refusals
from ranking.words import stem


class Parts(Record):
    """What a message asks for: needs that stand on their own, or an undertaking (then there are no parts)."""

    parts: tuple[str, ...] = ()
    alternatives: bool = False  # any one of them will do
    mission: str | None = None
    budget: Money | None = None  # for all of them together


class _Need(NamedTuple):
    """One need, where it stands, and how it is joined to the one before."""

    start: int
    end: int
    joint: Joint
    named: Named
    more: tuple[str, ...] = ()  # said of it elsewhere


def decompose(utterance: str, lexis: Lexis, currency: str) -> Parts:
    """Take a message apart; one that names a single thing comes back as its only part, unchanged.

    One that says nothing but a sum for everything, "make it 200 in total", has only that budget.
    """
    whole = Parts(parts=(utterance,))
    if len(utterance) > LONGEST_READ:
        return whole
    text, budget = budgeted(utterance.replace("\u2019", "'"), currency)
    mission = _mission(text, lexis, currency)
    listed = text if mission is None else mission.partition(":")[2]  # "for camping: a tent, a stove"
    page = page_of(listed, lexis, currency)
    needs, shared = _needs(page)
    parts, alternatives = _parts(page, needs, shared)
    if len(parts) > 1:
        return Parts(parts=parts, alternatives=alternatives, budget=budget)
    if mission is None:
        is_sum = budget and all(word.text in word_lists("total")["talk"] for word in page.words)
        return Parts(budget=budget) if is_sum and not _is_range(utterance, currency) else whole
    if budget is None:
        mission, budget = budgeted(mission, currency, marked=False)
    return Parts(mission=mission, budget=budget)


def _is_range(text: str, currency: str) -> bool:
    """Whether a price is bounded from below: no budget is, so it is a bound like any other."""
    return any(figure.field == "price" and figure.low is not None for figure in figures(text, currency))


def _mission(text: str, lexis: Lexis, currency: str) -> str | None:
    """The undertaking that everything is wanted for, with what is required of all that."""
    said = " ".join(text.split())
    match = _missions().search(said)
    if match is None:
        return None
    before, _ = _needs(page_of(said[: match.start()], lexis, currency))
    if any(need.named.sold for need in before):  # "a tent and everything for it"
        return None
    mission = match[match.lastgroup or 0].strip(EDGES)
    if mission.lower() in word_lists("mission")["before"]:  # "I'm going camping, what do I need for it?"
        mission = said[: match.start()].strip(EDGES)
    return mission or None


def _parts(page: Page, needs: list[_Need], shared: list[str]) -> tuple[tuple[str, ...], bool]:
    """The needs of a message in words of their own, and whether any one of them will do."""
    if len(needs) < 2:
        return (), False
    joints = {need.joint for need in needs[1:]}
    alternatives = needs[-1].joint == "or" and joints <= {"or", "comma"}
    if not alternatives:  # "a tent and a stove or a grill": the last two are one need
        needs = _rejoined(needs)
    last = needs[-1]
    tail = _common_tail(page, last.named.end, last.end)
    if tail is None and not any(need.named.article for need in needs) and last.joint in ("and", "or"):
        plain = not any(page.text[need.named.end : need.end].strip(EDGES) for need in needs[:-1])
        tail = last.named.end if plain else None  # "shirts and ties for men"
    if tail is not None:
        shared = [*shared, page.text[tail : last.end]]
        needs = [*needs[:-1], last._replace(end=tail)]
    common = [said for said in map(_unquantified, shared) if said]
    own = [(_tidy(page.text[need.start : need.end]), *need.more) for need in needs]
    return tuple(", ".join([*said, *common]) for said in own), alternatives


def _needs(page: Page) -> tuple[list[_Need], list[str]]:
    """The needs in order, each with what is said of it alone, and what is said of all."""
    needs: list[_Need] = []
    shared: list[tuple[int, int]] = []
    lead, sentence, sharing = 0, 0, False
    pieces = list(pieces_of(page))
    named = [named_in(page, piece) for piece in pieces]
    for at, (piece, name) in enumerate(zip(pieces, named, strict=True)):
        if piece.joint == "sentence":
            sentence = len(needs)
        if not needs:
            if name and (name.sold or name.article or piece.joint == "list"):
                start = _after_lead(page, lead, piece)
                shared += [(lead, piece.start)] if start is None else []
                needs.append(_Need(piece.start if start is None else start, piece.end, "start", name))
        elif name and _stands_alone(page, needs[-1], piece, name):
            needs.append(_Need(piece.start, piece.end, piece.joint, name))
            sharing = False
        elif sharing or _is_shared(page, needs, piece, named[at:], pieces[at:], sentence):
            shared = [*shared[:-1], (shared[-1][0], piece.end)] if sharing else [*shared, piece[:2]]
            sharing = True
        elif spoken_of := _spoken_of(page, needs, piece):
            place, said = spoken_of
            needs[place] = needs[place]._replace(more=(*needs[place].more, said))
        else:
            needs[-1] = needs[-1]._replace(end=piece.end)
    return needs, [page.text[start:end] for start, end in shared]


def _after_lead(page: Page, lead: int, piece: Piece) -> int | None:
    """Where the first need begins: what leads to it is part of it, or chat, or (None) said of all needs."""
    said = page.text[lead : piece.start]
    opening = page.within(lead, piece.start)
    if not opening or piece.joint in ("start", "list"):
        return piece.start
    if refusals(said) or page.is_taken(opening[0].start) or opening[0].text in word_lists("phrase")["breaks"]:
        return None if piece.joint in ("colon", "comma", "sentence") else lead
    chat = opening[0].text in word_lists("phrase")["subjects"] or piece.joint == "colon"
    return piece.start if chat else lead


def _stands_alone(page: Page, need: _Need, piece: Piece, name: Named) -> bool:
    """Whether a piece names another thing that is wanted, and no part or purpose of the one before."""
    if is_one_name(page, piece):
        return False
    tail = page.within(need.named.end, need.end)
    match piece.joint:
        case "list":
            return True
        case "sentence":
            known = stem(need.named.words[-1].text) == stem(name.words[-1].text)
            return (name.sold or name.article) and not known
        case "colon" | "start":
            return False
    plain = all(is_plain(page, word) for word in without_whom(tail))
    if name.counted:
        return plain and (piece.joint != "comma" or need.named.article)
    if name.article:
        if _is_parallel(tail):
            return name.sold and bool(page.within(name.end, piece.end))
        return name.sold or need.named.sold or (need.named.article and piece.joint != "comma")
    if not (need.named.sold and name.sold and plain):
        return False
    if piece.joint == "comma":
        return True
    whole = name.words[-1].text in word_lists("phrase")["wholes"]
    before = need.named.words
    value = name.described and len(before) == 1 and is_detail(page.lexis, before[0])
    return name.exact and not whole and not value and not _describes(page.lexis, need.named, name)


def _is_parallel(tail: Sequence[Word]) -> bool:
    """Whether a need ends in an object with an article: "for a camera" and a tripod."""
    lists = word_lists("phrase")
    last = max((at for at, word in enumerate(tail) if word.text in lists["breaks"]), default=None)
    if last is None or last + 1 == len(tail):
        return False
    return tail[last + 1].text in lists["articles"] and tail[-1].text not in word_lists("other")["living"]


def _describes(lexis: Lexis, before: Named, name: Named) -> bool:
    """Whether the thing before is rather joined to the first word here: "tablet and laptop bags"."""
    if len(name.words) < 2:
        return False
    kinds, size = lexis.products_at(name.words[:-1], 0)
    if size < len(name.words) - 1:
        return False
    return _kinship(before.kinds, kinds) >= _kinship(before.kinds, name.kinds)


def _kinship(some: Sequence[str], others: Sequence[str]) -> int:
    """How many levels of the tree two names have in common at most."""
    pairs = [(one.split(PATH), other.split(PATH)) for one in some for other in others]
    return max(
        (sum(1 for _ in takewhile(lambda p: p[0] == p[1], zip(*pair, strict=False))) for pair in pairs),
        default=0,
    )


def _is_shared(
    page: Page,
    needs: Sequence[_Need],
    piece: Piece,
    named: Sequence[Named | None],
    pieces: Sequence[Piece],
    sentence: int,
) -> bool:
    """Whether a piece that names nothing is said of several needs."""
    said = page.within(piece.start, piece.end)
    lists = word_lists("shared")
    if len(needs) < 2 or not said:
        return False
    if _quantified().match(page.text[piece.start : piece.end].lstrip()):
        return True
    if said[0].text in lists["nothing"] and piece.joint in ("comma", "sentence"):
        return True
    if piece.joint == "sentence":
        return said[0].text not in lists["single"]
    rest = list(takewhile(lambda pair: pair[0].joint != "sentence", zip(pieces[1:], named[1:], strict=True)))
    return piece.joint == "comma" and len(needs) - sentence > 1 and not any(n and n.sold for _, n in rest)


def _spoken_of(page: Page, needs: Sequence[_Need], piece: Piece) -> tuple[int, str] | None:
    """Which need a sentence such as "the drill must be cordless" is about, and what it says of that."""
    said = page.within(piece.start, piece.end)
    if piece.joint != "sentence" or len(said) < 2 or said[0].text != "the":
        return None
    for place, need in enumerate(needs):
        if stem(need.named.words[-1].text) == stem(said[1].text):
            return place, page.text[said[1].end : piece.end].strip(EDGES)
    return None


def _common_tail(page: Page, start: int, end: int) -> int | None:
    """Where the end of the last need begins to speak of all of them: "both under 50", "under 200 each"."""
    match = re.search(
        rf"(?<![\w-])(?:{any_of(word_lists('shared')['quantifiers'])})(?![\w-])", page.text[start:end]
    )
    if match is None:
        return None
    place = start + match.start()
    bounds = [first for first, last in page.taken if first <= place <= last + 1]
    return min([place, *(bound for bound in bounds if bound >= start)])


def _rejoined(needs: Sequence[_Need]) -> list[_Need]:
    """With what is joined by "or" to the need before as one with it."""
    kept: list[_Need] = []
    for need in needs:
        if need.joint == "or":
            kept[-1] = kept[-1]._replace(end=need.end)
        else:
            kept.append(need)
    return kept


def _tidy(text: str) -> str:
    """A need without what joined it to the others."""
    return re.sub(_loose_ends(), "", " ".join(text.split()).strip(EDGES)).strip(EDGES)


def _unquantified(text: str) -> str:
    """What is said of all, without "they should all be"."""
    said = " ".join(text.split()).strip(EDGES)
    denied = rf"^(?:{any_of(word_lists('shared')['denied'])})(?![\w-])"
    said = re.sub(denied, "nothing", said, flags=re.IGNORECASE)
    if begun := _quantified().match(said):
        said = said[begun.end() :]
    quantifier = rf"(?:^|\s)(?:{any_of(word_lists('shared')['quantifiers'])})$"
    return re.sub(quantifier, "", said, flags=re.IGNORECASE).strip(EDGES)


@cache
def _missions() -> re.Pattern[str]:
    patterns = word_tables()["mission"]["patterns"]
    numbered = [p.replace("?P<mission>", f"?P<mission{n}>") for n, p in enumerate(patterns)]
    return re.compile("|".join(numbered), re.IGNORECASE)


@cache
def _quantified() -> re.Pattern[str]:
    lists = word_tables()["shared"]
    around = any_of(lists["around"])
    return re.compile(
        rf"(?:(?:{around})\s+)*(?:{any_of([*lists['quantifiers'], *lists['denied']])})(?![\w-])"
        rf"(?:\s+(?:{around})(?![\w-]))*\s*",
        re.IGNORECASE,
    )


@cache
def _loose_ends() -> re.Pattern[str]:
    listed = word_tables()["joints"]
    joints = any_of([*listed["and"], *listed["or"], "either", "also", "but"])
    return re.compile(rf"^(?:(?:{joints}|for(?=\s+(?:an?|some)\b))\s+)+|(?:\s+(?:{joints}))+$", re.IGNORECASE)
