"""Bodies of requests, read whole before anything looks at them: not too large, and not too slowly."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ui.serving.problems import send_problem

SECONDS = 10.0  # for a whole body; byte by byte it could hold a connection for days
CLOSE = {"connection": "close"}  # what is left of the body is not read


class Bodies:
    """Hands on requests whose body is here. One that is too large is refused before it is read."""

    def __init__(self, app: ASGIApp, most_bytes: int, seconds: float = SECONDS) -> None:
        self._app = app
        self._most = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = scope["state"]["request_id"]
        try:
            async with asyncio.timeout(self._seconds):
                body = await self._read(scope, receive)
        except OverflowError:
            largest = f"{self._most >> 10} kB" if self._most >= 1024 else f"{self._most} bytes"
            await send_problem(send, 413, f"the body is larger than {largest}", request_id, CLOSE)
        except TimeoutError:
            said = f"the body was not here within {self._seconds:g} s"
            await send_problem(send, 408, said, request_id, CLOSE)
        else:
            if body is not None:
                await self._app(scope, _again(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body, or nothing where the client is gone."""
        if int(dict(scope["headers"]).get(b"content-length", b"0")) > self._most:
            raise OverflowError
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self._most:
                raise OverflowError
            if not message.get("more_body", False):
                return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The body in one piece, then whatever comes after it: that the client leaves."""
    read = False

    async def give() -> Message:
        nonlocal read
        if read:
            return await receive()
        read = True
        return {"type": "http.request", "body": body, "more_body": False}

    return give
