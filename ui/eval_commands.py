"""`aisle eval`: reads arguments, calls the evaluation room, prints what it returns. Computes nothing."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import InvalidQuery
from core.settings import load_settings
from ui import console
from ui.diagnose_view import diagnose

if TYPE_CHECKING:
    from eval.records import Dataset
    from eval.summary import Summary

eval_app = typer.Typer(help="Measure search against human judgments.", no_args_is_help=True)


eval_app.command()(diagnose)


@eval_app.callback()
def _group() -> None:
    """Measure search against human judgments."""


@eval_app.command()
def run(
    queries: Annotated[Path | None, typer.Option(help="Lines of id, tab, text.")] = None,
    qrels: Annotated[Path | None, typer.Option(help="Judgments as a TREC file.")] = None,
    gains: Annotated[
        str | None, typer.Option(help="What a grade is worth: exp, esci or linear (the default).")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME|FOLDER", help="A data set instead of --queries and --qrels.")
    ] = None,
    split: Annotated[str, typer.Option(help="Which part of the data set.")] = "all",
    data: Annotated[Path, typer.Option(help="Where data sets are kept.")] = Path("data"),
    system: Annotated[str, typer.Option(help="bm25, dense or hybrid.")] = "hybrid",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many products per query.")] = 100,
    out: Annotated[
        Path | None, typer.Option("--run", metavar="OUT.trec", help="Write the run here, timings beside it.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Search again what is cached.")] = False,
    at: Annotated[
        str | None, typer.Option("--index", metavar="PATH|URL", help="Folder, or http://host:6333/NAME.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Run a system over queries and score it."""
    settings = load_settings(index=at)
    from catalog.index import open_index
    from catalog.indexing import Progress
    from eval.datasets import judged_products
    from eval.runs import execute
    from eval.slices import slices, title_words
    from eval.summary import summarise
    from eval.trec import write_run

    chosen = _dataset(queries, qrels, gains, dataset, split, data)
    opened = open_index(settings)
    try:
        with console.progress() as on_progress:
            done = execute(
                opened,
                chosen,
                system,
                settings=settings,
                limit=limit,
                cache=settings.cache / "runs",
                fresh=fresh,
                on_progress=lambda count, total: on_progress(Progress("searching", count, total)),
            )
        judged = judged_products(chosen, opened)
        parts = (
            slices(chosen.queries, opened.vocabulary(), title_words(judged.values())) if chosen.qrels else {}
        )
    except KeyboardInterrupt:
        console.failure("stopped; nothing is lost, the same command goes on from here")
        raise typer.Exit(130) from None
    finally:
        opened.close()
    if out is not None:
        write_run(done, out)
    asked = {product_id for grades in chosen.qrels.values() for product_id in grades}
    missing = len(asked - judged.keys())
    if missing:
        console.note(
            f"{missing:,} of {len(asked):,} judged products are not in {settings.index}; nothing finds them"
        )
    console.show(summarise(done, chosen, parts, missing=missing), as_json, _summary_table)


def _dataset(
    queries: Path | None, qrels: Path | None, gains: str | None, dataset: str | None, split: str, data: Path
) -> "Dataset":
    from eval.conventions import scheme
    from eval.datasets import dataset_of, load_dataset

    if (queries is None) == (dataset is None):
        raise InvalidQuery("give --queries FILE, with --qrels FILE to score it, or --dataset NAME|FOLDER")
    if queries is not None:
        return dataset_of(queries, qrels, gains or "linear")
    if qrels is not None:
        raise InvalidQuery("--dataset brings its own judgments; leave out --qrels")
    found = load_dataset(str(dataset), split, data=data)
    if gains is None:
        return found
    grades = {grade for judged in found.qrels.values() for grade in judged.values()}
    return found.model_copy(update={"conventions": scheme(gains, grades)})


def _summary_table(found: "Summary") -> RenderableType:
    """All queries and the answerable ones side by side, then each slice."""
    title = Text.assemble(
        (found.system, "bold"), f" on {found.dataset}, split {found.split}: {found.queries:,} queries"
    )
    lines: list[RenderableType] = [title]
    if found.answerable:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        table.add_column("")
        table.add_column("Queries", justify="right")
        for name in found.metrics:
            table.add_column(name, justify="right")
        parts = {"answerable": found.answerable, **found.slices}
        table.add_row("all", f"{found.queries:,}", *map(_cell, found.metrics.values()), style="bold")
        for name, part in parts.items():
            if part.queries:
                table.add_row(name, f"{part.queries:,}", *map(_cell, part.metrics.values()))
        lines += ["", table]
    if found.latency:
        took = f"\n{found.latency.p50_ms:.1f} ms a query (median), 95% within {found.latency.p95_ms:.1f} ms"
        lines.append(Text(took, style="dim"))
    return Group(*lines)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
