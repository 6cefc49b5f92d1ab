"""`aisle eval conversations`: holds scripted dialogues, and says of each journey what is wrong with it."""

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.settings import load_settings
from ui import console
from ui.options import Index, Json, Planning

if TYPE_CHECKING:
    from eval.judge.journeys import Journey
    from eval.judge.turns import Kind

KINDS: "tuple[Kind, ...]" = ("receipts", "references", "relaxations", "claims")


def conversations(
    script: Annotated[Path, typer.Argument(help='Dialogues: {"id", "turns"} per line.')],
    llm: Planning = None,
    judge: Annotated[
        str | None,
        typer.Option("--judge", metavar="URL#MODEL", help="A capable model that grades helpfulness, 0 to 3."),
    ] = None,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Check every turn of scripted conversations; with a judge, grade how helpful each was."""
    settings = load_settings(index=at, llm=llm)
    from agent.loop import open_assistant
    from eval.conversations import read_dialogues
    from eval.judge.journeys import judge_dialogues
    from eval.judge.later import open_chat

    dialogues = read_dialogues(script)
    judging = nullcontext(None) if judge is None else open_chat(load_settings(index=at, llm=judge))
    with judging as model:
        assistant = open_assistant(settings, console.note)
        try:
            index = assistant.shop.index
            found = tuple(judge_dialogues(assistant, dialogues, index.get, model))
        finally:
            assistant.close()
    console.show_all(found, as_json, journeys_table)


def journeys_table(found: "Sequence[Journey]") -> RenderableType:
    """A row per journey, then everything that is wrong, turn by turn."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("Journey", "Turns", "Failed", *(kind.capitalize() for kind in KINDS), "Helpful"):
        table.add_column(column, justify="left" if column == "Journey" else "right")
    wrong: list[RenderableType] = []
    for journey in found:
        failed = sum(turn.failed for turn in journey.turns)
        cells = [_tally(*journey.tally(kind)) for kind in KINDS]
        helpful = "-" if journey.helpfulness is None else f"{journey.helpfulness:.2f}"
        table.add_row(journey.id, str(len(journey.turns)), str(failed) if failed else "-", *cells, helpful)
        for place, turn in enumerate(journey.turns, start=1):
            wrong += [Text(f"{journey.id}, turn {place}: {what}", style="red") for what in turn.wrong]
    legend = Text("wrong of looked at; - where there was nothing to look at", style="dim")
    return Group(table, legend, *wrong)


def _tally(looked_at: int, wrong: int) -> Text:
    if not looked_at:
        return Text("-", style="dim")
    return Text(f"{wrong}/{looked_at}", style="red" if wrong else "green")
