"""What other agents may call, as one table from which MCP, REST and exported schemas are made.

Knows no protocol and no transport: arguments come in as JSON objects and answers leave as such.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ranking.records import Results, Search

Scope = Literal["search", "ask", "admin"]
SCOPES: tuple[Scope, ...] = ("search", "ask", "admin")


@dataclass(frozen=True)
class Caller:
    """Who calls, and how. `owner` is a pseudonym; what belongs to one owner is hidden from all others."""

    owner: str = "local"
    agent: str = ""  # the profile that the calling agent names
    until: float | None = None  # `time.perf_counter()` at which what is there has to be answered
    query_id: str = ""  # by which what shoppers do with the answer can be told of later
    hurried: bool = False  # the shop is busy: leave out what costs much and adds little
    progress: Callable[[str], None] = lambda said: None  # told in plain words what is being done
    found: Callable[[Search, Search, Results], None] = lambda asked, read, results: None  # told of a search


@dataclass(frozen=True)
class Function:
    """One function by name, with the JSON schemas of its arguments and of its answer.

    `call` raises `TryAgain` where the arguments are wrong, and `Blocked` where the shop is out of order.
    """

    name: str
    title: str
    description: str  # for a model: what it does, when to use it, what comes back
    takes: Mapping[str, Any]
    returns: Mapping[str, Any]
    call: Callable[[Mapping[str, Any], Caller], dict[str, Any]]
    examples: tuple[Mapping[str, Any], ...]  # arguments that work in this shop
    scope: Scope = "search"
    reads_only: bool = True
    idempotent: bool = True
    is_ucp: bool = False  # whether the Universal Commerce Protocol defines it: over MCP, {meta, catalog}
