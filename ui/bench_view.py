"""`aisle bench`: which queries, and how the measurements look in a terminal."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import InvalidQuery
from core.settings import load_settings
from ui import console
from ui.options import Index, Json

if TYPE_CHECKING:
    from eval.bench import Bench, Comparison, Percentiles


def bench(
    queries: Annotated[Path, typer.Option(help="Queries to measure with: id, tab, text.")],
    system: Annotated[str, typer.Option(help="Which system.")] = "full",
    concurrency: Annotated[
        int, typer.Option(min=1, max=256, help="Threads that ask at once, for latency and throughput_qps.")
    ] = 1,
    against: Annotated[
        str | None,
        typer.Option(metavar="plain", help="Compare with sentence-transformers + qdrant-client."),
    ] = None,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Measure how fast a system answers on this machine."""
    if against not in (None, "plain"):
        raise InvalidQuery(f"--against {against}: the only stack to compare with is: plain")
    settings = load_settings(index=at)
    from eval.bench import bench as measure
    from eval.datasets import read_queries

    measured = measure(
        settings,
        list(read_queries(queries).values()),
        system,
        concurrency=concurrency,
        against_plain=against == "plain",
        on_step=console.note,
    )
    console.show(measured, as_json, bench_report)


def bench_report(measured: "Bench") -> RenderableType:
    """Latencies, throughput, footprint, and the comparison if there is one."""
    head = Text.assemble(
        (f"{measured.system} over {measured.products:,} products: ", "bold"),
        f"{measured.requests} requests of {measured.queries} queries, {measured.concurrency} at a time",
    )
    facts = Table.grid(padding=(0, 2, 0, 0))
    for level, qps in measured.throughput.items():
        facts.add_row(f"throughput, {level} at a time", f"{qps:,.0f} a second")
    facts.add_row("cold start to the first answer", f"{measured.cold_start_s:.2f} s")
    facts.add_row("peak memory", f"{measured.peak_memory_mb:,.0f} MB")
    if measured.index_mb is not None:
        facts.add_row("index on disk", f"{measured.index_mb:,.0f} MB")
    busy = Text(f"{measured.cpus} cores, load {measured.load:.1f} before we began", style="dim")
    parts: list[RenderableType] = [head, "", _latencies(measured.total, measured.stages), "", facts, busy]
    if measured.plain is not None:
        parts += ["", *_comparison(measured.plain)]
    return Group(*parts)


def _comparison(plain: "Comparison") -> list[RenderableType]:
    head = Text.assemble(
        (f"{plain.ratio:.1f} times", "bold green"),
        f" the median of the plain stack's {plain.total.p50_ms:,.0f} ms against our {plain.ours.p50_ms:,.1f} "
        f"on the same {plain.queries} queries in turn; ",
        (f"{plain.ratio_without_reranking:.1f} times", "bold green"),
        " without its cross-encoder",
    )
    return [head, Text(plain.stack, style="dim"), "", _latencies(plain.total, plain.stages)]


def _latencies(total: "Percentiles", stages: "Mapping[str, Percentiles]") -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("ms")
    for column in ("p50", "p95", "p99"):
        table.add_column(column, justify="right")
    for name, one in {**stages, "total": total}.items():
        style = "bold" if name == "total" else ""
        table.add_row(name, *(f"{ms:.1f}" for ms in (one.p50_ms, one.p95_ms, one.p99_ms)), style=style)
    return table
