"""An MCP server on standard input and output, until the client closes them or a signal comes."""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from mcp.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.message import SessionMessage
from mcp.types import PARSE_ERROR, ErrorData, JSONRPCError

NO_MESSAGE = JSONRPCError(
    jsonrpc="2.0", id=None, error=ErrorData(code=PARSE_ERROR, message="a line that is no JSON-RPC message")
)

Said = SessionMessage | Exception  # the SDK's word for a line, read or not readable


async def speak(server: Server[Any], close: Callable[[], None] = lambda: None) -> None:
    """Answer what comes in. `close` is called only where a signal ends the process."""
    heard, understood = anyio.create_memory_object_stream[Said]()
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(_end_at_signals, close)
            async with stdio_server() as (lines, out):
                group.start_soon(_hear, lines, heard, out)
                await server.run(understood, out, server.create_initialization_options())
            group.cancel_scope.cancel()
    except* BrokenPipeError:
        pass  # the client is gone: nobody is left to be told


async def _hear(
    lines: ReadStream[Said], heard: MemoryObjectSendStream[Said], out: WriteStream[SessionMessage]
) -> None:
    """Hand on messages. Of a line that is none the SDK would say nothing, and leave the client waiting."""
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):  # the other side has ended first
        async with heard:
            async for line in lines:
                if isinstance(line, Exception):
                    await out.send(SessionMessage(NO_MESSAGE))
                else:
                    await heard.send(line)


async def _end_at_signals(close: Callable[[], None]) -> None:
    """End when told to; not by return, as the thread that waits for the next line cannot be woken."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async for number in signals:
            close()
            os._exit(128 + number)
