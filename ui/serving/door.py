"""Who comes in, and how often: keys, this machine's own callers, rate limits. Scopes are looked at later.

Without a key file only this machine is served, and browsers only under its own name: a web page that points
a name of its own at this address would else speak for whoever looks at it.
"""

import math
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tools.functions import Scope as May
from ui.serving.keys import Keyring
from ui.serving.limits import Buckets, household, is_loopback
from ui.serving.metrics import Metrics
from ui.serving.problems import send_problem

GUARDED = ("/api", "/mcp", "/metrics")
OPEN = ("/healthz", "/readyz")
READING = frozenset(["GET", "HEAD", "OPTIONS"])
BEARER = "bearer "


@dataclass(frozen=True)
class Guest:
    """Who was let in. `owner` is a pseudonym: the key's, or that of this machine."""

    owner: str
    may: frozenset[May]


LOCAL = Guest("local", frozenset(["search", "ask"]))  # no admin: any program or page here could be it


@dataclass(frozen=True)
class Refusal:
    """Why somebody stays outside, and what to tell."""

    status: int
    message: str
    headers: dict[str, str]


class Door:
    """Lets in who has a key, or who needs none, and not too often."""

    def __init__(
        self, app: ASGIApp, keyring: Keyring, by_key: Buckets, by_address: Buckets, metrics: Metrics
    ) -> None:
        self._app = app
        self._keyring = keyring
        self._by_key = by_key
        self._by_address = by_address
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http" or scope["path"] in OPEN:
            await self._app(scope, receive, send)
            return
        found = self._guest(scope)
        if isinstance(found, Refusal):
            self._metrics.shed.labels("rate" if found.status == 429 else "refused").inc()
            request_id = scope["state"]["request_id"]
            await send_problem(send, found.status, found.message, request_id, found.headers)
            return
        scope["state"]["guest"] = found
        await self._app(scope, receive, send)

    def _guest(self, scope: Scope) -> Guest | Refusal:
        address = scope["client"][0] if scope.get("client") else "localhost"  # a socket file has no address
        headers = Headers(scope=scope)
        guarded = any(scope["path"] == path or scope["path"].startswith(f"{path}/") for path in GUARDED)
        if not self._keyring.exists:
            if not is_loopback(address) or not is_loopback(_host(headers)):
                return Refusal(403, "this server has no keys yet and answers only its own machine", {})
            return LOCAL if self._reads_page(scope, guarded) else self._counted(address, LOCAL)
        if not guarded:  # the page is for shoppers, who have no key
            shopper = Guest("shopper", frozenset())
            return shopper if self._reads_page(scope, guarded) else self._counted(address, shopper)
        given = headers.get("authorization", "")
        key = self._keyring.find(given[len(BEARER) :].strip()) if given.lower().startswith(BEARER) else None
        if key is None:
            wrong = "this key is not known, or no longer" if given else "a key is needed"
            refusal = Refusal(
                401, f"{wrong}; send it as: Authorization: Bearer KEY", {"www-authenticate": "Bearer"}
            )
            return self._counted(address, refusal)
        wait = self._by_key.take(key.owner)
        return _too_often(wait) if wait else Guest(key.owner, frozenset(key.scopes))

    def _reads_page(self, scope: Scope, guarded: bool) -> bool:
        """Whether it only loads a part of the page, of which there are dozens."""
        return not guarded and scope["method"] in READING

    def _counted(self, address: str, otherwise: Guest | Refusal) -> Guest | Refusal:
        wait = self._by_address.take(household(address))
        return _too_often(wait) if wait else otherwise


def _too_often(wait: float) -> Refusal:
    seconds = max(1, math.ceil(wait))
    return Refusal(429, f"too many requests; ask again in {seconds} s", {"retry-after": str(seconds)})


def _host(headers: Headers) -> str:
    """The name that the caller knows this server by."""
    host = headers.get("host", "localhost")
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower()
