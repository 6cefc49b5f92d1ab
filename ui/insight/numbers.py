"""Numbers and days as the owner reads them: few digits, and a unit where there is one."""

from datetime import date

PREFIXES = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def short(number: float) -> str:
    """A number in four characters or so: 940, 1.2k, 35k, 4M."""
    for size, prefix in PREFIXES:
        if round(number) >= size:
            return f"{number / size:.{0 if number >= 10 * size else 1}f}".removesuffix(".0") + prefix
    return f"{number:.0f}" if number >= 10 or number == round(number) else f"{number:.2g}"


def milliseconds(ms: float) -> str:
    """A time: 42 ms, 1.2 s."""
    if ms < 1000:
        return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.2g} ms"
    return f"{ms / 1000:.{0 if ms >= 10_000 else 1}f}".removesuffix(".0") + " s"


def percent(part: float, whole: float) -> str:
    """A share without false precision: 38%, 0.4%, under 0.1%."""
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "under 0.1%"
    return f"{share:.0f}%" if share >= 10 or share == round(share) else f"{share:.1f}%"


def cost(amount: float) -> str:
    """What a model cost, in whatever currency its prices are: 12.40, 0.0031."""
    if 0 < amount < 0.0001:
        return "under 0.0001"
    return f"{amount:,.2f}" if amount >= 0.1 or not amount else f"{amount:.2g}"


def times(count: int, one: str, several: str | None = None) -> str:
    """A number with its noun: 1 search, 1,284 searches."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def day(on: date) -> str:
    """A day of this or some year: 3 August 2026."""
    return f"{on.day} {on:%B %Y}"
