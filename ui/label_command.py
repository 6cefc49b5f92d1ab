"""`aisle eval label`: chooses what a person should grade, and serves the page to this machine alone."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import InvalidQuery
from core.settings import load_settings
from ui import console
from ui.judge_commands import Queries, Runs
from ui.options import Gains, Index

if TYPE_CHECKING:
    from eval.judge.labelling import Labelling

HOST, PORT = "127.0.0.1", 7861


def label(
    runs: Runs,
    queries: Queries,
    out: Annotated[Path, typer.Option(metavar="QRELS", help="Grades are written here as they are given.")],
    k: Annotated[int, typer.Option("-k", "--k", min=1, max=100, help="How deep into each run.")] = 10,
    count: Annotated[int, typer.Option(min=1, help="Queries to draw; with --judged, pairs.")] = 30,
    judged: Annotated[
        Path | None,
        typer.Option(metavar="QRELS", help="Judged qrels: label what decides between two runs instead."),
    ] = None,
    rubric: Annotated[
        str, typer.Option(metavar="NAME|FILE", help="The scale: esci, icecat, a file.")
    ] = "esci",
    gains: Gains = None,
    port: Annotated[int, typer.Option(min=1, max=65535)] = PORT,
    at: Index = None,
) -> None:
    """Grade pairs by hand, in a page on this machine; stop and go on as you like."""
    import uvicorn

    from eval.judge.rubrics import load_rubric
    from ui.labelling.page import build_label_app

    scale = load_rubric(rubric).scale
    labelling = _labelling(runs, queries, out, k, count, judged, gains, at)
    app = build_label_app(labelling, scale)
    console.note(f"{labelling.graded:,} of {len(labelling.cases):,} pairs are graded; grades go to {out}")
    console.note(f"label at http://{HOST}:{port}; Ctrl-C stops")
    with suppress(KeyboardInterrupt):
        uvicorn.Server(uvicorn.Config(app, host=HOST, port=port, log_level="warning")).run()


def _labelling(
    paths: list[Path],
    queries: Path,
    out: Path,
    k: int,
    count: int,
    judged: Path | None,
    gains: str | None,
    at: str | None,
) -> "Labelling":
    from eval.conventions import scheme
    from eval.datasets import read_queries
    from eval.judge.labelling import Labelling, by_lot, human_qrels, most_decisive
    from eval.judge.pool import open_shelf, pooled, with_products
    from eval.judge.provenance import read_provenance
    from eval.judge.records import GRADES
    from eval.trec import read_run

    found = [read_run(path) for path in paths]
    texts = read_queries(queries)
    if judged is None:
        pairs = by_lot(pooled(texts, found, k), count)
    else:
        provenance = read_provenance(judged)
        if provenance is None:
            raise InvalidQuery(f"{judged} was not written by: aisle eval judge")
        conventions = scheme(gains or "exp", GRADES)
        choices = most_decisive(provenance.judgments, found, conventions, human_qrels(out), count, k)
        pairs = [choice.pair for choice in choices]
    with open_shelf(load_settings(index=at)) as shelf:
        pool = with_products(pairs, shelf.products(pair.product_id for pair in pairs))
    if pool.gone:
        console.note(f"{len(pool.gone):,} products are not in the index any more; they are left out")
    return Labelling(pool.cases, out)
