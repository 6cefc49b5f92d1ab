"""The words of a statement held against a record: what a product is, has and lacks, and whether it is sold.

A closed world: a word claims nothing (`audit.toml`) or is the record's, and a denial needs a denial there.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from agent.llm.said import Found, Problem, Span, any_of, lists, overlaps, stems
from agent.llm.subjects import Statement
from catalog.keys import key
from catalog.product import Product
from ranking.mentions import Reading, said
from ranking.records import Verdict
from ranking.stated import stated
from ranking.things import singular, thing, wordlists
from ranking.values import is_color
from ranking.words import words
from tools.claims import attribute, has, included, made_of, tables, used

LONGEST_PURPOSE = 12  # words
LONGEST_PHRASE = 3

_TOKEN = re.compile(r"[^\W_]+(?:\.\d+)?(?:'[^\W_]+)?")
_PURPOSE = re.compile(
    r"\b(?:for|if you(?:'re)?|when|whenever|while you(?:'re)?|around|to|in|at|on|your|suits?|most|any|every"
    r"|makes? (?:an?|good|great|nice)|you asked|you wanted)\b",
    re.I,
)
_MADE = re.compile(
    r"\b(?:made|crafted|built|constructed|woven|knitted) (?:out )?(?:of|from|with|in)\s+"
    r"(?P<what>[^,.;:()!?]+)",
    re.I,
)
_INCLUDED = re.compile(r"\b(?:includ(?:es?|ed|ing)|comes? with|supplied|in the box)\b")
_NEEDS = re.compile(r"\b(?:needs?|requires?|runs? on|takes?|uses?)\b")
_LEFT_OUT = re.compile(r"\bnot (?:\w+ )?(?:included|supplied|provided)\b|\bsold separately\b")
_CLITIC = re.compile(r"(?<!n)'(?:s|d|ll|ve|re|m)$", re.I)
_IS = re.compile(r"^\s*(?::|is|are|of|given as|listed as|reads|says)\b|^\s*:", re.I)
_END = re.compile(r"\b(?:and|but|so|with|which|that|for|is|it)\b")


class _Token(NamedTuple):
    text: str
    start: int
    end: int
    stems: tuple[str, ...]


def stocked(statement: Statement, products: Sequence[Product]) -> Found:
    """Where the statement says whether a product can be had, and whether that is so."""
    spans: list[Span] = []
    problems = []
    for state in lists()["stock"]:
        for match in re.finditer(any_of(state["patterns"]), statement.text, re.I):
            if overlaps(match.span(), spans):
                continue
            spans.append(match.span())
            if not all(products[place].availability in state["states"] for place in statement.about):
                problems.append(Problem(match[0], "the record has another availability, or none"))
    return Found(tuple(spans), tuple(problems))


def named(statement: Statement, products: Sequence[Product]) -> Found:
    """Whether products are called by words of their own records."""
    problems = []
    for name, place in statement.names:
        own = _own(products[place]) | stems("grammar") | stems("opinion")
        foreign = [token.text for token in _tokens(name) if not set(token.stems) <= own]
        if foreign:
            problems.append(Problem(name, f"the record has no {foreign[0]!r}"))
    return Found((), tuple(problems))


def worded(
    statement: Statement, products: Sequence[Product], message: str, read: Sequence[Span]
) -> tuple[Problem, ...]:
    """What the words claim that the records of all that they are said of do not bear out."""
    problems: list[Problem] = []
    for place in statement.about:
        problems += _claims(statement.text, products[place], frozenset(words(message)), read)
    return tuple(dict.fromkeys(problems))


def _claims(text: str, product: Product, asked: frozenset[str], read: Sequence[Span]) -> Iterator[Problem]:
    lowered = text.lower()
    tokens = [token for token in _tokens(text) if not overlaps((token.start, token.end), read)]
    purposes = list(_purposes(lowered))
    denials, includes, omits = 0, bool(_INCLUDED.search(lowered)), bool(_LEFT_OUT.search(lowered))
    for phrase in _phrases(tokens, product):
        start, end = phrase[0].start, phrase[-1].end
        what = lowered[start:end]
        reading = _reading(lowered, what)
        in_purpose = overlaps((start, end), purposes)
        if len(phrase) == 1 and (
            _is_denial(lowered, phrase[0]) or _is_idle(phrase[0], asked, in_purpose=in_purpose)
        ):
            continue
        if includes or omits:
            inside = included(product, what)
            left_out = inside is not None and inside.verdict is Verdict.VIOLATED
            if left_out and omits:
                denials += 1
                continue
            if left_out and reading is not Reading.LACKS and not _NEEDS.search(lowered):
                yield Problem(text[start:end], "the record says that it is not included")
        denials += reading is Reading.LACKS
        if reason := _objection(product, what, phrase, lacks=reading is Reading.LACKS):
            yield Problem(text[start:end], reason)
    yield from _made(lowered, product)
    yield from _uses(lowered, product)
    yield from _swapped(lowered, product)
    left = {token.text.lower() for token in tokens} & set(lists()["words"]["negators"])
    if left and not denials:
        yield Problem(min(left), "what is denied here cannot be checked")


def _objection(product: Product, what: str, phrase: Sequence[_Token], *, lacks: bool) -> str | None:
    """Why the record does not bear out that it has, or lacks, what a phrase says."""
    found = has(product, what)
    verdict = found.verdict if found else None
    if lacks:
        if verdict is Verdict.VIOLATED:
            return None
        return f"the record does not say that it is without {what}"
    if verdict is Verdict.VIOLATED:
        return f"the record says otherwise ({found.field}: {found.quote})" if found else None
    names = {word for name in product.attributes for word in re.findall(r"[^\W_]+", name.lower())}
    if not all(
        set(token.stems) <= _own(product) or {token.text.lower(), singular(token.text.lower())} & names
        for token in phrase
    ):
        return f"the record says nothing of {what!r}"
    if (
        is_color(what)
        and what not in key(product.title)
        and stated(product, "color", [what])[0] is Verdict.VIOLATED
    ):
        return "the record has another color"
    return None


def _is_denial(text: str, token: _Token) -> bool:
    """Whether it is the "free" of "free of nuts" and "nut-free", whose noun is checked."""
    if token.text.lower() != "free":
        return False
    return (
        text[token.start - 1 : token.start] == "-"
        or re.match(r"\s+(?:of|from)\b", text[token.end :]) is not None
    )


def _is_idle(token: _Token, asked: frozenset[str], *, in_purpose: bool) -> bool:
    """Whether a word claims nothing where it stands."""
    own = set(token.stems)
    idle = stems("grammar") | stems("verbs") | stems("opinion")
    if own <= idle:
        return True
    if not in_purpose or own & _checked():
        return False
    return own <= stems("settings") | idle or own <= asked


def _checked() -> frozenset[str]:
    """Words that are claims also in what a product is said to be for."""
    lists_of = wordlists()
    names = [
        *tables()["words"]["genders"],
        *tables()["words"]["people"],
        *tables()["words"]["colors"],
        *lists_of["materials"],
    ]
    return stems("checked") | {stem for name in names for stem in words(name)}


def _reading(text: str, what: str) -> Reading | None:
    """What the statement says of a thing: that it is there, or not."""
    wanted = thing(what)
    found = said(text, wanted) if wanted else None
    return found[0] if found else None


def _phrases(tokens: Sequence[_Token], product: Product) -> Iterator[Sequence[_Token]]:
    """The tokens, those together that are a name or a value of the record."""
    known = {words(text) for text in _units(product)}
    at = 0
    while at < len(tokens):
        size = next(
            (
                size
                for size in range(min(LONGEST_PHRASE, len(tokens) - at), 1, -1)
                if tuple(s for token in tokens[at : at + size] for s in token.stems) in known
            ),
            1,
        )
        yield tokens[at : at + size]
        at += size


def _units(product: Product) -> Iterator[str]:
    for name, values in product.attributes.items():
        if len(words(name)) > 1:
            yield name
        yield from (value for value in values if len(words(value)) > 1)


def _made(text: str, product: Product) -> Iterator[Problem]:
    """That it is made of something: of the whole, not of a part."""
    for match in _MADE.finditer(text):
        what = _END.split(match["what"])[0].strip()
        materials = {stem for name in wordlists()["materials"] for stem in words(name)}
        values = attribute(product, ("material", "materials", "main material", "fabric"))
        listed = {stem for value in (values[1] if values else ()) for stem in words(value)}
        wanted = set(words(what)) - stems("grammar") - stems("opinion")
        if values and wanted and not wanted & stems("verbs") and not wanted <= listed:
            yield Problem(what, f"the record says {', '.join(values[1])}")
        elif not values and wanted & materials:
            found = made_of(product, what)
            if found and found.verdict is Verdict.VIOLATED:
                yield Problem(what, f"the record says otherwise ({found.field}: {found.quote})")


def _uses(text: str, product: Product) -> Iterator[Problem]:
    """That it may go into a dishwasher, onto an induction hob."""
    for use in tables()["use"]:
        match = re.search(rf"(?:{any_of(use['asks'])})\w*", text, re.I)
        if match is None:
            continue
        found, reading = used(product, use), _reading(text, match[0])
        wanted = Verdict.VIOLATED if reading is Reading.LACKS else Verdict.MET
        if found is None or found.verdict is not wanted:
            yield Problem(match[0], f"the record does not say so{f' ({found.quote})' if found else ''}")


def _swapped(text: str, product: Product) -> Iterator[Problem]:
    """That an attribute is what another one is: "the handle is steel" of a steel blade."""
    names = sorted(product.attributes, key=len, reverse=True)
    taken: list[Span] = []
    for name in names:
        values = product.attributes[name]
        for match in re.finditer(rf"(?<!\w){re.escape(key(name))}(?!\w)(?: of (?:the )?it\s*)?", text):
            rest = text[match.end() :]
            if overlaps(match.span(), taken) or key(values[0]) in ("yes", "no") or not _IS.match(rest):
                continue
            taken.append(match.span())
            told = set(words(re.split(r"[,;]\s", rest)[0])) - stems("grammar")
            own = {stem for value in values for stem in words(value)}
            if told and not told & own:
                yield Problem(match[0], f"the record says {', '.join(values)}")


def _purposes(text: str) -> Iterator[Span]:
    """Where it is said what something is for: from "for" to the end of the clause, or a fact."""
    for match in _PURPOSE.finditer(text):
        end = match.end()
        for count, token in enumerate(_TOKEN.finditer(text, match.end())):
            gap = text[end : token.start()]
            if (
                count >= LONGEST_PURPOSE
                or re.search(r"[,.;:!?()]", gap)
                or token[0] in lists()["words"]["claiming"]
            ):
                break
            end = token.end()
        yield match.end(), end


def _own(product: Product) -> frozenset[str]:
    """The stems of every word of a record."""
    texts = [
        product.title,
        product.description or "",
        product.brand or "",
        *product.categories,
        *product.tags,
    ]
    for name, values in product.attributes.items():
        texts += [name if key(values[0]) in ("yes", "no") else "", *values]
    return frozenset(stem for text in texts for stem in words(text))


def _tokens(text: str) -> list[_Token]:
    return [_Token(m[0], m.start(), m.end(), words(_CLITIC.sub("", m[0]))) for m in _TOKEN.finditer(text)]
