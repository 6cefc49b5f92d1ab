"""`aisle tools`: the functions that other agents call, as schemas to hand to a model. Calls none of them."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import Blocked
from core.settings import load_settings
from ui.options import Index

if TYPE_CHECKING:
    from tools.functions import Function
    from tools.shop import Shop

tools_app = typer.Typer(help="What other agents call.", no_args_is_help=True)


@tools_app.callback()
def tools() -> None:
    """What other agents call."""


@tools_app.command()
def schema(
    openai: Annotated[
        bool, typer.Option("--openai", help="As tools of OpenAI's API, with strict schemas.")
    ] = False,
    at: Index = None,
) -> None:
    """Print the functions with the JSON schemas of this catalogue, as one JSON array."""
    from tools.schemas import openai_functions

    with _shop(at) as shop:
        table = _table(shop)
    told = (
        openai_functions(table)
        if openai
        else [
            {
                "name": one.name,
                "title": one.title,
                "description": one.description,
                "inputSchema": one.takes,
                "outputSchema": one.returns,
                "examples": list(one.examples),
            }
            for one in table
        ]
    )
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=2) + "\n")


@tools_app.command()
def reference(at: Index = None) -> None:
    """Print the reference of the functions, over MCP and REST, as Markdown."""
    from ui.serving.reference import reference as written

    with _shop(at) as shop:
        sys.stdout.write(written(described(shop)))


def described(shop: "Shop") -> "tuple[Function, ...]":
    """All functions that a server offers."""
    from behavior.recorder import Recorder
    from ui.serving.happenings import behavior_functions
    from ui.serving.stock import stock_functions

    return (*_table(shop), *behavior_functions(Recorder(None)), *stock_functions(shop.index))


@contextmanager
def _shop(at: str | None) -> "Iterator[Shop]":
    from catalog.index import open_index
    from ranking.pipeline import Ranker
    from tools.shop import Shop

    settings = load_settings(index=at)
    shop = Shop(open_index(settings), Ranker(None), settings.currency)
    try:
        yield shop
    finally:
        shop.close()


def _table(shop: "Shop") -> "tuple[Function, ...]":
    """The functions of agents; nobody is there to answer `ask_shop`."""
    from agent.asking import AskShop, Turned, ask_function
    from tools.functions import Caller
    from tools.table import functions

    def unanswered(_: AskShop, __: Caller) -> Turned:
        raise Blocked("nobody is here to be asked; run: aisle serve, or aisle mcp")

    return (*functions(shop, secret=b""), ask_function(unanswered))
