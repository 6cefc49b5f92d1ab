"""What a text says about a thing where it names it: that the product has it, lacks it, or neither.

Reads the words around a mention, never further than the clause it stands in. A grammar of a few dozen
words, not a parser: where they do not tell, the reading is `ASIDE`.
"""

import re
from collections.abc import Sequence
from enum import Enum, auto

from ranking.negation import is_property
from ranking.things import Kind, Mention, Thing, singular, wordlists

REACH = 120  # characters read on either side of a mention
FARTHEST = 3  # words that may stand between "no" and its noun
LONGEST_LIST = 24  # words of a list that one negation governs

_TOKEN = re.compile(
    r"(?:no|non|in|on|up|by|to|at|over|under)-[^\W_]+"  # "no-slip" denies the slip, not what follows
    r"|\d+[.,]\d[\d.,]*[a-z]*|w/o?(?![^\W_])|and/or"
    r"|[^\W_]+(?:'[^\W_]+|-(?:in|on|up|to|off|out|of)(?![^\W_]))?"
    r"|[,&/:%()]|[.!?](?=\s|$)|\s[-\u2013\u2014|*~]+\s|[;|\u2022\u00b7\n\u2026\[\]\u3010\u3011\u2705\u2713\u2605]"
)
_WORDLIKE = re.compile(r"[^\W_]")

_LISTS = wordlists()
_NEGATORS, _NOT = _LISTS["negators"], _LISTS["not"]
_HAVING, _NEEDING = _LISTS["having"], _LISTS["needing"]
_TOGETHER, _BOTHER = _LISTS["together"], _LISTS["bother"]
_CLOSERS, _ABSENT_AFTER = _LISTS["closers"], _LISTS["absent_after"]
_PLAIN, _ELSEWHERE, _TRACES = _LISTS["plain"], _LISTS["elsewhere"], _LISTS["traces"]
_JOINTS = frozenset([",", "and", "or", "&", "/", "and/or", "nor"])
_EITHER = frozenset(["or", "/", "and/or", "nor"])
_ZERO = frozenset(["0", "0g", "0mg"])
_ARTICLES = frozenset(["a", "an", "any", "the"])
_ONLY = frozenset(["only", "just", "merely", "simply"])
_OPENERS = frozenset(["of", "from", "without", "contain", "contains", "include", "includes", "no"])


class Reading(Enum):
    """What one mention says."""

    LACKS = auto()
    HAS = auto()
    HINTS = auto()  # that it is lacking, by what else the product is
    ASIDE = auto()  # it is spoken of, in another role


_REPLACING = {"instead of": Reading.LACKS, "alternative to": Reading.ASIDE}


def said(text: str, thing: Thing) -> tuple[Reading, Mention] | None:
    """The most telling mention of the thing in lower-case `text`; None where it is not named.

    A denial of exactly this thing counts most: who writes "no buckle" means it, while other mentions
    may come from the maker's standing text.
    """
    best: tuple[Reading, Mention] | None = None
    for form in thing.forms:
        if form.probe not in text:
            continue
        for mention in form.find(text):
            reading = _of_kind(_read(text, mention, thing), mention)
            if reading is not None and (best is None or reading.value < best[0].value):
                best = reading, mention
                if reading is Reading.LACKS:
                    return best
    return best


def _of_kind(reading: Reading | None, mention: Mention) -> Reading | None:
    """What a reading of one form says about the thing itself."""
    kind = mention.kind
    if reading is None:
        return None
    if kind is Kind.SORT:
        return None if reading is Reading.LACKS else reading
    if kind in (Kind.ABSENT, Kind.HINT):
        if reading is not Reading.HAS:
            return Reading.ASIDE
        return Reading.LACKS if kind is Kind.ABSENT else Reading.HINTS
    return reading


def _read(text: str, mention: Mention, thing: Thing) -> Reading | None:
    """What one mention says, taken as the name of something that a product could have."""
    before = _clause(_TOKEN.findall(text[max(0, mention.start - REACH) : mention.start]))
    if mention.kind is Kind.WIDER:
        return Reading.LACKS if _plainly_denied(before) else None
    if mention.denied:
        return Reading.ASIDE if _NOT.intersection(before[-1:]) else Reading.LACKS
    after = _TOKEN.findall(text[mention.end : mention.end + REACH])
    if mention.kind is Kind.HINT and after[:1] and after[0] in (*_ARTICLES, "your", "it"):
        return Reading.ASIDE  # "pull on the handle"
    if _freed(before, after):
        return Reading.LACKS
    reading, needed = _governed(before, after, thing)
    if reading is Reading.LACKS:
        return reading
    if _left_out(before, after):
        if needed:
            return Reading.HAS
        return Reading.ASIDE if thing.is_consumable else Reading.LACKS
    renamed = _LISTS["imitating"].intersection(before[-1:]) or _turned(after, thing)
    return Reading.ASIDE if renamed or _is_other(text, mention, thing) else reading


