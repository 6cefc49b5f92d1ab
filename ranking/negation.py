"""Reads from a bare query what it excludes: "wall lamp without cord" wants a wall lamp, and no cord.

For systems without understanding. A few rules and word lists, no vocabulary: where a phrase may be a
name or a saying ("no boundaries jeans", "not today satan"), the query stays whole.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from catalog.keys import key
from ranking.denied import JOINTS, WITHOUT, asked_for, bridged, details, lists, starts, stops, things
from ranking.things import wordlists

LONGEST_QUERY = 1_000  # characters; what is longer is a text, not a wish for one product
LONGEST_NAME = 5  # words of a known name that may hold a "no" or "not"

_WORD = re.compile(r"w/o(?![^\W_])|[^\W_]+(?:[-'.][^\W_]+)*|[,;&/]|[.!?](?=\s|$)|\S")
_HAVING = frozenset(["has", "have", "having", "contain", "contains", "containing"])
_SUBJECTS = frozenset(["i", "we", "he", "she", "it", "they", "who", "that", "which"])
_BEING = frozenset(["not", "isn't", "aren't", "isnt", "arent"])
_SHORT = frozenset(["that's", "it's", "they're"])
_OWNERS = frozenset(["my", "our", "his", "her", "their", "the"])
_INTOLERANCES = frozenset(["allergy", "allergies", "intolerance", "intolerant"])


class Wanted(NamedTuple):
    """A query taken apart: what to search for, and what it must be without."""

    positive: str
    excluded: tuple[str, ...]


class Refusal(NamedTuple):
    """Where a query excludes things, and which; `kept` where those words also say what is wanted."""

    start: int
    end: int
    terms: tuple[str, ...]
    kept: bool


class _Token(NamedTuple):
    text: str
    start: int
    end: int


class _Cut(NamedTuple):
    """The tokens from `first` to before `last` exclude something; `whole` keeps them in the query."""

    first: int
    last: int
    excluded: tuple[str, ...]
    whole: bool = False


def wants(query: str, names: Collection[str] = ()) -> Wanted:
    """What a query asks for and what it excludes, in the order of its words.

    `names` are brands and the like in their `catalog.keys.key` form: one that holds a "no" stays whole.
    A query that only excludes has an empty `positive`; one without an exclusion is returned as it is.
    """
    cuts = refusals(query, names)
    if not cuts:
        return Wanted(query, ())
    kept, at = [], 0
    for cut in cuts:
        if not cut.kept:
            kept.append(query[at : cut.start])
            at = cut.end
    kept.append(query[at:])
    positive = query
    if len(kept) > 1:
        positive = " ".join(part.strip(" ,;.\"'“”\t\n") for part in kept).strip()
    return Wanted(positive, tuple(dict.fromkeys(term for cut in cuts for term in cut.terms)))


def refusals(query: str, names: Collection[str] = ()) -> list[Refusal]:
    """The places of a query that exclude something, in their order; `names` as in `wants`."""
    if len(query) > LONGEST_QUERY:
        return []
    plain = query.replace("\u2019", "'")
    tokens = [_Token(m.group().lower(), *m.span()) for m in _WORD.finditer(plain)]
    return [
        Refusal(tokens[cut.first].start, tokens[cut.last - 1].end, cut.excluded, cut.whole)
        for cut in _cuts(tokens, names)
    ]


def is_property(word: str) -> bool:
    """Whether "no" and this word together are a property or a style: "no show", "no drill"."""
    return f"no {word}" in lists()["compounds"]


def _cuts(tokens: Sequence[_Token], names: Collection[str]) -> Iterator[_Cut]:
    words = [token.text for token in tokens]
    at = 0
    while at < len(words):
        cut = None if _is_name(words, at, names) else _cut(words, at)
        if cut:
            yield cut
        at = cut.last if cut else at + 1


def _cut(words: Sequence[str], at: int) -> _Cut | None:
    word, before, after = words[at], words[:at], words[at + 1 :]
    if starts(words, at, "talk") or _compares(words, at):
        return None
    if refused := _refused(words, at):
        return refused
    if word in WITHOUT or (word == "with" and after[:1] in (["no"], ["out"], ["zero"])):
        return _without(words, at, at + 1 + (word == "with"))
    if word == "free" and after[:1] in (["of"], ["from"]) and before:
        return _without(words, at, at + 2)
    if word == "free" or word.endswith("-free"):
        return _freed(words, at)
    if word == "non" or word.startswith("non-"):
        return _non(words, at)
    if word in _INTOLERANCES:
        return _intolerant(words, at)
    if word == "nothing":
        return _nothing(words, at)
    if word == "but" and before[-2:-1] in (["any"], ["every"], ["all"]):
        return _listed(words, at - 2, at + 1)  # "any color but black"
    if word == "but" and before and before[-1] in lists()["sorts"]:
        return _listed(words, at - 1, at + 1)
    if word in lists()["negated"]:
        return _not(words, at)
    return _no(words, at) if word == "no" else None


def _compares(words: Sequence[str], at: int) -> bool:
    """Whether a bound is said: "no larger than", "not more than"."""
    places = [place for place in range(at + 2, min(at + 5, len(words))) if words[place] == "than"]
    return words[at] in ("no", "not") and any(words[p - 1] not in ("other", "rather") for p in places)


def _listed(words: Sequence[str], start: int, first: int) -> _Cut | None:
    """What is listed from `first` on is excluded, in a clause from `start` on."""
    last, excluded = asked_for(words, start, *things(words, bridged(words, first)))
    if (
        not excluded
        or not excluded[0][0].isalpha()
        or lists()["quoting"].intersection(words[start - 1 : start])
    ):
        return None
    while start and words[start - 1] in ("but", "and", ",", "please"):
        start -= 1
    return _Cut(start, last, excluded)


def _refused(words: Sequence[str], at: int) -> _Cut | None:
    """What follows "allergic to", "nothing with" or "I hate" is excluded, with the clause around it."""
    known = lists()
    size = starts(words, at, "refusals")
    felt = words[at] in known["feelings"] and at and words[at - 1] in _SUBJECTS | known["kin"]
    if not size and not felt:
        return None
    first = at + max(size, 1)
    if _on_carrier(words, at) or words[first : first + 1] in (["you"], ["that"], ["this"]):
        return None  # "i hate you cards"
    return _listed(words, _whose(words, at), first)


def _whose(words: Sequence[str], at: int) -> int:
    """Where the clause of a refusal begins: "because my son IS ALLERGIC TO"."""
    known = lists()
    while at and (
        words[at - 1] in known["clause"]
        or (words[at - 1] in known["kin"] and words[at - 2 : at - 1] and words[at - 2] in _OWNERS)
        or (words[at - 1] in _OWNERS and words[at] in known["kin"])
    ):
        if words[at - 1] in known["kin"] and words[at - 3 : at - 2] in (["for"], ["to"]):
            break  # "snacks for my son who is allergic"
        at -= 1
    return at


def _without(words: Sequence[str], at: int, first: int) -> _Cut | None:
    """What follows "without" is excluded, up to the next preposition or to the end."""
    known = lists()
    if words[at] == "except" and words[first : first + 1] == ["for"]:
        first += 1
    if words[first : first + 1] and words[first] in known["sayers"] - known["fillers"]:
        return None  # "not without my daughter"
    if _said(words, at) or words[at - 1 : at] in (["or"], ["not"]):
        return None  # "with or without"
    return None if _on_carrier(words, at) and at > 0 else _listed(words, at, first)


def _nothing(words: Sequence[str], at: int) -> _Cut | None:
    """ "Nothing made of leather", "nothing scented"; a "nothing fancy" refuses nothing that is sold."""
    first = bridged(words, at + 1)
    if first > at + 1:
        return None if _on_carrier(words, at) else _listed(words, at, first)
    thing = "".join(words[first : first + 1])
    apart = at > 0 and (not words[at - 1][0].isalnum() or words[at - 1] in ("but", "and", "please"))
    sure = thing in wordlists()["materials"] | lists()["colors"]
    ends = not words[first + 1 :] or words[first + 1] in stops() | JOINTS or not words[first + 1][0].isalnum()
    if sure or (apart and ends and thing not in lists()["soft"] | lists()["sayers"] | stops()):
        return _listed(words, at, first)
    return None


def _intolerant(words: Sequence[str], at: int) -> _Cut | None:
    """The word before an allergy that somebody has: "someone with a nut allergy", not "allergy relief"."""
    start = at - 1
    thing = words[start] if start > 0 else ""
    if not thing.isalpha() or thing in stops() | lists()["sayers"] or words[at + 1 : at + 2] == ["to"]:
        return None
    if words[at + 1 : at + 2] and words[at + 1][0].isalnum() and words[at + 1] not in stops():
        return None
    while start and words[start - 1] in ("a", "an", "severe", "bad"):
        start -= 1
    if not start or words[start - 1] not in {"with", "has", "have", "having", "am", "is", "i'm", "someone"}:
        return None
    return _Cut(_whose(words, start), at + 1, (thing,))


def _non(words: Sequence[str], at: int) -> _Cut | None:
    """A material or color denied: "non-leather", but not "non-stick"."""
    thing = "".join(words[at + 1 : at + 2]) if words[at] == "non" else words[at].removeprefix("non-")
    if thing not in wordlists()["materials"] | lists()["colors"]:
        return None
    return _Cut(at, at + 1 + (words[at] == "non"), (thing,), whole=True)


def _freed(words: Sequence[str], at: int) -> _Cut | None:
    """A property worth searching, so the query keeps it: "sugar free gum"."""
    thing = "".join(words[max(0, at - 1) : at]) if words[at] == "free" else words[at].removesuffix("-free")
    if words[at] == "free" and words[max(0, at - 2) : at - 1] == ["not"]:
        return None
    if not thing.isalpha() or len(thing) < 2 or thing in lists()["kept"] | lists()["sayers"]:
        return None
    return _Cut(at, at + 1, (thing,), whole=True)


def _no(words: Sequence[str], at: int) -> _Cut | None:
    """An exclusion in "belt no buckle"; in "no buckle belt" also what the product is called."""
    known = lists()
    after = words[at + 1 :]
    if not after or not after[0][0].isalpha() or after[0] in known["sayers"] or _said(words, at):
        return None
    if at > 1 and words[at - 1] in _HAVING and (start := _clause_start(words, at - 1)) is not None:
        mine = words[start] in ("i", "we") and after[0] in known["circumstances"]
        return None if mine else _listed(words, start, at + 1)
    if is_property(after[0]) or known["sentences"].intersection(words[at - 1 : at]):
        return None
    if _on_carrier(words, at) or (words[at - 1 : at] == ["."] and words[at - 2] in ("dr", "mr")):
        return None  # "dr. no"
    last, excluded = things(words, at + 1)
    if not excluded:
        return None
    joined = any(word in JOINTS for word in words[at + 1 : last])
    one_word = len(excluded[0].removeprefix("added ").split()) == 1
    if (last == len(words) and (joined or one_word)) or (at and joined):
        while at and words[at - 1] in ("but", "and", ",", "with"):
            at -= 1
        return _Cut(at, last, excluded)
    if at and last < len(words) and not words[last - 1][0].isalnum():
        return _Cut(at, last, excluded)
    if at and last < len(words) and words[last] in known["ends"] | details() | {"no", "not", ","}:
        return _Cut(at, last, excluded)
    thing = " ".join(after[:2]) if after[0] == "added" else after[0]
    return _Cut(at, at + 2, (thing,), whole=True)


def _not(words: Sequence[str], at: int) -> _Cut | None:
    """An adjective or a thing had: "not clear", "does not have a cord"; anything longer is a saying."""
    known = lists()
    first = at + 1
    while words[first : first + 1] and words[first] in known["adverbs"]:
        first += 1
    wish = bool(words[first : first + 1]) and words[first] in known["wishes"]
    begin = bridged(words, first + wish)
    bare = not wish and begin == first
    if bare and (words[at] not in _BEING or words[at - 1 : at] == ["do"]):
        return None
    if begin >= len(words) or _said(words, at) or _on_carrier(words, at):
        return None
    verb = words[at] != "not" or (at > 0 and words[at - 1] in known["verbs"] | _SHORT)
    start = _clause_start(words, at) if wish or verb else at
    if start is None:
        return None
    just = words[at - 1 : at] == ["just"] and (at == 1 or not words[at - 2][0].isalnum())
    if not verb and start == at and at and words[at - 1] in known["sentences"] and not just:
        return None
    if words[start] in ("i", "we") and words[begin] in known["circumstances"]:
        return None
    if words[begin] in known["sayers"] - (known["fillers"] if wish or verb else set()):
        return None
    last, excluded = asked_for(words, start, *things(words, begin))
    if not excluded or any(len(term.split()) > 2 + (wish or begin > first) for term in excluded):
        return None
    if words[last : last + 1] == ["free"]:
        return None  # "not gluten free"
    start -= just and start == at
    while start and words[start - 1] in ("but", "and", ",", "please"):
        start -= 1
    return _Cut(start, last, excluded)


def _clause_start(words: Sequence[str], at: int) -> int | None:
    """Where "that does", "which is" or "I do" begins; None where another sentence does."""
    start = at
    while start and words[start - 1] in lists()["verbs"]:
        start -= 1
    if start and words[start - 1] in _SHORT:
        return start - 1
    if start and words[start - 1] in _SUBJECTS:
        return start - 1
    if (owner := _whose(words, start)) < start:
        return owner
    open_end = not start or not words[start - 1][0].isalnum() or words[start - 1] in ("but", "and")
    return start if start == at or open_end else None


def _on_carrier(words: Sequence[str], at: int) -> bool:
    """Whether the query ends in something that sayings are printed on."""
    return words[-1] in lists()["carriers"] and words[-2:-1] != [","] and at < len(words) - 2


def _said(words: Sequence[str], at: int) -> bool:
    """Whether the word stands in a known saying."""
    around = f" {' '.join(words[max(0, at - 4) : at + 5])} "
    return any(f" {saying} " in around for saying in lists()["sayings"])


def _is_name(words: Sequence[str], at: int, names: Collection[str]) -> bool:
    """Whether the word stands in one of the known names."""
    if not names:
        return False
    for first in range(max(0, at - LONGEST_NAME + 1), at + 1):
        for last in range(at + 1, min(len(words), first + LONGEST_NAME) + 1):
            if last - first > 1 and key(" ".join(words[first:last])) in names:
                return True
    return False
