"""`aisle eval judge` and `aisle eval card`: reads arguments, has pairs judged, says what came of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.text import Text

from core.errors import Blocked, InvalidQuery
from core.settings import Settings, load_settings
from ui import console
from ui.options import Index, Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from eval.judge.card import JudgeCard
    from eval.judge.judging import Report
    from eval.judge.offline import Estimate, Progress
    from eval.judge.records import Judgment

STORE = Path("judge") / "judgments.sqlite"  # in the cache folder

Runs = Annotated[list[Path], typer.Option("--run", metavar="RUN", help="A TREC run; may be repeated.")]
Queries = Annotated[Path, typer.Option(help="Lines of id, tab, text.")]
By = Annotated[
    str,
    typer.Option(
        "--judge", metavar="NAME|embedded|URL#MODEL", help="cross-encoder, combined, embedded, URL#MODEL."
    ),
]
Rubric = Annotated[str, typer.Option(metavar="NAME|FILE", help="esci, icecat, or a file.")]
Human = Annotated[
    Path | None, typer.Option(metavar="QRELS", help="Grades by people; the judge is held against them.")
]
Raters = Annotated[
    Path | None, typer.Option(metavar="CSV", help="query_id, product_id, a column per rater: the ceiling.")
]
Relevant = Annotated[int, typer.Option(min=1, max=3, help="The lowest grade that is relevant.")]


def judge(
    runs: Runs,
    queries: Queries,
    out: Annotated[Path, typer.Option(metavar="QRELS", help="Write the judgments here.")],
    k: Annotated[int, typer.Option("-k", "--k", min=1, max=1000, help="How deep into each run.")] = 10,
    by: By = "cross-encoder",
    rubric: Rubric = "esci",
    reasons: Annotated[bool, typer.Option("--reasons", help="Have a language model say why.")] = False,
    human: Human = None,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Bring the grades to those of --human.")
    ] = False,
    budget: Annotated[
        float | None, typer.Option(min=0, help="Most to spend now, in the currency of AISLE_LLM_PRICES.")
    ] = None,
    most: Annotated[int | None, typer.Option(min=1, help="Most pairs to judge now.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Queries at once.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Ask anew where an earlier answer could not be read.")
    ] = False,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Have a model grade what runs return, as qrels that say so."""
    from agent.llm.budget import Limits
    from eval.datasets import read_queries
    from eval.judge.judging import Report, carded
    from eval.judge.offline import estimate, judge_offline
    from eval.judge.opening import open_judge
    from eval.judge.pool import open_shelf, pooled, with_products
    from eval.judge.provenance import refuse_human, write_judged
    from eval.judge.store import Judgments
    from eval.trec import read_qrels, read_run

    settings = settings_for(by, at)
    if calibrate and human is None:
        raise InvalidQuery("--calibrate needs grades by people; give --human QRELS")
    refuse_human(out)
    grades = None if human is None else read_qrels(human)
    pooled_runs = [read_run(path) for path in runs]
    pairs = pooled(read_queries(queries), pooled_runs, k, grades)
    store = Judgments(settings.cache / STORE)
    try:
        with (
            open_shelf(settings) as shelf,
            open_judge(by, settings, shelf, rubric, reasons=reasons) as opened,
        ):
            pool = with_products(pairs, shelf.products(pair.product_id for pair in pairs), grades)
            name, at_once = opened.judge.name, workers or opened.workers
            if again:
                said = store.known(name, pool.cases)
                store.forget(name, [case for case in pool.cases if _is_missing(said.get(case.pair.key))])
            ahead = estimate(opened.judge, pool.cases, store, opened.tariff, at_once)
            console.note(estimated(name, ahead))
            with judging() as on_progress:
                done = judge_offline(
                    opened.judge,
                    pool.cases,
                    store,
                    tariff=opened.tariff,
                    limits=Limits(calls=most, cost=budget),
                    workers=at_once,
                    on_progress=on_progress,
                )
    except KeyboardInterrupt:
        console.failure("stopped; nothing is lost, the same command goes on from here")
        raise typer.Exit(130) from None
    finally:
        store.close()
    judgments, found_card = carded(done.judgments, grades, queries.stem, calibrate=calibrate)
    if not judgments:
        raise Blocked(f"nothing was judged; {done.stopped}")
    report = Report(
        judge=judgments[0].judge,
        prompt=judgments[0].prompt,
        rubric=rubric,
        made=datetime.now(UTC),
        out=str(out),
        runs=tuple(run.name for run in pooled_runs),
        depth=k,
        pairs=len(pool.cases),
        gone=len(pool.gone),
        asked=done.asked,
        known=done.known,
        missing=done.missing,
        left=done.left,
        usage=done.usage,
        estimate=ahead,
        cost=done.cost,
        seconds=done.seconds,
        stopped=done.stopped,
        card=found_card,
    )
    write_judged(out, report.provenance(judgments))
    console.show(report, as_json, report_text)
    if done.stopped:
        raise Blocked(done.stopped)


