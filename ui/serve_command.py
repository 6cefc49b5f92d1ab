"""`aisle serve`: opens the shop and answers until it is told to stop. What is served, `ui.server` says."""

import gc
import logging
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import InvalidSettings
from core.settings import Settings, load_settings
from ui import console
from ui.options import Index, Planning

if TYPE_CHECKING:
    from socket import socket

    from uvicorn import Config

HOST, PORT = "127.0.0.1", 7860
KEEP_ALIVE_S = 15
GARBAGE = 50_000  # new records that may be garbage before it is looked for
BACKLOG = 128  # connections that wait to be accepted; more are better off elsewhere
LARGEST_HEAD = 32 << 10  # bytes of a request line with its headers
PARTING_S = 5  # beside the time that a request may take, before a stop breaks off what still runs


def serve(
    host: Annotated[
        str, typer.Option(help="Where to listen; elsewhere than on this machine, keys are needed.")
    ] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65535)] = PORT,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
    llm: Planning = None,
    at: Index = None,
) -> None:
    """Serve the shop: the page, REST and MCP, in one process."""
    settings = load_settings(index=at, llm=llm)
    check_exposure(settings, host)
    import uvicorn

    from ui.serving.address import announce
    from ui.serving.logs import log_to_stderr

    url = address(host, port)
    sock = _listening(host, port)  # first: that a port is taken is said before a model is loaded
    try:
        config = configured(settings, host, port)
        _collect_seldom()
        log_to_stderr(
            logging.WARNING if sys.stderr.isatty() else logging.INFO
        )  # a person wants no request log
        console.note(f"serving {settings.index} at {url}; Ctrl-C stops")
        if show:
            _show(url)
        with announce(settings, url), suppress(KeyboardInterrupt):
            uvicorn.Server(config).run(sockets=[sock])
    finally:
        sock.close()


def _collect_seldom() -> None:
    """Look for garbage in circles less often, and not among what stays for good: every search makes thousands
    of small records, and walking all of them took a tenth of the time under load (docs/LOG.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])


def configured(settings: Settings, host: str = HOST, port: int = PORT) -> "Config":
    """How the server treats connections."""
    import uvicorn

    from ui.server import build_app
    from ui.serving.connections import Connection

    return uvicorn.Config(
        build_app(settings, console.note),
        host=host,
        port=port,
        http=Connection,
        ws="none",
        log_config=None,  # its access log would keep addresses and what was asked
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=["127.0.0.1", "::1"],  # a proxy on this machine says whom it speaks for
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(settings.serve_timeout_s) + PARTING_S,
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )


def _show(url: str) -> None:
    """Open the page where there is a browser with a window; the socket listens already."""
    import webbrowser

    with suppress(webbrowser.Error):
        browser = webbrowser.get()
        if type(browser) is not webbrowser.GenericBrowser:  # which runs in this terminal, like lynx
            browser.open(url)


def check_exposure(settings: Settings, host: str) -> None:
    """Refuse to listen to others while anybody could ask anything."""
    from ui.serving.keys import key_file, read_keys
    from ui.serving.limits import is_loopback

    path = key_file(settings)
    keys = read_keys(path)  # a file that cannot be read is said now
    if settings.serve_keys and not path.exists():
        raise InvalidSettings(
            f"AISLE_SERVE_KEYS names {path}, which is not there; make a key: aisle keys add NAME"
        )
    if not is_loopback(host) and not keys:
        raise InvalidSettings(
            f"--host {host} would let anybody in; make a key first with: aisle keys add NAME, "
            f"or leave --host out to serve this machine alone"
        )


def address(host: str, port: int) -> str:
    """The URL by which programs of this machine reach the server."""
    if host in ("", "0.0.0.0"):  # noqa: S104  asked about, not listened on
        host = HOST
    elif host == "::":
        host = "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listening(host: str, port: int) -> "socket":
    from socket import AF_INET, AF_INET6, SO_REUSEADDR, SOL_SOCKET, gaierror
    from socket import socket as Socket

    sock = Socket(AF_INET6 if ":" in host else AF_INET)
    sock.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(BACKLOG)  # a browser that is opened now waits until it is answered
    except (OSError, gaierror) as error:
        sock.close()
        reason = error.strerror or str(error)
        raise InvalidSettings(
            f"cannot listen on {host}, port {port} ({reason}); choose another --port"
        ) from error
    return sock
