"""Which of the products on show a turn speaks of: by place, pronoun, name, price or property.

A reference is what cannot be a description of something to look for. Where both are possible, as in
"the first aid kit" or "it has to be quiet", there is none. What is to be done with the products is not
decided here.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from agent.reading.wishes import any_of
from agent.references.naming import kinds, names, properties, superlatives
from agent.references.places import groups, numbers, places
from agent.references.pointing import TAKEN, Found, Problem, Scene, lowered, pattern_of
from agent.references.shown import Shown, tables
from catalog.product import Product
from core.record import Record

LONGEST_READ = 1_000  # characters; nobody points in a pasted page

_RECOGNISERS: Sequence[Callable[[str, Scene], Iterator[Found]]] = (
    places,
    numbers,
    superlatives,
    groups,
    properties,
    names,
    kinds,
)


class Referred(Record):
    """The products meant, in the order they are spoken of, and where in the text that is said.

    `detail` is for the reply: the place asked for where it is out of range, otherwise the words that
    point at nothing or at several, which are then the `candidates`. With a problem there are no ids.
    """

    ids: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    problem: Problem | None = None
    detail: str = ""
    candidates: tuple[str, ...] = ()


def refer(text: str, shown: Sequence[Product], focus: Sequence[str], *, currency: str = "USD") -> Referred:
    """What `text` refers to among what is shown; `focus` are the ids of what was spoken of last."""
    page = lowered(text[:LONGEST_READ])
    scene = Scene(
        shown=Shown(shown),
        focus=[product for product in shown if product.id in focus],
        currency=currency,
        compares=re.search(rf"\b(?:{any_of(tables()['words']['compares'])})\b", page) is not None,
        asks=pattern_of(r"{start}(?:{be}|{asking})\b").search(page) is not None,
    )
    found: list[Found] = []
    for recognise in _RECOGNISERS:
        for one in recognise(page, scene):
            found.append(one._replace(detail=one.detail or text[one.start : one.end]))
            page = page[: one.start] + TAKEN * (one.end - one.start) + page[one.end :]
    for one in _pronouns(page, scene):
        found.append(_carried(one, found, page)._replace(detail=text[one.start : one.end]))
    return _together(sorted(found, key=lambda one: one.start), scene)


def _carried(pronoun: Found, found: Sequence[Found], page: str) -> Found:
    """A pronoun of a later clause means what the turn has just named: "the third looks nice, is it loud?"."""
    named = [one for one in found if one.end <= pronoun.start and len(one.products) == 1]
    if not named or page[pronoun.start : pronoun.end] in tables()["pronouns"]["many"]:
        return pronoun
    last = max(named, key=lambda one: one.end)
    later = re.search(r"[.,;!?]|\b(?:and|but|so)\b", page[last.end : pronoun.start])
    return Found(pronoun.start, pronoun.end, last.products) if later else pronoun


def _together(found: Sequence[Found], scene: Scene) -> Referred:
    spans = tuple((one.start, one.end) for one in found)
    if found and not scene.products:
        return Referred(spans=spans, problem="nothing_shown", detail=found[0].detail)
    for one in found:
        if one.problem:
            candidates = tuple(product.id for product in one.products)
            return Referred(spans=spans, problem=one.problem, detail=one.detail, candidates=candidates)
    return Referred(ids=tuple(dict.fromkeys(p.id for one in found for p in one.products)), spans=spans)


def _pronouns(page: str, scene: Scene) -> Iterator[Found]:
    """Pronouns in questions and comparisons; elsewhere only where one product is spoken of already."""
    rules = tables()["pronouns"]
    pointed = pattern_of(r"\b(?P<said>(?:this|that) one)\b(?! {after_one}\b)")
    several = [pattern_of(written, "many") for written in rules["comparing"]]
    asking = [pattern_of(written) for written in rules["questions"]]
    stating = [pattern_of(written) for written in rules["statements"]]
    for pattern in (pointed, *several, *asking, *stating):
        for match in pattern.finditer(page):
            found = _pointed(match, pattern in several, scene)
            if pattern in stating and (found.problem or not found.products):
                continue
            yield found
            page = page[: found.start] + TAKEN * (found.end - found.start) + page[found.end :]


def _pointed(match: re.Match[str], several: bool, scene: Scene) -> Found:
    """What a pronoun means: what was spoken of last, or else what is shown if that is clear."""
    span = match.span("said")
    if several:
        return Found(*span, scene.focus if len(scene.focus) > 1 else scene.products)
    among = scene.focus or scene.products
    plural = match["said"] in tables()["pronouns"]["many"]
    return Found(*span, among, problem=None if plural or len(among) < 2 else "ambiguous")
