"""The insight page and its sign-in as HTML: arranges what was counted. Counts nothing, knows no request.

Queries are shoppers' words: the templates escape all of it, and the page's policy allows no script at all.
"""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from behavior.insight import Day
from behavior.records import LlmUse
from core.record import Record
from ui.insight import numbers, plots
from ui.insight.counting import Counted
from ui.page.app import BROWSER
from ui.page.text import seen

TEMPLATES = Path(__file__).parent / "templates"
WINDOWS = (7, 30, 90)
LEADING = 8  # of a list; the others are folded away
PERCENTILES = ("p50", "p95", "p99")
LONGEST = 160  # characters of a query, which may have ten thousand
# As `agent.plan.constraints` calls them; other names are those of the catalogue's attributes.
REQUIREMENTS: Mapping[str, str] = {
    "price_min": "price from",
    "price_max": "price up to",
    "rating_min": "rating from",
    "rating_max": "rating up to",
    "reviews_min": "reviews from",
    "reviews_max": "reviews up to",
    "brands": "brand",
    "categories": "category",
    "exclude": "without",
}


class Keeping(Record):
    """What the page says of the log itself."""

    logs: bool  # whether anything is logged now
    folder: str
    days: int  # that it is kept


def insight_page(counted: Counted, keeping: Keeping) -> str:
    """The page of some days."""
    found, window = counted.insight, (counted.until - counted.since).days + 1
    if found is None or not found.searches:
        return _rendered("bare.html", counted=counted, keeping=keeping, window=window, windows=WINDOWS)
    days = _every_day(counted.since, counted.until, found.days)
    latest = next((day for day in reversed(found.days) if day.latency), None)
    return _rendered(
        "insight.html",
        counted=counted,
        keeping=keeping,
        window=window,
        windows=WINDOWS,
        found=found,
        nothing=sum(day.nothing_found for day in days),
        failed=sum(day.failed for day in days),
        latest=latest,
        llm=_llm(days),
        searches=_searches(days),
        latency=_latency(days) if latest else None,
        tokens=_tokens(days),
        costs=_costs(days),
        leading=LEADING,
    )


def sign_in_page(*, refused: bool, keyless: bool) -> str:
    """The form for the key or, as long as the server has no keys, how to make one."""
    return _rendered("sign_in.html", refused=refused, keyless=keyless)


@cache
def policy() -> str:
    """What a browser may load for these pages: their own style, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


@cache
def _style() -> str:
    """The chat page's colours and type, and what this page adds."""
    sheets = (BROWSER / "tokens.css", TEMPLATES / "insight.css")
    return "\n".join(sheet.read_text(encoding="utf-8") for sheet in sheets)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        words=lambda text: seen(text, LONGEST),
        requirement=lambda name: REQUIREMENTS.get(name) or seen(name, LONGEST).replace("_", " "),
        short=numbers.short,
        ms=numbers.milliseconds,
        cost=numbers.cost,
        day=numbers.day,
    )
    templates.globals.update(percent=numbers.percent, times=numbers.times, share=plots.share)
    return templates


def _rendered(name: str, **values: Any) -> str:
    style = Markup(_style())  # noqa: S704  our own files
    return _templates().get_template(name).render(style=style, **values)


def _every_day(since: date, until: date, found: Sequence[Day]) -> list[Day]:
    """All the days, also those without a search."""
    known = {day.day: day for day in found}
    days = (since + timedelta(days=number) for number in range((until - since).days + 1))
    return [known.get(day) or _quiet(day) for day in days]


def _quiet(day: date) -> Day:
    return Day(day=day, searches=0, nothing_found=0, failed=0, latency=None, llm=LlmUse())


def _llm(days: Sequence[Day]) -> LlmUse:
    costs = [day.llm.cost for day in days if day.llm.cost is not None]
    return LlmUse(
        calls=sum(day.llm.calls for day in days),
        tokens=sum(day.llm.tokens for day in days),
        cost=sum(costs) if costs else None,
    )


def _searches(days: Sequence[Day]) -> Markup:
    columns = [
        plots.Column(
            one.day,
            f"{numbers.day(one.day)}: {numbers.times(one.searches, 'search', 'searches')}, "
            f"{one.nothing_found:,} found nothing, {one.failed:,} failed",
            [
                ("good", one.searches - one.nothing_found - one.failed),
                ("nothing", one.nothing_found),
                ("failed", one.failed),
            ],
        )
        for one in days
    ]
    return plots.columns(columns, "Searches of each day, by what became of them", numbers.short)


def _latency(days: Sequence[Day]) -> Markup:
    curves = [
        plots.Curve(name, name, [getattr(day.latency, name) if day.latency else None for day in days])
        for name in PERCENTILES
    ]
    label = "Median, 95th and 99th percentile of the time of a search, day by day"
    titles = [f"{numbers.day(day.day)}: {_times(day)}" for day in days]
    return plots.curves([day.day for day in days], curves, titles, label, numbers.milliseconds)


def _times(day: Day) -> str:
    if day.latency is None:
        return "no search was timed"
    return ", ".join(f"{name} {numbers.milliseconds(getattr(day.latency, name))}" for name in PERCENTILES)


def _tokens(days: Sequence[Day]) -> Markup | None:
    if not any(day.llm.tokens for day in days):
        return None
    return _amounts(days, "Tokens of each day", lambda day: day.llm.tokens, numbers.short, "tokens")


def _costs(days: Sequence[Day]) -> Markup | None:
    if not any(day.llm.cost for day in days):
        return None
    return _amounts(days, "Cost of each day", lambda day: day.llm.cost or 0.0, numbers.cost, "")


def _amounts(
    days: Sequence[Day],
    label: str,
    amount: Callable[[Day], float],
    write: Callable[[float], str],
    unit: str,
) -> Markup:
    columns = [
        plots.Column(
            day.day, f"{numbers.day(day.day)}: {write(amount(day))} {unit}".rstrip(), [("plain", amount(day))]
        )
        for day in days
    ]
    return plots.columns(columns, label, numbers.short, height=150)
