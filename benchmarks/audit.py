"""How many false statements the audit of replies catches, and how many true ones it rejects, by kind.

Usage: python -m benchmarks.audit [--seed 1] [--each 20] [--wrong dev|held-out]. Statements are made from the
demo records and the sentence forms of `audit.toml`; of the forms that were held out while the audit was
written only the share is printed unless they are asked for. No model is asked. Prints Markdown.
"""

import argparse
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from agent.llm.audit import audit
from catalog.demo import products
from catalog.keys import key
from catalog.price import format_money
from catalog.product import Availability, Money, Product
from ranking.records import Verdict
from ranking.values import kind_of
from ranking.words import words
from tools.claims import has
from tools.comparison import measured

SHOWN = 3
TRIES = 20_000

Fill = Mapping[str, str]
Made = tuple[str, Fill] | None  # the name of the forms, and what to fill in


@dataclass(frozen=True)
class Statement:
    """A sentence about one of the products shown, made to be true or false."""

    kind: str
    true: bool
    text: str
    shown: tuple[Product, ...]


@dataclass(frozen=True)
class Scene:
    """Products shown, which of them is spoken of, and all that could have been."""

    shown: tuple[Product, ...]
    place: int
    catalogue: Sequence[Product]
    random: Random
    lists: Mapping[str, Any]

    @property
    def product(self) -> Product:
        """The product that is spoken of."""
        return self.shown[self.place]

    def other(self) -> int:
        """The place of another product."""
        return self.random.choice([place for place in range(len(self.shown)) if place != self.place])

    def stranger(self) -> Product:
        """Any product at all."""
        return self.random.choice(self.catalogue)


