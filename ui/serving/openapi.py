"""The OpenAPI document, made from the same table as the routes. Serves nothing."""

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from core.record import Record
from tools.arguments import schema
from tools.functions import Function
from tools.rest import ASK, JSON, ROUTES, STREAM, Said
from ui.serving.problems import CODES

DEFS = "#/$defs/"
ALWAYS = (400, 401, 403, 405, 406, 408, 413, 415, 429, 500, 503)  # any operation may answer with these
WITH_RETRY = (429, 503)
ABOUT = """\
Search of one shop. Send `Authorization: Bearer KEY` where the server has keys; one that has none answers
only its own machine, and changes nothing for anybody. Every refusal is an `Error`, with the id of the
request to ask about it."""
STEPS = """\
One event for each Step as soon as it is known: `Conversation` with the handle for the next message, then
`Understood`, `Searched`, `Asked`, `Replying`, and `Answered` or `Failed` at last; `error` instead where the
turn broke off. Leaving ends the turn."""
EVENT = {  # as OpenAPI describes one of a stream; `data` is the Step as JSON
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["event", "data"],
}


class Problem(Record):
    """What is wrong: a code for programs, a message for people."""

    code: str
    message: str
    request_id: str


class Error(Record):
    """How every refusal and failure is answered."""

    error: Problem


class Told(Record):
    """One event of a turn; `event` is the name of a Step and `data` the Step."""

    event: str
    data: dict[str, Any]


class Turn(Record):
    """A turn as a whole, for those who do not read a stream."""

    events: tuple[Told, ...]


def document(functions: Sequence[Function]) -> dict[str, Any]:
    """The document of the functions that are served."""
    components: dict[str, Any] = {}
    paths: dict[str, dict[str, Any]] = {}
    for function in functions:
        if function.name in ROUTES:
            method, path = ROUTES[function.name]
            paths.setdefault(path, {})[method.lower()] = _operation(function, method, components)
    paths[ASK] = {"post": _ask(components)}
    components |= {"Error": _adopted("Error", schema(Error), components)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Aisle", "version": version("aisle"), "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def _operation(function: Function, method: str, components: dict[str, Any]) -> dict[str, Any]:
    taken = _adopted(f"{function.name}.takes", function.takes, components)
    returned = _adopted(f"{function.name}.returns", function.returns, components)
    asked = _query(taken, function) if method == "DELETE" else _body(taken, function)
    agent = {"parameters": [_agent()]} if function.is_ucp else {}
    return {
        "operationId": function.name,
        "summary": function.title,
        "description": function.description,
        "x-scope": function.scope,
        **agent,
        **asked,
        "responses": {
            "200": {"description": "The answer.", "content": {JSON: {"schema": returned}}},
            **_refusals(),
        },
    }


def _ask(components: dict[str, Any]) -> dict[str, Any]:
    whole = _adopted("ask_shop.returns", schema(Turn), components)
    example = {"message": "a red electric kettle under 50 dollars"}
    return {
        "operationId": "ask_shop",
        "summary": "Ask the shop",
        "description": "One message of a conversation. Without a handle it begins a new one.",
        "x-scope": "ask",
        "requestBody": {
            "required": True,
            "content": {
                JSON: {
                    "schema": _adopted("ask_shop.takes", schema(Said), components),
                    "examples": {"1": {"value": example}},
                }
            },
        },
        "responses": {
            "200": {
                "description": STEPS,
                "content": {STREAM: {"schema": EVENT}, JSON: {"schema": whole}},
            },
            **_refusals(),
        },
    }


def _body(taken: Mapping[str, Any], function: Function) -> dict[str, Any]:
    examples = {str(number): {"value": value} for number, value in enumerate(function.examples, start=1)}
    return {"requestBody": {"required": True, "content": {JSON: {"schema": taken, "examples": examples}}}}


def _query(taken: Mapping[str, Any], function: Function) -> dict[str, Any]:
    """Ids in the query, each as a parameter of its own."""
    examples = {str(number): {"value": one["ids"]} for number, one in enumerate(function.examples, start=1)}
    parameter = {"name": "id", "in": "query", "required": True, "explode": True, "examples": examples}
    return {"parameters": [{**parameter, "schema": taken["properties"]["ids"]}]}


def _agent() -> dict[str, Any]:
    about = 'The profile of the calling agent, as in profile="https://agent.example/ucp".'
    return {
        "name": "UCP-Agent",
        "in": "header",
        "required": False,
        "description": about,
        "schema": {"type": "string"},
    }


def _refusals() -> dict[str, Any]:
    content = {JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}
    after = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
    return {
        str(status): {
            "description": CODES[status].replace("_", " "),
            "content": content,
            **({"headers": after} if status in WITH_RETRY else {}),
        }
        for status in ALWAYS
    }


def _adopted(name: str, found: Mapping[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    """The schema with its definitions moved to the components, under names of its own."""
    definitions = found.get("$defs", {})
    for of, definition in definitions.items():
        components[f"{name}.{of}"] = _pointed(definition, name)
    return dict(_fields(found, name))


def _fields(found: Mapping[str, Any], name: str) -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        if key not in ("$defs", "$schema"):
            yield key, _pointed(value, name)


def _pointed(part: Any, name: str) -> Any:
    """The part with its references to where the definitions are now."""
    if isinstance(part, list):
        return [_pointed(one, name) for one in part]
    if not isinstance(part, dict):
        return part
    return {
        key: f"#/components/schemas/{name}.{value.removeprefix(DEFS)}"
        if key == "$ref" and isinstance(value, str) and value.startswith(DEFS)
        else _pointed(value, name)
        for key, value in part.items()
    }
