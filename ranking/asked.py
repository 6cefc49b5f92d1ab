"""A request made ready for searching: put right, read, and what it excludes taken out of its words.

Who reads a query is a seam: without one, a few rules find what it excludes and nothing else.
"""

from collections.abc import Callable
from dataclasses import dataclass

from catalog.index import ProductIndex
from catalog.where import Where, Without
from ranking.negation import Wanted, wants
from ranking.records import Repair, Search, Sort
from ranking.repair import repair

Reader = Callable[[ProductIndex, str], Search]  # what a bare query says, as a planned search


@dataclass(frozen=True)
class Asked:
    """A request ready for searching: what is wanted, what is not, and what was put right in it."""

    search: Search
    wanted: Wanted
    repair: Repair | None


def read(index: ProductIndex, request: Search, reader: Reader | None = None) -> Asked:
    """Put the query right and read it, unless the request says that somebody has."""
    lexicon = index.lexicon() if request.repair and request.query.strip() else None
    repaired = repair(request.query, lexicon) if lexicon else None
    query = repaired.query if repaired else " ".join(request.query.split())
    changed = repaired if repaired and repaired.changes else None
    if reader and query and not request.planned:
        request = combined(request, reader(index, query))
        return Asked(request, Wanted(request.query, ()), changed)
    wanted = Wanted(query, ())
    if request.without.is_empty and not request.planned:
        found = wants(query, lexicon.names if lexicon else ())
        wanted = found if found.positive or request.like else wanted  # "not red" alone may be a name
    return Asked(request, wanted, changed)


def combined(request: Search, said: Search) -> Search:
    """A request with what its query says; what the request itself requires goes before that."""
    where = said.where.model_dump() | request.where.model_dump(exclude_defaults=True)
    low, high = where["price_min"], where["price_max"]
    if low and high and (low["currency"] != high["currency"] or low["amount"] > high["amount"]):
        where |= {"price_min": request.where.price_min, "price_max": request.where.price_max}
    for name in ("rating", "reviews"):
        if (where[f"{name}_min"] or 0) > (where[f"{name}_max"] or where[f"{name}_min"] or 0):
            where |= {side: getattr(request.where, side) for side in (f"{name}_min", f"{name}_max")}
    without = said.without.model_dump() | request.without.model_dump(exclude_defaults=True)
    return request.model_copy(
        update={
            "query": said.query,
            "where": Where.model_validate(where),
            "without": Without.model_validate(without),
            "sort": said.sort if request.sort is Sort.RELEVANCE else request.sort,
            "prefer": request.prefer or said.prefer,
            "planned": True,
        }
    )
