"""Products pointed at by what they are: "the cheapest one", "the $45 one", "the blue one", "the Cityfold".

Where nothing on show is meant by the words, they describe what is looked for and point at nothing.
"""

import re
from collections.abc import Iterator, Sequence

from agent.reading.wishes import any_of
from agent.references.pointing import (
    TAKEN,
    Found,
    Scene,
    asked_of,
    begins_question,
    blanked,
    ends,
    one_of,
    pattern_of,
)
from agent.references.shown import degrees, most, tables
from catalog.price import parse_money
from catalog.product import Product
from ranking.words import stem

LONGEST_NAME = 6  # words
LONGEST_BARE = 2  # words of a turn that is nothing but a name

_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_MONEY = (
    r"[$\u20ac\u00a3]\s?\d[\d.,]*"
    r"|\d[\d.,]*\s?(?:dollars?|usd|euros?|eur|pounds?|gbp|bucks|[$\u20ac\u00a3])"
)
_AT = "for|at|that costs|costing|priced at|that is|that's|which costs"
_MONEY_WORDS = {"bucks": "USD", "dollar": "USD", "dollars": "USD", "pound": "GBP", "pounds": "GBP"}


def superlatives(page: str, scene: Scene) -> Iterator[Found]:
    """The most of a kind among what is shown; a search for it is no reference."""
    words = tables()["words"]
    pattern = pattern_of(
        rf"\bthe (?P<said>{any_of(degrees())})"
        r"(?P<head> one\b(?! {after_one}\b)| (?:item|option|product)\b)?"
        r"(?P<of> of (?:the )?(?:{many}|two|{count}))?"
    )
    for match in pattern.finditer(page):
        asked = degrees()[match["said"].replace("-", " ")]
        searched = re.search(rf"(?:{any_of(words['searching'])})\s+$", page[: match.start()])
        beyond = re.search(rf"\b(?:{any_of(words['still_searching'])})\b", page[match.end() :])
        own = match["head"] or match["of"] or (ends(page, match.end()) and not searched)
        if not scene.products or not own or (beyond and not match["of"]):
            continue
        narrow = (asked.of_two or match["of"]) and len(scene.focus) > 1
        among = scene.focus if narrow else scene.products
        if asked.of_two and len(among) != 2:
            yield Found(*match.span(), among, problem="ambiguous")
        else:
            yield one_of(match.span(), most(among, asked), "unknown")


def properties(page: str, scene: Scene) -> Iterator[Found]:
    """Prices and properties of "one"; where nothing shown has the property, it is what is looked for."""
    if not scene.products:
        return
    priced = pattern_of(rf"\bthe (?:(?P<money>{_MONEY}) {{head}}|one (?:{_AT}) (?P<at>{_MONEY}))")
    for match in priced.finditer(page):
        written = re.sub(
            r"[a-z]+$", lambda word: _MONEY_WORDS.get(word[0], word[0]), match["money"] or match["at"]
        )
        if money := parse_money(written.rstrip(".,"), scene.currency):
            exact = re.search(r"[.,]\d\d(?!\d)", written) is not None
            yield one_of(match.span(), scene.shown.priced(money, exact=exact), "unknown")
    page = blanked(page, priced)
    having = re.compile(
        r"\bthe one (?P<how>with|without|from|by|in|made of|that has|that is|that's) (?:an? |the )?"
        r"(?P<what>[\w-]+(?: [\w-]+)?)"
    )
    for match in having.finditer(page):
        for what in (match["what"], match["what"].split()[0]):
            thing = match["how"] in ("with", "without", "that has")
            meant = (
                scene.shown.having(what, lacking=match["how"] == "without")
                if thing
                else scene.shown.described(what)
            )
            if meant:
                yield one_of((match.start(), match.start("what") + len(what)), _nearer(meant, scene), None)
                break
    described = pattern_of(r"\bthe (?P<said>[\w'-]+(?: [\w'-]+){0,3}?) one\b(?! {after_one}\b)")
    for match in described.finditer(blanked(page, having)):
        if meant := scene.shown.described(match["said"]):
            yield one_of(match.span(), _nearer(meant, scene), None)


