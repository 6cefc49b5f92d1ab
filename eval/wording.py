"""A comparison in words and in numbers as people write them. The terminal and the report say the same."""

from core.record import Record
from eval.compare import Comparison, Difference, Mean
from eval.statistics import TIE, Interval


class Headline(Record):
    """What the comparison found: one claim, the evidence for it, and what else is certain."""

    claim: str
    evidence: str
    also: str


def headline(comparison: Comparison) -> Headline:
    """Which run is best, by how much, and whether that is certain.

    The best is held against the runner-up, or against the baseline where only that was tested.
    """
    best = comparison.ranked(comparison.overall)[0]
    found = decisive(comparison)
    rival = next(
        mean for mean in comparison.overall.means if {best.run, mean.run} == {found.run, found.other}
    )
    tests = len(comparison.overall.differences)
    correction = f" after Holm's correction for {tests} tests" if tests > 1 else ""
    ahead, behind = (found.wins, found.losses) if found.run == best.run else (found.losses, found.wins)
    evidence = (
        f"{comparison.metric} {best.value:.4f} against {rival.value:.4f}: "
        f"{signed(best.value - rival.value)}{_between(found, best)}, "
        f"{p_text(found.adjusted_p)}{correction}. "
        f"{best.run} is ahead on {ahead} of {best.n} queries, behind on {behind}, level on {found.ties}."
    )
    return Headline(claim=_claim(comparison, best, rival, found), evidence=evidence, also=_also(comparison))


def decisive(comparison: Comparison) -> Difference:
    """The difference that the headline speaks of: the best run and the next best it was tested against."""
    best, *others = (mean.run for mean in comparison.ranked(comparison.overall))
    pairs = {frozenset((found.run, found.other)): found for found in comparison.overall.differences}
    return next(pairs[pair] for other in others if (pair := frozenset((best, other))) in pairs)


def signed(value: float, decimals: int = 4) -> str:
    """A number with its sign."""
    return f"{value:+.{decimals}f}".replace("-", "\N{MINUS SIGN}")


def interval_text(interval: Interval | None, *, sign: bool = False) -> str:
    """An interval's ends; a dash where it is unknown."""
    if interval is None:
        return "-"
    return " to ".join(signed(end) if sign else f"{end:.4f}" for end in interval)


def p_text(p: float | None) -> str:
    """A p-value with the precision it has; an uncorrected one was never tested."""
    if p is None:
        return "not tested"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _between(found: Difference, best: Mean) -> str:
    if found.interval is None:
        return ""
    low, high = found.interval
    ends = Interval(low, high) if found.run == best.run else Interval(-high, -low)
    return f" (95% interval {interval_text(ends, sign=True)})"


def _claim(comparison: Comparison, best: Mean, rival: Mean, found: Difference) -> str:
    if abs(best.value - rival.value) < TIE:
        return f"{best.run} and {rival.run} are level"
    name = f"the baseline {rival.run}" if rival.run == comparison.baseline else rival.run
    if found.certain:
        return f"{best.run} is better than {name}{', says the judge' if comparison.judged else ''}"
    return f"{best.run} leads, but its lead over {name} may be chance"


def _also(comparison: Comparison) -> str:
    certain = [found for found in comparison.overall.differences if found.certain]
    if not certain:
        return "No difference between these systems is certain on these queries."
    said = []
    for found in certain:
        better = (found.value > 0) == comparison.higher_is_better
        first, second = (found.run, found.other) if better else (found.other, found.run)
        said.append(f"{first} above {second}")
    held = "Certain at 5%, if the judge grades as people would" if comparison.judged else "Certain at 5%"
    return f"{held}: {', '.join(said)}."
