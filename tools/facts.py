"""A question about one product, answered from its record with the field quoted. Guesses nothing.

A yes or no needs a field or a sentence that says so of the product itself; what merely bears on the
question is quoted without one, and where the listing is silent there is no field.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from catalog.keys import key
from catalog.product import Product
from core.record import Record
from ranking.records import Verdict
from ranking.words import words
from tools.claims import (
    Claim,
    attribute,
    claim,
    fits,
    has,
    included,
    is_,
    lacks,
    made_of,
    sentences,
    suits,
    tables,
    told,
    used,
    wholly,
)
from tools.comparison import measured
from tools.questions import BE, CAN, DO, any_of, bare, bare_question
from tools.standing import standing

_QUANTITY = re.compile(r"\d")


class Fact(Record):
    """What a record says to a question: `field` and `quote` are missing where it says nothing.

    `verdict` is met for yes, violated for no, and none where the question was not a yes-or-no one.
    """

    product: Product
    topic: str  # what was asked about, in the shopper's words
    field: str | None = None
    quote: str | None = None
    verdict: Verdict | None = None


def fact(product: Product, question: str) -> Fact:
    """What the product's record says to a question."""
    asked = bare_question(question, product)
    for read in (_use, standing, _topic, _yes_or_no, _named):
        answer = read(product, asked)
        if answer is not None:
            topic, found = answer
            if found is None:
                return Fact(product=product, topic=topic)
            return Fact(
                product=product, topic=topic, field=found.field, quote=found.quote, verdict=found.verdict
            )
    return Fact(product=product, topic=asked)


_Answer = tuple[str, Claim | None]


def _use(product: Product, asked: str) -> _Answer | None:
    """Whether it may go where it is asked to go."""
    for use in tables()["use"]:
        if re.search("|".join(use["asks"]), asked) and not asked.startswith(("how ", "what ")):
            return use["name"], used(product, use)
    return None


def _topic(product: Product, asked: str) -> _Answer | None:
    """A quantity or quality that goes by several names."""
    for topic in tables()["topic"]:
        if not re.search("|".join(topic["asks"]), asked):
            continue
        found = _stated(product, topic)
        if found and topic.get("has") and re.match(rf"{BE} there|{DO}|has|have", asked):
            found = found.model_copy(update={"verdict": _is_there(found, topic["name"])})
        return topic["name"], found
    return None


def _stated(product: Product, topic: Mapping[str, Any]) -> Claim | None:
    stated = attribute(product, topic["names"])
    if stated and key(stated[1][0]) != "yes":
        return claim(stated)
    if not topic["says"]:
        return None
    says = re.compile(rf"(?<![\w-])(?:{any_of(topic['says'])})(?![\w-])", re.IGNORECASE)
    unless = re.compile(topic.get("unless", "(?!)"), re.IGNORECASE)
    for sentence in sentences(product):
        spoken = says.search(sentence)
        fits_topic = topic.get("plain") or _measures(sentence, topic.get("units"))
        if spoken and fits_topic and not unless.search(sentence):
            return told(sentence, None, spoken.start())
    return None


def _is_there(found: Claim, name: str) -> Verdict | None:
    """Whether a quoted quantity means that there is the thing: "warranty: 2 years"."""
    if found.field == "description":  # "money-back guarantee" is not quite a warranty
        says = name in found.quote.lower() and not re.search(r"\b(?:no|not|without)\b", found.quote, re.I)
        return Verdict.MET if says else None
    return Verdict.VIOLATED if key(found.quote) in ("no", "none") else Verdict.MET


def _measures(sentence: str, unit: str | None) -> bool:
    """Whether a sentence holds a quantity, of the right kind where that is known."""
    if unit is None:
        return _QUANTITY.search(sentence) is not None
    found = re.findall(r"\d[\d.,]*\s*[^\W\d_]+", sentence)
    return any((measure := measured([text])) is not None and measure.unit == unit for text in found)


def _yes_or_no(product: Product, asked: str) -> _Answer | None:
    """Whether it is, has, contains, fits or suits something; unread where the question is none of these."""
    for pattern, answer in _yes_no_patterns():
        match = pattern.fullmatch(asked)
        if match is None:
            continue
        what = bare(match["what"])
        if not what or what in tables()["words"]["opinions"]:
            return match["what"], None
        return what, answer(product, what)
    return None


def _is_what(product: Product, what: str) -> Claim | None:
    if material := re.fullmatch(r"(?:100 ?%|pure|all|fully|completely|entirely|only)[ -](?P<of>.+)", what):
        return wholly(product, material["of"])
    if color := re.fullmatch(r"(?P<of>\w+)(?: in colou?r|[- ]colou?red)", what):
        what = color["of"]
    if free := re.fullmatch(r"(?:free (?:of|from)|without)(?: an?| any)? (?P<of>.+)", what):
        return lacks(product, free["of"])
    return is_(product, what.removeprefix("not ").removesuffix(" one"))


def _comes_in(product: Product, what: str) -> Claim | None:
    """Another color or size may exist beside this record, so it never says no."""
    for names in (("color", "colour", "product color"), ("size",)):
        stated = attribute(product, names)
        if stated and words(what) and any(set(words(what)) <= set(words(value)) for value in stated[1]):
            return claim(stated, Verdict.MET)
    colors = tables()["words"]["colors"]
    stated = attribute(
        product, ("color", "colour") if what.rsplit(maxsplit=1)[-1] in colors else ("size", "color")
    )
    return claim(stated) if stated else None


