"""What an answer says beside its facts, for machines by `code` and for people by `content`.

The shape is that of the Universal Commerce Protocol's messages, so that every function speaks alike.
"""

from collections.abc import Iterable
from time import perf_counter
from typing import Literal

from core.record import Record
from tools.functions import Caller
from tools.untrusted import tamed

LONGEST = 200  # characters of what a caller wrote
MOST_UNKNOWN = 10  # fields that are named one by one

Kind = Literal["info", "warning", "error"]
Severity = Literal["recoverable", "unrecoverable"]


class Message(Record):
    """One thing to know about an answer; `path` is the JSONPath of what it is about."""

    type: Kind = "info"
    code: str
    content: str
    path: str | None = None
    severity: Severity | None = None  # of errors


def not_found(id: str) -> Message:
    """That there is no such product: the content is its id alone, as the protocol has it."""
    return Message(code="not_found", content=tamed(id, LONGEST) or "an id without visible characters")


def ignored(fields: Iterable[str], where: str, known: Iterable[str]) -> tuple[Message, ...]:
    """That some fields of a request changed nothing."""
    unknown = list(fields)
    choose = ", ".join(known)
    found = [
        Message(
            code="unknown_field_ignored",
            content=f"{where}{tamed(name, 40)} is not known here and was ignored; known: {choose}",
        )
        for name in unknown[:MOST_UNKNOWN]
    ]
    if len(unknown) > MOST_UNKNOWN:
        more = f"{len(unknown) - MOST_UNKNOWN} further fields are not known here and were ignored"
        found.append(Message(code="unknown_field_ignored", content=more))
    return tuple(found)


def late(caller: Caller) -> bool:
    """Whether what is there has to be answered now."""
    return caller.until is not None and perf_counter() >= caller.until


def told(caller: Caller) -> tuple[Message, ...]:
    """Why the order is the plain one."""
    if caller.hurried:
        content = (
            "the shop is busy: products were ordered without the cross-encoder; ask again later for its order"
        )
        return (Message(type="warning", code="reduced_ranking", content=content),)
    content = "time was up: this is what was ready, ordered without the cross-encoder"
    return (Message(type="warning", code="partial_results", content=content),)
