"""Whether a turn goes on about what is looked for or asks for another product, as far as words tell.

Knows the shop's own names of products and no grammar: "sleeping bag" after "tent" is another product,
"with a porch" and "a bigger one" go on.
"""

import re
from collections.abc import Collection

from agent.dialogue.moves import tables
from agent.dialogue.state import Need
from agent.reading.lexis import Lexis, words
from catalog.keys import PATH
from ranking.words import lists, telling
from ranking.words import words as stems

# What follows describes, or says what the product is for or has.
_ASIDE = re.compile(
    r"\s*(?:[,.;:](?=\s|$)|\(|\b(?:for|with|without|in|from|of|that|which|who|to|by|made|under|over|below|above|between|and|or|but|has|having)\b)",
    re.IGNORECASE,
)
STORY = 4  # telling words; what refines is shorter
_DEFINITE = re.compile(r"^\W*(?:(?:and|but|also|so)\W+)*(?:the|that|those|these)\b", re.IGNORECASE)
_POINTING = re.compile(r"\b(?:ones?|it|them|same)\b", re.IGNORECASE)
_BROUGHT_UP = re.compile(
    r"^\W*(?:(?:ok|okay|then|and|so|well|now|actually|yes|no|rather|maybe)\W+)*(?:an?|some)\s", re.IGNORECASE
)
# What ends with one of these describes: "slip on" shoes, a "wind up" clock.
_PARTICLES = frozenset(["on", "up", "in", "off", "out", "over", "down", "so", "no", "one", "ones"])


def products_named(text: str, lexis: Lexis) -> frozenset[str]:
    """The categories that the text is headed by: "long lasting dog bones for puppies" names dog bones."""
    head = _ASIDE.split(text.strip(), maxsplit=1)[0]
    found = words(head)
    if found and found[-1].text in _PARTICLES:
        return frozenset()
    for at in range(len(found)):
        names, size = lexis.products_at(found, at)
        if names and at + size == len(found):
            return frozenset(names)
    return frozenset()


def names_a_shelf(text: str, lexis: Lexis) -> bool:
    """Whether the text is headed by a product or by a whole department: "toys for a 4 year old"."""
    found = words(_ASIDE.split(text.strip(), maxsplit=1)[0])
    sizes = ((at, lexis.categories_at(found, at)[1]) for at in range(len(found)))
    return bool(products_named(text, lexis)) or any(size and at + size == len(found) for at, size in sizes)


def goes_on(need: Need, said: str, lexis: Lexis, turn: str = "") -> bool:
    """Whether what is said is about the need, and not the name of another product; `turn` is all of it."""
    new = products_named(said, lexis)
    if not new:
        return not _is_a_story(need, said, turn or said)
    if _DEFINITE.match(turn or said) or _POINTING.search(turn or said):
        return True
    if _is_elsewhere(new, need.where.categories):
        return False
    earlier = " ".join(phrase.text for phrase in need.phrases)
    old = frozenset().union(*(products_named(phrase.text, lexis) for phrase in need.phrases))
    if not old and telling(stems(earlier)):  # "winter tires" that are not sold; "something" is open
        return _BROUGHT_UP.match(turn or said) is None or stems(earlier)[0] in lists()["open"]
    return not old or bool(old & new) or bool(frozenset(stems(earlier)) & frozenset(_head(said)))


def _is_elsewhere(products: Collection[str], shelves: Collection[str]) -> bool:
    """Whether products stand on none of the shelves that are looked round in: kettles, in electronics."""
    placed = [path for path in products if PATH in path]
    within = tuple(f"{shelf}{PATH}" for shelf in shelves)
    return bool(shelves and placed) and not any(f"{path}{PATH}".startswith(within) for path in placed)


def _is_a_story(need: Need, said: str, turn: str) -> bool:
    """Whether somebody tells of another need: a sentence of its own that shares no word and points nowhere,
    "my feet get wet on the way to work".
    """
    told = frozenset(telling(stems(said)))
    first = next((word.text for word in words(turn)), "")
    earlier = frozenset(stem for phrase in need.phrases for stem in stems(phrase.text))
    lists_on = tables()["behind"]
    goes_back = first in (*lists_on["words"], *lists_on["story"])
    points = goes_back or _POINTING.search(turn) or _DEFINITE.match(turn)
    return len(told) >= STORY and not (told & earlier) and not points


def _head(said: str) -> tuple[str, ...]:
    """The last word of what is named: "bones"."""
    return stems(_ASIDE.split(said.strip(), maxsplit=1)[0])[-1:]
