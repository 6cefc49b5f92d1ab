"""Cursors: where the next page begins, sealed together with the request that it belongs to.

Nothing is kept on the server, and nothing about the caller is in them. A changed cursor, or one of another
request, is an `InvalidQuery`.
"""

import base64
import binascii
import hmac
import json
import struct
from collections.abc import Mapping
from typing import Any

from core.errors import InvalidQuery
from core.record import Record

SEAL = 16  # bytes of HMAC-SHA256
WHERE = struct.Struct(">I?")


class Place(Record):
    """Where a page begins, in which order: pages of one list must not be ordered in two ways."""

    start: int
    plain: bool  # without the cross-encoder


def sealed(secret: bytes, request: Mapping[str, Any], place: Place) -> str:
    """The cursor of a place in the answer to a request."""
    where = WHERE.pack(place.start, place.plain)
    asked = json.dumps(request, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    seal = hmac.digest(secret, b"cursor\0" + where + asked, "sha256")[:SEAL]
    return base64.urlsafe_b64encode(where + seal).decode()


def opened(secret: bytes, request: Mapping[str, Any], cursor: str) -> Place:
    """The place that a cursor names."""
    try:
        raw = base64.b64decode(cursor.encode(), altchars=b"-_", validate=True)
        start, plain = WHERE.unpack(raw[: -SEAL or None])
    except (binascii.Error, struct.error) as error:
        raise InvalidQuery(f"pagination.cursor: not a cursor of this shop; {_AGAIN}") from error
    place = Place(start=start, plain=plain)
    if not hmac.compare_digest(sealed(secret, request, place).encode(), cursor.encode()):
        raise InvalidQuery(f"pagination.cursor: it does not belong to this request; {_AGAIN}")
    return place


_AGAIN = "send the cursor of the last answer with the same query and filters, or leave it out to begin again"
