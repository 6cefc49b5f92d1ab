"""`aisle eval decide`: several runs by few human grades and many judged ones. Computes nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import InvalidQuery
from ui import console
from ui.options import Gains, Json

if TYPE_CHECKING:
    from eval.judge.deciding import Decision, Difference
    from eval.judge.inference import Estimate, Inference


def decide(
    runs: Annotated[list[Path], typer.Argument(help="TREC runs, as `aisle eval run --run` writes them.")],
    judged: Annotated[Path, typer.Option(metavar="QRELS", help="What `aisle eval judge` wrote.")],
    human: Annotated[
        Path | None, typer.Option(metavar="QRELS", help="Grades by people of queries drawn by lot.")
    ] = None,
    gains: Gains = None,
    metric: Annotated[str, typer.Option(help="Metric, written as people say it.")] = "nDCG@10",
    baseline: Annotated[str | None, typer.Option(help="Compare every run with this one.")] = None,
    as_json: Json = False,
) -> None:
    """Say which run is better, as far as few human grades and many judged ones allow."""
    from eval.conventions import scheme
    from eval.judge.deciding import decide as decided
    from eval.judge.labelling import human_qrels
    from eval.judge.provenance import provenance_of, read_provenance
    from eval.judge.records import GRADES
    from eval.records import Dataset
    from eval.trec import read_run

    provenance = read_provenance(judged)
    if provenance is None:
        raise InvalidQuery(
            f"{judged} does not say how sure its judge was; judge again with: aisle eval judge"
        )
    if human is not None and not human.is_file():
        raise InvalidQuery(f"no file at {human}; begin one with: aisle eval label")
    dataset = Dataset(
        name=judged.stem,
        queries={one.pair.query_id: one.pair.query for one in provenance.judgments},
        qrels=human_qrels(human) if human else {},
        conventions=scheme(gains or "linear", GRADES),
        judged=provenance_of(judged),
    )
    found = decided(
        [read_run(path) for path in runs], dataset, provenance.judgments, metric, baseline=baseline
    )
    console.show(found, as_json, decision_text)


def decision_text(found: "Decision") -> RenderableType:
    """The decision as a reader sees it."""
    head = Text.assemble(
        (found.metric, "bold"),
        f" over {found.queries:,} queries, {found.labelled:,} of them graded by people",
    )
    lines: list[RenderableType] = [head]
    if found.judged:
        lines.append(Text(found.judged.said, style="yellow"))
    if found.left_out:
        note = f"{found.left_out:,} queries that people graded were not judged, and count for nothing here"
        lines.append(Text(note, style="dim"))
    table = _table("", "people alone", "judge alone", "corrected")
    for system in found.systems:
        table.add_row(system.run, *_cells(system.found))
    lines += ["", table]
    if found.differences:
        differences = _table("", "people alone", "judge alone", "corrected", "certain", "more to grade")
        for one in found.differences:
            differences.add_row(
                f"{one.first} - {one.second}", *_cells(one.found, sign="+"), one.leader or "-", _lacking(one)
            )
        lines += ["", differences]
    if not found.labelled:
        lines.append(
            Text("\nNobody knows how wrong the judge is: grade some queries, drawn by lot.", style="bold")
        )
    if found.label_next:
        lines.append(Text(f"\nnext to grade, by lot: {', '.join(found.label_next)}", style="dim"))
    return Group(*lines)


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if place else "left", overflow="fold")
    return table


def _cells(found: "Inference", sign: str = "") -> list[str]:
    return [_cell(estimate, sign) for estimate in (found.human, found.judge, found.corrected)]


def _cell(estimate: "Estimate | None", sign: str) -> str:
    if estimate is None or estimate.value is None:
        return "unknown"
    form = f"{sign}.3f"
    value = format(estimate.value, form)
    if estimate.interval is None:
        return value
    return f"{value} ({estimate.interval.low:{form}} to {estimate.interval.high:{form}})"


def _lacking(one: "Difference") -> str:
    """How many more queries people would have to grade, with the judge's help."""
    if one.leader:
        return "none"
    if one.found.corrected is None:
        return "some first"
    return "more than there are" if one.more_corrected is None else f"about {one.more_corrected:,} queries"
