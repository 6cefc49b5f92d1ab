"""A plan as scripts and readers see it: the queries, and the requirements by name. Understands nothing."""

from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from core.record import Record

if TYPE_CHECKING:
    from agent.plan import Plan


class Understood(Record):
    """A plan as scripts read it: the queries, and the requirements of all of them by name."""

    intent: str
    queries: tuple[str, ...]
    constraints: dict[str, Any]


def understood(plan: "Plan") -> Understood:
    """The plan in short. Of several searches the requirements are taken together."""
    from agent.plan import constraints
    from catalog.price import major_units

    merged: dict[str, Any] = {}
    for search in plan.searches:
        for name, value in constraints(search).items():
            merged[name] = _together(name, merged[name], value) if name in merged else value
    if plan.budget:  # what all may cost together, none may cost alone
        merged.setdefault("price_max", major_units(plan.budget))
    queries = tuple(search.query for search in plan.searches if search.query)
    return Understood(intent=plan.intent, queries=queries, constraints=merged)


def plan_report(found: Understood) -> RenderableType:
    """The plan as a reader sees it."""
    rows = Table.grid(padding=(0, 2, 0, 0))
    for name, value in found.constraints.items():
        rows.add_row(Text(name.replace("_", " "), style="dim"), _words(value))
    query = ", ".join(found.queries) or "nothing to search for"
    return Group(Text.assemble((found.intent, "bold"), "  ", query), rows)


def _together(name: str, one: Any, other: Any) -> Any:
    """Two searches' values of one requirement: all that is named, and the bound that both keep within."""
    if isinstance(one, dict):
        return {key: _union(one.get(key, []), other.get(key, [])) for key in one | other}
    if isinstance(one, list):
        return _union(one, other)
    return min(one, other) if name.endswith("_min") else max(one, other)


def _union(one: list[str], other: list[str]) -> list[str]:
    return list(dict.fromkeys((*one, *other)))


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{name}: {' or '.join(values)}" for name, values in value.items())
    return ", ".join(value) if isinstance(value, list) else f"{value:g}"