def names(page: str, scene: Scene) -> Iterator[Found]:
    """Names and parts of titles after "the", or standing alone where products are compared or asked about."""
    tokens = list(_WORD.finditer(page))
    at = 0
    while at < len(tokens):
        article = tokens[at][0] == "the"
        found = _named(page, tokens, at + article, article, scene)
        if found:
            yield found
            at += next((n for n, token in enumerate(tokens[at:]) if token.start() >= found.end), len(tokens))
        else:
            at += 1


def _named(page: str, tokens: Sequence[re.Match[str]], at: int, article: bool, scene: Scene) -> Found | None:
    """The longest part of a title from here, if it is a name and not a description."""
    before = [token[0] for token in tokens[max(0, at - article - 2) : at - article]]
    for size in range(min(LONGEST_NAME, len(tokens) - at), 0, -1):
        start, end = tokens[at].start(), tokens[at + size - 1].end()
        meant = [] if TAKEN in page[start:end] else scene.shown.titled(page[start:end])
        if not meant:
            continue
        said = [token[0] for token in tokens[at : at + size]]
        begin = tokens[at - 1].start() if article else start
        points = _points_by_article if article else _points_bare
        if points(page, (begin, end), said, before, len(meant) == 1, scene):
            nearer = _nearer(meant, scene)
            clear = len(nearer) == 1 or scene.compares or scene.asks
            return one_of((begin, end), nearer, None) if clear else None
    return None


def _points_by_article(
    page: str, span: tuple[int, int], said: Sequence[str], before: Sequence[str], alone: bool, scene: Scene
) -> bool:
    """Whether "the Cityfold" or "the white kettle" points at a product, and is not "for the study"."""
    words = tables()["words"]
    likened = any(word in words["likened"] for word in before)
    placed = before[-1:] and before[-1] in words["places"] and not (scene.compares or likened)
    if any(scene.shown.named(stem(word)) for word in said):
        own = any(scene.shown.own(word) for word in said)
        whole = len(said) > 1 or ends(page, span[1]) or asked_of(page, *span)
        return own or (whole and not placed)
    is_kind = len(said) > 1 and stem(said[-1]) in scene.shown.nouns
    return is_kind and alone and not placed and ends(page, span[1])


def _points_bare(
    page: str, span: tuple[int, int], said: Sequence[str], before: Sequence[str], alone: bool, scene: Scene
) -> bool:
    """Whether a name without an article points at a product: where it is asked about, likened or compared."""
    words = tables()["words"]
    named = any(scene.shown.named(stem(word)) for word in said)
    own = any(scene.shown.own(word) for word in said)
    if not (named and alone and (own or scene.compares) and ends(page, span[1])):
        return False
    last = before[-1] if before else ""
    if not last:
        return scene.compares or (not page[span[1] :].strip(" .?!") and len(said) <= LONGEST_BARE)
    if last in words["likening"]:
        return True
    return (scene.compares and last in words["pairing"]) or begins_question(page, span[0])


def kinds(page: str, scene: Scene) -> Iterator[Found]:
    """What the products are, pointed at: "this kettle", "is the kettle loud?"."""
    for match in re.finditer(r"\b(?P<which>this|that|these|those|the) (?P<noun>[\w-]+)", page):
        meant = scene.shown.of_kind(match["noun"])
        if not meant or re.match(r",? (?:that|which|who|with|have)\b", page[match.end() :]):
            continue  # "those lamps that have a clamp" are not on show yet
        focus = [product for product in meant if product in scene.focus]
        if match["which"] in ("these", "those"):
            yield Found(*match.span(), focus or meant)
        elif match["which"] != "the" or (
            begins_question(page, match.start()) and not match["noun"].endswith("s")
        ):
            yield one_of(match.span(), focus or meant, None)


def _nearer(meant: Sequence[Product], scene: Scene) -> Sequence[Product]:
    """Of several, those that were spoken of last."""
    focus = [product for product in meant if product in scene.focus]
    return focus if len(meant) > 1 and focus else meant
