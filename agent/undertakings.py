"""What an undertaking takes, by one like it that somebody told of: a search for each thing that is sold.

Where nobody told of any like it, the catalogue itself is asked: `tools.mission`.
"""

from dataclasses import replace

from agent.experience import Experience
from ranking.pipeline import rank
from ranking.records import Search
from tools.shop import Shop

FEWEST = 2  # things; one alone is no undertaking


def recalled_searches(shop: Shop, experience: Experience, mission: Search) -> tuple[tuple[str, Search], ...]:
    """A label and a search for each thing, with what is required of all; nothing where too few are sold."""
    things = experience.undertaking(shop.index, mission.query)
    asked = [
        (thing, mission.model_copy(update={"query": thing, "by_meaning": False, "relevant_only": True}))
        for thing in things
    ]
    sold = tuple((thing, search) for thing, search in asked if _sells(shop, search))
    return sold if len(sold) >= FEWEST else ()


def _sells(shop: Shop, search: Search) -> bool:
    """Whether the shop has anything of the kind; asked without the cross-encoder."""
    found = rank(shop.index, search, replace(shop.ranker, reranker=None))
    return not found.astray and any(hit.relevant for hit in found.hits)
