"""The insight page's plots, drawn with the parts of the evaluation report's: days from left to right.

They place and label; colours are the style sheet's. Scales stand beside the plot, so that it can be of any
width; what a plot shows is written in its label and, day by day, in the table below it.
"""

from collections.abc import Callable, Sequence
from datetime import date
from itertools import pairwise
from math import ceil, floor, log10
from typing import NamedTuple

from markupsafe import Markup

from eval.plots import LINE, SVG, TEXT, Axis, axis

TOP, BELOW = 12, 26  # pixels above the highest value, and below the lowest for the dates
MOST_DATES, MOST_TICKS = 6, 8
APART = 15  # pixels between the names of two lines
GAP = 0.14  # of a day's width, on either side of its column

Write = Callable[[float], str]

PLOT = Markup('<div class="plot">{scale}{days}{names}</div>')
BESIDE = Markup('<svg class="{kind}" width="{width}" height="{height}" aria-hidden="true">{body}</svg>')
RECT = Markup('<rect class="{kind}" x="{x:.3f}%" y="{y:.1f}" width="{width:.3f}%" height="{height:.1f}"/>')
DAY = Markup('<g class="day">{reach}{shapes}<title>{title}</title></g>')
DOT = Markup('<circle class="dot {kind}" cx="{x:.3f}%" cy="{y:.1f}" r="{radius}"/>')
SHARE = Markup('<svg class="share" width="100%" height="6" aria-hidden="true">{}</svg>')


class Column(NamedTuple):
    """One day as parts that stand on each other, the lowest first: class and value. `title` is its hint."""

    day: date
    title: str
    parts: Sequence[tuple[str, float]]


class Curve(NamedTuple):
    """One value a day, where it is known; `kind` is its class, `name` stands at its end."""

    kind: str
    name: str
    values: Sequence[float | None]


def columns(days: Sequence[Column], label: str, write: Write, height: int = 220) -> Markup:
    """A column for each day, from zero."""
    scale = _from_zero([sum(value for _, value in day.parts) for day in days])
    slot = 100 / len(days)
    body = _frame(scale, [day.day for day in days], height)
    for place, day in enumerate(days):
        shapes, below = Markup(), 0.0
        for kind, value in day.parts:
            if value:
                top, bottom = _y(scale, below + value, height), _y(scale, below, height)
                shapes += RECT.format(
                    kind=kind,
                    x=(place + GAP) * slot,
                    y=top,
                    width=slot * (1 - 2 * GAP),
                    height=max(bottom - top, 1.5),
                )
            below += value
        body += DAY.format(reach=_reach(place, slot, height), shapes=shapes, title=day.title)
    return PLOT.format(scale=_scale(scale, write, height), days=_days(label, height, body), names="")


def curves(
    days: Sequence[date],
    found: Sequence[Curve],
    titles: Sequence[str],
    label: str,
    write: Write,
    height: int = 220,
) -> Markup:
    """Lines on a logarithmic scale, for what is a few of one kind and a hundred times that of another."""
    known = [value for curve in found for value in curve.values if value is not None]
    scale, slot = _decades(known), 100 / len(days)
    body = _frame(scale, days, height)
    for place, title in enumerate(titles):
        body += DAY.format(reach=_reach(place, slot, height), shapes="", title=title)
    ends: list[tuple[float, Curve]] = []
    for curve in found:
        points = [
            (slot * (place + 0.5), _y(scale, _log(value), height)) if value is not None else None
            for place, value in enumerate(curve.values)
        ]
        body += _drawn(curve.kind, points)
        last = next((point for point in reversed(points) if point), None)
        if last:
            ends.append((last[1], curve))
    return PLOT.format(
        scale=_scale(scale, lambda tick: write(10**tick), height),
        days=_days(label, height, body),
        names=_names(ends, height),
    )


def share(part: float, whole: float) -> Markup:
    """A thin bar: how much of the most something is. The number stands beside it."""
    return SHARE.format(RECT.format(kind="fill", x=0, y=0, width=100 * part / whole, height=6))


