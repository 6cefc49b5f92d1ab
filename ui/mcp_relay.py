"""An MCP server that does nothing itself: every call is made at the `/mcp` of a server elsewhere.

Both sides are the official SDK's, so a client may speak an older revision of the protocol than the server.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.server import Server, ServerRequestContext
from mcp.types import (
    INTERNAL_ERROR,
    CallToolRequest,
    CallToolRequestParams,
    CallToolResult,
    DiscoverResult,
    ListToolsRequest,
    ListToolsResult,
    PaginatedRequestParams,
)
from mcp.types.version import LATEST_MODERN_VERSION

from core.errors import IndexUnavailable
from tools.mcp_server import NAME, TITLE

CONNECT_S, ANSWER_S = 10.0, 300.0
BAD_GATEWAY = 502
REFUSALS = {
    401: "asks for an API key; give it one with --key-file FILE",
    403: "does not allow this to the key, or without one",
    404: "speaks no MCP there",
    408: "did not get the request in time; call again",
    413: "takes no request so large",
    429: "has been asked too often; call again in {wait} s",
    503: "has too much to do; call again in {wait} s",
}


async def relay(url: str, key: str | None, speak: Callable[[Server[Any]], Awaitable[None]]) -> None:
    """Have a server speak that passes on to `url`; `IndexUnavailable` if nothing answers there now."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    refused: MCPError | None = None
    async with (
        httpx2.AsyncClient(
            transport=Explained(), headers=headers, timeout=httpx2.Timeout(CONNECT_S, read=ANSWER_S)
        ) as http,
        Client(
            streamable_http_client(url, http_client=http), mode=LATEST_MODERN_VERSION, cache=None
        ) as client,
    ):
        try:
            about = DiscoverResult.model_validate(await client.session.send_discover(LATEST_MODERN_VERSION))
        except MCPError as error:
            refused = error  # raised in here, it would come out in a group
        else:
            await speak(_relaying(client, about.instructions))
    if refused:
        raise IndexUnavailable(str(refused))


class Explained(httpx2.AsyncHTTPTransport):
    """Says in JSON-RPC why there is no answer, where the server cannot, for the SDK's client to pass on."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """See `httpx2.AsyncHTTPTransport`."""
        try:
            response = await super().handle_async_request(request)
            if response.headers.get("content-type", "").startswith("text/event-stream"):
                return response
            body = await response.aread()
        except httpx2.TransportError as error:
            reason = str(error) or type(error).__name__
            return _problem(
                BAD_GATEWAY, f"no answer from {request.url} ({reason}); start the server with: aisle serve"
            )
        if response.is_success or _is_json_rpc(body):
            return response
        said = REFUSALS.get(response.status_code, f"answered with status {response.status_code}")
        wait = response.headers.get("retry-after", "a few")
        return _problem(response.status_code, f"the server at {request.url} {said.format(wait=wait)}")


def _relaying(client: Client, instructions: str | None) -> Server[dict[str, Any]]:
    async def list_tools(_: ServerRequestContext, asked: PaginatedRequestParams | None) -> ListToolsResult:
        page = PaginatedRequestParams(cursor=asked.cursor) if asked and asked.cursor else None
        return await client.session.send_request(ListToolsRequest(params=page), ListToolsResult)

    async def call_tool(ctx: ServerRequestContext, asked: CallToolRequestParams) -> CallToolResult:
        call = CallToolRequestParams(name=asked.name, arguments=asked.arguments)
        return await client.session.send_request(
            CallToolRequest(params=call), CallToolResult, progress_callback=ctx.session.report_progress
        )

    return Server(
        NAME, title=TITLE, instructions=instructions, on_list_tools=list_tools, on_call_tool=call_tool
    )


def _is_json_rpc(body: bytes) -> bool:
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and "jsonrpc" in said


def _problem(status: int, message: str) -> httpx2.Response:
    error = {"code": INTERNAL_ERROR, "message": message}
    return httpx2.Response(status, json={"jsonrpc": "2.0", "id": None, "error": error})
