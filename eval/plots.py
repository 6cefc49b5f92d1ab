"""The report's plots as inline SVG, written by hand. They place and label; colours are the style sheet's.

Horizontal positions are percentages and vertical ones pixels, without a viewBox: a plot fills whatever
width it gets while text and strokes keep their size, on a phone as on paper.
"""

from collections.abc import Iterable, Sequence
from math import floor, log10
from typing import NamedTuple

from markupsafe import Markup

from eval.statistics import TIE, Interval

MOST_BARS = 400  # more would be thinner than a pixel
PAD = 0.06  # of the range, kept free on both sides

SVG = Markup(
    '<svg class="{kind}" width="100%" height="{height}" role="img" aria-label="{label}">{body}</svg>'
)
LINE = Markup('<line class="{kind}" x1="{x1:.2f}%" x2="{x2:.2f}%" y1="{y1:.1f}" y2="{y2:.1f}"/>')
TEXT = Markup('<text class="{kind}" x="{x:.2f}%" y="{y:.1f}" text-anchor="{anchor}" dx="{dx}">{text}</text>')


class Axis(NamedTuple):
    """A horizontal scale with round ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]
    zero: bool  # a scale of differences: the line at zero is drawn to be seen

    def at(self, value: float) -> float:
        """Where a value lies, in percent of the width."""
        return 100 * (value - self.low) / (self.high - self.low)

    def text(self, tick: float) -> str:
        """A tick as it is written, with no more decimals than the step needs."""
        step = self.ticks[1] - self.ticks[0] if len(self.ticks) > 1 else 1.0
        decimals = max(0, -floor(log10(step) + 1e-9))
        return f"{tick:.{decimals}f}".replace("-", "\N{MINUS SIGN}")


class Bar(NamedTuple):
    """One query in the sorted differences: where its detail is, what hovering says, how high it is."""

    anchor: str
    title: str
    value: float


class Spot(NamedTuple):
    """One system in quality against latency; `hue` picks its colour."""

    name: str
    hue: int
    ms: float
    value: float
    interval: Interval | None


def axis(values: Iterable[float], *, ticks: int = 5, zero: bool = False) -> Axis:
    """A scale that holds all values, with at most about `ticks` round ticks; `zero` must be on it."""
    known = [*values, *([0.0] if zero else [])]
    low, high = min(known), max(known)
    if high - low < TIE:
        low, high = low - 0.05, high + 0.05
    margin = (high - low) * PAD
    low, high = low - margin, high + margin
    rough = (high - low) / ticks
    magnitude = 10.0 ** floor(log10(rough))
    step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= rough)
    first = -floor(-low / step)
    count = floor(high / step) - first + 1
    return Axis(low, high, tuple((first + i) * step for i in range(count)), zero)


def ends(value: float, interval: Interval | None) -> tuple[float, ...]:
    """The values a scale must hold to show a mean with its interval."""
    return (value,) if interval is None else (value, *interval)


def interval(
    scale: Axis, value: float, whisker: Interval | None, *, hue: int | None, label: str, height: int = 46
) -> Markup:
    """A dot at the value and a bar from end to end of its interval, over the scale's grid."""
    middle = height / 2
    body = _grid(scale, height)
    if whisker is not None:
        body += _line("whisker", scale.at(whisker.low), scale.at(whisker.high), middle, middle)
    radius = 6 if height > 30 else 4.5
    dot = Markup('<circle class="dot" cx="{:.2f}%" cy="{}" r="{}"><title>{}</title></circle>')
    body += dot.format(scale.at(value), middle, radius, label)
    return _svg("plot" if hue is None else f"plot hue{hue}", height, label, body)


def ruler(scale: Axis) -> Markup:
    """The scale's tick labels, to stand below rows of intervals."""
    body = Markup().join(_text("tick", scale.at(tick), 14, scale.text(tick)) for tick in scale.ticks)
    return Markup('<svg class="plot ruler" width="100%" height="20" aria-hidden="true">{}</svg>').format(body)


def shares(wins: int, ties: int, losses: int, *, hues: tuple[int, int]) -> Markup:
    """Wins, ties and losses as parts of one bar, in the colours of the two systems."""
    total, start, body = wins + ties + losses, 0.0, Markup()
    for kind, count in ((f"fill hue{hues[0]}", wins), ("tie", ties), (f"fill hue{hues[1]}", losses)):
        width = 100 * count / total
        rect = Markup('<rect class="{}" x="{:.2f}%" y="0" width="{:.2f}%" height="8"/>')
        body += rect.format(kind, start, width)
        start += width
    return _svg("shares", 8, f"{wins} wins, {ties} ties, {losses} losses", body)