def _counted(product: Product, what: str) -> Claim | None:
    """Having a thing; where a number of them is asked about, the number the record gives."""
    found = has(product, what)
    if found is None and (number := re.fullmatch(r"\d+ (?P<of>.+)", what)):
        stated = attribute(product, (number["of"],))
        return claim(stated) if stated else None
    return found


def _able(product: Product, what: str) -> Claim | None:
    """What can be done to it: "can I fold it" is whether it is foldable."""
    verb = what.split(maxsplit=1)[0]
    stems = {*words(verb), *words(re.sub(r"(?:ed|d)$", "", verb))}
    for name, values in product.attributes.items():
        own = words(name)
        base = re.sub(r"(?:able|ible)$", "", key(name))
        if (
            len(own) == 1
            and base != key(name)
            and set(words(base)) & stems
            and key(values[0]) in ("yes", "no")
        ):
            return claim((name, tuple(values)), Verdict.MET if key(values[0]) == "yes" else Verdict.VIOLATED)
    root = re.sub(r"(?:ed|e)$", "", verb)
    return is_(product, f"{root}able") if len(root) > 2 else None


@cache
def _yes_no_patterns() -> Sequence[tuple[re.Pattern[str], Callable[[Product, str], Claim | None]]]:
    it = "(?:it|they)"
    verb = "(?:use|put|wear|take|run|play|place|cook|cook with|plug|connect|pair)"
    meant = "(?:meant|made|intended|suitable|good|ok|okay|fine|safe|suited|ideal|great|right)"
    written: Sequence[tuple[str, Callable[[Product, str], Claim | None]]] = [
        (rf"{BE} {it} (?:made|built|crafted|constructed) (?:of|from|out of|with) (?P<what>.+)", _made),
        (rf"{BE} {it} (?:compatible with|able to work with) (?P<what>.+)", fits),
        (
            rf"(?:{DO}|{CAN}) {it} (?:fit(?: in| on)?|work (?:with|on)|connect to|go with) (?P<what>.+)",
            fits,
        ),
        (
            rf"{BE} {it} (?:{meant} )*(?:for|with) (?P<what>.+)",
            suits,
        ),
        (rf"{DO} {it} (?:come|ship) (?:in)(?: size| colou?r)? (?P<what>.+)", _comes_in),
        (rf"{DO} {it} come without (?P<what>.+)", lacks),
        (rf"{DO} {it} (?:come with|include|ship with)(?: an?| any| the)? (?P<what>.+)", included),
        (rf"{BE} (?:an?|the|any)? ?(?P<what>[\w -]+?) (?:included|supplied|in the box)", included),
        (
            rf"{DO} {it} (?:have|contain|need|require|take|use|run on|feature|got)(?: to have)? (?P<what>.+)",
            _counted,
        ),
        (rf"(?:has|have) {it} (?:got )?(?P<what>.+)", _counted),
        (rf"{BE} there (?P<what>.+?)(?: (?:in|on|with) (?:it|this|that|there))?", _counted),
        (rf"{CAN} (?:i|we|you|one) (?P<what>(?!{verb}\b)\w+) (?:it|this|that|them)", _able),
        (rf"{CAN} {it} be (?P<what>\w+)", _able),
        (
            rf"{CAN} (?:i|we|you|one) {verb} (?:it|this|that|them) (?:in|on|with|at|for|to) (?P<what>.+)",
            fits,
        ),
        (rf"{BE} {it} (?:a|an|the)? ?(?P<what>.+)", _is_what),
        (r"(?P<what>[\w-]+(?: [\w-]+)?)", _is_what),
        (r"(?:with|any|has|got) (?P<what>[\w -]+)", _counted),
    ]
    return [(re.compile(pattern), answer) for pattern, answer in written]


def _made(product: Product, what: str) -> Claim | None:
    whole = re.fullmatch(r"(?:100 ?%|pure|all|only)[ -](?P<of>.+)", what)
    return wholly(product, whole["of"]) if whole else made_of(product, what)


def _named(product: Product, asked: str) -> _Answer | None:
    """ "What X" and "how many X", by the attribute of that name."""
    match = re.match(
        r"(?:what|which|how many|how much|what's|what is|what are|how)(?: (?:kind|type|sort) of| the| its)? "
        r"(?P<what>[\w -]+?)(?: (?:is|are|does|do|has|have|can|will|of)\b.*)?$",
        asked,
    )
    if match is None:
        return None
    what = bare(match["what"])
    asked_for = words(what)
    if not asked_for or what in ("it", "they", "this", "that"):
        return None
    names = {name: words(name) for name in product.attributes}
    exact = [name for name, own in names.items() if own == asked_for]
    ending = [
        name
        for name, own in names.items()
        if own == asked_for[-len(own) :] or own[-len(asked_for) :] == asked_for
    ]
    for found in (exact, ending):
        if len(found) == 1 and key(product.attributes[found[0]][0]) != "yes":
            return what, claim((found[0], tuple(product.attributes[found[0]])))
    if asked.startswith("how many"):
        number = (
            rf"\b(?:\d+|one|two|three|four|five|six|seven|eight|ten|twelve)\b (?:\w+ )?{re.escape(what[:-1])}"
        )
        return what, next((told(s) for s in sentences(product) if re.search(number, s, re.I)), None)
    return what, None
