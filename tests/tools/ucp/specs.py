"""The protocol's own schemas, as validators. The tests of requests and answers hold them against these."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

SCHEMAS = Path(__file__).parents[2] / "specs" / "ucp" / "schemas"


@cache
def validator(file: str, definition: str = "") -> Draft202012Validator:
    """The validator of one definition of one file."""
    documents = [json.loads(path.read_text(encoding="utf-8")) for path in SCHEMAS.rglob("*.json")]
    registry: Registry[Any] = Registry().with_resources(
        (document["$id"], Resource.from_contents(document)) for document in documents
    )
    reference = f"https://ucp.dev/schemas/{file}{definition}"
    return Draft202012Validator({"$ref": reference}, registry=registry)


SEARCH_REQUEST = ("shopping/catalog_search.json", "#/$defs/search_request")
SEARCH_RESPONSE = ("shopping/catalog_search.json", "#/$defs/search_response")
LOOKUP_REQUEST = ("shopping/catalog_lookup.json", "#/$defs/lookup_request")
LOOKUP_RESPONSE = ("shopping/catalog_lookup.json", "#/$defs/lookup_response")
PRODUCT_REQUEST = ("shopping/catalog_lookup.json", "#/$defs/get_product_request")
PRODUCT_RESPONSE = ("shopping/catalog_lookup.json", "#/$defs/get_product_response")
ERROR_RESPONSE = ("common/types/error_response.json", "")
