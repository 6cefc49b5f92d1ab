"""`aisle eval diagnose`: which queries are meant, and how a diagnosis looks in a terminal."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import InvalidQuery, StorageFull
from core.settings import load_settings
from ui import console
from ui.options import Index, Json, Split

if TYPE_CHECKING:
    from eval.diagnose import Diagnosis, Difference, Missed, Movement, QueryDiagnosis
    from eval.records import Dataset

WORST = 10
SHOWN = 5  # losses per query in the terminal; --json has them all
LOST = {
    "index": "not in the index",
    "filter": "filtered out",
    "recall": "not recalled",
    "fusion": "fused down",
    "rerank": "reranked down",
    "cut": "never in the top",
    "crowded": "crowded out",
}


def diagnose(
    dataset: Annotated[str, typer.Option(help="Name of a data set, or a folder with queries and qrels.")],
    split: Split = "all",
    query: Annotated[
        list[str] | None, typer.Option(metavar="TEXT|ID", help="One of its queries; may be repeated.")
    ] = None,
    worst: Annotated[
        int | None, typer.Option(min=1, metavar="N", help=f"The N worst queries; {WORST} if nothing is said.")
    ] = None,
    system: Annotated[str, typer.Option(help="Which system.")] = "full",
    k: Annotated[int, typer.Option("-k", min=1, max=100, help="How many products are shown.")] = 10,
    save: Annotated[Path | None, typer.Option(help="Keep the diagnosis here, as JSON.")] = None,
    against: Annotated[
        Path | None, typer.Option(help="A diagnosis kept earlier; say what changed since.")
    ] = None,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Say where relevant products are lost, and why."""
    if query and worst:
        raise InvalidQuery("give --query or --worst, not both")
    settings = load_settings(index=at)
    from agent.reader import ranker_for
    from catalog.index import open_index
    from eval.datasets import load_dataset
    from eval.diagnose import diagnose as find_losses
    from eval.diagnose import diff, read_diagnosis, worst_queries
    from eval.runs import execute

    judged = load_dataset(dataset, split)
    before = None if against is None else read_diagnosis(against)
    opened = open_index(settings)
    try:
        ranker = ranker_for(system, settings, console.note)
        if query:
            chosen = [query_id(judged, asked) for asked in query]
        elif before and worst is None:
            chosen = [one.query_id for one in before.queries]
        else:
            run = execute(opened, judged, system, settings=settings, ranker=ranker)
            chosen = list(worst_queries(run, judged, worst or WORST, k))
        found = find_losses(opened, judged, system, chosen, k, ranker=ranker)
    finally:
        opened.close()
    if save is not None:
        _save(found, save)
    if before is None:
        console.show(found, as_json, diagnosis_report)
    else:
        console.show(diff(before, found), as_json, difference_report)


