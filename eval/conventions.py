"""How grades count: the gain maps by name, those of the public data sets, and a folder's dataset.toml."""

import math
import tomllib
from collections.abc import Collection, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from core.errors import InvalidQuery, InvalidSource
from eval.records import Conventions

# Exact alone is relevant: a substitute earns a tenth of it, so recall should not call the two the same.
ESCI = Conventions(gains={0: 0.0, 1: 0.01, 2: 0.1, 3: 1.0}, relevant=3)
# Whatever earns a gain is relevant; raters gave 1 and 2 rarely (158 of 1,783 pairs).
ICECAT = Conventions(gains={0: 0.0, 1: 1.0, 2: 3.0, 3: 7.0}, relevant=1)
WANDS = Conventions(gains={0: 0.0, 1: 0.5, 2: 1.0}, relevant=2)
PUBLIC = {"esci_us": ESCI, "icecat": ICECAT, "wands": WANDS, "esci": ESCI}

SCHEMES = ("exp", "esci", "linear")
LARGEST_GAIN = 1_000_000  # trec_eval counts products per gain level, in an array of that length


def scheme(name: str, grades: Collection[int]) -> Conventions:
    """Conventions by name: `linear` is the grade itself, `exp` is 2^grade - 1, `esci` 1, 0.1, 0.01, 0."""
    if name not in SCHEMES:
        raise InvalidQuery(f"no gains {name!r}; choose from: {', '.join(SCHEMES)}")
    if name == "esci":
        return ESCI
    known = sorted({0, *grades})
    if name == "linear":
        return Conventions(gains={grade: float(max(grade, 0)) for grade in known})
    return Conventions(gains={grade: float(2**grade - 1) if grade > 0 else 0.0 for grade in known})


def whole_gains(gains: Mapping[int, float]) -> dict[int, int]:
    """The gains in the same proportion as whole numbers, which is all that trec_eval takes.

    nDCG is a ratio of sums of gains, so a common factor leaves it as it is.
    """
    exact = {grade: Fraction(gain).limit_denominator(10_000) for grade, gain in gains.items()}
    factor = math.lcm(*(fraction.denominator for fraction in exact.values()))
    whole = {grade: int(fraction * factor) for grade, fraction in exact.items()}
    common = math.gcd(*whole.values()) or 1
    whole = {grade: gain // common for grade, gain in whole.items()}
    rounded = [g for g, fraction in exact.items() if not math.isclose(fraction, gains[g], rel_tol=1e-9)]
    if rounded or max(whole.values()) > LARGEST_GAIN:
        shown = ", ".join(f"{gain:g}" for gain in gains.values())
        raise InvalidSource(
            f"gains {shown} are not in a proportion of whole numbers up to {LARGEST_GAIN:,}; round them"
        )
    return whole


def read_conventions(path: Path, grades: Collection[int]) -> Conventions:
    """What a dataset.toml says: `gains = "exp"` or a table of gains by grade, and `relevant`."""
    try:
        stated = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:  # TOML and UTF-8 mistakes are ValueErrors; they name the line
        raise InvalidSource(f"cannot read {path}: {error}") from error
    if unknown := sorted(set(stated) - {"gains", "relevant"}):
        raise InvalidSource(f"{path}: unknown entry {unknown[0]!r}; known are gains and relevant")
    gains, relevant = stated.get("gains", "linear"), stated.get("relevant")
    if isinstance(gains, str):
        if gains not in SCHEMES:
            raise InvalidSource(f"{path}: no gains {gains!r}; choose from: {', '.join(SCHEMES)}")
        found = scheme(gains, grades)
    else:
        found = Conventions(gains=_table(gains, path))
    if relevant is None:
        return found
    if not isinstance(relevant, int) or isinstance(relevant, bool) or relevant > max(found.gains):
        raise InvalidSource(
            f"{path}: relevant = {relevant!r} is not a grade; the highest is {max(found.gains)}"
        )
    return found.model_copy(update={"relevant": relevant})


def _table(stated: Any, path: Path) -> dict[int, float]:
    if not isinstance(stated, dict):
        raise InvalidSource(f"{path}: gains must be a table such as [gains] 0 = 0, 1 = 0.1, 2 = 1")
    gains: dict[int, float] = {}
    for grade, gain in stated.items():
        number = isinstance(gain, int | float) and not isinstance(gain, bool)
        if not number or not math.isfinite(gain) or gain < 0:
            raise InvalidSource(f"{path}: gain {gain!r} of grade {grade} is not a number from 0 up")
        try:
            gains[int(grade)] = float(gain)
        except ValueError:
            raise InvalidSource(f"{path}: grade {grade!r} is not a whole number") from None
    if not any(gains.values()):
        raise InvalidSource(f"{path}: every gain is 0; nothing could score")
    try:
        whole_gains(gains)
    except InvalidSource as error:
        raise InvalidSource(f"{path}: {error}") from error
    return gains
