"""`aisle keys`: who may call the server. Keys are shown once, when they are made; only hashes are kept."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from core.errors import InvalidQuery
from core.record import Record
from core.settings import load_settings
from tools.functions import SCOPES, Scope
from ui import console
from ui.options import Json

keys_app = typer.Typer(help="API keys of the server: make, list and remove them.", no_args_is_help=True)


class Made(Record):
    """A key that was made."""

    name: str
    scopes: tuple[Scope, ...]
    key: str


class Listed(Record):
    """A key, as much as is known of it."""

    name: str
    scopes: tuple[Scope, ...]
    created: str


@keys_app.command("add")
def add(
    name: Annotated[str, typer.Argument(help="Who will have it, for example chat-app.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(help="search, ask or admin; may be repeated. Without any: search and ask."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a key and show it, this once."""
    from ui.serving.keys import add_key, key_file

    scopes = _scopes(scope or ["search", "ask"])
    path = key_file(load_settings())
    made = Made(name=name, scopes=scopes, key=add_key(path, name, scopes))
    console.note(f"kept in {path} as a hash: this is the only time that the key is shown")
    if as_json:
        console.show(made, as_json, lambda _: "")
    else:
        sys.stdout.write(made.key + "\n")


@keys_app.command("list")
def list_keys(as_json: Json = False) -> None:
    """List the keys by name."""
    from ui.serving.keys import key_file, read_keys

    keys = [
        Listed(name=key.name, scopes=key.scopes, created=key.created.isoformat())
        for key in read_keys(key_file(load_settings()))
    ]
    console.show_all(keys, as_json, _table)


@keys_app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="As it was called when it was made.")]) -> None:
    """Remove a key; a server that runs refuses it at once."""
    from ui.serving.keys import key_file, remove_key

    remove_key(key_file(load_settings()), name)
    console.note(f"{name} is removed")


def _scopes(given: list[str]) -> tuple[Scope, ...]:
    for one in given:
        if one not in SCOPES:
            raise InvalidQuery(f"--scope {one}: choose from {', '.join(SCOPES)}")
    return tuple(scope for scope in SCOPES if scope in given)


def _table(keys: Sequence[Listed]) -> RenderableType:
    if not keys:
        return Text("No keys: only this machine is served. Make one with: aisle keys add NAME", style="dim")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for column in ("Key", "May", "Made"):
        table.add_column(column)
    for key in keys:
        table.add_row(key.name, ", ".join(key.scopes), key.created)
    return table