def _clause(words: Sequence[str]) -> Sequence[str]:
    """The end of what was read, from where its clause begins; "a common wire (C-WIRE)" is one clause."""
    words = words[:-1] if words[-1:] == ["("] else words
    for at in range(len(words) - 1, -1, -1):
        word = words[at]
        if not _WORDLIKE.match(word) and word not in _JOINTS and word not in ("%", ":"):
            return words[at + 1 :]
        if word == ":" and words[at - 1 : at] and words[at - 1] not in _OPENERS:
            return words[at + 1 :]
    return words


def _plainly_denied(before: Sequence[str]) -> bool:
    """Whether nothing but an article parts it from "no": "no palm oil" does not deny oil."""
    last = before[-2:-1] if before[-1:] and before[-1] in _ARTICLES else before[-1:]
    return bool(_NEGATORS.intersection(last))


def _freed(before: Sequence[str], after: Sequence[str]) -> bool:
    """The word "free" or "none" after it: "buckle-free", "gluten and dairy free", "sugar: none"."""
    if not after or _NOT.intersection(before[-1:]):
        return False
    if after[0] == ":":
        return len(after) > 1 and after[1] in ("no", "none", "zero", *_ZERO)
    joined = False
    for at, word in enumerate(after[:8]):
        if word == "free":
            listed = at == 0 or joined
            return listed and (at + 1 == len(after) or after[at + 1] not in _LISTS["free_gifts"])
        if word in _JOINTS:
            joined = joined or word != ","
        elif not _WORDLIKE.match(word) or word in _HAVING or at == 0:
            return False
    return False


def _left_out(before: Sequence[str], after: Sequence[str]) -> bool:
    """Said to be left out: "(not included)", "is not required", "sold separately"."""
    if len(before) == 2 and before[0] in _NOT and before[1] in _ABSENT_AFTER:
        return True
    aside = after[:1] == ["("]  # what stands further on in brackets has a subject of its own
    near = list(after[1:10] if aside else after[:9])
    for at, word in enumerate(near[: 1 if aside else 6]):
        if word in _NOT and _ABSENT_AFTER.intersection(near[at + 1 : at + 4]):
            return True
        if word == "sold" and near[at + 1 : at + 2] in (["separately"], ["separate"]):
            return True
        if word in ("excluded", "omitted"):
            return True
        if word == "," or not _WORDLIKE.match(word):
            return False
    return False


def _turned(after: Sequence[str], thing: Thing) -> bool:
    """Whether it only describes the noun that follows: "buckle cover", "sugar substitute"."""
    for at, word in enumerate(after[:3]):
        if not _WORDLIKE.match(word) or word in _JOINTS or word in _HAVING or word in _ELSEWHERE:
            return False
        if at == 0 and word in _LISTS["imitations"]:
            return True
        if not thing.is_material and singular(word) in _LISTS["holders"]:
            return True
    return False


def _is_other(text: str, mention: Mention, thing: Thing) -> bool:
    """Whether the thing's name is part of another name: "oat milk", "full-grain"."""
    first = max(0, mention.start - REACH)
    around = text[first : mention.end + REACH]
    start, end = mention.start - first, mention.end - first
    return any(o.start <= start and end <= o.end for form in thing.others for o in form.find(around))


def _governed(before: Sequence[str], after: Sequence[str], thing: Thing) -> tuple[Reading, bool]:
    """What the nearest governing word before the thing makes of it; also whether it says "needs"."""
    between: list[str] = []  # nearest first
    joints: list[str] = []
    for at in range(len(before) - 1, -1, -1):
        word, earlier = before[at], before[:at]
        if word in _JOINTS and word != "nor":
            joints.append(word)
        elif word in _CLOSERS or len(between) > LONGEST_LIST:
            break
        elif (
            (word in _NEGATORS and (word != "non" or not between))
            or word in _ZERO
            or (word in ("of", "from") and earlier[-1:] == ["free"])
        ):
            denied = _denied(word, earlier, between, joints, after)
            sort = thing.is_assorted and not joints and not _PLAIN.issuperset(between)
            return (Reading.ASIDE if sort else denied), False
        elif word in _NOT:
            return _not(word, earlier, between, joints), False
        elif word in _HAVING:
            if "to" in between and (word in _NEEDING or word.startswith(("ha", "use"))):
                return Reading.ASIDE, False  # "needs to touch the lid"
            return _having(word, earlier), word in _NEEDING
        elif (replaced := _REPLACING.get(" ".join((*earlier[-1:], word)))) and len(between) <= 1:
            return replaced, False
        elif word == "for" and earlier[-1:] != ["need"]:
            if between and between[-1] in _LISTS["audiences"]:
                break
            near = len(between) <= (LONGEST_LIST if joints else 2)
            return (Reading.ASIDE if near else Reading.HAS), False
        elif word in _LISTS["governors"] and (joints or len(between) <= FARTHEST):
            return Reading.ASIDE, False
        else:
            between.append(word)
    return Reading.HAS, False


