"""What is looked for, as turn after turn describes it: made, refined, corrected, freed of requirements.

Pure functions on `Need`. Which of them a turn calls for is decided in `agent.dialogue.understand`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agent.dialogue.moves import audience_of, field_named, stripped, tables
from agent.dialogue.state import Need, Phrase
from agent.reading.lexis import words
from agent.reading.parse import Reading
from agent.reading.wishes import wordings
from catalog.keys import key
from catalog.product import Money
from catalog.where import Where, Without
from ranking.records import LONGEST_QUERY, Search, Sort
from ranking.words import stem, telling
from ranking.words import words as stems

WORDS, AUDIENCE, BRAND = "words", "audience", "brand"
LONGEST_MODIFIER = 3  # words
BOUNDS = ("price", "rating", "reviews")

_AUDIENCE = re.compile(
    r"\b(?:for (?:(?:a|an|my|the|our|his|her|their|some|young|older|old|little|big)\s+)*)?"
    r"(?P<who>[a-z]+(?:['\u2019]s)?)\b",
    re.IGNORECASE,
)


def need_of(reading: Reading, label: str = "") -> Need:
    """What one turn says, as a need of its own."""
    return Need(
        phrases=phrases_of(reading),
        where=reading.where,
        without=reading.without,
        sort=reading.sort,
        wishes=reading.wishes,
        label=label or reading.query or ", ".join(reading.where.categories),
    )


def search_of(need: Need, limit: int, *, relevant_only: bool = True) -> Search:
    """The search that finds it."""
    return Search(
        query=query_of(need),
        where=need.where,
        without=need.without,
        like=need.like,
        sort=need.sort,
        prefer=need.wishes,
        by_meaning=need.by_meaning,
        repair=False,
        planned=True,
        relevant_only=relevant_only,
        limit=limit,
    )


def query_of(need: Need) -> str:
    """The words to search for, none of them twice."""
    said: dict[str, None] = {}
    kept = []
    for phrase in need.phrases:
        fresh = [word for word in phrase.text.split() if _bare(word) not in said]
        said |= dict.fromkeys(_bare(word) for word in phrase.text.split())
        kept += fresh
    return " ".join(kept)[:LONGEST_QUERY]


def phrases_of(reading: Reading) -> tuple[Phrase, ...]:
    """The query in pieces: the words of a requirement apart, so that they can go with it."""
    pieces = [Phrase(text=reading.query)]
    for span in reading.spans:
        slot = _slot(span.kind, span.value)
        said = span.value if span.kind == "brand" and span.value else span.text
        if slot:
            for words_said in (said, span.text):
                pieces = [part for piece in pieces for part in _split(piece, words_said, slot)]
    pieces = [part for piece in pieces for part in _audiences(piece)]
    return tuple(piece for piece in pieces if stems(piece.text))


def refined(need: Need, reading: Reading, *, corrects: bool = False, extends: bool = False) -> Need:
    """The need with what a further turn says: bounds, values and words about the same thing replace earlier
    ones, everything else is added.
    """
    said = need_of(reading)
    replaced = {slot for slot in (phrase.slot for phrase in said.phrases) if slot != WORDS}
    told = set(reading.where.attributes) | ({BRAND} if reading.where.brands else set())
    gone = set() if extends else replaced | told
    if AUDIENCE in gone and not corrects:
        gone -= {AUDIENCE}
        gone |= {AUDIENCE} if _contradicts(need.phrases, said.phrases) else set()
    kept = [phrase for phrase in need.phrases if phrase.slot not in gone]
    kept = kept[:1] + [phrase for phrase in kept[1:] if not _is_refused(phrase, reading.without)]
    kept = [phrase for phrase in kept if phrase.slot != BRAND or not _is_refused_brand(phrase, reading)]
    without = _excluded(need.without, said)
    where = _required(need.where, reading, extends=extends)
    new = _new(kept, said.phrases)
    return need.model_copy(
        update={
            "phrases": _joined(kept, new),
            "by_meaning": need.by_meaning and all(phrase.slot != WORDS for phrase in new),
            "where": where,
            "without": without,
            "sort": need.sort if said.sort is Sort.RELEVANCE else said.sort,
            "wishes": tuple(dict.fromkeys((*need.wishes, *said.wishes))),
        }
    )


def instead(need: Need, reading: Reading) -> Need:
    """The need with another product: "sorry, I meant a kettle" keeps the budget and for whom it is."""
    corrected = refined(need, reading, corrects=True)
    said = phrases_of(reading)
    if not any(phrase.slot == WORDS for phrase in said):
        return corrected
    kept = tuple(phrase for phrase in corrected.phrases if phrase.slot != WORDS or phrase in said)
    return corrected.model_copy(update={"phrases": kept, "like": (), "label": reading.query})


def dropped(need: Need, what: str) -> Need | None:
    """The need without the requirement that `what` names; None where nothing in force is called so."""
    field = field_named(what)
    unordered = need.model_copy(update={"sort": Sort.RELEVANCE, "wishes": ()})
    if field == "everything":
        freed = unordered.model_copy(update={"where": Where(), "without": Without()})
    elif field == "order":
        freed = unordered
    else:
        freed = _freed(need, field or what)
    return None if freed == need else freed


def without_products(need: Need, ids: Iterable[str]) -> Need:
    """The need, but not these products."""
    refused = tuple(dict.fromkeys((*need.without.products, *ids)))
    return need.model_copy(update={"without": need.without.model_copy(update={"products": refused})})


def bounded(need: Need, **bounds: Any) -> Need:
    """The need with these bounds of `where`; the other side goes where it would contradict."""
    return need.model_copy(update={"where": _with_bounds(need.where, bounds)})


def is_empty(need: Need) -> bool:
    """Whether nothing is looked for."""
    return not (need.phrases or need.like) and need.where.is_empty and need.without.is_empty


def _freed(need: Need, what: str) -> Need:
    """Without what is called so: a field, a value, an excluded thing, or words said in an earlier turn."""
    where, without = need.where, need.without
    meant = frozenset(stems(what))
    updates: dict[str, Any] = {}
    for bound in BOUNDS:
        if what == bound:
            updates |= {f"{bound}_min": None, f"{bound}_max": None}
    brands = () if what == BRAND else tuple(b for b in where.brands if not _names(b, meant))
    categories = () if what == "category" else tuple(c for c in where.categories if not _names(c, meant))
    attributes = {
        name: left
        for name, values in where.attributes.items()
        if not _names(name, meant)
        and key(name) != what
        and (left := tuple(value for value in values if not _names(value, meant)))
    }
    gone = {name for name in where.attributes if name not in attributes}
    gone |= {BRAND} if len(brands) < len(where.brands) else set()
    gone |= {what} if what in {phrase.slot for phrase in need.phrases} else set()
    updates |= {"brands": brands, "categories": categories, "attributes": attributes}
    phrases = tuple(
        p for p in need.phrases if p.slot not in gone and not (p.slot != WORDS and _names(p.text, meant))
    )
    if phrases == need.phrases and len(need.phrases) > 1:  # plain words of a later turn: "waterproof"
        first, *later = phrases
        phrases = (first, *(p for p in later if not _names(p.text, meant)))
    excluded = Without(
        brands=tuple(b for b in without.brands if what != BRAND and not _names(b, meant)),
        categories=tuple(c for c in without.categories if not _names(c, meant)),
        attributes={
            name: left
            for name, values in without.attributes.items()
            if not _names(name, meant) and (left := tuple(v for v in values if not _names(v, meant)))
        },
        terms=tuple(term for term in without.terms if not _names(term, meant)),
        products=without.products,
    )
    return need.model_copy(
        update={"where": where.model_copy(update=updates), "without": excluded, "phrases": phrases}
    )


def _names(text: str, meant: frozenset[str]) -> bool:
    """Whether the words meant are all in the text, or all of the text's are meant."""
    said = frozenset(stems(text))
    return bool(said and meant) and (meant <= said or said <= meant)


