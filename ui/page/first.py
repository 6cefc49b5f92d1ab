"""What a first visit shows: searches that find something in this very shop, and departments to walk through.

Everything is counted in the index, so that no example leads to an empty shelf.
"""

from collections.abc import Iterator, Sequence

from catalog.keys import PATH
from catalog.product import Money, Product
from catalog.vocabulary import Category, Vocabulary
from catalog.where import Where
from ranking.bounds import rounded_up
from tools.shop import Shop
from ui.page.prices import price
from ui.page.render import Department, Welcome

DEPARTMENTS = 12
EXAMPLES = 4
LEAST = 3  # products that an example must find
LEADING = 40  # products that are looked at for one shelf
RATED = 4.5
MOST_WORDS = 2


def first_visit(shop: Shop) -> Welcome:
    """The first visit of this shop."""
    vocabulary = shop.index.vocabulary()
    roots = sorted((c for c in vocabulary.categories if len(c.path) == 1), key=lambda c: -c.count)
    departments = tuple(_department(shop, root) for root in roots[:DEPARTMENTS])
    examples = tuple(_examples(shop, vocabulary))[:EXAMPLES]
    return Welcome(products=vocabulary.products, examples=examples, departments=departments)


def _department(shop: Shop, root: Category) -> Department:
    """A department with the picture of its most reviewed product that has one."""
    where = Where(categories=(PATH.join(root.path),))
    pictured = (product.images for product in _leading(shop, where) if product.images)
    return Department(path=root.path, count=root.count, images=next(pictured, ()))


def _examples(shop: Shop, vocabulary: Vocabulary) -> Iterator[str]:
    """One search of each kind that this shop can answer, each from another department."""
    shelves = _shelves(vocabulary)
    kinds = [_without, _priced, _together, _rated]
    for shelf in shelves:
        if not kinds:
            return
        products = _leading(shop, Where(categories=(PATH.join(shelf.path),)))
        beside = (one for one in shelves if one is not shelf and one.path[0] == shelf.path[0])
        for kind in kinds:
            if example := kind(shelf.path[-1].lower(), products, next(beside, None)):
                yield example
                kinds.remove(kind)
                break


def _shelves(vocabulary: Vocabulary) -> list[Category]:
    """The largest shelf of each department, then the second largest."""
    inner = {category.path[:-1] for category in vocabulary.categories}
    named = (c for c in vocabulary.categories if c.path not in inner and _is_plain(c.path[-1]))
    leaves = sorted(named, key=lambda c: -c.count)
    ranks: dict[str, int] = {}
    placed = []
    for leaf in leaves:
        placed.append((ranks.setdefault(leaf.path[0], 0), leaf))
        ranks[leaf.path[0]] += 1
    return [leaf for _, leaf in sorted(placed, key=lambda one: one[0])]


def _is_plain(name: str) -> bool:
    """Whether it can stand in a sentence: "Desk Lamps", not "Leashes & Collars"."""
    return len(name.split()) <= MOST_WORDS and name.replace(" ", "").isalpha()


def _without(name: str, products: Sequence[Product], _: Category | None) -> str | None:
    """A part that some have and others say they have not, in words that speak of it as a thing."""
    answers: dict[str, list[str]] = {}
    for product in products:
        for attribute, values in product.attributes.items():
            if values in (("yes",), ("no",)):
                answers.setdefault(attribute, []).append(values[0])
    for attribute, given in answers.items():
        spoken = f"without a {attribute}", f"without {attribute}"
        told = any(words in (product.description or "").lower() for product in products for words in spoken)
        if told and given.count("no") >= LEAST and "yes" in given:
            return f"{name} without a {attribute}"
    return None


def _priced(name: str, products: Sequence[Product], _: Category | None) -> str | None:
    limit = _middle(products)
    return f"{name} under {price(limit)}" if limit else None


def _together(name: str, products: Sequence[Product], other: Category | None) -> str | None:
    return f"{name} and {other.path[-1].lower()}" if products and other else None


def _rated(name: str, products: Sequence[Product], _: Category | None) -> str | None:
    best = [p for p in products if p.rating and p.rating.value >= RATED]
    return f"{name} rated {RATED} or better" if len(best) >= LEAST else None


def _middle(products: Sequence[Product]) -> Money | None:
    """A round price that about half of them stay under."""
    prices = sorted((p.price for p in products if p.price), key=lambda money: money.amount)
    if len(prices) < 2 * LEAST or len({money.currency for money in prices}) > 1:
        return None
    return rounded_up(prices[len(prices) // 2])


def _leading(shop: Shop, where: Where) -> list[Product]:
    """The most reviewed products of a shelf."""
    points = shop.index.matching(where=where, by="reviews", limit=LEADING)
    found = shop.index.products(points)
    return [found[point] for point in points if point in found]
