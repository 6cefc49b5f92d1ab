"""What an undertaking takes, found in the catalogue itself: the kinds of product that its words bring up.

A search per kind. No list of what a camper packs, no language model: where the catalogue has no such
kinds, or no categories, it is one plain search.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from catalog.keys import PATH
from catalog.points import DENSE
from catalog.where import Where, Without
from ranking.features import fused
from ranking.recall import recall
from ranking.records import Search
from tools.shop import Shop

Path = tuple[str, ...]

MOST = 6
# Set by eye on fifteen undertakings in the demo catalogue and a sample of ESCI; there are no judgments to
# fit them to. What a newborn needs lies in one department, what a home office needs in two or three.
DEPARTMENT = 0.6  # share of all the evidence at which a node of the tree is what the undertaking is about
FEWEST = 0.04  # share of it that a kind needs
INSIDE, OUTSIDE = 0.5, 0.6  # of the best kind's similarity, what another needs in such a node and without one
MOST_DEPARTMENTS = 3  # kinds from all over the shop are noise: its words speak of nothing in particular
NEAREST = 3  # products whose similarity speaks for a kind


class _Found(NamedTuple):
    """A product that the words bring up: where it stands, its share of the evidence, its similarity."""

    path: Path
    share: float
    similarity: float


def searches_for(
    shop: Shop, mission: str, where: Where, without: Without, limit: int = MOST
) -> tuple[tuple[str, Search], ...]:
    """A label and a search for each kind of product that an undertaking needs, the strongest first."""
    found = _found(shop, mission, where, without)
    kinds = _kinds(found, limit)
    if len(kinds) < 2:
        return ((mission, Search(query=mission, where=where, without=without, planned=True)),)
    return tuple(
        (
            label,
            Search(
                query=mission,
                where=where.model_copy(update={"categories": (PATH.join(path),)}),
                without=without,
                planned=True,
            ),
        )
        for label, path in zip(_labels(kinds), kinds, strict=True)
    )


def _labels(kinds: Sequence[Path]) -> list[str]:
    """Each kind by the end of its path, as long as it takes to tell it from the others."""

    def label(path: Path) -> str:
        for size in range(1, len(path)):
            if sum(other[-size:] == path[-size:] for other in kinds) == 1:
                return PATH.join(path[-size:])
        return PATH.join(path)

    return [label(path) for path in kinds]


def _found(shop: Shop, mission: str, where: Where, without: Without) -> list[_Found]:
    """What the words bring up in all branches, far beyond a first page."""
    vectors = shop.index.vectors(mission) if mission.strip() else {}
    candidates = recall(shop.index, vectors, where=where, without=without)
    evidence = fused(candidates)
    everything = sum(evidence.values())
    products = shop.index.products(list(evidence))
    similarity = candidates.scores.get(DENSE, {})
    return [
        _Found(product.categories, evidence[point] / everything, similarity.get(point, 0.0))
        for point, product in products.items()
    ]


def _kinds(found: list[_Found], limit: int) -> list[Path]:
    """The categories of the level that divides best: the most kinds that are meant, up to the limit.

    Whole departments are no kinds, unless the catalogue has nothing finer.
    """
    department = _department(found)
    best: list[Path] = []
    deepest = max((len(one.path) for one in found), default=0)
    for depth in range(min(max(len(department) + 1, 2), deepest), deepest + 1):
        kinds = _meant(_nodes(found, depth), department)
        if len(kinds) > limit:
            best = best if len(best) > 1 else kinds[:limit]
            break
        if len(kinds) > len(best):
            best = kinds
    is_noise = deepest > 1 and len({path[0] for path in best}) > MOST_DEPARTMENTS
    return [] if is_noise else best


def _department(found: list[_Found]) -> Path:
    """The lowest node of the tree that has nearly all of the evidence; the root where none has."""
    department: Path = ()
    while True:
        below = _nodes(found, len(department) + 1)
        inside = {path: of for path, of in below.items() if path[:-1] == department}
        leading = max(inside, key=lambda path: _evidence(inside[path]), default=None)
        if leading is None or _evidence(inside[leading]) < DEPARTMENT:
            return department
        department = leading


def _nodes(found: list[_Found], depth: int) -> Mapping[Path, list[_Found]]:
    """What was found, by the nodes of one level of the tree."""
    nodes: defaultdict[Path, list[_Found]] = defaultdict(list)
    for one in found:
        if len(one.path) >= depth:
            nodes[one.path[:depth]].append(one)
    return nodes


def _meant(nodes: Mapping[Path, list[_Found]], department: Path) -> list[Path]:
    """The nodes that are about the undertaking, those with the most evidence first."""
    inside = {path: of for path, of in nodes.items() if path[: len(department)] == department}
    best = max((_likeness(of) for of in nodes.values()), default=0.0)
    enough = best * (INSIDE if department else OUTSIDE)
    kept = [p for p, of in inside.items() if _evidence(of) >= FEWEST and _likeness(of) >= enough]
    return sorted(kept, key=lambda path: (-_evidence(inside[path]), path))


def _evidence(of: list[_Found]) -> float:
    return sum(one.share for one in of)


def _likeness(of: list[_Found]) -> float:
    """How near the nearest few products of a kind are to the words."""
    return fmean(sorted((one.similarity for one in of), reverse=True)[:NEAREST])