def _required(where: Where, reading: Reading, *, extends: bool) -> Where:
    said = reading.where
    updates: dict[str, Any] = {}
    refused = {key(brand) for brand in reading.without.brands}
    updates["brands"] = tuple(brand for brand in where.brands if key(brand) not in refused)
    if said.brands:
        updates["brands"] = tuple(dict.fromkeys((*where.brands, *said.brands))) if extends else said.brands
    if said.categories:
        updates["categories"] = said.categories
    attributes: dict[str, tuple[str, ...]] = dict(where.attributes)
    for name, values in said.attributes.items():
        earlier = attributes.get(name, ()) if extends else ()
        attributes[name] = tuple(dict.fromkeys((*earlier, *values)))
    updates["attributes"] = attributes
    if said.available_only:
        updates["available_only"] = True
    bounds = {
        f"{name}_{side}": value
        for name in BOUNDS
        for side in ("min", "max")
        if (value := getattr(said, f"{name}_{side}")) is not None
    }
    return _with_bounds(where.model_copy(update=updates), bounds)


def _with_bounds(where: Where, bounds: Mapping[str, Any]) -> Where:
    updated = where.model_copy(update=dict(bounds))
    for name in BOUNDS:
        low, high = getattr(updated, f"{name}_min"), getattr(updated, f"{name}_max")
        if low is None or high is None:
            continue
        if _crossed(low, high):  # what was said last holds
            old = f"{name}_max" if f"{name}_min" in bounds else f"{name}_min"
            updated = updated.model_copy(update={old: None})
    return updated


def _crossed(low: Any, high: Any) -> bool:
    if isinstance(low, Money):
        return bool(low.currency != high.currency or low.amount > high.amount)
    return bool(low > high)


