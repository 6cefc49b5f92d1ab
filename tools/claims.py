"""What a record claims of a product: that it has a thing, is something, suits someone, or does not.

Each claim quotes its field. One without a verdict bears on the matter and leaves it open; where the record
says nothing there is none. Questions are read in `tools.facts`.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from catalog.keys import key
from catalog.product import Product
from catalog.where import Without
from core.record import Record
from ranking.exclusions import classifier
from ranking.mentions import Reading, said
from ranking.records import Verdict
from ranking.things import Kind, thing, wordlists
from ranking.words import words

LONGEST_QUOTE = 160  # characters
NEAR = 5  # words after "for" or "fits" among which what it is for is named
MATERIALS = ("material", "materials", "main material", "fabric", "composition")
COLORS = ("color", "colour", "product color", "product colour", "main color")

_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\s*[\n\u2022|]\s*")
_OPPOSITE = {Verdict.MET: Verdict.VIOLATED, Verdict.VIOLATED: Verdict.MET}


class Claim(Record):
    """Words of a record under the name of their field; yes, no, or neither."""

    field: str
    quote: str
    verdict: Verdict | None = None


@cache
def tables() -> Mapping[str, Any]:
    """The words and patterns of `facts.toml`."""
    return tomllib.loads(Path(__file__).with_name("facts.toml").read_text(encoding="utf-8"))


def sentences(product: Product) -> Iterator[str]:
    """The sentences of the description."""
    yield from (part.strip() for part in _SENTENCE.split(product.description or "") if part.strip())


def attribute(product: Product, names: Iterable[str]) -> tuple[str, tuple[str, ...]] | None:
    """The first of the attributes that the product has, by any of the names."""
    own = {_plain(name): (name, tuple(values)) for name, values in product.attributes.items() if values}
    return next((own[name] for name in names if name in own), None)


def claim(text: tuple[str, tuple[str, ...]], verdict: Verdict | None = None) -> Claim:
    """A claim that quotes an attribute."""
    return Claim(field=text[0], quote=", ".join(text[1]), verdict=verdict)


def told(sentence: str, verdict: Verdict | None = None, at: int = 0) -> Claim:
    """A claim that quotes a sentence of the description; of a long one, the part around `at`."""
    first = max(0, at - LONGEST_QUOTE // 2) if len(sentence) > LONGEST_QUOTE else 0
    start = sentence.find(" ", first) + 1 if first else 0
    quote = sentence[start : start + LONGEST_QUOTE]
    cut = start + LONGEST_QUOTE < len(sentence)
    quote = f"{'... ' if start else ''}{quote.rsplit(' ', 1)[0] + ' ...' if cut else quote}"
    return Claim(field="description", quote=quote, verdict=verdict)


def has(product: Product, what: str) -> Claim | None:
    """Whether the product has or contains a thing."""
    if set(words(what)) <= set(_nouns(product)):
        return None  # whether a kettle has a kettle is no question
    if answered := _answered(product, what):
        return answered
    for sentence in sentences(product):
        if any(trace in sentence.lower() for trace in tables()["words"]["traces"]) and is_said(
            sentence, what
        ):
            return told(sentence)
    found = _classified(product, what)
    if found is None:
        return None
    if any(trace in found.quote.lower() for trace in tables()["words"]["traces"]):
        return found.model_copy(update={"verdict": None})
    nearly = set(words(what)) < set(words(found.field))  # "battery life" is not about batteries
    grown = found.field in MATERIALS and not is_said(found.quote, what)  # a clock of walnut contains no nuts
    return found.model_copy(update={"verdict": None}) if nearly or grown else found


def included(product: Product, what: str) -> Claim | None:
    """Whether a thing comes with the product; that it needs one is no answer."""
    wanted = thing(what)
    named = rf"{re.escape(what[:-3] if what.endswith('ies') else what.rstrip('s'))}\w{{0,3}}"
    absent = rf"\b{named}\b[^.;]{{0,20}}\b(?:not (?:\w+ )?(?:included|supplied|provided)|sold separately)\b"
    beside = r"(?:\W+[\w'-]+){0,4}?\W+"
    alone = r"(?=\s*(?:$|[^\w\s]|(?:and|or|for|to|in|with|so)\b))"  # no "battery protection"
    present = rf"\b(?:includes?|including|comes? with|supplied with)\b{beside}{named}\b{alone}"
    present += rf"|\b{named}\b(?:\W+(?:is|are|also))*\W+(?:included|in the box)\b(?!\W+no\b)"
    for pattern, verdict in ((absent, Verdict.VIOLATED), (present, Verdict.MET)):
        for sentence in sentences(product):
            match = re.search(pattern, sentence, re.I)
            if match and (verdict is Verdict.VIOLATED or not _denies(match[0])):
                return told(sentence, verdict, match.start())
    found = has(product, what)
    if found and found.verdict is Verdict.MET and wanted and wanted.is_consumable:
        return found.model_copy(update={"verdict": None})
    return found


def lacks(product: Product, what: str) -> Claim | None:
    """Whether the product is free of a thing."""
    found = has(product, what)
    return found and found.model_copy(
        update={"verdict": _OPPOSITE.get(found.verdict) if found.verdict else None}
    )


def made_of(product: Product, material: str) -> Claim | None:
    """Whether the product itself, not merely a part of it, is of a material."""
    named = _answered(product, material)  # "leather: yes" may be said of a handle
    if named and named.verdict is Verdict.VIOLATED:
        return named
    if stated := attribute(product, MATERIALS):
        return claim(stated, Verdict.MET if _listed(stated[1], material) else None)
    if named:
        return named.model_copy(update={"verdict": None})
    found = _classified(product, material)
    if (
        found
        and found.verdict is Verdict.MET
        and (found.field not in ("title", "tag") or _imitated(product, material))
    ):
        return found.model_copy(update={"verdict": None})
    return found


def wholly(product: Product, material: str) -> Claim | None:
    """Whether it is of one material and of nothing else: "100% cotton"."""
    stated = attribute(product, MATERIALS)
    if stated is None:
        return None
    whole = any(re.fullmatch(rf"(?:100 ?% )?{re.escape(material)}", key(value)) for value in stated[1])
    return claim(stated, Verdict.MET if whole and len(stated[1]) == 1 else None)


def is_(product: Product, what: str) -> Claim | None:
    """Whether the product is something: a color, a property, a kind."""
    lists = tables()["words"]
    if free := re.fullmatch(r"(?P<of>[\w ]+?)[- ]free", what):
        return _answered(product, what) or lacks(product, free["of"])
    if words(what) and words(what)[-1] in {words(material)[-1] for material in wordlists()["materials"]}:
        return made_of(product, what)
    if answered := _answered(product, what):
        return answered
    if what in lists["colors"]:
        return _colored(product, what)
    for name, values in product.attributes.items():
        plain = _plain(name)
        if plain not in lists["about_use"] and any(words(value) == words(what) for value in values):
            return claim((name, tuple(values)), Verdict.MET)
    if related := attribute(product, tables()["related"].get(what.replace("-", " "), ())):
        return claim(related)
    found = _classified(product, what)
    if found is None:
        return None
    if found.field in (*lists["about_use"], "category"):
        return None
    if found.field == "description" and _is_aside(product, product.description or "", what):
        return None
    if found.field == "title" and _is_aside(product, product.title, what):
        return found.model_copy(update={"verdict": None})
    if found.field not in ("title", "tag", "description") and found.verdict is Verdict.MET:
        whole = any(is_said(value, what) for value in product.attributes.get(found.field, ()))
        return found if whole else found.model_copy(update={"verdict": None})
    return found


def used(product: Product, use: Mapping[str, Any]) -> Claim | None:
    """Whether the product may go into or onto something: a dishwasher, an induction hob."""
    if stated := attribute(product, use["names"]):
        value = key(stated[1][0])
        if use.get("listed"):
            named = any(use["name"] in key(value).split() for value in stated[1])
            return claim(stated, Verdict.MET if named or value == "yes" else Verdict.VIOLATED)
        return claim(stated, Verdict.VIOLATED if value in ("no", "none") else Verdict.MET)
    texts = [product.title, *sentences(product)]
    for patterns, verdict in ((use["no"], Verdict.VIOLATED), (use["yes"], Verdict.MET)):
        for place, text in enumerate(texts):
            match = re.search("|".join(patterns), text, re.I)
            if match is None:
                continue
            if verdict is Verdict.MET and (
                _denies(text[: match.start()]) or _of_a_part(text[: match.start()])
            ):
                return told(text, None, match.start())
            return (
                told(text, verdict, match.start())
                if place
                else Claim(field="title", quote=text, verdict=verdict)
            )
    return None


def suits(product: Product, whom: str) -> Claim | None:
    """Whether the product is meant for someone or something."""
    lists = tables()["words"]
    asked = words(whom)
    for name in lists["suits"]:
        if stated := attribute(product, (name,)):
            values = {s for value in stated[1] for s in words(value)}
            if set(asked) <= values:
                return claim(stated, Verdict.MET)
            if name == "gender" and whom in lists["genders"]:
                everybody = {s for word in lists["everybody"] for s in words(word)} & values
                return claim(stated, Verdict.MET if everybody else Verdict.VIOLATED)
    if whom in lists["people"] and (ages := attribute(product, lists["ages"])):
        return claim(ages)
    meant = _any(lists["meant"])
    return _sentence(product, rf"\b(?:{meant})(?:\s+[\w'-]+){{0,2}}?\s+for\b", whom)


def fits(product: Product, other: str) -> Claim | None:
    """Whether the product goes with another thing."""
    if stated := attribute(product, tables()["words"]["compatible"]):
        return claim(stated, Verdict.MET if _listed(stated[1], other) else None)
    return _sentence(product, r"\b(?:fits|compatible with|works? with|for use with|connects? to)\b", other)


def is_said(text: str, what: str) -> bool:
    """Whether all the words stand in the text."""
    return bool(words(what)) and set(words(what)) <= set(words(text))


def _answered(product: Product, what: str) -> Claim | None:
    """The yes-or-no attribute of exactly this name."""
    for name, values in product.attributes.items():
        answer = key(values[0]) if len(values) == 1 else ""
        if words(_plain(name)) == words(what) and answer in ("yes", "no", "true", "false", "none"):
            positive = answer in ("yes", "true")
            return claim((name, tuple(values)), Verdict.MET if positive else Verdict.VIOLATED)
    return None


def _classified(product: Product, what: str) -> Claim | None:
    """What the exclusion of a thing finds: there "violated" is having it."""
    (check,) = classifier(Without(terms=(what,)))(product)
    if check.verdict is Verdict.UNKNOWN or not check.evidence:
        return None
    field, _, quote = check.evidence.partition(": ")
    guessed = check.verdict is Verdict.MET and _hinted(quote if quote not in ("yes", "no") else field, what)
    quote = quote.strip('"')
    return Claim(field=field, quote=quote, verdict=None if guessed else _OPPOSITE[check.verdict])


def _hinted(quote: str, what: str) -> bool:
    """Whether a lack is only concluded from what else is said: no milk because vegan."""
    wanted = thing(what)
    forms = wanted.forms if wanted else ()
    low = quote.lower()
    hint = any(form.kind is Kind.HINT and any(form.find(low)) for form in forms)
    outright = any(form.kind in (Kind.NAME, Kind.ABSENT) and any(form.find(low)) for form in forms)
    return hint and not outright


def _is_aside(product: Product, text: str, what: str) -> bool:
    """Whether a text that names it says it of something else: "suits electric hobs" of a skillet."""
    wanted = thing(what)
    low = text.lower().replace("\u2019", "'")
    found = said(low, wanted) if wanted else None
    if found is None or found[0] is not Reading.HAS:
        return False
    clause = re.match(r"(?:[\s-]+[^\W_]+)*", low[found[1].end :])
    follows = re.findall(r"[^\W_]+", clause[0]) if clause else []
    if not follows or follows[0] in tables()["words"]["plain_after"]:
        return False
    near = follows if text == product.title else follows[:1]
    return not {s for word in near for s in words(word)} & set(_nouns(product))


def _imitated(product: Product, material: str) -> bool:
    """Whether any text calls it an imitation of the material."""
    imitation = _any(tables()["words"]["imitations"])
    text = "\n".join([product.title, product.description or "", *product.tags])
    return re.search(rf"\b(?:{imitation})[\s-]+(?:\w+[\s-]+)?{re.escape(material)}\b", text, re.I) is not None


def _colored(product: Product, color: str) -> Claim | None:
    stated = attribute(product, COLORS)
    if stated is None:
        return None
    values = [key(value) for value in stated[1]]
    if color in values:
        return claim(stated, Verdict.MET)
    other = all(value in tables()["words"]["colors"] for value in values)
    same = {color, *values} <= {"grey", "gray"}
    return claim(stated, Verdict.MET if same else Verdict.VIOLATED if other else None)


def _listed(values: Sequence[str], what: str) -> bool:
    """Whether a value names it and does not deny or imitate it."""
    page = Product(id="values", title="values", attributes={"material": tuple(values)})
    (check,) = classifier(Without(terms=(what,)))(page)
    return check.verdict is Verdict.VIOLATED and any(is_said(value, what) for value in values)


def _sentence(product: Product, relation: str, what: str) -> Claim | None:
    """The first sentence that says it, with what is asked about right after the words that say so."""
    for sentence in sentences(product):
        for match in re.finditer(relation, sentence, re.I):
            near = re.match(rf"(?:[\s/-]+[\w'-]+){{1,{NEAR}}}", sentence[match.end() :])
            if near and is_said(near[0], what):
                before = re.split(r"[,;:]", sentence[: match.end()])[-1]
                return told(sentence, None if _denies(before) else Verdict.MET, match.start())
    return None


def _denies(text: str) -> bool:
    return bool(set(re.findall(r"[\w']+", text.lower())) & set(tables()["words"]["denials"]))


def _of_a_part(before: str) -> bool:
    """Whether what comes before a claim makes it one of a part: "the lid is dishwasher safe"."""
    clause = re.split(r"[,:]", before.lower())[-1]
    whole = re.search(r"\b(?:all|everything|entire|fully|both|it|it's|and|completely|goes)\b", clause)
    return bool(re.search(r"\b(?:the|a|an|your|its|only|lid|jug|parts?)\b", clause)) and not whole


def _nouns(product: Product) -> tuple[str, ...]:
    """What it is called: the words of its type, and the last one of its category."""
    kinds = (s for text in product.attributes.get("type", ()) for s in words(text))
    return (*kinds, *(s for level in product.categories[-1:] for s in words(level)[-1:]))


def _plain(name: str) -> str:
    return " ".join(key(name).replace("_", " ").split())


def _any(phrases: Iterable[str]) -> str:
    return "|".join(map(re.escape, phrases))
