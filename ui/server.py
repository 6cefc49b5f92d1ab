"""The server, put together: one process that serves the page, REST, MCP and what machines ask about it.

The only place where serving is wired. What the parts do is written in `ui.serving`, `tools` and `agent`.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import Match, Route

from agent.asking import ask_function, ask_shop
from agent.conversations import Conversations
from agent.experience import Experience
from agent.llm.planner import open_planner
from agent.loop import Assistant
from agent.reader import Rules
from agent.talks import Talks
from behavior.pseudonyms import secret_of
from behavior.recorder import Recorder, open_recorder
from catalog.vocabulary import Vocabulary
from core.errors import AisleError, Blocked, InvalidSettings
from core.settings import Settings
from tools.functions import Caller, Function, Scope
from tools.mcp_server import McpApp, mcp_server
from tools.rest import router
from tools.shop import Shop, open_shop
from tools.table import functions
from tools.ucp_profile import ucp_profile
from ui.insight.routes import routes as insight_routes
from ui.page.app import build_page, mount_page
from ui.serving.bodies import Bodies
from ui.serving.desk import ServingDesk
from ui.serving.door import Door, Guest
from ui.serving.gate import GRACE_S, Gate
from ui.serving.happenings import behavior_functions
from ui.serving.keys import Keyring, key_file
from ui.serving.limits import Buckets
from ui.serving.logs import failed, say
from ui.serving.metrics import CONTENT_TYPE, Metrics
from ui.serving.openapi import document
from ui.serving.problems import BLOCKED, answered
from ui.serving.stock import stock_functions
from ui.serving.watch import MCP, Watch

ROOM = 64  # requests that wait; more than a hundred milliseconds each would be late for all behind them
TURNS_PER_CORE = 4  # a turn mostly waits, where a language model has a part in it
API = "/api"
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
CALLABLE_WITH = [
    "authorization",
    "content-type",
    "ucp-agent",
    "x-request-id",
    "mcp-protocol-version",
    "mcp-method",
    "mcp-name",
]


@dataclass(frozen=True)
class Parts:
    """All that is open while the server runs. `close` releases it."""

    shop: Shop
    assistant: Assistant
    talks: Talks
    recorder: Recorder
    secret: bytes
    closing: ExitStack

    def close(self) -> None:
        """Release everything, the last that was opened first."""
        self.closing.close()


def open_parts(settings: Settings, on_progress: Callable[[str], None] = lambda line: None) -> Parts:
    """Open the shop, its assistant, and what is kept on disk."""
    with ExitStack() as opened:
        shop = open_shop(settings, on_progress)
        opened.callback(shop.close)
        planner = open_planner(settings, on_progress)
        assistant = Assistant(shop, planner=planner, experience=Experience(settings.cache / "experience"))
        if planner:
            opened.callback(planner.close)
        assistant.warm_up()
        secret = _secret(settings)
        conversations = Conversations(settings.data / "conversations.sqlite", settings.conversation_days)
        opened.callback(conversations.close)
        recorder = open_recorder(settings, lambda problem: say("behaviour log", problem=problem))
        opened.callback(recorder.close)
        reading = replace(shop, ranker=replace(shop.ranker, reader=Rules(settings.currency)))
        talks = Talks(assistant, conversations)
        return Parts(reading, assistant, talks, recorder, secret, opened.pop_all())


def build_app(settings: Settings, on_progress: Callable[[str], None] = lambda line: None) -> FastAPI:
    """The application of the settings. What it has opened is released when it shuts down."""
    parts = open_parts(settings, on_progress)
    metrics, keyring = Metrics(), Keyring(key_file(settings))
    gates = _gates(settings)
    for scope, gate in gates.items():
        metrics.inside.labels(scope).set_function(lambda gate=gate: gate.inside)  # type: ignore[misc]
    desk = ServingDesk(gates, parts.talks, parts.recorder, settings.serve_timeout_s, metrics)
    table = _Table(parts)
    mcp = McpApp(
        mcp_server(
            table.of_agents,
            scopes=lambda request: request.state.guest.may if request else (),
            run=partial(_done, desk),
        ),
        hosts=(),  # the door has looked at the name already
        origins=settings.serve_origins,
        body_kb=settings.serve_body_kb,
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with mcp.running():
            app.state.ready = True
            yield
            app.state.ready = False
        for gate in gates.values():
            await gate.close(GRACE_S)
        parts.close()

    app = FastAPI(
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,  # its page would fetch scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        middleware=_layers(settings, keyring, metrics),
    )
    app.state.ready = False
    app.openapi = table.document  # type: ignore[method-assign]
    for failure in (StarletteHTTPException, AisleError):
        app.add_exception_handler(failure, answered)
    app.include_router(router(table.all(), desk))
    app.include_router(insight_routes(settings, keyring))
    _add_health(app, parts.shop, metrics)
    app.router.routes.append(Route(MCP, mcp))  # a mount would only answer below it
    app.router.routes.append(Route(f"{API}/{{rest:path}}", partial(_nowhere, app), methods=METHODS))
    page = build_page(parts.assistant, parts.talks, parts.recorder, settings)
    mount_page(app, page, parts.assistant)  # last: it takes every path that is left
    return app


async def _nowhere(app: FastAPI, request: Request) -> Response:
    """What is no call of the interface; the page, which takes all other paths, is not to answer for it."""
    for route in app.routes:
        match, _ = route.matches(request.scope)
        if match is Match.PARTIAL:
            raise HTTPException(405, "this path takes another method; /openapi.json says which")
    raise HTTPException(404)


class _Table:
    """The functions as the catalogue has them now: their schemas name what it sells."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._ask = ask_function(partial(ask_shop, parts.talks))
        self._own = (*behavior_functions(parts.recorder), *stock_functions(parts.shop.index))
        self._made: tuple[Vocabulary, tuple[Function, ...], dict[str, Any]] | None = None

    def of_agents(self) -> Sequence[Function]:
        """What other agents may call."""
        return self._now()[1]

    def all(self) -> Sequence[Function]:
        """What has a route of its own."""
        return (*self._now()[1], *self._own)

    def document(self) -> dict[str, Any]:
        """The OpenAPI document."""
        return self._now()[2]

    def _now(self) -> tuple[Vocabulary, tuple[Function, ...], dict[str, Any]]:
        vocabulary, made = self._parts.shop.index.vocabulary(), self._made
        if made is None or made[0] is not vocabulary:
            found = (*functions(self._parts.shop, self._parts.secret), self._ask)
            made = self._made = (vocabulary, found, document((*found, *self._own)))
        return made


