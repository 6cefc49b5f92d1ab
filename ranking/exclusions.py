"""What a shopper does not want, held against a product: violated, met or unknown, with the proof.

Brands, categories and attributes are facts. A term is decided by the most trustworthy place that speaks
of it: attributes, title, description, tags, categories. It filters and orders nothing.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from catalog.keys import PATH, category_keys, key
from catalog.product import Product
from catalog.where import Without
from ranking.mentions import Reading, said
from ranking.records import Check, Verdict
from ranking.stated import stated
from ranking.things import Kind, Mention, Thing, thing, wordlists
from ranking.values import summed_up

LONGEST_TEXT = 20_000  # characters read of one text; more is stuffing
MOST_VALUES = 200  # attributes, tags and categories read of one product
QUOTE = 30  # characters shown on either side of the words that decide

Classify = Callable[[Product], tuple[Check, ...]]

_VERDICTS = {Reading.LACKS: Verdict.MET, Reading.HAS: Verdict.VIOLATED}
_OPPOSITE = {
    Verdict.MET: Verdict.VIOLATED,
    Verdict.VIOLATED: Verdict.MET,
    Verdict.UNKNOWN: Verdict.UNKNOWN,
}
_NONE = re.compile(r"(?:no|none|without|false|zero|not included|n|0\s*(?:%|[a-z]{1,3})?)(?:\s.*)?", re.DOTALL)
_YES = frozenset(["yes", "true", "y"])
_UNSAID = frozenset(["", "n/a", "unknown", "optional", "not specified"])


@dataclass(frozen=True)
class _Text:
    """A part of a product that speaks: what to call it, the words, and how they are searched."""

    name: str
    words: str
    lowered: str


def classifier(without: Without) -> Classify:
    """One function per search: each product's checks, one per exclusion, in the order of `without`."""
    things = [(term, thing(term)) for term in dict.fromkeys(without.terms)]

    def classify(product: Product) -> tuple[Check, ...]:
        checks = list(_facts(product, without))
        if things:
            page = _Page.of(product)
            checks += [_term(page, f"without {term}", wanted) for term, wanted in things]
        return tuple(checks)

    return classify


def _facts(product: Product, without: Without) -> Iterator[Check]:
    if without.brands:
        has = product.brand is not None and key(product.brand) in map(key, without.brands)
        yield _fact(f"without brand {' or '.join(without.brands)}", product.brand, has)
    if without.categories:
        names = category_keys(product.categories)
        has = any(key(unwanted) in names for unwanted in without.categories)
        yield _fact(
            f"without category {' or '.join(without.categories)}", PATH.join(product.categories) or None, has
        )
    for name, unwanted in without.attributes.items():
        verdict, evidence = stated(product, name, unwanted)
        named = " or ".join(summed_up(name, tuple(unwanted)))
        yield Check(requirement=f"without {name} {named}", verdict=_OPPOSITE[verdict], evidence=evidence)


def _fact(requirement: str, evidence: str | None, has: bool) -> Check:
    if evidence is None:
        return Check(requirement=requirement, verdict=Verdict.UNKNOWN)
    verdict = Verdict.VIOLATED if has else Verdict.MET
    return Check(requirement=requirement, verdict=verdict, evidence=evidence)


@dataclass(frozen=True)
class _Page:
    """A product's texts, made ready once for all terms."""

    attributes: tuple[_Text, ...]
    texts: tuple[_Text, ...]  # most trustworthy first
    everything: str

    @classmethod
    def of(cls, product: Product) -> "_Page":
        """Read a product."""
        values = [(name, v) for name, vs in product.attributes.items() for v in vs][:MOST_VALUES]
        attributes = tuple(_text(name, value) for name, value in values)
        texts = [_title(product), _text("description", product.description or "")]
        texts += [_text("tag", tag) for tag in product.tags[:MOST_VALUES]]
        texts += [_text("category", level) for level in product.categories[:MOST_VALUES]]
        everything = "\n".join(
            [*(text.lowered for text in texts), *(f"{a.name.lower()}\n{a.lowered}" for a in attributes)]
        )
        return cls(attributes, tuple(texts), everything)


def _text(name: str, words: str) -> _Text:
    words = words[:LONGEST_TEXT]
    lowered = words.lower().replace("\u2019", "'")
    # A few letters grow when lowered ("İ"); what is quoted must stay where it was found.
    return _Text(name, words if len(words) == len(lowered) else lowered, lowered)


def _title(product: Product) -> _Text:
    """The title; a brand in it ("Leather Honey") is a name and says nothing of what the product has."""
    text = _text("title", product.title)
    brand = (product.brand or "").lower()
    if len(brand) < 2 or brand not in text.lowered:
        return text
    return _Text("title", text.words, text.lowered.replace(brand, "\x00" * len(brand)))


