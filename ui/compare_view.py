"""How a comparison of runs looks in a terminal: the headline, the means, the differences, the slices."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from eval.compare import SMALL, Comparison, Difference, Mean, Part
from eval.statistics import Interval
from eval.wording import headline, interval_text, p_text, signed

WIDTH = 25  # characters of a drawn interval; odd, so that zero has a middle
CERTAIN = "✓"


def comparison_table(comparison: Comparison) -> RenderableType:
    """The best in bold, certain differences marked, slices too small to judge dimmed."""
    said = headline(comparison)
    parts: list[RenderableType] = [
        Text(said.claim, style="bold"),
        Text(said.evidence),
        Text(said.also, style="dim"),
        *([Text(comparison.judged.said, style="yellow")] if comparison.judged else []),
        "",
        _means(comparison),
        "",
        _differences(comparison),
    ]
    if comparison.slices:
        parts += ["", _slices(comparison)]
    return Group(*parts, "", _legend(comparison))


def _table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), show_edge=False, header_style="dim")


def _means(comparison: Comparison) -> Table:
    table = _table()
    table.add_column("Run", no_wrap=True)
    table.add_column(comparison.metric, justify="right", no_wrap=True)
    table.add_column("95% interval", no_wrap=True)
    table.add_column("")
    means = comparison.ranked(comparison.overall)
    ends = [end for mean in means for end in (mean.value, *(mean.interval or ()))]
    scale = Interval(min(ends), max(ends))
    best = comparison.best(comparison.overall)
    for mean in means:
        style = "bold" if mean.run in best else ""
        name = f"{mean.run} (baseline)" if mean.run == comparison.baseline else mean.run
        drawn = _drawn(mean.value, mean.interval, scale)
        table.add_row(
            Text(name, style), Text(f"{mean.value:.4f}", style), interval_text(mean.interval), drawn
        )
    return table


def _differences(comparison: Comparison) -> Table:
    table = _table()
    table.add_column(
        "Difference", overflow="fold"
    )  # the one that may wrap: a number cut short is a wrong one
    table.add_column("", justify="right", no_wrap=True, min_width=9)
    table.add_column("95% interval", no_wrap=True, min_width=18)
    table.add_column("Holm", no_wrap=True, min_width=9)
    table.add_column("d", justify="right", no_wrap=True, min_width=5)
    table.add_column("won/level/lost", justify="right", no_wrap=True, min_width=8)
    for found in comparison.overall.differences:
        effect = "-" if found.effect is None else signed(found.effect, 2)
        table.add_row(
            f"{found.run} minus {found.other}",
            _marked(signed(found.value), found),
            interval_text(found.interval, sign=True),
            p_text(found.adjusted_p),
            effect,
            f"{found.wins}/{found.ties}/{found.losses}",
        )
    return table


def _slices(comparison: Comparison) -> Table:
    table = _table()
    table.add_column("Slice", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    for run in comparison.runs:
        table.add_column(run, justify="right", no_wrap=True)
    table.add_column("Certain", overflow="fold")
    for part in comparison.slices:
        style = "dim" if part.small else ""
        best = comparison.best(part)
        means = [_mean(mean, best, part) for mean in part.means]
        table.add_row(Text(part.name, style), Text(str(part.n), style), *means, _finding(part))
    return table


def _mean(mean: Mean, best: frozenset[str], part: Part) -> Text:
    style = "dim" if part.small else "bold" if mean.run in best else ""
    return Text(f"{mean.value:.4f}", style)


def _finding(part: Part) -> Text:
    if part.small:
        return Text("too small to judge", style="dim")
    certain = [found for found in part.differences if found.certain]
    lines = (f"{CERTAIN} {found.run} minus {found.other} {signed(found.value)}" for found in certain)
    return Text("\n".join(lines), style="green") if certain else Text("-", style="dim")


def _marked(text: str, found: Difference) -> Text:
    return Text(f"{CERTAIN} {text}", style="bold green") if found.certain else Text(text)


def _legend(comparison: Comparison) -> Text:
    best = "highest" if comparison.higher_is_better else "lowest"
    return Text(
        f"bold: {best}; {CERTAIN}: p < 0.05 after Holm's correction; under {SMALL} queries nothing is judged",
        style="dim",
    )


def _drawn(value: float, interval: Interval | None, scale: Interval) -> Text:
    """The interval as a line with a dot at the mean."""
    span = (scale.high - scale.low) or 1.0

    def column(end: float) -> int:
        return round((end - scale.low) / span * (WIDTH - 1))

    cells = [" "] * WIDTH
    if interval is not None:
        for place in range(column(interval.low), column(interval.high) + 1):
            cells[place] = "─"
    cells[column(value)] = "●"
    return Text("".join(cells), style="cyan")
