"""Titles and descriptions for the demo products, composed from the families' own sentence patterns.

Every sentence is written in the tables; here one is chosen that the product's facts can fill. Nothing is
drawn at random: the choice depends on names alone.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Literal

from catalog.demo.tables import Claim, Fact, Family, Model, facts

Attributes = Mapping[str, tuple[str, ...]]

_CONDITION = re.compile(r"if (?P<name>[^:]+?) is (?P<value>[^:]+): (?P<sentence>.+)")
_ARTICLE = re.compile(r"\b([Aa]) (?=(?:[aeioAEIO]|u(?!ni|se|ti)|8|1[18](?!\d)|MDF|LDPE|LED|SPF))")
_SPOKEN = {"unisex": "everyone"}
_LISTS = ("Free from {}.", "Made without {}.", "Contains no {}.")


def draw(*key: str) -> int:
    """A number that looks random, is the same on every machine, and changes with any part of the key."""
    return zlib.crc32("/".join(key).encode())


def title(family: Family, model: Model, attributes: Attributes) -> str:
    """Brand and model first, then what tells this product from its neighbours."""
    shown = [*family.title, family.size_name or "", "color"]
    details = [", ".join(attributes[name]) for name in dict.fromkeys(shown) if name in attributes]
    details += [
        facts()[claim.fact].title["yes" if claim.present else "no"] for claim in model.claims if claim.title
    ]
    name = " ".join(part for part in (model.brand, model.name, family.noun) if part)
    return ", ".join([name, *details])


def description(family: Family, model: Model, attributes: Attributes) -> str:
    """Two to five sentences: what it is, what it has or lacks, how it is used or kept."""
    key = f"{family.key}/{model.name}"
    told = _told(family, key, model.claims, attributes)
    length = 3 + draw(key, "length") % 2
    chosen = [*_choose(family.opens, attributes, key + "/opens", 1), *told]
    ends = _choose(family.closes, attributes, key + "/closes", draw(key, "close") % 4 > 0)
    chosen += _choose(family.more, attributes, key + "/more", max(0, length - len(chosen) - len(ends)))
    return " ".join(chosen + ends if len(chosen) < 4 else chosen)


def _told(family: Family, key: str, claims: Sequence[Claim], attributes: Attributes) -> list[str]:
    """The sentences for what the text states; several ingredients it lacks become one list."""
    told = [claim for claim in claims if claim.text]
    lacking = [claim for claim in told if not claim.present and facts()[claim.fact].group == "ingredient"]
    sentences = []
    if len(lacking) > 2 or (len(lacking) == 2 and draw(key, "list") % 2):
        sentences.append(_listed([facts()[claim.fact] for claim in lacking], draw(key, "wording")))
        told = [claim for claim in told if claim not in lacking]
    for claim in told:
        verdict: Literal["no", "yes"] = "yes" if claim.present else "no"
        fact = facts()[claim.fact]
        own = family.facts.get(claim.fact)
        wordings = own[verdict] if own else (fact.yes if claim.present else fact.no)
        sentences += _choose(wordings, attributes, f"{key}/{claim.fact}", 1)
    return sentences


def _listed(lacking: Sequence[Fact], wording: int) -> str:
    names = [fact.value or fact.name for fact in lacking]
    pattern = _LISTS[wording % len(_LISTS)]
    word = "and" if pattern.startswith("Free") else "or"
    return pattern.format(f"{', '.join(names[:-1])} {word} {names[-1]}")


def _choose(patterns: Sequence[str], attributes: Attributes, key: str, count: int) -> list[str]:
    """Up to `count` different sentences that these attributes can fill, in the order of the table."""
    usable = [sentence for pattern in patterns if (sentence := _fill(pattern, attributes))]
    if not usable or not count:
        return []
    start = draw(key) % len(usable)
    picked = {(start + step) % len(usable) for step in range(min(count, len(usable)))}
    return [usable[index] for index in sorted(picked)]


def _fill(pattern: str, attributes: Attributes) -> str | None:
    """The sentence with its values, or None where a value or its condition is not met."""
    if condition := _CONDITION.fullmatch(pattern):
        if condition["value"] not in attributes.get(condition["name"], ()):
            return None
        pattern = condition["sentence"]
    spoken = {
        name: " and ".join(_SPOKEN.get(value, value) for value in values)
        for name, values in attributes.items()
    }
    names = re.findall(r"{([^}]+)}", pattern)
    if any(name not in spoken for name in names):
        return None
    sentence = _ARTICLE.sub(r"\1n ", pattern.format_map(spoken))
    return sentence[0].upper() + sentence[1:]
