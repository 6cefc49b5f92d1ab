"""A search as callers outside ask for it: read once, ranked in the time there is, and what was left out.

It ranks nothing itself and renders nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ranking.asked import read
from ranking.pipeline import FIELD, rank
from ranking.records import Hit, Relaxation, Repair, Results, Search
from tools.functions import Caller
from tools.messages import Message, late, told
from tools.relaxation import relaxations, requirements
from tools.shop import Shop

DEEPEST = FIELD  # products that can be paged through; the pipeline computes features for as many anyhow


@dataclass(frozen=True)
class Found:
    """What a search came to: as it was read, all that is worth paging through, and what to know about it."""

    search: Search
    results: Results
    repair: Repair | None
    messages: tuple[Message, ...]
    plain: bool  # ordered without the cross-encoder

    @property
    def hits(self) -> Sequence[Hit]:
        """All hits, the best first."""
        return self.results.hits

    @property
    def astray(self) -> bool:
        """Whether nothing of the kind was found, and the hits, if any, are merely the nearest."""
        return self.results.astray or not any(hit.relevant for hit in self.hits)


def find(shop: Shop, search: Search, caller: Caller, *, plain: bool = False) -> Found:
    """Search as deep as can be paged; `plain` asks for the order without the cross-encoder."""
    caller.progress("searching")
    searched, repair = as_read(shop, search)
    ranker = replace(shop.ranker, reranker=None) if caller.hurried or plain else shop.ranker
    deep = searched.model_copy(update={"limit": DEEPEST, "relevant_only": True})
    results = rank(shop.index, deep, ranker, until=caller.until)
    caller.found(search, searched, results)
    dropped = shop.ranker.reranker is not None and (ranker.reranker is None or results.late)
    messages = told(caller) if dropped and not plain else ()
    return Found(searched, results, repair, (*messages, *_noted(results)), plain=dropped)


def instead(shop: Shop, found: Found, caller: Caller) -> tuple[Relaxation, ...]:
    """What giving up one requirement would find, where too little fits; nothing when there is no time."""
    if caller.hurried or late(caller) or not requirements(found.search):
        return ()
    caller.progress("counting what would be found otherwise")
    return relaxations(shop, found.search, found.results)


def as_read(shop: Shop, search: Search) -> tuple[Search, Repair | None]:
    """The search with what its words ask for, as requirements; nothing is read twice."""
    asked = read(shop.index, search, shop.ranker.reader)
    without = asked.search.without
    if asked.wanted.excluded:
        terms = tuple(dict.fromkeys((*without.terms, *asked.wanted.excluded)))
        without = without.model_copy(update={"terms": terms})
    settled = {"query": asked.wanted.positive, "without": without, "repair": False, "planned": True}
    return asked.search.model_copy(update=settled), asked.repair


def _noted(results: Results) -> tuple[Message, ...]:
    return tuple(Message(type="warning", code="ranking_notice", content=notice) for notice in results.notices)
