"""The document against what is served: requests that it allows, and such as it does not, by the hundred."""

from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from jsonschema import Draft202012Validator
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

EXAMPLES = 12  # of each operation, and of each way to be wrong
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.mark.slow
def test_nothing_that_is_sent_breaks_the_server_or_its_own_description(
    app: FastAPI, client: TestClient, keys: list[dict[str, str]]
) -> None:
    assert client.get("/healthz").status_code == 200

    async def running(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":  # it runs already, and has only one life
            for now in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{now}.complete"})
        else:
            await app(scope, receive, send)

    schema = schemathesis.openapi.from_asgi("/openapi.json", running)
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):

            @given(case=operation.as_strategy(generation_mode=mode))
            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            def holds(case: Case[Any]) -> None:
                nonlocal tried
                tried += 1
                response = case.call_and_validate(headers=keys[2], checks=CHECKS)
                assert b"event: error" not in response.content

            holds()
    assert tried > 10 * EXAMPLES


def test_every_schema_of_the_document_is_one_and_every_reference_leads_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    pointed = set(_references(document))
    assert pointed
    assert all(one.removeprefix("#/components/schemas/") in schemas for one in pointed)


def _references(part: object) -> list[str]:
    if isinstance(part, dict):
        here = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
        return [*here, *(one for value in part.values() for one in _references(value))]
    return [one for value in part for one in _references(value)] if isinstance(part, list) else []
