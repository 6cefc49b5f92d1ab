"""Asking a judge again to see what moves it: about altered products, a second time, in the other order.

What is measured then is `bias`; here is which pairs are asked about, and that no pair is paid for twice.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eval.judge.bias import Effect, Retest, Swap, altered_effects, retest, swap_consistency
from eval.judge.offline import FREE, Progress, Tariff, judge_offline
from eval.judge.records import Case, Judge, Judgment, PairwiseJudge, by_query
from eval.judge.store import Judgments

SEED = 0
ASKINGS = 7  # of a pair: as it is, five times altered, and once more


@dataclass(frozen=True)
class Remembered:
    """A judge that is asked only what the store does not know of it, several queries at once."""

    asked: Judge
    store: Judgments
    tariff: Tariff = FREE
    workers: int = 1
    on_progress: Callable[[Progress], None] = lambda progress: None

    @property
    def name(self) -> str:
        """That of the judge: it says the same."""
        return self.asked.name

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        """One judgment per case in the order given; raises `ModelUnavailable` as judging offline does."""
        done = judge_offline(
            self.asked,
            tuple(cases),
            self.store,
            tariff=self.tariff,
            workers=self.workers,
            on_progress=self.on_progress,
        )
        yield from done.judgments


@dataclass(frozen=True)
class Audit:
    """What asking again told."""

    effects: tuple[Effect, ...]
    again: Retest
    swap: Swap | None  # None for a judge that compares no products


def audited(judge: Remembered, pairwise: PairwiseJudge | None, cases: Sequence[Case], pairs: int) -> Audit:
    """Ask about this many pairs, drawn by lot over the queries, and as many couples of products."""
    sample = drawn(cases, pairs)
    return Audit(
        effects=altered_effects(judge, sample),
        again=retest(judge, sample, again=judge.asked, reverse=True),
        swap=swap_consistency(pairwise, couples(cases, pairs)) if pairwise else None,
    )


def drawn(cases: Sequence[Case], count: int, seed: int = SEED) -> list[Case]:
    """So many cases by lot, one of every query before a second of any; in the order given."""
    chance = np.random.default_rng(seed)
    turns = [
        (turn, chance.random(), place)
        for places in by_query(cases).values()
        for turn, place in enumerate(chance.permutation(places).tolist())
    ]
    return [cases[place] for place in sorted(place for _, _, place in sorted(turns)[:count])]


def couples(cases: Sequence[Case], count: int, seed: int = SEED) -> list[tuple[Case, Case]]:
    """So many couples of products by lot, one of a query at most."""
    chance = np.random.default_rng(seed)
    several = [places for places in by_query(cases).values() if len(places) > 1]
    chosen = chance.permutation(len(several))[:count].tolist()
    pairs = (chance.permutation(several[place])[:2].tolist() for place in sorted(chosen))
    return [(cases[one], cases[other]) for one, other in pairs]
