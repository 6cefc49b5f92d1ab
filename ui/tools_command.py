"""`aisle tools`: the functions that other agents call, as schemas to hand to a model. Calls none of them."""

import json
import sys
from typing import Annotated

import typer

from core.settings import load_settings
from ui.options import Index

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
    from catalog.index import open_index
    from ranking.pipeline import Ranker
    from tools.schemas import openai_functions
    from tools.shop import Shop
    from tools.table import functions

    settings = load_settings(index=at)
    shop = Shop(open_index(settings), Ranker(None), settings.currency)
    try:
        table = functions(shop, secret=b"")
    finally:
        shop.close()
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