def _term(page: _Page, requirement: str, wanted: Thing | None) -> Check:
    if wanted is None or not any(form.probe in page.everything for form in wanted.forms):
        return Check(requirement=requirement, verdict=Verdict.UNKNOWN)
    aside: str | None = None
    hint: str | None = None
    for reading, evidence in _readings(page, wanted):
        if verdict := _VERDICTS.get(reading):
            return Check(requirement=requirement, verdict=verdict, evidence=evidence)
        if reading is Reading.HINTS:
            hint = hint or evidence
        else:
            aside = aside or evidence
    if hint:
        return Check(requirement=requirement, verdict=Verdict.MET, evidence=hint)
    return Check(requirement=requirement, verdict=Verdict.UNKNOWN, evidence=aside)


def _readings(page: _Page, wanted: Thing) -> Iterator[tuple[Reading, str]]:
    """What each part of the product says of the thing, most trustworthy part first.

    "Free from: nuts" and "contains: peanuts" leave it open: a shopper may be allergic.
    """
    stated = [(_stated(attribute, wanted), attribute) for attribute in page.attributes]
    told = sorted(
        ((reading, attribute) for reading, attribute in stated if reading is not None),
        key=lambda pair: pair[0].value,
    )
    inside = [attribute for reading, attribute in told if _is_inside(reading, attribute)]
    if inside and any(reading is Reading.LACKS for reading, _ in told):
        yield Reading.ASIDE, f"{inside[0].name}: {_cut(inside[0].words)}"
        return
    for reading, attribute in told:
        yield reading, f"{attribute.name}: {_cut(attribute.words)}"
    beside = False  # whether the title names the thing in another role, as "silverware tray" does
    for text in page.texts:
        if found := said(text.lowered, wanted):
            reading, mention = found
            beside = beside or (text.name == "title" and reading is Reading.ASIDE)
            shelf = text.name == "category" and not _is_all(text, mention)  # named after much that lies on it
            if reading is Reading.HAS and (beside or shelf):
                reading = Reading.ASIDE
            yield reading, f'{text.name}: "{_quote(text, mention)}"'


def _is_inside(reading: Reading, attribute: _Text) -> bool:
    """Whether the attribute lists the thing among what is inside."""
    name = " ".join(attribute.name.lower().replace("_", " ").split())
    return reading is Reading.HAS and _speaks_of(name, wordlists()["contents"])


def _stated(attribute: _Text, wanted: Thing) -> Reading | None:
    """What an attribute says: its name may be the thing, or its value may name it."""
    name = " ".join(attribute.name.lower().replace("_", " ").split())
    lists = wordlists()
    if _speaks_of(name, lists["about_others"]):
        return None
    found, mention = said(attribute.lowered, wanted) or (None, None)
    if mention and mention.kind is Kind.SORT and not _speaks_of(name, lists["contents"]):
        found = None
    if _speaks_of(name, lists["lacking"]):
        return Reading.LACKS if found is Reading.HAS and mention and mention.kind is Kind.NAME else None
    if named := said(name, wanted):
        return _answer(name, attribute.lowered.strip(), named[0], found)
    return found


def _speaks_of(name: str, phrases: Iterable[str]) -> bool:
    return any(f" {phrase}" in f" {name}" for phrase in phrases)


def _answer(name: str, value: str, named: Reading, valued: Reading | None) -> Reading | None:
    """What a value says when the attribute's name is about the thing: "lid: yes", "gluten free: no"."""
    if value in _UNSAID or wordlists()["other_claims"].intersection(name.split()):
        return None
    none = _NONE.fullmatch(value) is not None
    if named is Reading.LACKS:  # "gluten free: no"
        return Reading.HAS if none else Reading.LACKS if value in _YES else None
    if named is Reading.HAS:
        if none or valued is Reading.LACKS:  # "scent: unscented"
            return Reading.LACKS
        return Reading.HAS
    return None


def _is_all(text: _Text, mention: Mention) -> bool:
    return text.lowered[mention.start : mention.end] == text.lowered.strip()


def _quote(text: _Text, mention: Mention) -> str:
    """The words that decide with a few around them, cut between words."""
    start, end = max(0, mention.start - QUOTE), min(len(text.words), mention.end + QUOTE)
    if start:
        start = min(text.words.find(" ", start, mention.start) + 1 or mention.start, mention.start)
    if end < len(text.words):
        end = max(text.words.rfind(" ", mention.end, end), mention.end)
    words = " ".join(text.words[start:end].split())
    return f"{'... ' if start else ''}{words}{' ...' if end < len(text.words) else ''}"


def _cut(words: str) -> str:
    return words if len(words) <= 3 * QUOTE else f"{words[: 3 * QUOTE]} ..."