def difference_bars(bars: Sequence[Bar], label: str, *, hues: tuple[int, int], height: int = 240) -> Markup:
    """One bar per query from the highest difference to the lowest; beyond 400, an even sample of them.

    `hues` colour the bars above and below zero.
    """
    ordered = sorted(bars, key=lambda bar: -bar.value)
    if len(ordered) > MOST_BARS:
        step = (len(ordered) - 1) / (MOST_BARS - 1)
        ordered = [ordered[round(i * step)] for i in range(MOST_BARS)]
    scale = axis((bar.value for bar in ordered), zero=True, ticks=4)
    slot = 100 / len(ordered)

    def y(value: float) -> float:
        return height * (1 - scale.at(value) / 100)

    body = Markup()
    for tick in scale.ticks:
        kind = "zero" if abs(tick) < TIE else "grid"
        body += _line(kind, 0, 100, y(tick), y(tick))
    shape = Markup(
        '<a href="#{}" tabindex="-1"><rect class="reach" x="{:.3f}%" y="0" width="{:.3f}%" height="{}"/>'
        '<rect class="{}" x="{:.3f}%" y="{:.1f}" width="{:.3f}%" height="{:.1f}"/><title>{}</title></a>'
    )
    for place, bar in enumerate(ordered):
        kind = "tie" if abs(bar.value) < TIE else f"fill hue{hues[bar.value < 0]}"
        top, bottom = sorted((y(bar.value), y(0.0)))
        tall = max(bottom - top, 1.5)
        left = place * slot
        body += shape.format(
            bar.anchor, left, slot, height, kind, left + slot * 0.1, top, slot * 0.8, tall, bar.title
        )
    for tick in scale.ticks:  # where the bars are not: gains fall to the right, losses rise to the left
        if tick > TIE:
            body += _text("tick halo", 100, y(tick) - 4, "+" + scale.text(tick), "end")
        elif tick < -TIE:
            body += _text("tick halo", 0, y(tick) - 4, scale.text(tick), "start")
    return _svg("plot bars", height, label, body)


def latency(spots: Sequence[Spot], label: str, unit: str, height: int = 300) -> Markup:
    """Quality against median latency, each system a dot with the interval of its quality."""
    below = 40
    scale = axis((spot.ms for spot in spots), zero=True)
    quality = axis(end for spot in spots for end in ends(spot.value, spot.interval))

    def x(ms: float) -> float:
        return 8 + 0.92 * scale.at(ms)

    def y(value: float) -> float:
        return (height - below) * (1 - quality.at(value) / 100)

    body = Markup()
    for tick in quality.ticks:
        body += _line("grid", 8, 100, y(tick), y(tick))
        body += _text("tick", 8, y(tick) + 4, quality.text(tick), "end", -8)
    for tick in scale.ticks:
        if tick >= 0:
            body += _text("tick", x(tick), height - below + 16, scale.text(tick))
    body += _text("tick", 54, height - 6, unit)
    written: list[tuple[float, float]] = []  # where names stand already
    for spot in sorted(spots, key=lambda spot: y(spot.value)):
        body += Markup('<g class="hue{}">').format(spot.hue)
        if spot.interval is not None:
            body += _line("whisker", x(spot.ms), x(spot.ms), y(spot.interval.low), y(spot.interval.high))
        dot = Markup('<circle class="dot" cx="{:.2f}%" cy="{:.1f}" r="7"><title>{}</title></circle>')
        body += dot.format(x(spot.ms), y(spot.value), f"{spot.name}: {spot.value:.4f} at {spot.ms:.1f} ms")
        beside = y(spot.value) + 5
        while any(abs(beside - line) < 18 and abs(x(spot.ms) - column) < 35 for column, line in written):
            beside += 3
        written.append((x(spot.ms), beside))
        right = x(spot.ms) < 70
        anchor, shift = ("start", 13) if right else ("end", -13)
        body += _text("name halo", x(spot.ms), beside, spot.name, anchor, shift) + Markup("</g>")
    return _svg("plot", height, label, body)


def strip(values: Sequence[tuple[int, str, float]], scale: Axis) -> Markup:
    """One query's score per system as dots on one line, a little apart so that equal ones all show."""
    body = _line("grid", 0, 100, 12, 12)
    for place, (hue, name, value) in enumerate(values):
        y = 12 + 7 * (place - (len(values) - 1) / 2) / max(1, len(values) / 3)
        dot = Markup('<circle class="dot hue{}" cx="{:.2f}%" cy="{:.1f}" r="4.5"><title>{}</title></circle>')
        body += dot.format(hue, scale.at(value), y, f"{name} {value:.4f}")
    label = ", ".join(f"{name} {value:.2f}" for _, name, value in values)
    return _svg("plot strip", 24, label, body)


def _grid(scale: Axis, height: float) -> Markup:
    kinds = ("zero" if scale.zero and abs(tick) < TIE else "grid" for tick in scale.ticks)
    lines = zip(kinds, map(scale.at, scale.ticks), strict=True)
    return Markup().join(_line(kind, x, x, 0, height) for kind, x in lines)


def _line(kind: str, x1: float, x2: float, y1: float, y2: float) -> Markup:
    return LINE.format(kind=kind, x1=x1, x2=x2, y1=y1, y2=y2)


def _text(kind: str, x: float, y: float, text: str, anchor: str = "middle", dx: int = 0) -> Markup:
    return TEXT.format(kind=kind, x=x, y=y, anchor=anchor, dx=dx, text=text)


def _svg(kind: str, height: float, label: str, body: Markup) -> Markup:
    return SVG.format(kind=kind, height=height, label=label, body=body)