def _from_zero(values: Sequence[float]) -> Axis:
    found = axis([max(values, default=0) or 1], ticks=4, zero=True)
    counts = all(value == round(value) for value in values)  # of things, of which there are no halves
    ticks = (tick for tick in found.ticks if tick >= 0 and (tick == round(tick) or not counts))
    return Axis(0, found.high, tuple(ticks), zero=False)


def _decades(values: Sequence[float]) -> Axis:
    """A scale of logarithms whose ticks are 1, 2 or 5 times a power of ten."""
    low, high = min(map(_log, values)), max(map(_log, values))
    steps = [log10(step) + power for power in range(floor(low) - 1, ceil(high) + 2) for step in (1, 2, 5)]
    first = max(tick for tick in steps if tick <= low)
    last = min(tick for tick in steps if tick > high)
    ticks = [tick for tick in steps if first <= tick <= last]
    if len(ticks) > MOST_TICKS:
        ticks = [tick for tick in ticks if tick == round(tick)]
    return Axis(first, last, tuple(ticks), zero=False)


def _log(value: float) -> float:
    return log10(max(value, 0.1))


def _y(scale: Axis, value: float, height: int) -> float:
    return TOP + (height - TOP - BELOW) * (1 - scale.at(value) / 100)


def _frame(scale: Axis, days: Sequence[date], height: int) -> Markup:
    """The grid and some dates; every second one can be left out where there is little room."""
    body = Markup()
    for tick in scale.ticks:
        y = _y(scale, tick, height)
        body += LINE.format(kind="grid", x1=0, x2=100, y1=y, y2=y)
    step, slot = ceil(len(days) / MOST_DATES), 100 / len(days)
    for number, place in enumerate(range(len(days) - 1, -1, -step)):
        x = slot * (place + 0.5)
        anchor, x = ("end", 100.0) if x > 95 else ("start", 0.0) if x < 5 else ("middle", x)
        text = f"{days[place].day} {days[place]:%b}"
        kind = "date second" if number % 2 else "date"
        body += TEXT.format(kind=kind, x=x, y=height - 6, anchor=anchor, dx=0, text=text)
    return body


def _scale(scale: Axis, write: Write, height: int) -> Markup:
    body = Markup().join(
        TEXT.format(kind="tick", x=100, y=_y(scale, tick, height) + 4, anchor="end", dx=0, text=write(tick))
        for tick in scale.ticks
    )
    return BESIDE.format(kind="scale", width=44, height=height, body=body)


def _names(ends: Sequence[tuple[float, Curve]], height: int) -> Markup:
    """The names of lines at their right ends, pushed upwards where they would cover each other."""
    body, lowest = Markup(), float(height - BELOW + 4)
    for y, curve in sorted(ends, key=lambda end: -end[0]):
        at = min(y + 4, lowest)
        lowest = at - APART
        body += TEXT.format(kind=f"name {curve.kind}", x=0, y=at, anchor="start", dx=0, text=curve.name)
    return BESIDE.format(kind="names", width=30, height=height, body=body)


def _drawn(kind: str, points: Sequence[tuple[float, float] | None]) -> Markup:
    """Lines between days that follow each other; a day by itself is a dot."""
    body = Markup()
    for one, other in pairwise(points):
        if one and other:
            body += LINE.format(kind=f"curve {kind}", x1=one[0], x2=other[0], y1=one[1], y2=other[1])
    for place, point in enumerate(points):
        if point and not any(points[max(0, place - 1) : place]) and not any(points[place + 1 : place + 2]):
            body += DOT.format(kind=kind, x=point[0], y=point[1], radius=3)
    return body


def _reach(place: int, slot: float, height: int) -> Markup:
    return RECT.format(kind="reach", x=place * slot, y=TOP, width=slot, height=height - TOP - BELOW)


def _days(label: str, height: int, body: Markup) -> Markup:
    return SVG.format(kind="days", height=height, label=label, body=body)
