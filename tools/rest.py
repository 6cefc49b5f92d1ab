"""The table of functions over REST, and turns of a conversation as server-sent Steps. Lets nobody in itself.

Bodies are JSON objects as the functions take them: of the Universal Commerce Protocol's functions the
catalogue object itself, with the calling agent's profile in the header `UCP-Agent`.
"""

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, NamedTuple, Protocol, TypeVar

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import Field
from pydantic_core import from_json

from core.errors import InvalidQuery
from core.record import Record
from ranking.records import LONGEST_QUERY
from tools.arguments import checked
from tools.functions import Caller, Function, Scope

ASK = "/api/ask"
ROUTES = {
    "search_catalog": ("POST", "/api/catalog/search"),
    "lookup_catalog": ("POST", "/api/catalog/lookup"),
    "get_product": ("POST", "/api/catalog/product"),
    "compare_products": ("POST", "/api/compare"),
    "find_similar": ("POST", "/api/similar"),
    "rerank_products": ("POST", "/api/rerank"),
    "describe_catalog": ("POST", "/api/describe"),
    "give_feedback": ("POST", "/api/feedback"),
    "log_events": ("POST", "/api/events"),
    "upsert_products": ("PUT", "/api/admin/products"),
    "patch_products": ("PATCH", "/api/admin/products"),
    "delete_products": ("DELETE", "/api/admin/products"),
}
JSON, STREAM = "application/json", "text/event-stream"
PROFILE = re.compile(r'profile\s*=\s*"([^"\s]{1,2000})"')  # of the header UCP-Agent

T = TypeVar("T")


class Said(Record):
    """A shopper's message. Without a conversation it begins one, whose handle the answer brings."""

    message: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)]
    conversation: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None


class Event(NamedTuple):
    """What a turn has come to: the name of a Step, and the Step as JSON on one line."""

    name: str
    data: str


class Desk(Protocol):
    """Where work is done for callers who may have it done, in its turn and in time."""

    async def run(self, request: Request, scope: Scope, work: Callable[[Caller], T]) -> T:
        """The result of blocking work."""

    async def turn(self, request: Request, said: Said) -> AsyncIterator[Event]:
        """The events of a turn. It ends with the turn, which ends where this is closed."""


def router(functions: Sequence[Function], desk: Desk) -> APIRouter:
    """The routes of the functions, and of the conversation."""
    routes = APIRouter()
    for function in functions:
        if function.name in ROUTES:
            method, path = ROUTES[function.name]
            routes.add_api_route(path, _route(function, desk), methods=[method], name=function.name)

    @routes.post(ASK)
    async def ask(request: Request) -> Response:
        kind = preferred(request, (STREAM, JSON))
        events = await desk.turn(request, checked(Said, await read_object(request)))
        if kind == STREAM:
            return StreamingResponse(
                _written(events), media_type=STREAM, headers={"cache-control": "no-store"}
            )
        written = [f'{{"event":"{event.name}","data":{event.data}}}' async for event in events]
        return Response(f'{{"events":[{",".join(written)}]}}', media_type=JSON)

    return routes


def agent_of(request: Request) -> str:
    """The profile that the calling agent names; nothing where it names none."""
    found = PROFILE.search(request.headers.get("ucp-agent", ""))
    return found[1] if found else ""


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object in the body; what else is there is refused with what is wrong with it."""
    kind, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.strip().lower().removeprefix("charset=").strip('"')
    # Also what keeps web pages out: a browser asks before it sends this type to another origin.
    if kind.strip().lower() != JSON or charset not in ("", "utf-8"):
        raise HTTPException(415, f"send the body as {JSON}, in UTF-8")
    try:
        found = from_json(await request.body(), allow_inf_nan=False)
    except ValueError as error:
        raise InvalidQuery(f"the body is not JSON in UTF-8 ({error})") from error
    if not isinstance(found, dict):
        raise InvalidQuery("the body has to be a JSON object")
    return found


def preferred(request: Request, offered: Sequence[str]) -> str:
    """The media type that the caller would rather have, the first offered where all are as good."""
    accepted = request.headers.get("accept", "") or "*/*"
    wishes = {name: _quality(accepted, name) for name in offered}
    best = max(offered, key=lambda name: wishes[name])
    if not wishes[best]:
        raise HTTPException(406, f"this is answered as {' or '.join(offered)}; accept that")
    return best


def _route(function: Function, desk: Desk) -> Callable[[Request], Any]:
    async def route(request: Request) -> Response:
        preferred(request, (JSON,))
        if request.method == "DELETE":  # whose body gateways may drop
            arguments: Mapping[str, Any] = {"ids": request.query_params.getlist("id")}
        else:
            arguments = await read_object(request)
        return JSONResponse(await desk.run(request, function.scope, partial(function.call, arguments)))

    return route


async def _written(events: AsyncIterator[Event]) -> AsyncIterator[str]:
    async for event in events:
        yield f"event: {event.name}\ndata: {event.data}\n\n"


def _quality(accepted: str, name: str) -> float:
    """How much a media type is wanted, by the most specific range that it is in."""
    ranges = {name: 3, f"{name.partition('/')[0]}/*": 2, "*/*": 1}
    found = [(0, 0.0)]
    for part in accepted.split(","):
        media, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if media in ranges:
            given: Mapping[str, str] = dict(p.partition("=")[::2] for p in parameters)
            found.append((ranges[media], _number(given.get("q", "1"))))
    return max(found)[1]


def _number(text: str) -> float:
    return float(text) if re.fullmatch(r"[01](\.\d{1,3})?", text) else 0.0
