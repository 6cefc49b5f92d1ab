"""`aisle eval`: reads arguments, calls the evaluation room, prints what it returns. Computes nothing."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import IndexMissing, InvalidQuery
from core.settings import Settings, load_settings
from ui import console
from ui.audit_command import audit
from ui.decide_command import decide
from ui.diagnose_view import diagnose
from ui.journeys_command import conversations
from ui.judge_commands import card, judge
from ui.label_command import label
from ui.options import Data, Gains, Index, Json, Split

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog.product import Product
    from eval.records import Dataset, Run
    from eval.summary import Summary

eval_app = typer.Typer(help="Measure search against human judgments.", no_args_is_help=True)


eval_app.command()(diagnose)
eval_app.command()(decide)
eval_app.command()(judge)
eval_app.command()(card)
eval_app.command()(audit)
eval_app.command()(label)
eval_app.command()(conversations)


@eval_app.callback()
def _group() -> None:
    """Measure search against human judgments."""


@eval_app.command()
def run(
    queries: Annotated[Path | None, typer.Option(help="Lines of id, tab, text.")] = None,
    qrels: Annotated[Path | None, typer.Option(help="Judgments as a TREC file.")] = None,
    gains: Gains = None,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME|FOLDER", help="A data set instead of --queries and --qrels.")
    ] = None,
    split: Split = "all",
    data: Data = Path("data"),
    system: Annotated[str, typer.Option(help="bm25, dense, hybrid, rerank or full.")] = "full",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many products per query.")] = 100,
    out: Annotated[
        Path | None, typer.Option("--run", metavar="OUT.trec", help="Write the run here, timings beside it.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Search again what is cached.")] = False,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Run a system over queries and score it."""
    settings = load_settings(index=at)
    from agent.reader import ranker_for
    from catalog.index import open_index
    from catalog.indexing import Progress
    from eval.datasets import judged_products, missing_products
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
                ranker=ranker_for(system, settings, console.note),
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
    missing = len(missing_products(chosen, judged))
    if missing:
        total = len(judged) + missing
        console.note(
            f"{missing:,} of {total:,} judged products are not in {settings.index}; nothing finds them"
        )
    console.show(summarise(done, chosen, parts, missing=missing), as_json, _summary_table)


@eval_app.command()
def compare(
    runs: Annotated[list[Path], typer.Argument(help="TREC runs, as `aisle eval run --run` writes them.")],
    qrels: Annotated[Path | None, typer.Option(help="Judgments as a TREC file.")] = None,
    queries: Annotated[Path | None, typer.Option(help="Lines of id, tab, text.")] = None,
    gains: Gains = None,
    dataset: Annotated[
        str | None, typer.Option(metavar="NAME|FOLDER", help="A data set instead of --qrels and --queries.")
    ] = None,
    split: Split = "all",
    data: Data = Path("data"),
    metric: Annotated[str, typer.Option(help="Metric, written as people say it.")] = "nDCG@10",
    baseline: Annotated[str | None, typer.Option(help="Compare every run with this one.")] = None,
    html: Annotated[Path | None, typer.Option(metavar="OUT", help="Write a self-contained report.")] = None,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Say which of several runs is better, by how much, and whether that is more than luck."""
    settings = load_settings(index=at)
    from eval.compare import compare as compare_runs
    from eval.details import describe
    from eval.metrics import any_judged, evaluate
    from eval.report import write_report
    from eval.trec import read_run
    from ui.compare_view import comparison_table

    chosen = _judged(qrels, queries, gains, dataset, split, data)
    found = [read_run(path) for path in runs]
    names = [run.name for run in found]
    if doubled := sorted({name for name in names if names.count(name) > 1}):
        raise InvalidQuery(f"two runs are called {doubled[0]}; rename one of the files")
    for one in found:
        if not any_judged(one, chosen):
            console.note(f"nothing that {one.name} returns was judged; is it a run of another data set?")
    products, parts = _texts(chosen, found, settings, wanted=html is not None, required=at is not None)
    scores = {run.name: evaluate(run, chosen, [metric])[metric] for run in found}
    comparison = compare_runs(scores, baseline=baseline, slices=parts, metric=metric, judged=chosen.judged)
    if html is not None:
        command = shlex.join(["aisle", *sys.argv[1:]])
        write_report(html, comparison, describe(chosen, found, products, slices=parts, commands=[command]))
        console.note(f"the report is in {html}")
    console.show(comparison, as_json, comparison_table)


def _judged(
    qrels: Path | None,
    queries: Path | None,
    gains: str | None,
    dataset: str | None,
    split: str,
    data: Path,
) -> "Dataset":
    """What to judge by; without query texts the ids stand in for them."""
    if qrels is None or queries is not None or dataset is not None:
        return _dataset(queries, qrels, gains, dataset, split, data)
    from eval.conventions import scheme
    from eval.judge.provenance import provenance_of
    from eval.records import Dataset
    from eval.trec import read_qrels

    judged = read_qrels(qrels)
    grades = {grade for products in judged.values() for grade in products.values()}
    return Dataset(
        name=qrels.stem,
        queries={query_id: query_id for query_id in judged},
        qrels=judged,
        conventions=scheme(gains or "linear", grades),
        judged=provenance_of(qrels),
    )


def _texts(
    dataset: "Dataset", runs: "list[Run]", settings: Settings, *, wanted: bool, required: bool
) -> "tuple[dict[str, Product], Mapping[str, frozenset[str]]]":
    """The products to show and the slices, if there is an index to read them from."""
    from catalog.index import open_index
    from eval.datasets import judged_products
    from eval.details import DEPTH
    from eval.slices import slices, title_words

    try:
        index = open_index(settings)
    except IndexMissing:
        if required:
            raise
        console.note(f"no index at {settings.index}: no slices, and products are shown by their ids")
        return {}, {}
    try:
        judged = judged_products(dataset, index)
        parts = slices(dataset.queries, index.vocabulary(), title_words(judged.values()))
        shown = {hit.product_id for run in runs for hits in run.rankings.values() for hit in hits[:DEPTH]}
        products = index.get(sorted(shown)) if wanted else {}
    finally:
        index.close()
    return products, parts


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
    if found.judged:
        lines.append(Text(found.judged.said, style="yellow"))
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
