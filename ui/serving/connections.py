"""HTTP connections with an end to patience: headers have to be here soon. Reads no request itself.

uvicorn gives an idle connection a time, but not one on which headers come byte by byte, and answers too
many connections without saying when to come again.
"""

import asyncio
import json

from uvicorn.protocols.http.h11_impl import H11Protocol

from ui.serving.problems import BUSY, RETRY_S, problem

MOST = 1000  # connections; each takes a file descriptor, of which systems often grant 1024
HEADERS_S = 10.0

_BODY = json.dumps(problem(503, BUSY, "")).encode()
_REFUSED = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n"
    b"retry-after: %d\r\ncontent-length: %d\r\n\r\n%s"
) % (RETRY_S, len(_BODY), _BODY)


class Connection(H11Protocol):
    """One connection."""

    headers_s = HEADERS_S
    most = MOST
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See `asyncio.Protocol`."""
        if len(self.connections) >= self.most:
            self.transport = transport
            transport.write(_REFUSED)
            transport.close()
            return
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        super().data_received(data)
        if self.cycle and not self.cycle.response_complete:
            self._stop_waiting()
        elif self._patience is None:
            self._wait()

    def on_response_complete(self) -> None:
        """See `H11Protocol`: from here on its own time for idle connections runs."""
        self._stop_waiting()
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._patience = self.loop.call_later(self.headers_s, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None
