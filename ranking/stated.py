"""What a product says of an attribute that is asked for: by the field, or where that is silent by its title.

A title proves what it calls the product. "Case for red phones" calls nothing red, and neither does a brand.
"""

import re
from collections.abc import Iterator, Sequence

from catalog.keys import key
from catalog.lexicon import fold, is_english
from catalog.product import Product
from ranking.records import Verdict
from ranking.things import wordlists
from ranking.values import beds, colors, fits, is_family, is_letter_size, kind_of, wordlist, words_in

LONGEST_TITLE = 500  # characters; what a product is stands at its beginning
LONGEST_EVIDENCE = 90

_CLAUSE = re.compile(r"[^,;|()\[\]\u2022\u00b7\n]+?(?=\s[-\u2013\u2014]\s|[,;|()\[\]\u2022\u00b7\n]|$)")

Stated = tuple[Verdict, str | None]


def stated(product: Product, name: str, wanted: Sequence[str]) -> Stated:
    """Whether the product has any of the wanted values of an attribute, and the words that say so."""
    values = [v for n, vs in product.attributes.items() if key(n) == key(name) for v in vs]
    answers = [fits(name, value, want) for value in values for want in wanted]
    field = ", ".join(values) or None
    if True in answers:
        return Verdict.MET, field
    if field and None not in answers:
        return Verdict.VIOLATED, field
    for clause in _clauses(product):
        if any(_calls(clause, name, want) for want in wanted):
            return Verdict.MET, _quoted(product.title)
    return Verdict.UNKNOWN, field


def titled(product: Product, brand: str) -> str | None:
    """The title, where it begins with the brand or says that it is by it, and the name is no plain word."""
    names = words_in(brand)
    words = words_in(product.title[:LONGEST_TITLE])
    if not names or (len(names) == 1 and is_english(names[0])):
        return None
    places = [0, *(at + 1 for at, word in enumerate(words) if word == "by")]
    named = any(words[at : at + len(names)] == names for at in places)
    return _quoted(product.title) if named else None


def _clauses(product: Product) -> Iterator[list[str]]:
    """The clauses of the title as folded words; the brand is a name and describes nothing."""
    title = fold(product.title[:LONGEST_TITLE])
    brand = fold(product.brand or "")
    if len(brand) > 1:
        title = title.replace(brand, ";")
    for match in _CLAUSE.finditer(title):
        yield words_in(match.group())


def _calls(words: Sequence[str], name: str, wanted: str) -> bool:
    """Whether the clause calls the product what is wanted."""
    kind = kind_of(name)
    if kind == "size":
        return _sized(words, name, wanted)
    if kind == "color" and is_family(wanted):
        places = [
            (color.first, color.last)
            for color in colors(words)
            if color.outright and fits(name, " ".join(words[color.first : color.last]), wanted)
        ]
    else:
        asked = words_in(name if key(wanted) == "yes" else wanted)
        if not any(word.isalpha() and len(word) > 2 for word in asked) or key(wanted) == "no":
            return False
        if kind == "color" and not any(color.outright for color in colors(asked)):
            return False  # "sky" and "mint" are colors only where a color is stated
        places = [
            (at, at + len(asked)) for at in range(len(words)) if list(words[at : at + len(asked)]) == asked
        ]
    return any(_describes(words, first, last, kind) for first, last in places)


def _describes(words: Sequence[str], first: int, last: int, kind: str | None) -> bool:
    before, after = words[:first], words[last] if last < len(words) else ""
    if after == "free" or _elsewhere(before):
        return False
    if kind == "color":
        return after not in wordlist("named_colors")
    imitated = {after, *before[-1:]} & wordlist("imitations")
    return not imitated and not (kind == "material" and after in wordlist("treats"))


def _elsewhere(before: Sequence[str]) -> bool:
    """Whether what follows belongs to something else; "for women" only says for whom it is."""
    return any(
        word in wordlist("elsewhere") and not (word == "for" and _is_audience(before[at + 1 : at + 2]))
        for at, word in enumerate(before)
    )


def _is_audience(words: Sequence[str]) -> bool:
    return bool(wordlists()["audiences"].intersection(words))


def _sized(words: Sequence[str], name: str, wanted: str) -> bool:
    """A size said as such: after "size", as a clause of its own, or a bed's."""
    if any(fits(name, bed, wanted) for bed, first, _ in beds(words) if not _elsewhere(words[:first])):
        return True
    if "size" in words:
        at = words.index("size")
        return any(bool(fits(name, " ".join(words[at : at + size]), wanted)) for size in (2, 3, 4))
    spelled = next((said for said in (" ".join(words), "".join(words)) if is_letter_size(said)), None)
    return spelled is not None and bool(fits(name, spelled, wanted))


def _quoted(title: str) -> str:
    words = " ".join(title.split())
    if len(words) > LONGEST_EVIDENCE:
        words = f"{words[:LONGEST_EVIDENCE].rsplit(' ', 1)[0]} ..."
    return f'title: "{words}"'
