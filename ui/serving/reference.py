"""The reference of what other agents call, as Markdown from the same table as the routes. Serves nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.functions import Function
from tools.rest import ASK, ROUTES
from ui.serving.problems import CODES

HEAD = """\
# Reference of the tool API

Printed by `aisle tools reference` over the demo catalogue; a test keeps it current. Names of departments
and attributes in it are the demo's: `aisle tools schema` prints the schemas of yours.

Start the server with `aisle serve`; REST is at `http://127.0.0.1:7860/api`, MCP at `/mcp`, the OpenAPI
document at `/openapi.json`, the profile of the Universal Commerce Protocol at `/.well-known/ucp`. Or let an
MCP client start `aisle mcp`, which speaks over stdio. Where the server has keys (`aisle keys add NAME`),
send `Authorization: Bearer KEY`. Prices are integers in minor units: 4999 is $49.99.

Over MCP the three functions of the Universal Commerce Protocol take
`{"meta": {"ucp-agent": {"profile": URI}}, "catalog": {...}}`, the others their arguments as they are; every
answer is in `structuredContent`. Over REST the body is the arguments, and the agent's profile is in the
header `UCP-Agent: profile="URI"`.
"""
RECORDS = """\
## Records

What the tables above name, in the order of the alphabet.
"""
REFUSALS = """\
## Refusals

Over REST as `{"error": {"code", "message", "request_id"}}`, over MCP as `isError` with the same in words.

| status | code |
|---|---|"""
ABOUT_ASK = """\
Over REST the answer is a stream of server-sent events, one for each Step of the turn as soon as it is known:
`Conversation` with the handle, `Understood`, `Searched`, `Asked`, `Replying`, and `Answered` or `Failed` at
last. With `Accept: application/json` they come together.
"""
LONGEST_CELL = 300
ROOT = "http://127.0.0.1:7860"


def reference(functions: Sequence[Function]) -> str:
    """The whole reference."""
    records: dict[str, list[str]] = {}
    for function in functions:
        for schema in (function.takes, function.returns):
            for name, part in schema.get("$defs", {}).items():
                records.setdefault(name, list(_rows(part, schema)))
    parts = [HEAD, *(section for function in functions for section in _function(function)), RECORDS]
    for name in sorted(records):
        if records[name]:
            parts += [f"### {name}\n", "| field | type | about |\n|---|---|---|", *records[name], ""]
    parts += [REFUSALS, *(f"| {status} | `{code}` |" for status, code in sorted(CODES.items()))]
    return "\n".join([*parts, "\nWith 429 and 503 comes `Retry-After`, in seconds.\n"])


def _function(function: Function) -> Iterator[str]:
    method, path = ROUTES.get(function.name, ("POST", ASK))
    about, _, _ = function.description.partition(" Example: ")
    yield f"## `{function.name}`\n"
    yield f"{function.title}: `{method} {path}`, scope `{function.scope}`.\n"
    yield f"{about}\n"
    if path == ASK:
        yield ABOUT_ASK
    yield "| argument | type | about |\n|---|---|---|"
    yield from _rows(function.takes, function.takes, marked=True)
    yield "\n| answer | type | about |\n|---|---|---|"
    yield from _rows(function.returns, function.returns)
    yield ""
    for example in function.examples[:1]:
        yield f"```\n{_curl(method, path, example)}\n```\n"


def _curl(method: str, path: str, example: Mapping[str, Any]) -> str:
    key = "-H 'authorization: Bearer KEY' " if "/admin/" in path else ""
    if method == "DELETE":
        ids = "&".join(f"id={one}" for one in example["ids"])
        return f"curl -X DELETE {key}'{ROOT}{path}?{ids}'"
    verb = "" if method == "POST" else f"-X {method} "
    body = json.dumps(example, ensure_ascii=False)
    return f"curl {verb}{key}{ROOT}{path} -H 'content-type: application/json' -d '{body}'"


def _rows(schema: Mapping[str, Any], root: Mapping[str, Any], *, marked: bool = False) -> Iterator[str]:
    """A row for each field; of an answer that can be of several kinds, the fields of all."""
    seen: set[str] = set()
    for part in schema.get("anyOf", [schema]):
        fields = _resolved(part, root)
        required = fields.get("required", ()) if marked else ()
        for name, field in fields.get("properties", {}).items():
            if name not in seen:
                seen.add(name)
                about = field.get("description") or _resolved(_bare(field), root).get("description", "")
                mark = " (needed)" if name in required else ""
                yield f"| `{name}`{mark} | {_kind(field, root)} | {_cell(about)} |"


def _kind(field: Mapping[str, Any], root: Mapping[str, Any]) -> str:
    """What a field holds, in a few words."""
    if "anyOf" in field:
        kinds = dict.fromkeys(_kind(part, root) for part in field["anyOf"] if part.get("type") != "null")
        return " or ".join(kinds)
    if "$ref" in field:
        return str(field["$ref"].rsplit("/", 1)[-1])
    if "enum" in field:
        shown = [f"`{value}`" for value in field["enum"][:6]]
        return ", ".join(shown) + (", …" if len(field["enum"]) > len(shown) else "")
    if field.get("type") == "array":
        return f"list of {_kind(field.get('items', {}), root)}"
    return str(field.get("type", "any"))


def _bare(field: Mapping[str, Any]) -> Mapping[str, Any]:
    """A field without its list."""
    items: Mapping[str, Any] = field.get("items", field)
    return items


def _resolved(part: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in part:
        return part
    found: Mapping[str, Any] = root["$defs"][part["$ref"].rsplit("/", 1)[-1]]
    return found


def _cell(text: str) -> str:
    line = " ".join(text.split()).replace("|", "\\|")
    return line if len(line) <= LONGEST_CELL else line[:LONGEST_CELL].rsplit(" ", 1)[0] + " …"
