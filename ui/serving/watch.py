"""Sees every request come and go: gives it an id and safe headers, counts and logs it. Decides nothing.

What nobody else has handled ends here: as an answer that tells nothing, and a log line that tells where.
"""

import re
from time import perf_counter
from uuid import uuid4

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.serving.logs import failed, say
from ui.serving.metrics import Metrics
from ui.serving.problems import CODES, UNEXPECTED, send_problem

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")  # of a caller; others could forge log lines
SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "SAMEORIGIN",
}
OF_DATA = {  # answers to programs: a browser that shows one is to run nothing in it and keep nothing
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "no-store",
}
MCP = "/mcp"  # which is no route of the framework's, and has no name there
DATA = ("/api/", MCP, "/metrics", "/healthz", "/readyz", "/openapi.json")
OTHER = "other"  # a path that is no route: it may hold anything
METHODS = frozenset(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])


class Watch:
    """The outermost layer."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope.setdefault("state", {})["request_id"] = _request_id(scope)
        headers = SAFE | (OF_DATA if scope["path"].startswith(DATA) else {}) | {"x-request-id": request_id}
        started, status = perf_counter(), 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = MutableHeaders(scope=message)
                for name, value in headers.items():
                    given.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:  # noqa: BLE001  the last layer: whatever it is, it is answered and logged
            failed("failure", error, request_id=request_id)
            if not status:
                await send_problem(answer, 500, UNEXPECTED, request_id)
        finally:
            self._note(scope, status or 499, perf_counter() - started)  # 499: left before the answer

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or (MCP if scope["path"] == MCP else OTHER)
        method = scope["method"] if scope["method"] in METHODS else OTHER
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.seconds.labels(route).observe(seconds)
        if status in CODES:
            self._metrics.errors.labels(CODES[status]).inc()
        guest = scope["state"].get("guest")
        say(
            "request",
            request_id=scope["state"]["request_id"],
            route=route,
            method=method,
            status=status,
            ms=round(seconds * 1e3, 1),
            owner=guest.owner if guest else None,
        )


def _request_id(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex
