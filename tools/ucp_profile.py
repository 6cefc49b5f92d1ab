"""What a shop tells agents at `/.well-known/ucp`: which parts of the protocol it speaks, and where.

Only the protocol's own capabilities: names of extensions belong to whoever has the domain, and a shop's
owner is not that of Aisle. Answers say of themselves which extension they carry.
"""

from typing import Any

from tools.ucp import LOOKUP, SEARCH, VERSION

SERVICE = "dev.ucp.shopping"
AUTHORITY = f"https://ucp.dev/{VERSION}"


def ucp_profile(base: str) -> dict[str, Any]:
    """The profile of the shop that is served under the URL `base`."""
    base = base.rstrip("/")
    return {
        "ucp": {
            "version": VERSION,
            "services": {
                SERVICE: [
                    _service("rest", f"{base}/api", "rest.openapi.json"),
                    _service("mcp", f"{base}/mcp", "mcp.openrpc.json"),
                ]
            },
            "capabilities": {SEARCH: [_capability("search")], LOOKUP: [_capability("lookup")]},
            "payment_handlers": {},
        }
    }


def _service(transport: str, endpoint: str, schema: str) -> dict[str, str]:
    return {
        "version": VERSION,
        "spec": f"{AUTHORITY}/specification/overview",
        "transport": transport,
        "endpoint": endpoint,
        "schema": f"{AUTHORITY}/services/shopping/{schema}",
    }


def _capability(name: str) -> dict[str, str]:
    return {
        "version": VERSION,
        "spec": f"{AUTHORITY}/specification/catalog/{name}",
        "schema": f"{AUTHORITY}/schemas/shopping/catalog_{name}.json",
    }
