"""How exactly a number is said: "about 50", "over 1,000", "under $20". Knows no record."""

import re

from agent.llm.said import any_of, lists

NEARLY = 0.05  # what "about" may be off by


def agrees(said: float, real: float, before: str, exact: float = 1e-6) -> bool:
    """Whether a number is right as it is hedged: "about 50", "over 1,000", "under $20"."""
    hedged = hedge(before)
    if hedged == "about":
        return abs(said - real) <= NEARLY * max(abs(real), abs(said))
    if hedged == "above":
        return real >= said
    if hedged == "below":
        return real <= said
    return abs(said - real) <= exact


def hedge(before: str) -> str | None:
    """Which hedge the words before a number end with, if any."""
    for name in ("about", "above", "below"):
        if re.search(any_of(lists()["figures"][name]), before, re.I):
            return name
    return None


def unhedged(before: str) -> str:
    """The words before a number without their hedges."""
    for name in ("about", "above", "below"):
        before = re.sub(any_of(lists()["figures"][name]), " ", before, flags=re.I)
    return before
