"""`aisle search --explain`: how a search came to its hits, in a terminal. Reads records, decides nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ui.console import MARKS

if TYPE_CHECKING:
    from core.trace import Trace
    from ranking.records import Check, Hit, Results

SHOWN_VARIANTS = 6  # --json has them all


def explanation(results: "Results") -> RenderableType:
    """Per hit its scores, proofs and variants; then what was repaired, and what each stage did."""
    parts: list[RenderableType] = []
    for place, hit in enumerate(results.hits, start=1):
        parts += ["", _hit(place, hit)]
    if results.repair:
        changes = ", ".join(f"{written!r} → {searched!r}" for written, searched in results.repair.changes)
        parts += ["", Text.assemble(("Repaired  ", "dim"), changes)]
    return Group(*parts, "", _stages(results.trace))


def _hit(place: int, hit: "Hit") -> RenderableType:
    head = Text(no_wrap=True, overflow="ellipsis")
    head.append(f"{place}  ", style="dim").append(hit.product.title, style="bold")
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(style="dim", no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row("id", hit.product.id)
    if hit.stages:
        facts.add_row("scores", _scores(hit.stages))
    for check in hit.receipt:
        facts.add_row(check.verdict, _check(check))
    if hit.variants:
        facts.add_row("variants", _variants(hit.variants))
    return Group(head, Padding(facts, (0, 0, 0, 3)))


def _scores(stages: Mapping[str, float]) -> Text:
    """Stage scores in the order of the pipeline."""
    text = Text()
    for position, (name, score) in enumerate(stages.items()):
        text.append(" → " if position else "", style="dim")
        text.append(f"{name}=", style="dim").append(f"{score:.4g}")
    return text


def _check(check: "Check") -> Text:
    mark, style = MARKS[check.verdict]
    text = Text.assemble((f"{mark} ", style), check.requirement)
    return text.append(f"  {check.evidence}" if check.evidence else "  not stated", style="dim")


def _variants(ids: tuple[str, ...]) -> str:
    more = len(ids) - SHOWN_VARIANTS
    return ", ".join(ids[:SHOWN_VARIANTS]) + (f" and {more} more" if more > 0 else "")


def _stages(trace: "Trace") -> RenderableType:
    table = Table(box=None, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column("Stage")
    for column in ("In", "Out", "ms"):
        table.add_column(column, justify="right")
    for stage in trace.stages:
        table.add_row(stage.name, _count(stage.n_in), _count(stage.n_out), f"{stage.ms:.1f}")
    table.add_row(Text("total", style="bold"), "", "", Text(f"{trace.total_ms:.1f}", style="bold"))
    return table


def _count(items: int | None) -> str:
    return "-" if items is None else f"{items:,}"
