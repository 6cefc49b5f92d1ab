"""The functions as OpenAI's API wants them told, with strict schemas: a model cannot misspell a field.

Strict means: every object closed, every field required, and null for what is not wanted; functions take such
nulls as not given. Nothing is called here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from tools.functions import Function

# What strict schemas may not say (OpenAI, "Supported schemas"); it is checked when the function is called.
UNSAID = ("default", "examples", "minLength", "maxLength", "uniqueItems", "format", "title")


def openai_functions(functions: Iterable[Function]) -> list[dict[str, Any]]:
    """The functions as `tools` of a chat completion."""
    return [
        {
            "type": "function",
            "function": {
                "name": one.name,
                "description": one.description,
                "parameters": strict(one.takes),
                "strict": True,
            },
        }
        for one in functions
    ]


def strict(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema closed, with every field required; fields that may hold anything at all are left out."""
    closed = _closed(schema)
    if "$defs" in schema:
        closed["$defs"] = {name: _closed(part) for name, part in schema["$defs"].items()}
    return closed


def _closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in schema.items() if name not in (*UNSAID, "$defs", "properties")}
    for combined in ("anyOf", "allOf"):
        if combined in told:
            told[combined] = [_closed(part) for part in told[combined]]
    if isinstance(told.get("items"), Mapping):
        told["items"] = _closed(told["items"])
    if "$ref" in told:
        return {"$ref": told["$ref"]}  # nothing may stand beside it
    if "enum" in told and "type" not in told:
        told["type"] = "string"
    if told.get("type") != "object":
        return told
    required = schema.get("required", ())
    properties = {
        name: _closed(part) if name in required else _nullable(_closed(part))
        for name, part in schema.get("properties", {}).items()
        if not _is_free(part)
    }
    return {**told, "properties": properties, "required": list(properties), "additionalProperties": False}


def _is_free(part: Mapping[str, Any]) -> bool:
    """An object of which no field is known: a model would have nothing to write there."""
    return part.get("type") == "object" and not part.get("properties")


def _nullable(part: dict[str, Any]) -> dict[str, Any]:
    branches = part.get("anyOf", ())
    if {"type": "null"} in branches:
        return part
    if branches:
        return {**part, "anyOf": [*branches, {"type": "null"}]}
    return {"anyOf": [part, {"type": "null"}]}
