"""What would be found if one requirement were dropped or loosened: searched and counted, never guessed.

It changes no search by itself; who asked decides. Two requirements at once are never given up.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from catalog.product import Money, Product
from ranking.bounds import rounded_down, rounded_up
from ranking.exclusions import classifier
from ranking.pipeline import FIELD, rank
from ranking.receipts import receipt
from ranking.records import Relaxation, Results, Search, Sort
from tools.shop import Shop

FEW = 3  # relevant hits that are known to fit; with as many, nothing need be given up
MOST = 4
EXAMPLES = 3

_ANY = Product(id="any", title="any")
# What a requirement is about, the least change for a shopper first. A limit was a round figure anyhow; what
# must not be in a thing may be an allergy, and is offered last.
_ORDER = (
    *("price", "reviews", "rating", "available", "attributes", "brands", "categories"),
    *("without brands", "without categories", "without attributes", "without terms"),
)

Change = tuple[str, Search]  # what it is about, and the search without it


def relaxations(shop: Shop, search: Search, found: Results) -> tuple[Relaxation, ...]:
    """The single relaxations of a planned search that would find more than it did; none where enough fits.

    They are counted without the cross-encoder: it changes the order, and costs more than all the rest.
    """
    if found.fitting >= FEW:
        return ()
    gained: list[tuple[int, int, Relaxation]] = []
    for subject, wider in _changes(search):
        loosened = _loosened(shop, search, wider, found.fitting) if subject == "price" else None
        for change in filter(None, (loosened, _freed(subject, wider, gained))):
            counted = _count(shop, change)
            if counted.fitting > found.fitting:
                examples = tuple(hit.product.id for hit in counted.hits[: min(EXAMPLES, counted.fitting)])
                dropped = _dropped(search, change)
                offer = Relaxation(
                    dropped=dropped, count=counted.fitting, example_ids=examples, search=change
                )
                gained.append((_ORDER.index(subject), -counted.fitting, offer))
                break
    return tuple(offer for *_, offer in sorted(gained, key=lambda one: one[:2])[:MOST])


def _count(shop: Shop, search: Search) -> Results:
    ranker = replace(shop.ranker, reranker=None)
    return rank(shop.index, search.model_copy(update={"limit": FIELD}), ranker)


def _changes(search: Search) -> Iterator[Change]:
    """The search without each of its requirements in turn."""
    where, without = search.where, search.without
    for field in ("price_min", "price_max", "rating_min", "rating_max", "reviews_min", "reviews_max"):
        if getattr(where, field) is not None:
            yield field.partition("_")[0], _with(search, where={field: None})
    if where.available_only:
        yield "available", _with(search, where={"available_only": False})
    for name in where.attributes:
        left = {other: values for other, values in where.attributes.items() if other != name}
        yield "attributes", _with(search, where={"attributes": left})
    for field in ("brands", "categories"):
        if getattr(where, field):
            yield field, _with(search, where={field: ()})
        if getattr(without, field):
            yield f"without {field}", _with(search, without={field: ()})
    for name in without.attributes:
        left = {other: values for other, values in without.attributes.items() if other != name}
        yield "without attributes", _with(search, without={"attributes": left})
    for term in without.terms:
        terms = tuple(other for other in without.terms if other != term)
        yield "without terms", _with(search, without={"terms": terms})


def _freed(subject: str, wider: Search, gained: Sequence[tuple[int, int, Relaxation]]) -> Search | None:
    """The search without the requirement. "At any price" is without either bound: it is offered once, and
    only where no round limit is.
    """
    if subject != "price":
        return wider
    if wider.where.price_max or any(order == _ORDER.index("price") for order, *_ in gained):
        return None
    return _with(wider, where={"price_min": None})


def _with(search: Search, **changes: dict[str, Any]) -> Search:
    """The search with some fields of `where` or `without` changed; what was read once is not read again."""
    parts = {name: getattr(search, name).model_copy(update=fields) for name, fields in changes.items()}
    return search.model_copy(update={**parts, "planned": True})


def _loosened(shop: Shop, search: Search, wider: Search, least: int) -> Search | None:
    """The search with the next round limit that lets something in; None where no price lies beyond."""
    is_upper = wider.where.price_max != search.where.price_max
    limit: Money | None = search.where.price_max if is_upper else search.where.price_min
    nearest_first = Sort.PRICE_UP if is_upper else Sort.PRICE_DOWN
    found = _count(shop, wider.model_copy(update={"sort": nearest_first}))
    if limit is None or found.fitting <= least:
        return None
    prices = [hit.product.price for hit in found.hits[: found.fitting] if hit.product.price]
    amounts = [price.amount for price in prices if price.currency == limit.currency]
    if is_upper:
        beyond = min((a for a in amounts if a > limit.amount), default=None)
    else:
        beyond = max((a for a in amounts if a < limit.amount), default=None)
    if beyond is None:
        return None
    nearest = limit.model_copy(update={"amount": beyond})
    bound = {"price_max": rounded_up(nearest)} if is_upper else {"price_min": rounded_down(nearest)}
    return _with(search, where=bound)


def _dropped(search: Search, wider: Search) -> str:
    """The requirement that the wider search has not, in the words of the receipts."""
    kept = requirements(wider)
    return next(one for one in requirements(search) if one not in kept)


def requirements(search: Search) -> tuple[str, ...]:
    """What a search requires and excludes, in the words of the receipts."""
    checks = receipt(_ANY, search.where, classifier(search.without)(_ANY))
    return tuple(check.requirement for check in checks)
