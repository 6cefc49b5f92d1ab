"""`aisle train`: the blend's weights and the cross-encoder's adapter, learned from judged queries, and the
embedded planner's adapter, learned from lessons.

Reads arguments, calls the training, prints what came out; everything reported is out of fold or held out.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import InvalidQuery
from core.record import Record
from core.settings import load_settings
from ui import console
from ui.options import Data, Json, Split

if TYPE_CHECKING:
    from agent.llm.training.held_out import Scores, Taught
    from eval.records import Dataset
    from ranking.features import Column
    from ranking.training.examples import Example

train_app = typer.Typer(
    help="Learn to rank from judged queries, and to plan from lessons.", no_args_is_help=True
)

EXAMPLES = 2  # of every file of lessons, for a model that was not taught

On = Annotated[
    list[str],
    typer.Option("--on", metavar="DATASET=INDEX", help="A judged data set and its index; may be repeated."),
]


class Trained(Record):
    """What was written, and the mean nDCG@10 of queries that were held out, by data set."""

    path: str
    held_out: dict[str, float]
    without: dict[str, float]  # the same queries ranked by fusion alone


@train_app.command("blend")
def blend(
    on: On,
    out: Annotated[Path, typer.Option(help="Where the weights go.")] = Path("blend.json"),
    crossed: Annotated[
        Path | None,
        typer.Option(help="Out-of-fold scores of a reranker that was taught these queries."),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, max=100, help="For the held-out scores.")] = 10,
    split: Split = "dev",
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Fit the weights of the blend around the reranker of the settings."""
    from ranking.reranker import open_reranker
    from ranking.training.blend_training import fit_blend, out_of_fold
    from ranking.training.crossed import read_crossed, score_all

    found, datasets = _examples(on, split, data)
    if crossed is not None:
        columns: list[Column] | None = read_crossed(crossed, found)
    else:
        columns = score_all(open_reranker(load_settings(), console.note), found)
    held_out = _ndcg(found, datasets, out_of_fold(found, columns, count=folds))
    without = _ndcg(found, datasets, [example.columns["rrf"] for example in found])
    fitted = fit_blend(found, columns).model_copy(
        update={"trained_on": ", ".join(datasets), "scores": held_out}
    )
    out.write_text(fitted.model_dump_json(indent=1) + "\n", encoding="utf-8")
    console.show(Trained(path=str(out), held_out=held_out, without=without), as_json, _report)


@train_app.command("reranker")
def reranker(
    on: On,
    also: Annotated[
        list[str] | None, typer.Option(metavar="INDEX", help="A catalogue without judgments, to learn from.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the adapter.")] = Path("reranker"),
    work: Annotated[
        Path, typer.Option(help="Folder for checkpoints; the same command goes on from there.")
    ] = Path("training"),
    tasks: Annotated[int, typer.Option(min=300, help="Queries to make from the catalogues.")] = 12_000,
    rounds: Annotated[int, typer.Option(min=0, help="How often judged queries are shown; 0: never.")] = 0,
    folds: Annotated[int, typer.Option(min=2, max=100, help="For the held-out scores.")] = 5,
    seed: Annotated[int, typer.Option(help="Of everything random.")] = 7,
    split: Split = "dev",
    data: Data = Path("data"),
    as_json: Json = False,
) -> None:
    """Train the cross-encoder's adapter; hours on a CPU, minutes with CUDA."""
    from catalog.index import open_index
    from ranking.training.session import Session, train_reranker

    found, datasets = _examples(on, split, data)
    session = Session(work=work, out=out, tasks=tasks, rounds=rounds, folds=folds, seed=seed)
    indexes = [*(_pair(text)[1] for text in on), *(also or ())]
    crossed = train_reranker(
        session,
        found,
        [lambda at=at: open_index(load_settings(index=at)) for at in indexes],  # type: ignore[misc]
        load_settings(),
        on_progress=console.note,
    )
    held_out = _ndcg(found, datasets, crossed)
    without = _ndcg(found, datasets, [example.columns["rrf"] for example in found])
    console.show(Trained(path=str(out), held_out=held_out, without=without), as_json, _report)


@train_app.command("planner")
def planner(
    out: Annotated[Path, typer.Option(help="Where the adapter goes.")] = Path("planner.gguf"),
    epochs: Annotated[int, typer.Option(min=1, help="How often the lessons are shown.")] = 3,
    seed: Annotated[int, typer.Option(help="Of everything random, and of which lessons are held out.")] = 7,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint of a training that was cut off.")
    ] = False,
    untaught: Annotated[
        bool, typer.Option("--untaught", help="Also ask the base model, with a few examples.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train the embedded planner's adapter; about half an hour on one core."""
    from agent.llm.training.generation import extra
    from agent.llm.training.held_out import Taught
    from agent.llm.training.lessons import parted, read_lessons
    from agent.llm.training.planner_training import Recipe
    from agent.llm.training.session import measured, train_planner

    kept, held = parted(read_lessons(), seed)
    lessons = [*chain.from_iterable(kept.values()), *extra()]
    recipe, checkpoint = Recipe(epochs=epochs, seed=seed), out.with_suffix(".checkpoint")
    settings = load_settings()
    if not resume:
        checkpoint.unlink(missing_ok=True)
    apart = [*chain.from_iterable(held.values())]
    train_planner(lessons, apart, recipe, out, settings, checkpoint, console.note)
    held_out = measured(held, settings, out)
    examples = [lesson for group in kept.values() for lesson in group[:EXAMPLES]]
    without = measured(held, settings, None, examples) if untaught else None
    checkpoint.unlink(missing_ok=True)
    console.show(Taught(path=str(out), held_out=held_out, without=without), as_json, _taught)


def _examples(on: list[str], split: str, data: Path) -> "tuple[list[Example], dict[str, Dataset]]":
    from catalog.index import open_index
    from catalog.indexing import Progress
    from eval.datasets import load_dataset
    from eval.held_out import judged
    from ranking.training.examples import examples

    found: list[Example] = []
    datasets: dict[str, Dataset] = {}
    for name, at in map(_pair, on):
        datasets[name] = load_dataset(data / name, split)
        index = open_index(load_settings(index=at))
        try:
            with console.progress() as on_progress:
                found += examples(
                    index,
                    judged(name, datasets[name]),
                    lambda done, total: on_progress(Progress("searching", done, total)),
                )
        finally:
            index.close()
    if not found:
        raise InvalidQuery("no query of these data sets has a relevant product; nothing can be learned")
    return found, datasets


def _ndcg(
    found: "Sequence[Example]", datasets: "Mapping[str, Dataset]", scores: "Sequence[Column]"
) -> dict[str, float]:
    from eval.held_out import scored_ndcg

    values = {name: scored_ndcg(name, dataset, found, scores) for name, dataset in datasets.items()}
    return {name: round(fmean(scored.values()), 4) for name, scored in values.items() if scored}


def _pair(text: str) -> tuple[str, str]:
    name, separator, at = text.partition("=")
    if not (separator and name and at):
        raise InvalidQuery(f"--on {text}: write it as DATASET=INDEX, for example --on esci_us=esci.index")
    return name, at


def _taught(taught: "Taught") -> RenderableType:
    columns = ("lessons", "intent", "searches right", "first right", "covered")
    table = Table("held out", *columns, box=None, header_style="dim")
    for name, scores in taught.held_out.items():
        table.add_row(name, *_cells(scores))
    if taught.without:
        table.add_row("all, not taught", *_cells(taught.without["all"]))
    return Group(Text.assemble(("✓ ", "green"), "written to ", (taught.path, "bold")), table)


def _cells(scores: "Scores") -> list[str]:
    shares = (scores.intent, scores.right, scores.first_right, scores.covered)
    return [str(scores.lessons), *(f"{share:.0%}" for share in shares)]


def _report(trained: Trained) -> RenderableType:
    table = Table("data set", "nDCG@10 held out", "by fusion alone", box=None, header_style="dim")
    for name, value in trained.held_out.items():
        table.add_row(name, f"{value:.3f}", f"{trained.without[name]:.3f}")
    return Group(Text.assemble(("✓ ", "green"), "written to ", (trained.path, "bold")), table)
