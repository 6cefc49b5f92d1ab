"""`aisle log`: what shoppers did, exported for other tools; and a shopper forgotten.

Reads arguments, calls one function, prints what it returns. A server may be running on the same folder.
"""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType
from rich.text import Text

from core.errors import InvalidQuery
from core.record import Record
from core.settings import load_settings
from ui import console
from ui.options import Json

if TYPE_CHECKING:
    from behavior.forgetting import Forgotten

log_app = typer.Typer(help="The behaviour log: export it, forget a shopper.", no_args_is_help=True)

Day = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="In UTC, and included.")
]


class Exported(Record):
    """What was written, and how many lines of the log could not be read."""

    path: str
    records: int
    unread: int


@log_app.command("export")
def export(
    to: Annotated[Path, typer.Option(metavar="FILE.parquet", help="One table of queries and events.")],
    since: Day = None,
    until: Day = None,
    as_json: Json = False,
) -> None:
    """Write the log to a Parquet file."""
    from behavior import reading
    from behavior.folder import Unread
    from behavior.recorder import log_folder

    first, last = _day(since), _day(until)
    if first and last and first > last:
        raise InvalidQuery(f"--since {first} is after --until {last}; swap them")
    unread: list[Unread] = []
    count = reading.export(log_folder(load_settings()), to, first, last, unread.append)
    if unread:
        console.note(f"left out {len(unread)} that cannot be read, the first at {unread[0].place}")
    console.show(Exported(path=str(to), records=count, unread=len(unread)), as_json, _exported)


@log_app.command("forget")
def forget(
    client: Annotated[str, typer.Argument(help="As the server knows them, or as the log names them.")],
    as_json: Json = False,
) -> None:
    """Erase what a shopper did, and log nothing of them any more."""
    from behavior import forgetting
    from behavior.recorder import log_folder

    console.show(forgetting.forget(log_folder(load_settings()), client), as_json, _forgotten)


def _day(at: datetime | None) -> date | None:
    return at.replace(tzinfo=UTC).date() if at else None


def _exported(done: Exported) -> RenderableType:
    return Text.assemble(
        ("✓ ", "green"), (f"{done.records:,}", "bold"), " records written to ", (done.path, "bold")
    )


def _forgotten(done: "Forgotten") -> RenderableType:
    return Text.assemble(
        ("✓ ", "green"),
        (f"{done.records:,}", "bold"),
        f" records erased of {done.client_id}; a running server erases in its own files within a second",
    )