def statements(seed: int, each: int, *, held_out: bool) -> list[Statement]:
    """As many true and as many false statements of every kind."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    forms = {name: written[int(held_out) :: 2] for name, written in table["forms"].items()}
    names = table["names"][int(held_out) :: 2]
    random = Random(f"{seed} {held_out}")
    catalogue = list(products())
    found: list[Statement] = []
    for kind, make in KINDS.items():
        for true in (True, False):
            made: dict[str, Statement] = {}
            for _ in range(TRIES):
                scene = _scene(catalogue, random, table["words"])
                filled = make(scene, true)
                if filled is None:
                    continue
                name, fill = filled
                form = random.choice(forms[name])
                text = _written(form, fill, scene, random.choice(names))
                made[text] = Statement(kind, true, text, scene.shown)
                if len(made) == each:
                    break
            found += made.values()
    return found


def _scene(catalogue: Sequence[Product], random: Random, lists: Mapping[str, Any]) -> Scene:
    """Three products, in half of the scenes of one kind, never two variants of one."""
    first = random.choice(catalogue)
    near = [one for one in catalogue if one.categories == first.categories]
    pool = near if random.random() < 0.5 else catalogue
    shown = {first.group_id: first}
    for one in random.sample(pool, min(len(pool), 30)):
        if len(shown) < SHOWN:
            shown.setdefault(one.group_id, one)
    while len(shown) < SHOWN:
        one = random.choice(catalogue)
        shown.setdefault(one.group_id, one)
    order = list(shown.values())
    random.shuffle(order)
    return Scene(tuple(order), order.index(first), catalogue, random, lists)


def _written(form: str, fill: Fill, scene: Scene, name: str) -> str:
    it = _name(scene.shown, scene.place, name)
    fields = {"it": it, "It": it[0].upper() + it[1:], **fill}
    if "other" in fill:
        other = _name(scene.shown, int(fill["other"]), name)
        fields |= {"other": other, "Other": other[0].upper() + other[1:]}
    return form.format_map(fields)


def _name(shown: Sequence[Product], place: int, form: str) -> str:
    product = shown[place]
    head, brand, kind = product.title.split(",")[0], product.brand, product.attributes["type"][0]
    if brand is None:
        form = form.replace("{brand} ", "")
    return form.format(head=head, title=product.title, brand=brand, type=kind, n=place + 1)


def price(scene: Scene, true: bool) -> Made:
    """Its price, or another."""
    own = scene.product.price
    said = own if true else scene.random.choice([_near(own, scene.random), scene.stranger().price])
    if own is None or said is None or (said == own) is not true:
        return None
    return "price", {"price": format_money(said)}


def rating(scene: Scene, true: bool) -> Made:
    """Its rating and count of reviews, or others."""
    own, other = scene.product.rating, scene.stranger().rating
    if own is None or own.count is None or other is None or other.count is None:
        return None
    said = own if true else other
    if not true and (own.value == other.value or own.count == other.count):
        return None
    return "rating", {"stars": f"{said.value:.1f}", "count": f"{said.count:,}"}


def value(scene: Scene, true: bool) -> Made:
    """What an attribute is, or what it is of another product."""
    own = _single(scene.product, scene.random)
    if own is None:
        return None
    name, said = own
    if not true:
        others = [p.attributes[name][0] for p in scene.catalogue if len(p.attributes.get(name, ())) == 1]
        said = scene.random.choice(others)
        if _is_of(scene.product, name, said):
            return None
    if kind_of(name) in ("color", "material") and scene.random.random() < 0.8:
        return str(kind_of(name)), {"value": said, "type": scene.product.attributes["type"][0]}
    return "value", {"attribute": name, "value": said}


def swapped(scene: Scene, true: bool) -> Made:
    """The kind and brand it is of, or those of another product that is shown."""
    own, other = scene.product, scene.shown[scene.other()]
    said = own if true else other
    if said.brand is None or own.brand is None or (not true and own.brand == other.brand):
        return None
    return "name", {"type": said.attributes["type"][0], "brand": said.brand}


def yes_or_no(scene: Scene, true: bool) -> Made:
    """That it has a thing or a property, or that it has not."""
    lists = scene.lists
    known = [
        (name, key(values[0]) == "yes")
        for name, values in scene.product.attributes.items()
        if key(values[0]) in ("yes", "no")
        and name in (*lists["things"], *lists["properties"], *lists["stuff"])
    ]
    known += [
        (name, False) for name in scene.product.attributes.get("free from", ()) if name in lists["stuff"]
    ]
    known += [(name, True) for name in scene.product.attributes.get("contains", ()) if name in lists["stuff"]]
    if not known:
        return None
    name, real = scene.random.choice(known)
    said = real if true else not real
    if name in lists["things"]:
        a_thing = name if name in lists["plural"] else f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
        return ("has" if said else "has_not"), {"thing": name, "a_thing": a_thing}
    if name in lists["properties"]:
        return ("is" if said else "is_not"), {"property": name, "type": scene.product.attributes["type"][0]}
    return ("contains" if said else "free"), {"stuff": name}


def invented_name(scene: Scene, true: bool) -> Made:
    """Who makes it, or a maker or product that the shop has not."""
    kind, brand = scene.product.attributes["type"][0], scene.product.brand
    if true and brand:
        return "name", {"type": kind, "brand": brand}
    made_up = scene.random.choice([*scene.lists["brands"], *scene.lists["products"]])
    return None if true else ("name", {"type": kind, "brand": made_up})


def ranking(scene: Scene, true: bool) -> Made:
    """That it is the cheapest, the lightest, cheaper than another one."""
    name = scene.random.choice(list(_RANKED))
    amount, sign, relative = _RANKED[name]
    amounts = [amount(product) for product in scene.shown]
    known = [sign * one for one in amounts if one is not None]
    if len(known) < len(amounts) or len(set(known)) < len(known):
        return None
    place = scene.other() if relative else known.index(max(known))
    holds = known[scene.place] > known[place] if relative else place == scene.place
    if holds is not true:
        return None
    own, other = scene.product.price, scene.shown[place].price
    if own is None or other is None:
        return None
    gap = Money(amount=abs(own.amount - other.amount), currency=own.currency)
    return name, {"price": format_money(own), "other": str(place), "gap": format_money(gap)}


def stock(scene: Scene, true: bool) -> Made:
    """Whether it can be had."""
    states = [state for state in Availability if state is not Availability.UNKNOWN]
    own = scene.product.availability
    said = own if true else scene.random.choice(states)
    gone = (Availability.OUT_OF_STOCK, Availability.DISCONTINUED)
    if scene.product.price is None or (not true and (said is own or {said, own} <= {*gone})):
        return None
    if own is Availability.IN_STOCK and true and scene.random.random() < 0.7:
        return None
    return said.value, {"price": format_money(scene.product.price)}


def discount(scene: Scene, true: bool) -> Made:
    """What it was and is reduced by, or a reduction that never was."""
    price, full = scene.product.price, scene.product.list_price
    if price is None or (true and full is None):
        return None
    if not true:
        real = full
        full = Money(
            amount=round(price.amount * scene.random.choice([1.1, 1.25, 1.4, 2]), -1) - 1,
            currency=price.currency,
        )
        if real is not None or full.amount <= price.amount:
            return None
    if full is None:
        return None
    saved = Money(amount=full.amount - price.amount, currency=price.currency)
    percent = round(100 * saved.amount / full.amount)
    fill = {
        "was": format_money(full),
        "price": format_money(price),
        "saved": format_money(saved),
        "percent": str(percent),
    }
    return "discount", fill


def feature(scene: Scene, true: bool) -> Made:
    """A feature that the record does not speak of; the true ones are opinions, which claim nothing."""
    if true:
        return "opinion", {}
    said = scene.random.choice(scene.lists["features"])
    if scene.product.price is None or {*words(said)} <= set(_words(scene.product)):
        return None
    return "feature", {"feature": said, "price": format_money(scene.product.price)}


def _near(money: Money | None, random: Random) -> Money | None:
    """A price that is a little off."""
    if money is None:
        return None
    off = random.choice([-1000, -500, -100, -1, 1, 100, 500, 1000])
    return Money(amount=max(1, money.amount + off), currency=money.currency)


def _single(product: Product, random: Random) -> tuple[str, str] | None:
    """An attribute with one value that is more than yes or no."""
    own = [
        (name, values[0])
        for name, values in product.attributes.items()
        if len(values) == 1
        and key(values[0]) not in ("yes", "no")
        and name not in ("type", "contains", "free from")
    ]
    return random.choice(own) if own else None


def _is_of(product: Product, name: str, said: str) -> bool:
    """Whether a value could be said of the product after all."""
    if set(words(said)) <= set(_words(product)):
        return True
    found, own, other = has(product, said), measured(product.attributes[name]), measured([said])
    return bool(found and found.verdict is Verdict.MET) or (own is not None and own == other)


def _words(product: Product) -> Iterator[str]:
    for text in (
        product.title,
        product.description or "",
        *(v for vs in product.attributes.values() for v in vs),
    ):
        yield from words(text)


def _weight(product: Product) -> float | None:
    found = measured(product.attributes.get("weight", ()))
    return found.amount if found and found.unit == "g" else None


def _price(product: Product) -> float | None:
    return product.price.amount if product.price else None


def _stars(product: Product) -> float | None:
    return product.rating.value if product.rating else None


def _count(product: Product) -> float | None:
    return product.rating.count if product.rating else None


_RANKED: Mapping[str, tuple[Callable[[Product], float | None], int, bool]] = {
    "cheapest": (_price, -1, False),
    "dearest": (_price, 1, False),
    "best_rated": (_stars, 1, False),
    "most_reviewed": (_count, 1, False),
    "lightest": (_weight, -1, False),
    "cheaper": (_price, -1, True),
    "better_rated": (_stars, 1, True),
}

KINDS: Mapping[str, Callable[[Scene, bool], Made]] = {
    "price": price,
    "rating or reviews": rating,
    "attribute value": value,
    "swapped product": swapped,
    "yes or no": yes_or_no,
    "invented name": invented_name,
    "superlative": ranking,
    "availability": stock,
    "discount": discount,
    "invented feature; true: opinion": feature,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--each", type=int, default=20, help="statements of every kind, true and false")
    parser.add_argument("--wrong", choices=["dev", "held-out"], help="name what the audit gets wrong")
    given = parser.parse_args()
    print("| kind | false caught, dev | held out | true rejected, dev | held out |\n|---|---|---|---|---|")
    cells: defaultdict[str, list[str]] = defaultdict(list)
    missed: list[str] = []
    for true in (False, True):
        for held_out in (False, True):
            made = [s for s in statements(given.seed, given.each, held_out=held_out) if s.true is true]
            objected = [(one, audit(one.text, one.shown)) for one in made]
            for kind in (*KINDS, "**all**"):
                counted = [bool(found) for one, found in objected if kind in (one.kind, "**all**")]
                cells[kind].append(f"{sum(counted)} of {len(counted)}")
            if given.wrong == ("held-out" if held_out else "dev"):
                missed += [
                    f"- {one.kind}, {one.true}: {one.text} {'; '.join(map(str, found))}"
                    for one, found in objected
                    if bool(found) is true
                ]
    for kind, shares in cells.items():
        print(f"| {kind} | {' | '.join(shares)} |")
    print("\n".join(["", *missed]))


if __name__ == "__main__":
    main()
