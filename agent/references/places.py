"""Products pointed at by their place on show: "the second", "the last two", "#3", "both", "the other one".

Only where nothing follows that the number could describe: "the first aid kit" points at nothing.
"""

import re
from collections.abc import Iterable, Iterator

from agent.reading.wishes import any_of
from agent.references.pointing import TAKEN, Found, Scene, asked_of, blanked, ends, number, pattern_of, slots
from agent.references.shown import tables


def places(page: str, scene: Scene) -> Iterator[Found]:
    """Ordinals; without a noun of their own only where nothing follows that they could describe."""
    nouns = "|".join(rf"{re.escape(noun)}\w{{0,3}}" for noun in scene.shown.nouns) or "(?!)"
    counted = pattern_of(
        rf"(?P<the>the )?(?P<end>first|last|top) (?P<size>{{count}})(?P<head> {{head}}| (?:{nouns})\b)?"
    )
    for match in counted.finditer(page):
        if _stands(page, match, scene):
            size = number(match["size"])
            places = range(-size, 0) if match["end"] == "last" else range(1, size + 1)
            yield _at(match, places, scene)
    page = blanked(page, counted)
    listed = pattern_of(
        r"(?P<the>the )?"
        r"(?P<list>{ordinal}(?:(?: ?, ?(?:and )?(?:the )?| (?:and|or) (?:the )?| vs\.? | & ){ordinal})*)"
        rf"(?P<head> {{head}}| (?:{nouns})\b)?"
    )
    for match in listed.finditer(page):
        if _stands(page, match, scene):
            said = re.findall(slots()["ordinal"], match["list"])
            yield _at(match, [_ordinal(word) for word in said], scene)


def _stands(page: str, match: re.Match[str], scene: Scene) -> bool:
    """Whether an ordinal points at a product, and does not count something else."""
    before = page[: match.start()].rstrip()
    if re.search(rf"(?:^|\s)(?:{any_of(tables()['words']['not_after'])})$", before):
        return False
    if match["head"]:
        own_noun = match["head"].strip() not in tables()["words"]["heads"]
        return bool(match["the"]) or not own_noun
    whole = not before and not page[match.end() :].strip(" .!?")
    several = len(re.findall(slots()["ordinal"], match[0])) > 1 or scene.compares
    return (bool(match["the"]) or whole or several) and (
        ends(page, match.end()) or (bool(match["the"]) and asked_of(page, match.start(), match.end()))
    )


def _at(match: re.Match[str], places: Iterable[int], scene: Scene) -> Found:
    start, end = match.span()
    count = len(scene.products)
    wrong = [place for place in places if place == 0 or abs(place) > count]
    if wrong and count:
        return Found(start, end, problem="out_of_range", detail=str(max(map(abs, wrong))))
    meant = [scene.products[place - 1 if place > 0 else place] for place in places] if count else []
    return Found(start, end, meant)


def numbers(page: str, scene: Scene) -> Iterator[Found]:
    """Places as numbers; a number after a name belongs to it: "chanel number 5"."""
    lists = (
        pattern_of(
            r"(?:the )?(?:(?:numbers?|nr\.?|num\.?|options?|items?|results?|choices?|products?|picks?) |#\s?)"
            r"(?P<list>{count}(?:(?: ?, ?(?:and )?| and | or | vs\.? | & )(?:#|number )?{count})*)"
        ),
        pattern_of(
            r"(?<=compare )(?P<list>{count}(?:(?: ?, ?(?:and )?| and | with | to | vs\.? | & ){count})+)"
        ),
        pattern_of(r"(?<![^\s])(?P<list>{count} (?:vs\.?|versus) {count})"),
    )
    for pattern in lists:
        for match in pattern.finditer(page):
            lead = re.search(
                rf"(?:^|[.,!?;:{TAKEN}]\s*|\b(?:{any_of(tables()['words']['leads'])})\s+)$",
                page[: match.start()],
            )
            places = [number(word) for word in re.findall(rf"\b(?:{slots()['count']})\b", match["list"])]
            if lead and ends(page, match.end()):
                yield _at(match, places, scene)
        page = blanked(page, pattern)


def groups(page: str, scene: Scene) -> Iterator[Found]:
    """Several at a time: all, both, so many, the others, and those among which one is asked for."""
    every = pattern_of(r"\ball (?:(?P<size>{count})\b(?: of (?:{many}))?|of (?:{many}))")
    for match in every.finditer(page):
        if not match["size"]:
            yield Found(*match.span(), scene.products)
        elif number(match["size"]) > 1 and ends(page, match.end()):
            yield _exactly(match, number(match["size"]), scene)
    two = pattern_of(
        r"\b(?:(?P<both>both(?: of (?:{many}))?|(?:they|these|those) both)"
        r"|(?:these|those|the) (?P<size>{count})(?P<head> {head}| of (?:{many}))?)\b"
    )
    for match in two.finditer(page):
        if match["both"]:
            if " " in match["both"] or _is_both(page, match):
                yield _exactly(match, 2, scene)
        elif number(match["size"]) > 1 and (match["head"] or ends(page, match.end())):
            yield _exactly(match, number(match["size"]), scene)
    yield from _others(page, scene)
    yield from _which(page, scene)


def _is_both(page: str, match: re.Match[str]) -> bool:
    """Whether a bare "both" is the products, as in "compare both", and not "both warm and cold light"."""
    led = re.search(rf"(?:^|\b(?:{any_of(tables()['words']['before_both'])}) )$", page[: match.start()])
    after = page[match.end() :]
    return led is not None and ends(page, match.end()) and not re.match(r" \w+ and ", after)


def _others(page: str, scene: Scene) -> Iterator[Found]:
    for match in pattern_of(r"\bthe (?P<many>others)\b|\bthe other(?: {head})?").finditer(page):
        if match["many"] or ends(page, match.end()):
            rest = [product for product in scene.products if product not in scene.focus]
            clear = scene.focus and (match["many"] or len(rest) == 1)
            yield Found(*match.span(), rest, problem=None if clear else "ambiguous")


def _which(page: str, scene: Scene) -> Iterator[Found]:
    """ "Which one is lighter": all of them, unless the same sentence says of which."""
    which = pattern_of(
        r"(?:^|[.,;] ?|{start})(?P<which>which one)(?= (?:{be}|of|weighs|comes|costs|lasts|holds)\b)"
        rf"(?! {{be}} {TAKEN})"
    )
    match = which.search(page)
    among = scene.focus if len(scene.focus) > 1 else scene.products
    if match and len(among) > 1 and not pattern_of(r"\bof (?:{many}|the)\b").search(page, match.end()):
        yield Found(*match.span("which"), among)


def _exactly(match: re.Match[str], size: int, scene: Scene) -> Found:
    """A group of so many: those spoken of last, or all there are."""
    for among in (scene.focus, scene.products):
        if len(among) == size:
            return Found(*match.span(), among)
    if scene.products and len(scene.products) < size:
        return Found(*match.span(), problem="out_of_range", detail=str(size))
    return Found(*match.span(), scene.products, problem="ambiguous")


def _ordinal(word: str) -> int:
    return int(tables()["ordinals"].get(word, 0) or re.sub(r"\D", "", word))
