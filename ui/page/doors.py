"""What of Gradio can be reached from outside, and the head of the page that it sends: as little as it needs.

Uploads, files, proxies and the other routes of Gradio's are closed. Who may come in is not decided here.
"""

import re
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from catalog.demo import picture
from catalog.index import ProductIndex
from core.errors import InvalidQuery

if TYPE_CHECKING:
    from fastapi import APIRouter

OPEN = re.compile(
    r"/|/config/?|/theme\.css|/favicon\.ico|/assets/.+|/static/.+"
    r"|/gradio_api/(?:queue/join|queue/data|component_server/?|heartbeat/.+|startup-events|app_id)"
)
# Handlers in attributes are refused: even a product text that slipped through unescaped could run nothing.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio compiles the page's template
        "script-src-attr 'none'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' https: http: data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
HEAD = """<title>Aisle</title>
<meta name="description" content="Say what you need: search a shop in your own words.">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<style>html{background:#f6f3ec}gradio-app{visibility:hidden}
@media (prefers-color-scheme:dark){html{background:#14150f}}body{background:none!important}</style>"""
DRAWING = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "cache-control": "public, max-age=86400",
    "x-content-type-options": "nosniff",
}
_BRANDING = re.compile(rb'<meta\s+(?:property="og:|name="twitter:)[^>]*>|<link rel="manifest"[^>]*>')
_HEAD = re.compile(rb'<meta charset="utf-8" ?/>')


class Doors:
    """Stands before Gradio's app."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"].removeprefix(scope.get("root_path", "")) or "/"
        if not OPEN.fullmatch(path):
            await PlainTextResponse("not found", 404)(scope, receive, send)
        elif path == "/":
            await self._page(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The page with its own head; it is small and comes at once."""
        start: Message = {}
        body = b""

        async def kept(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            if message["type"] != "http.response.body":  # an extension, of no use to browsers
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                await _send(start, body, send)

        await self._app({**scope, "headers": _uncompressed(scope)}, receive, kept)


async def _send(start: Message, body: bytes, send: Send) -> None:
    if start["status"] == 200:
        body = _HEAD.sub(lambda found: found[0] + HEAD.encode(), _BRANDING.sub(b"", body), count=1)
    headers = MutableHeaders(raw=start["headers"])
    headers["content-length"] = str(len(body))
    headers["content-security-policy"] = POLICY
    headers["cache-control"] = "no-cache"
    headers["referrer-policy"] = "no-referrer"
    await send({**start, "headers": headers.raw})
    await send({"type": "http.response.body", "body": body})


def _uncompressed(scope: Scope) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]


def pictures(index: ProductIndex) -> "APIRouter":
    """The drawings of the demo catalogue, made when they are asked for."""
    from fastapi import APIRouter

    router = APIRouter()

    @router.get("/media/demo/{name}.svg", include_in_schema=False)
    def drawing(name: str) -> Response:
        product = index.get([name]).get(name)
        if product is None:
            return PlainTextResponse("not found", 404)
        try:
            return Response(picture(product), media_type="image/svg+xml", headers=DRAWING)
        except InvalidQuery:  # a product of another catalogue
            return PlainTextResponse("not found", 404)

    return router