def query_id(dataset: "Dataset", asked: str) -> str:
    """The id of a query given by id or by text."""
    if asked in dataset.queries:
        return asked
    ids = {text.casefold().strip(): i for i, text in dataset.queries.items()}
    if (found := ids.get(asked.casefold().strip())) is not None:
        return found
    near = difflib.get_close_matches(asked.casefold(), ids, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "only judged queries can be diagnosed"
    raise InvalidQuery(f"no query {asked!r} in {dataset.name} ({dataset.split}); {hint}")


def diagnosis_report(found: "Diagnosis") -> RenderableType:
    """Totals, where the losses happened, the blind spots, and each query with its first losses."""
    head = Text.assemble(
        (f"{found.system} on {found.dataset} ({found.split}): ", "bold"),
        f"{found.found:,} of {found.relevant:,} relevant products of {len(found.queries)} queries are in the "
        f"top {found.k}; {found.places:,} places went to something less relevant",
    )
    if found.judged:
        head = Text.assemble(head, "\n", (found.judged.said, "yellow"))
    lost = sum(found.lost_at.values())
    if not lost:
        return Group(head, Text("Nothing was lost that had room.", style="green"))
    stages = _table("Lost", "Products", "")
    for stage, count in found.lost_at.items():
        bar = Text("█" * max(1, round(count / lost * 30)), style="red")
        stages.add_row(_lost(stage, found.k), f"{count:,}", bar)
    spots = _table("Blind spot", "Products", "Also", "Queries", "For example")
    for spot in found.blind_spots:
        examples = Text()
        for example in spot.examples:
            examples.append(f"{example.query}", style="bold")
            examples.append(f"  {_short(example.title or example.product_id, 60)}")
            examples.append(f"\n  {example.evidence}\n", style="dim")
        examples.rstrip()
        spots.add_row(spot.spot.value, f"{spot.count:,}", f"{spot.also:,}", f"{spot.queries:,}", examples)
    return Group(head, "", stages, "", spots, "", *(_query(one, found.k) for one in found.queries))


def difference_report(found: "Difference") -> RenderableType:
    """What left the top k and what came back."""
    head = Text.assemble(
        (f"{found.before} → {found.after}: ", "bold"),
        (f"{len(found.degraded)} left the top {found.k}", "red"),
        ", ",
        (f"{len(found.recovered)} came in", "green"),
    )
    parts: list[RenderableType] = [head]
    if found.judged:
        parts.append(Text(found.judged.said, style="yellow"))
    for title, movements in (("Degraded", found.degraded), ("Recovered", found.recovered)):
        if movements:
            parts += ["", Text(title, style="bold"), _movements(movements, found.k)]
    if found.unmatched:
        parts += ["", Text(f"diagnosed only once: {', '.join(found.unmatched)}", style="yellow")]
    return Group(*parts)


def _query(one: "QueryDiagnosis", k: int) -> RenderableType:
    judged = len(one.grades)
    head = Text.assemble((one.query, "bold"), (f"  {one.query_id} · ", "dim"))
    head.append(
        f"{len(one.found)} of {judged} relevant in the top {k}, places lost: {one.places}", style="dim"
    )
    table = _table("", "Grade", "Lost", "Ranks", "Why")
    for missed in one.losses[:SHOWN]:
        why = "; ".join(f"{cause.spot.value}: {cause.evidence}" for cause in missed.causes)
        title = _short(missed.title or missed.product_id, 50)
        table.add_row(title, str(missed.grade), _lost(missed.lost_at, k), _ranks(missed), _short(why, 90))
    more = len(one.losses) - SHOWN
    rest = [Text(f"  and {more} more", style="dim")] if more > 0 else []
    return Group(head, table, *rest, "")


def _movements(movements: "Sequence[Movement]", k: int) -> Table:
    table = _table("Query", "Product", "Grade", "Before", "After", "Lost")
    for one in movements:
        before, after = (str(rank) if rank else "-" for rank in (one.before, one.after))
        title = _short(one.title or one.product_id, 50)
        table.add_row(one.query, title, str(one.grade), before, after, _lost(one.lost_at, k))
    return table


def _ranks(missed: "Missed") -> str:
    """The rank in each stage; "far" is a match beyond reach, "-" is none."""
    words = []
    for standing in missed.standings:
        known = "far" if standing.score is not None else "-"
        words.append(f"{standing.stage} {standing.rank or known}")
    return ", ".join(words)


def _lost(stage: str, k: int) -> str:
    return LOST.get(stage, f"lost in {stage}") + (f" {k}" if stage == "cut" else "")


def _table(*columns: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        number = column in ("Products", "Also", "Queries", "Grade", "Before", "After")
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    return table


def _short(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _save(found: "Diagnosis", path: Path) -> None:
    try:
        path.write_text(found.model_dump_json(indent=1), encoding="utf-8")
    except OSError as error:
        raise StorageFull(f"cannot write {path} ({error.strerror})") from error
