"""Functions, arguments and answers in the shapes of MCP. Pure: it knows no server and calls nothing."""

import json
from collections.abc import Mapping
from typing import Any

from mcp.types import CallToolResult, TextContent, Tool, ToolAnnotations

from core.errors import AisleError, InvalidQuery, TryAgain
from tools.functions import Function
from tools.ucp import LOOKUP, SEARCH
from tools.ucp.envelope import refused

LONGEST_PROFILE = 2_000
AGENT = {
    "type": "object",
    "description": "Of agents that speak UCP; leave it out if you have no profile of your own.",
    "properties": {
        "ucp-agent": {
            "type": "object",
            "properties": {"profile": {"type": "string", "description": "URL of the agent's UCP profile."}},
            "required": ["profile"],
        }
    },
}


def tool(function: Function) -> Tool:
    """The function as it is listed."""
    return Tool(
        name=function.name,
        title=function.title,
        description=_described(function),
        input_schema=_taken(function),
        output_schema={"type": "object", **function.returns},
        annotations=ToolAnnotations(
            title=function.title,
            read_only_hint=function.reads_only,
            destructive_hint=False,
            idempotent_hint=function.idempotent,
            open_world_hint=False,
        ),
    )


def taken(function: Function, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """The function's own arguments: UCP puts them under `catalog`, beside who asks."""
    if not function.is_ucp:
        return arguments
    catalog = arguments.get("catalog")
    if isinstance(catalog, Mapping):
        return catalog
    example = json.dumps({"catalog": function.examples[0] if function.examples else {}}, ensure_ascii=False)
    raise InvalidQuery(f"catalog: all that is asked for belongs into this object, for example {example}")


def profile(function: Function, arguments: Mapping[str, Any]) -> str:
    """The profile that the calling agent names, or nothing."""
    match arguments.get("meta") if function.is_ucp else None:
        case None:
            return ""
        case {"ucp-agent": {"profile": str(named)}} if len(named) <= LONGEST_PROFILE:
            return named
    raise InvalidQuery('meta: write it as {"ucp-agent": {"profile": URL}}, or leave it out')


def answer(found: dict[str, Any]) -> CallToolResult:
    """What a function has answered; for clients that read no structured content as text too, the same."""
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=found)


def refusal(function: Function, error: AisleError) -> CallToolResult:
    """Why there is no answer, of the protocol's functions in its words."""
    if not function.is_ucp:
        return failure("try_again" if isinstance(error, TryAgain) else "blocked", str(error))
    told = refused(error, SEARCH if function.name == "search_catalog" else LOOKUP)
    return _failed(str(error), told.model_dump(mode="json", by_alias=True, exclude_none=True))


def failure(code: str, message: str) -> CallToolResult:
    """Why there is no answer, for machines by `code`."""
    return _failed(message, {"error": {"code": code, "message": message}})


def _failed(message: str, structured: dict[str, Any]) -> CallToolResult:
    text = TextContent(type="text", text=message)
    return CallToolResult(content=[text], structured_content=structured, is_error=True)


def _described(function: Function) -> str:
    """The description, with an example of it in the form that is taken here."""
    if not (function.is_ucp and function.examples):
        return function.description
    example = json.dumps(function.examples[0], ensure_ascii=False)
    return function.description.replace(example, f'{{"catalog": {example}}}')


def _taken(function: Function) -> dict[str, Any]:
    """The schema of the arguments. Its definitions stay at the root, where references look for them."""
    if not function.is_ucp:
        return {"type": "object", **function.takes}
    catalog = {name: part for name, part in function.takes.items() if name not in ("$defs", "$schema")}
    wrapped = {"type": "object", "properties": {"meta": AGENT, "catalog": catalog}, "required": ["catalog"]}
    return wrapped | {"$defs": function.takes["$defs"]} if "$defs" in function.takes else wrapped
