"""Which products are versions of one, what they differ in, and which of them suit a selection.

Members share a `group_id`. What they differ in are the attributes of which each of them has one value.
"""

from collections.abc import Iterable, Mapping, Sequence

from catalog.index import ProductIndex
from catalog.keys import key
from catalog.points import TITLE
from catalog.product import Availability, Product
from catalog.where import OBTAINABLE, Where
from tools.ucp.shapes import Choice, Option, OptionValue
from tools.untrusted import visible

MOST = 60  # members
NEAREST = 200  # titles that are looked through for them
MOST_AXES = 5
LONGEST_VALUE = 60

Selection = dict[str, str]  # option name to label, both in the form that compares


def members(index: ProductIndex, product: Product) -> list[Product]:
    """The product, then the others of its group: the index keeps no list of them, their titles find them."""
    if product.group_id is None:
        return [product]
    near = index.search(
        index.vectors(product.title, [TITLE]),
        where=Where(brands=(product.brand,) if product.brand else (), categories=product.categories[-1:]),
        limit=NEAREST,
    )
    found = index.products([point for point, _ in near.get(TITLE, ())]).values()
    others = [one for one in found if one.group_id == product.group_id and one.id != product.id]
    return [product, *sorted(others, key=lambda one: one.id)][:MOST]


def label(product: Product, name: str) -> str | None:
    """The one value that the product has of an attribute."""
    values = product.attributes.get(name, ())
    return values[0] if len(values) == 1 else None


def axes(products: Sequence[Product]) -> list[str]:
    """The attributes in which the products differ, in the order of the first one."""
    if len(products) < 2:
        return []
    shared = [n for n in products[0].attributes if all(label(one, n) is not None for one in products)]
    differ = [name for name in shared if len({key(label(one, name) or "") for one in products}) > 1]
    return differ[:MOST_AXES]


def selection(chosen: Iterable[tuple[str, str]], names: Sequence[str]) -> tuple[Selection, list[str]]:
    """The choices among the options that there are, and the names of those that there are not."""
    known = {key(visible(name, LONGEST_VALUE)): name for name in names}
    wanted: Selection = {}
    unknown = []
    for name, value in chosen:
        if key(name) in known:
            wanted[known[key(name)]] = key(value)
        else:
            unknown.append(name)
    return wanted, unknown


def effective(products: Sequence[Product], wanted: Selection, preferences: Sequence[str]) -> Selection:
    """The selection less what no member has together: unpreferred options go first, the last one first."""
    ranked = {key(name): place for place, name in enumerate(preferences)}
    keep = sorted(wanted, key=lambda name: ranked.get(key(name), len(ranked)))
    while keep:
        tried = {name: wanted[name] for name in wanted if name in keep}
        if matching(products, tried):
            return tried
        keep.pop()
    return {}


def matching(products: Iterable[Product], wanted: Mapping[str, str]) -> list[Product]:
    """The products that have all that is selected."""
    return [one for one in products if all(_has(one, name, value) for name, value in wanted.items())]


def choices(wanted: Selection, products: Sequence[Product]) -> tuple[Choice, ...]:
    """The selection with the shop's own spelling."""
    found = []
    for name, value in wanted.items():
        spelled = next(s for one in products if (s := label(one, name)) is not None and _same(s, value))
        found.append(Choice(name=visible(name, LONGEST_VALUE), label=visible(spelled, LONGEST_VALUE)))
    return tuple(found)


def options(products: Sequence[Product], names: Sequence[str], wanted: Selection) -> tuple[Option, ...]:
    """Every value of every option, and whether it can be had beside the rest of the selection."""
    found = []
    for name in names:
        others = {other: value for other, value in wanted.items() if other != name}
        beside = matching(products, others)
        values = []
        for spelled in dict.fromkeys(label(one, name) or "" for one in products):
            having = matching(beside, {name: key(spelled)})
            stocks = {one.availability for one in having}
            unknown = stocks == {Availability.UNKNOWN}
            available = None if unknown else not stocks.isdisjoint(OBTAINABLE)
            shown = visible(spelled, LONGEST_VALUE)
            values.append(OptionValue(label=shown, available=available, exists=bool(having)))
        found.append(Option(name=visible(name, LONGEST_VALUE), values=tuple(values)))
    return tuple(found)


def _has(product: Product, name: str, value: str) -> bool:
    own = label(product, name)
    return own is not None and _same(own, value)


def _same(own: str, value: str) -> bool:
    return value in (key(own), key(visible(own, LONGEST_VALUE)))