def _denied(
    word: str, earlier: Sequence[str], between: Sequence[str], joints: Sequence[str], after: Sequence[str]
) -> Reading:
    """What "no", "without" or "free of" denies: its noun, or each of a list that is one."""
    if earlier[-2:] in (["with", "or"], ["with", "and"]):
        return Reading.ASIDE  # "with or without a straw"
    if word in ("without", "w/o") and _NOT.intersection(earlier[-4:]):
        return Reading.HAS  # "does not work without batteries"
    told = [word for word in between if word not in _PLAIN]  # nearest first
    if word == "no" and told and told[-1].isdigit():
        return Reading.HAS  # "no 2 pencil"
    if word == "no" and told and is_property(told[-1]):
        return Reading.HAS  # "no drill LAMP"
    if word == "without" and told and told[-1].endswith("ing"):
        return Reading.ASIDE  # "without removing the lid"
    if _LISTS["narrowing"].intersection(told) or _strays(told):
        return Reading.ASIDE
    if not joints:
        return Reading.LACKS if len(told) <= FARTHEST else Reading.ASIDE
    if _EITHER.intersection(joints) or word in ("of", "from", "nor"):
        return Reading.LACKS
    if len(joints) > joints.count(","):  # by "and"
        return Reading.LACKS if "," in joints or word != "no" else Reading.ASIDE
    return Reading.LACKS if _goes_on(after) else Reading.ASIDE


def _strays(between: Sequence[str]) -> bool:
    """Whether a preposition leads away from the negation: "no pressure on the buckle"."""
    for at, word in enumerate(between):
        if word in _ELSEWHERE and not (word == "of" and _TRACES.intersection(between[at + 1 : at + 2])):
            return True
    return False


def _goes_on(after: Sequence[str]) -> bool:
    """Whether the list goes on after the thing and ends in "or": "no sugar, SALT, dyes or fillers"."""
    if after[:1] != [","] and not _EITHER.intersection(after[:1]):
        return False
    for word in after[:LONGEST_LIST]:
        if word in _EITHER or word == "nor":
            return True
        if word in _HAVING or word in _CLOSERS or (word != "," and not _WORDLIKE.match(word)):
            return False
    return False


def _not(word: str, earlier: Sequence[str], between: Sequence[str], joints: Sequence[str]) -> Reading:
    """What "not" denies when no verb of having follows it: only the word it stands before."""
    told = [word for word in between if word not in _PLAIN]
    if told and told[-1] in _ONLY:
        return Reading.HAS
    if told or word in ("don't", "dont", "never") or earlier[-1:] == ["do"]:
        return Reading.ASIDE  # an instruction, or another verb: "do not bleach", "won't harm leather"
    return Reading.LACKS if not joints or _EITHER.intersection(joints) else Reading.ASIDE


def _having(word: str, earlier: Sequence[str]) -> Reading:
    """What a verb of having says, by what comes before it: "does not include", "works with"."""
    if word in ("is", "are", "been"):
        return Reading.HAS
    bothered = word == "with" and (earlier[-1:] and (earlier[-1] in _BOTHER or earlier[-1].endswith("ing")))
    for back, prior in enumerate(reversed(earlier[-4:])):
        if prior in _ONLY or prior in (",", "and", "&"):
            break
        if prior in _NOT:
            ordered = word in ("use", "add") and list(earlier[:-1]) in ([], ["do"])
            return Reading.ASIDE if bothered or ordered else Reading.LACKS
        if prior in _NEGATORS and (bothered or (word != "with" and back <= 1)):
            return Reading.ASIDE if bothered else Reading.LACKS
        if prior in _TOGETHER and word in ("with", "w/", "use"):
            return Reading.ASIDE
    return Reading.HAS
