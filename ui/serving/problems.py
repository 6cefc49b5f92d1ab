"""How every refusal and failure leaves: one JSON shape, whoever refuses. Nothing of the inside is told."""

import json
from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Send

from core.errors import AisleError, InvalidQuery
from ui.serving.logs import failed

CODES = {
    400: "invalid_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media_type",
    429: "too_many_requests",
    500: "internal",
    503: "unavailable",
}
NOWHERE = "there is nothing here; /openapi.json lists what there is"
UNEXPECTED = "this should not have happened; whoever runs the shop finds out why by the request id"
BLOCKED = "the shop is out of order; whoever runs it finds out why by the request id"
BUSY = "too many are being served; ask again in a moment"
LATE = "the answer was not ready in time; ask again, or for less"
RETRY_S = 2  # a full waiting room is worked off in about that time
REPAIR_S = 30  # somebody has to look after the shop


def problem(status: int, message: str, request_id: str) -> dict[str, dict[str, str]]:
    """The body of an answer that says what is wrong."""
    code = CODES.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_")
    return {"error": {"code": code, "message": message, "request_id": request_id}}


def answered(request: Request, error: Exception) -> Response:
    """The answer to a failure that says by its class what it is."""
    request_id = request.state.request_id
    match error:
        case InvalidQuery():
            return _answer(400, str(error), request_id)
        case HTTPException(status_code=404):
            return _answer(404, NOWHERE, request_id)
        case HTTPException(status_code=status, detail=detail, headers=headers):
            return _answer(status, detail, request_id, headers)
        case AisleError():  # for whoever runs the shop, with names of folders and servers
            failed("out of order", error, request_id=request_id, problem=str(error))
            return _answer(503, BLOCKED, request_id, {"retry-after": str(REPAIR_S)})
    raise error


async def send_problem(
    send: Send, status: int, message: str, request_id: str, headers: Mapping[str, str] | None = None
) -> None:
    """Answer with a problem from outside of the application."""
    body = json.dumps(problem(status, message, request_id)).encode()
    given = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    start: Message = {
        "type": "http.response.start",
        "status": status,
        "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _answer(
    status: int, message: str, request_id: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse(problem(status, message, request_id), status, headers=dict(headers or {}))