def card(
    judged: Annotated[Path, typer.Argument(help="Qrels that `aisle eval judge` wrote.")],
    human: Human = None,
    raters: Raters = None,
    relevant: Relevant = 1,
    as_json: Json = False,
) -> None:
    """Say how far a judge can be trusted: its agreement with people, or that it is unknown."""
    from eval.judge.agreement import read_raters
    from eval.judge.card import judge_card
    from eval.judge.provenance import read_provenance
    from eval.trec import read_qrels

    found = read_provenance(judged)
    if found is None:
        raise InvalidQuery(f"{judged} was not written by: aisle eval judge")
    made = judge_card(
        found.judgments,
        None if human is None else read_qrels(human),
        dataset=judged.stem,
        relevant=relevant,
        ratings=None if raters is None else read_raters(raters),
        note=found.card.note if found.card else "",
    )
    console.show(made, as_json, card_text)


def settings_for(by: str, at: str | None) -> Settings:
    """The settings with the judge as their language model, if it is one."""
    from eval.judge.opening import is_llm

    return load_settings(index=at, llm=by if is_llm(by) else None)


def estimated(name: str, ahead: "Estimate") -> str:
    """What judging would take, in one line."""
    if not ahead.pairs:
        return f"{name}: all {ahead.known:,} pairs are judged already"
    parts = [f"{ahead.pairs:,} pairs to judge, {ahead.known:,} judged already"]
    if ahead.usage:
        parts.append(f"up to {ahead.usage.prompt + ahead.usage.completion:,} tokens")
    if ahead.cost != 0:
        priced = "cost unknown: AISLE_LLM_PRICES has no price"
        parts.append(priced if ahead.cost is None else f"cost up to {ahead.cost:.2f}")
    parts.append(
        "time unknown until some are judged" if ahead.seconds is None else f"about {lasting(ahead.seconds)}"
    )
    return f"{name}: {'; '.join(parts)}"


def lasting(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def judging() -> "Iterator[Callable[[Progress], None]]":
    """A bar with the money and the time that are left."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("judging"),
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.description}"),
    )
    with Bars(*columns, console=console.stderr, transient=True) as bars:
        task = bars.add_task("")

        def advance(now: "Progress") -> None:
            said = [f"{lasting(now.seconds_left)} left"]
            if now.cost:
                said.append(f"spent {now.cost:.2f}, {now.cost_left or 0:.2f} to go")
            if now.missing:
                said.append(f"{now.missing} unreadable")
            bars.update(task, total=now.total, completed=now.done, description=", ".join(said))

        yield advance


def report_text(report: "Report") -> RenderableType:
    """What came of it, and the card if there is one."""
    cost = (
        ""
        if not report.cost
        else f", cost {report.cost:.4f} (estimated up to {report.estimate.cost or 0:.4f})"
    )
    lines: list[RenderableType] = [
        Text.assemble(
            ("✓ ", "green"),
            (f"{report.pairs - report.left - report.missing:,}", "bold"),
            f" grades by {report.judge} are in {report.out}",
        ),
        Text(
            f"  {report.asked:,} pairs judged in {lasting(report.seconds)}, {report.known:,} known{cost}",
            style="dim",
        ),
    ]
    if report.missing:
        lines.append(
            Text(f"  {report.missing:,} answers could not be read: these pairs have no grade", style="yellow")
        )
    if report.gone:
        lines.append(
            Text(f"  {report.gone:,} products are not in the index any more: not judged", style="yellow")
        )
    if report.card:
        lines += ["", card_text(report.card)]
    return Group(*lines)


def card_text(found: "JudgeCard") -> RenderableType:
    """The judge card as it is written for people."""
    from rich.markdown import Markdown

    from eval.judge.card import markdown

    return Markdown(markdown(found))


def _is_missing(judgment: "Judgment | None") -> bool:
    return judgment is not None and judgment.grade is None