def _gates(settings: Settings) -> dict[Scope, Gate]:
    cores = settings.threads or os.cpu_count() or 1
    turns = cores if settings.llm == "none" else TURNS_PER_CORE * cores
    return {
        "search": Gate("search", cores, ROOM),
        "ask": Gate("ask", turns, ROOM),
        "admin": Gate("admin", 1, ROOM),  # the index takes one change at a time
    }


def _layers(settings: Settings, keyring: Keyring, metrics: Metrics) -> list[Middleware]:
    """What a request passes through, the outermost first."""
    by_key, by_address = (
        Buckets(settings.serve_key_per_minute),
        Buckets(settings.serve_address_per_minute),
    )
    cors = Middleware(
        CORSMiddleware,
        allow_origins=settings.serve_origins,
        allow_methods=["GET", "POST"],
        allow_headers=CALLABLE_WITH,
        expose_headers=["x-request-id", "retry-after"],
    )
    return [
        Middleware(Watch, metrics=metrics),
        *([cors] if settings.serve_origins else []),
        Middleware(Door, keyring=keyring, by_key=by_key, by_address=by_address, metrics=metrics),
        Middleware(Bodies, most_bytes=settings.serve_body_kb << 10),
    ]


def _add_health(app: FastAPI, shop: Shop, metrics: Metrics) -> None:
    """What machines ask about the server."""

    @app.get("/healthz")
    async def alive() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz")
    def ready(request: Request) -> dict[str, str]:
        if not request.app.state.ready:
            raise HTTPException(503, "not serving", {"retry-after": "1"})
        return {"status": "ready", "generation": shop.index.generation}  # which looks whether it is there

    @app.get("/metrics")
    def counted(request: Request) -> Response:
        guest: Guest = request.state.guest
        if guest.owner != "local" and "admin" not in guest.may:
            raise HTTPException(403, "this key has not the scope admin")
        return Response(metrics.text(), media_type=CONTENT_TYPE)

    @app.get("/openapi.json")
    def described(request: Request) -> JSONResponse:
        return JSONResponse(request.app.openapi())

    @app.get("/.well-known/ucp")
    async def profile(request: Request) -> dict[str, Any]:
        return ucp_profile(str(request.base_url))


async def _done(
    desk: ServingDesk, request: Request | None, scope: Scope, work: Callable[[Caller], dict[str, Any]]
) -> dict[str, Any]:
    if request is None:
        raise HTTPException(403, "only over HTTP")
    try:
        return await desk.run(request, scope, work)
    except Blocked as error:
        failed("out of order", error, request_id=request.state.request_id, problem=str(error))
        raise HTTPException(503, BLOCKED) from error


def _secret(settings: Settings) -> bytes:
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return secret_of(settings.data)
    except OSError as error:
        raise InvalidSettings(
            f"{settings.data} cannot be written ({error.strerror}); set AISLE_DATA to a folder you own"
        ) from error