def _excluded(without: Without, said: Need) -> Without:
    """Earlier exclusions with the new ones, but for what is asked for now: "with a buckle after all"."""
    asked = frozenset(stem for phrase in said.phrases for stem in stems(phrase.text))
    wanted = {key(brand) for brand in said.where.brands}
    values = {(name, key(v)) for name, vs in said.where.attributes.items() for v in vs}
    new = said.without
    attributes = {
        name: left
        for name, vs in without.attributes.items()
        if (left := tuple(v for v in vs if (name, key(v)) not in values))
    }
    for name, vs in new.attributes.items():
        attributes[name] = tuple(dict.fromkeys((*attributes.get(name, ()), *vs)))
    return Without(
        brands=tuple(dict.fromkeys((*(b for b in without.brands if key(b) not in wanted), *new.brands))),
        categories=tuple(dict.fromkeys((*without.categories, *new.categories))),
        attributes=attributes,
        terms=tuple(
            dict.fromkeys((*(t for t in without.terms if not frozenset(stems(t)) <= asked), *new.terms))
        ),
        products=tuple(dict.fromkeys((*without.products, *new.products))),
    )


def _is_refused(phrase: Phrase, without: Without) -> bool:
    """Whether an earlier turn asked for what is excluded now: "with a hood"."""
    said = frozenset(telling(stems(phrase.text)))
    return bool(said) and any(said <= frozenset(stems(term)) for term in without.terms)


def _is_refused_brand(phrase: Phrase, reading: Reading) -> bool:
    """Whether it is the name of a brand that is excluded now."""
    return any(_names(phrase.text, frozenset(stems(brand))) for brand in reading.without.brands)


def _new(kept: Sequence[Phrase], said: Sequence[Phrase]) -> list[Phrase]:
    """What is said that was not, without the words around it."""
    known = {stem for phrase in kept for stem in stems(phrase.text)}
    joints = wordings()["evidence"]["joints"]  # left between two values: "black or grey"
    bare = [
        phrase.model_copy(update={"text": stripped(phrase.text)}) if phrase.slot == WORDS else phrase
        for phrase in said
    ]
    return [
        phrase
        for phrase in bare
        if phrase.text
        and (phrase.slot != WORDS or not known.issuperset(stems(phrase.text)))
        and phrase.text.lower() not in joints
    ]


def _joined(kept: Sequence[Phrase], new: Sequence[Phrase]) -> tuple[Phrase, ...]:
    """In the order of English: "cordless" goes before "wall lamp", "for adults" behind it."""
    front = [phrase for phrase in new if _modifies(phrase)]
    return (*front, *kept, *(phrase for phrase in new if phrase not in front))


def _modifies(phrase: Phrase) -> bool:
    said = phrase.text.lower().split()
    return (
        phrase.slot != AUDIENCE
        and len(said) <= LONGEST_MODIFIER
        and said[0] not in tables()["behind"]["words"]
    )


def _contradicts(kept: Sequence[Phrase], said: Sequence[Phrase]) -> bool:
    """Whether two audiences exclude each other: men and women do, women and adults do not."""
    old = {audience for phrase in kept if phrase.slot == AUDIENCE for audience in _whom(phrase)}
    new = {audience for phrase in said if phrase.slot == AUDIENCE for audience in _whom(phrase)}
    grown, young = {"men", "women", "adults"}, {"boys", "girls", "kids"}
    return any(
        one != other
        and ({one, other} in ({"men", "women"}, {"boys", "girls"}) or (one in grown) != (other in grown))
        for one in old
        for other in new
        if {one, other} <= grown | young
    )


def _whom(phrase: Phrase) -> set[str]:
    return {audience for word in words(phrase.text) if (audience := audience_of(word.text))}


def _slot(kind: str, value: str | None) -> str | None:
    """The slot of a span: a brand, or the attribute that its value names."""
    if kind in ("brand", "mention"):
        return BRAND if kind == "brand" else None
    if kind in ("color", "material", "size", "property", "value") and value:
        return value.partition(":")[0]
    return None


def _split(piece: Phrase, said: str, slot: str) -> list[Phrase]:
    if piece.slot != WORDS:
        return [piece]
    found = re.search(
        rf"(?<![\w-])(?:for )?{re.escape(said)}(?:['\u2019]s)?(?![\w-])", piece.text, re.IGNORECASE
    )
    return _parted(piece, *found.span(), slot) if found else [piece]


def _audiences(piece: Phrase) -> list[Phrase]:
    if piece.slot != WORDS:
        return [piece]
    for match in _AUDIENCE.finditer(piece.text):
        if audience_of(match["who"]):
            before, said, *rest = _parted(piece, *match.span(), AUDIENCE)
            return [before, said, *(part for later in rest for part in _audiences(later))]
    return [piece]


def _parted(piece: Phrase, start: int, end: int, slot: str) -> list[Phrase]:
    cut = piece.text[:start], piece.text[start:end], piece.text[end:]
    return [Phrase(text=text.strip(" ,;"), slot=s) for text, s in zip(cut, (WORDS, slot, WORDS), strict=True)]


def _bare(word: str) -> str:
    return " ".join(map(stem, re.findall(r"\w+", word.lower()))) or word
