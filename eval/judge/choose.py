"""What a person should label next: queries by lot, for the corrected estimate; pairs by what they decide.

The two must not be mixed: `inference` needs queries that were drawn at random, and the pairs that decide
most are anything but random. Those serve the calibration, and the eye.
"""

from collections.abc import Collection, Iterable, Mapping
from math import log2, sqrt
from zlib import crc32

import numpy as np

from core.errors import InvalidQuery
from core.record import Record
from eval.judge.records import GRADES, Judgment, Key, Pair, by_key
from eval.records import Conventions, Run

DEPTH = 10


class Choice(Record):
    """A pair to label. `worth` is by how much its label would move the difference of the two runs' nDCG,
    on this one query: one standard deviation of what the judge leaves open.
    """

    pair: Pair
    worth: float
    reason: str


def draw_queries(
    queries: Iterable[str], labelled: Collection[str], count: int, *, seed: int = 0
) -> tuple[str, ...]:
    """The next queries to label whole, by lot.

    Each query has one place in the draw for good, so that asking again after some were labelled goes on with
    the rest, and all that were labelled so are a random sample.
    """
    order = sorted(set(queries), key=lambda query: (crc32(f"{seed} {query}".encode()), query))
    return tuple(query for query in order if query not in labelled)[: max(count, 0)]


def choose_pairs(
    judgments: Iterable[Judgment],
    first: Run,
    second: Run,
    conventions: Conventions,
    *,
    labelled: Collection[Key] = (),
    count: int = 20,
    depth: int = DEPTH,
) -> tuple[Choice, ...]:
    """The unlabelled pairs whose labels would move the difference of two runs most, most decisive first.

    A pair that both runs show in the same place decides nothing, nor does one the judge is sure of.
    """
    said = by_key(judgments)
    if not said:
        raise InvalidQuery("no judgments to choose by; judge the runs first")
    if all(judgment.chances is None for judgment in said.values()):
        raise InvalidQuery("the judge does not say how sure it is; calibrate it to some human grades first")
    ideal = _ideal(said, conventions, depth)
    found = []
    for key, judgment in said.items():
        query, product = key
        if key in labelled or judgment.chances is None or not ideal[query]:
            continue
        places = [_place(run, query, product, depth) for run in (first, second)]
        discounts = [1.0 / log2(place + 1) if place else 0.0 for place in places]
        mean, spread = _gain(judgment, conventions)
        worth = spread * abs(discounts[0] - discounts[1]) / ideal[query]
        if worth > 0:
            shown = [
                f"{run.name} has it {_ordinal(place)}"
                for run, place in zip((first, second), places, strict=True)
            ]
            reason = f"{', '.join(shown)}; the judge expects a gain of {mean:.2g}, give or take {spread:.2g}"
            found.append(Choice(pair=judgment.pair, worth=worth, reason=reason))
    return tuple(sorted(found, key=lambda choice: (-choice.worth, choice.pair.key)))[: max(count, 0)]


def _gain(judgment: Judgment, conventions: Conventions) -> tuple[float, float]:
    chances = np.array(judgment.chances or [float(grade == judgment.grade) for grade in GRADES])
    gains = np.array([conventions.gains.get(grade, 0.0) for grade in GRADES])
    mean = float(chances @ gains)
    return mean, sqrt(max(float(chances @ gains**2) - mean**2, 0.0))


def _ideal(said: Mapping[Key, Judgment], conventions: Conventions, depth: int) -> dict[str, float]:
    """What the best order of each query's judged products would be expected to earn."""
    gains: dict[str, list[float]] = {}
    for (query, _), judgment in said.items():
        known = judgment.grade is not None
        gains.setdefault(query, []).append(_gain(judgment, conventions)[0] if known else 0.0)
    return {
        query: sum(gain / log2(place + 1) for place, gain in enumerate(sorted(some)[::-1][:depth], start=1))
        for query, some in gains.items()
    }


def _place(run: Run, query: str, product: str, depth: int) -> int | None:
    shown = run.rankings.get(query, ())[:depth]
    return next((place for place, hit in enumerate(shown, start=1) if hit.product_id == product), None)


def _ordinal(place: int | None) -> str:
    return "nowhere" if place is None else f"at {place}"
