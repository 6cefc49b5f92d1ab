"""What callers name, as this shop spells it: brands, categories, attributes with values, product ids.

A name that the shop does not have is an `InvalidQuery` with the nearest ones. It searches nothing.
"""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from catalog.index import ProductIndex
from catalog.keys import PATH, key
from catalog.product import Product
from catalog.vocabulary import Attribute, Vocabulary
from core.errors import InvalidQuery
from ranking.values import fits
from tools.arguments import Having
from tools.untrusted import tamed

MOST_NAMED = 12  # values that a mistake lists
OFFERED = 40  # names of one kind that a schema lists, the commonest; others may be used too
LONGEST_SHOWN = 60  # characters of a name


def brands(vocabulary: Vocabulary, names: Iterable[str]) -> tuple[str, ...]:
    """The brands of these names."""
    known = {key(brand.label): brand.label for brand in vocabulary.brands}
    return tuple(_known("brands", name, known) for name in names)


def categories(vocabulary: Vocabulary, names: Iterable[str]) -> tuple[str, ...]:
    """The categories of these names: a level of the tree, or a path from its root."""
    wanted = tuple(names)
    if not wanted:
        return ()
    paths = sorted(PATH.join(category.path) for category in vocabulary.categories)
    known = {key(name): name for path in paths for name in (*path.split(PATH), path)}
    return tuple(_known("categories", name, known) for name in wanted)


def attributes(vocabulary: Vocabulary, given: Iterable[Having]) -> dict[str, tuple[str, ...]]:
    """Attributes by name, each with the values that will do."""
    wanted: dict[str, tuple[str, ...]] = {}
    for one in given:
        found = attribute(vocabulary, one.name)
        wanted[found.name] = (*wanted.get(found.name, ()), _value(found, one.value))
    return wanted


def attribute(vocabulary: Vocabulary, name: str) -> Attribute:
    """The attribute of this name."""
    known = {key(one.name): one for one in vocabulary.attributes}
    spelled = _known("attributes", name, {short: one.name for short, one in known.items()})
    return known[key(spelled)]


def refused(vocabulary: Vocabulary, names: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What must not be, told apart: brands of the shop, and things in the caller's own words."""
    wanted = [name.strip() for name in names if name.strip()]
    known = {key(brand.label): brand.label for brand in vocabulary.brands} if wanted else {}
    found = tuple(known[key(name)] for name in wanted if key(name) in known)
    return found, tuple(name for name in wanted if key(name) not in known)


def products(index: ProductIndex, ids: Iterable[str]) -> tuple[list[Product], list[str]]:
    """The products in the order of their ids, none twice; and the ids that there are none of."""
    wanted = list(dict.fromkeys(ids))
    known = index.get(wanted)
    return [known[id] for id in wanted if id in known], [id for id in wanted if id not in known]


def departments(vocabulary: Vocabulary) -> list[str]:
    """The roots of the category tree, those with most products first."""
    roots = sorted((one for one in vocabulary.categories if len(one.path) == 1), key=lambda one: -one.count)
    return [root.path[0] for root in roots][:OFFERED]


def commonest_attributes(vocabulary: Vocabulary) -> list[str]:
    """The attributes that most products have."""
    by_count = sorted(vocabulary.attributes, key=lambda attribute: -attribute.count)
    return [attribute.name for attribute in by_count[:OFFERED]]


def with_names(parameters: dict[str, Any], vocabulary: Vocabulary, *, only: bool) -> dict[str, Any]:
    """A schema of arguments that names the shop's departments and attributes, or leaves out what it has
    not. Other names than these are refused where `only` these will do.
    """
    places = [parameters, *parameters.get("$defs", {}).values()]
    for place in places:
        properties = place.get("properties", {})
        _offer(properties, "categories", departments(vocabulary), only=only)
        if "Having" in str(properties.get("attributes", "")) and not vocabulary.attributes:
            del properties["attributes"]
    having = parameters.get("$defs", {}).get("Having")
    if having and vocabulary.attributes:
        names = {"enum": commonest_attributes(vocabulary)}
        having["properties"]["name"] = names if only else {"anyOf": [names, having["properties"]["name"]]}
    return parameters


def _offer(properties: dict[str, Any], name: str, offered: list[str], *, only: bool) -> None:
    if name not in properties or "items" not in properties[name]:
        return
    if not offered:
        del properties[name]
    elif only:
        properties[name]["items"] = {"type": "string", "enum": offered}
    else:
        properties[name]["items"] = {"anyOf": [{"enum": offered}, properties[name]["items"]]}


def _value(attribute: Attribute, value: str) -> str:
    """A value that the shop counts, or one that includes some of these: "blue" where there is navy."""
    labels = {key(term.label): term.label for term in attribute.values}
    if not labels or any(fits(attribute.name, label, value) for label in labels.values()):
        return labels.get(key(value), value)
    return _known(f"attributes: {attribute.name}", value, labels)


def _known(what: str, name: str, known: Mapping[str, str]) -> str:
    """The name as the shop spells it."""
    if key(name) in known:
        return known[key(name)]
    shown = tamed(name, LONGEST_SHOWN)
    if near := [known[one] for one in difflib.get_close_matches(key(name), known, n=3)]:
        raise InvalidQuery(f"{what}: the shop has no {shown!r}; did you mean {', '.join(near)}?")
    some = ", ".join(list(dict.fromkeys(known.values()))[:MOST_NAMED]) or "none of its own"
    raise InvalidQuery(
        f"{what}: the shop has no {shown!r}; leave it out, put it into the query, or use one of: {some}"
    )
