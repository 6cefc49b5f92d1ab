"""`aisle mcp`: the shop's functions for a program that starts this one and talks to it over its streams.

It opens the index itself, or passes everything on to a server that has it open. Standard output is protocol.
"""

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from core.errors import IndexLocked, InvalidSettings
from core.settings import Settings, load_settings
from ui import console
from ui.options import Index, Planning

ENDPOINT = "/mcp"  # of `aisle serve`
LONGEST_KEY = 200


def mcp(
    url: Annotated[
        str | None, typer.Option(help="Pass everything on to this server: http://127.0.0.1:7860")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option(help="The API key for that server, as the only line of a file.")
    ] = None,
    llm: Planning = None,
    at: Index = None,
) -> None:
    """Offer the shop to an agent, over standard input and output (MCP)."""
    settings = load_settings(index=at, llm=llm)
    key = _key(key_file) if key_file else None
    if url:
        _pass_on(url, key)
        return
    try:
        _serve(settings)
    except IndexLocked as locked:
        from ui.serving.address import announced

        found = announced(settings)
        if not found:
            raise IndexLocked(f"{locked}; any number of these can run beside: aisle serve") from locked
        console.note(f"{settings.index} is open in the server at {found}, which does what is asked here")
        _pass_on(found, key)


def _serve(settings: Settings) -> None:
    """Answer from the index itself."""
    from functools import partial

    import anyio

    from agent.asking import ask_function, ask_shop
    from tools.functions import Caller
    from tools.mcp_server import in_threads, mcp_server
    from tools.table import functions
    from ui.mcp_streams import speak
    from ui.server import open_parts

    parts = open_parts(settings, console.note)
    try:
        table = (*functions(parts.shop, parts.secret), ask_function(partial(ask_shop, parts.talks)))
        run = in_threads(lambda: Caller(until=perf_counter() + settings.serve_timeout_s))
        anyio.run(speak, mcp_server(lambda: table, run), parts.close)
    finally:
        parts.close()


def _pass_on(url: str, key: str | None) -> None:
    """Answer from a server."""
    import anyio

    from ui.mcp_relay import relay
    from ui.mcp_streams import speak

    anyio.run(relay, _endpoint(url), key, speak)


def _endpoint(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise InvalidSettings(f"--url {url}: write it as http://127.0.0.1:7860")
    return url if url.rstrip("/").endswith(ENDPOINT) else url.rstrip("/") + ENDPOINT


def _key(path: Path) -> str:
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"--key-file {path} cannot be read ({error})") from error
    if not (key.isascii() and key.isprintable() and key and " " not in key and len(key) <= LONGEST_KEY):
        raise InvalidSettings(f"--key-file {path} holds no API key; make one with: aisle keys add NAME")
    return key
