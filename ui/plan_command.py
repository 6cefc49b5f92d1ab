"""`aisle plan`: what an utterance is understood as, without searching for it."""

from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import InvalidQuery
from core.record import Record
from core.settings import load_settings
from ui import console
from ui.options import Index, Json


class Understood(Record):
    """A plan as scripts read it: the queries, and the requirements of all of them by name."""

    intent: str
    queries: tuple[str, ...]
    constraints: dict[str, Any]


def plan(
    utterance: Annotated[str, typer.Argument(help="What a shopper says.")],
    llm: Annotated[str, typer.Option(help="Who plans: none is the rules alone.")] = "none",
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Show what an utterance is understood as."""
    if llm != "none":
        raise InvalidQuery(f"--llm {llm}: the only planner here is: none")
    settings = load_settings(index=at)
    from agent.intent import intent_of
    from agent.lexis import compile_lexis
    from agent.parse import parse
    from agent.plan import constraints
    from catalog.index import open_index
    from ranking.records import Search

    opened = open_index(settings)
    try:
        lexis = compile_lexis(opened.vocabulary(), opened.lexicon())
    finally:
        opened.close()
    reading = parse(utterance, lexis, currency=settings.currency)
    search = Search(query=reading.query, where=reading.where, without=reading.without, sort=reading.sort)
    understood = Understood(
        intent=intent_of(reading),
        queries=(reading.query,) if reading.query else (),
        constraints=constraints(search),
    )
    for conflict in reading.conflicts:
        console.note(conflict.problem)
    console.show(understood, as_json, plan_report)


def plan_report(understood: Understood) -> RenderableType:
    """The plan as a reader sees it."""
    rows = Table.grid(padding=(0, 2, 0, 0))
    for name, value in understood.constraints.items():
        rows.add_row(Text(name.replace("_", " "), style="dim"), _words(value))
    query = ", ".join(understood.queries) or "nothing to search for"
    return Group(Text.assemble((understood.intent, "bold"), "  ", query), rows)


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {' or '.join(values)}" for name, values in value.items())
    return ", ".join(value) if isinstance(value, list) else f"{value:g}"
