"""Which makers an utterance asks for. A name that could as well be an ordinary word needs evidence.

"Case for Nike shoes" does not ask for Nike: what something is for, or like, is no requirement.
"""

from collections.abc import Sequence
from itertools import pairwise

from agent.reading.lexis import Lexis, Named, Word
from agent.reading.wishes import wordings
from core.record import Record


class Maker(Record):
    """A brand with its place; `required` where it is asked for, and not merely mentioned."""

    label: str
    start: int
    end: int
    required: bool
    outright: bool = False  # said to be the brand: "by Acme"
    corrected: bool = False


def makers(text: str, words: Sequence[Word], lexis: Lexis) -> list[Maker]:
    """The brands in a text, in order. Of several that are not alternatives, the first is asked for."""
    found: list[Maker] = []
    at = 0
    while at < len(words):
        named = lexis.brand_at(words, at)
        if named:
            found.append(_maker(text, words, at, named))
        at += named.size if named else 1
    asked = [maker for maker in found if maker.required]
    keep = [maker for maker in asked if maker.outright] or asked[:1]
    for before, maker in pairwise(asked):
        between = text[before.end : maker.start].replace(",", " , ").lower().split()
        joints = wordings()["evidence"]["joints"]
        alternative = bool(between) and (between[-1] == "or" or all(word in joints for word in between))
        if before in keep and alternative:
            keep.append(maker)
    return [maker if maker in keep else maker.model_copy(update={"required": False}) for maker in found]


def _maker(text: str, words: Sequence[Word], at: int, named: Named) -> Maker:
    evidence = wordings()["evidence"]
    last = at + named.size
    before = [word.text for word in words[max(0, at - 2) : at]]
    after = words[last].text if last < len(words) else ""
    nearer = before[-1] if before else ""
    beside = (
        nearer in evidence["others"]
        or (nearer in evidence["asides"] and before[0] in evidence["others"])
        or after in evidence["after_other"]
        or _is_owned(words, at)
    )
    start, end = words[at].start, words[last - 1].end
    outright = not beside and (nearer in evidence["makers"] or after in evidence["after_maker"])
    alone = named.size == len(words)
    meant = outright or alone or named.certain or _is_capitalised(text, words, at, last)
    return Maker(
        label=named.label,
        start=start,
        end=end,
        required=meant and not beside,
        outright=outright,
        corrected=named.corrected,
    )


def _is_owned(words: Sequence[Word], at: int) -> bool:
    """Whether the shopper has it already: what is looked for goes with it, or is another one."""
    before = [word.text for word in words[:at]]
    return any(
        before[i : i + 2]
        in (["already", "have"], ["already", "own"], ["already", "got"], ["i", "own"], ["we", "own"])
        for i in range(len(before))
    )


def _is_capitalised(text: str, words: Sequence[Word], first: int, last: int) -> bool:
    """Whether only this is written as a name: not at the start, not a product line such as "Apple Watch"."""
    if first == 0 or text[: words[first].start].rstrip()[-1:] in (".", "!", "?", ":"):
        return False
    if not all(text[word.start].isupper() for word in words[first:last]):
        return False
    if last < len(words) and (text[words[last].start].isupper() or text[words[last].start].isdigit()):
        return False
    others = [text[word.start : word.end] for word in (*words[:first], *words[last:])]
    capitals = sum(word[0].isupper() for word in others)
    return any(word.islower() and len(word) > 1 for word in others) and capitals <= len(others) / 2
