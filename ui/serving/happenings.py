"""What is told to the behaviour log: turns as they were answered, and what callers report of shoppers.

Callers name their shoppers as they like: two callers' shoppers of one name are two shoppers.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Field

from agent.plan import Intent, Plan
from agent.steps import Answered, Failed, Searched, Step, Understood
from behavior.recorder import Recorder
from behavior.records import Action, LlmUse, QueryAttributes, Rewrite, SubQuery, Visitor
from core.record import Record
from ranking.records import Results, Search
from tools.arguments import checked, schema
from tools.functions import Caller, Function
from ui.plan_view import understood

REST = "rest"
MOST = 100  # events of one call
MOST_HITS = 10  # of a search that are logged

Id = Annotated[str, Field(min_length=1, max_length=100)]
Product = Annotated[str, Field(min_length=1, max_length=256)]
Place = Annotated[int, Field(ge=1, le=1_000_000)]
R = TypeVar("R", bound=Record)


class Happened(Record):
    """Something a shopper did with the answer of a query."""

    action: Action
    query_id: Id | None = None
    product: Product | None = None
    position: Annotated[Place | None, Field(description="its place on the list, from 1")] = None
    message: Annotated[str, Field(max_length=1_000)] = ""
    shopper: Annotated[str, Field(max_length=200, description="your name for them; kept as a pseudonym")] = ""
    conversation: Annotated[str, Field(max_length=64)] = ""


class LogEvents(Record):
    """What shoppers did, in the order in which they did it."""

    events: tuple[Happened, ...] = Field(min_length=1, max_length=MOST)


class GiveFeedback(Record):
    """What a shopper thinks of an answer, or of one product in it."""

    query_id: Id
    verdict: Literal["up", "down"]
    product: Product | None = None
    message: Annotated[str, Field(max_length=1_000)] = ""
    shopper: Annotated[str, Field(max_length=200, description="your name for them; kept as a pseudonym")] = ""


class Accepted(Record):
    """How many were taken in."""

    accepted: int


def behavior_functions(recorder: Recorder) -> tuple[Function, ...]:
    """The functions by which callers report what their shoppers do."""

    def log_events(asked: LogEvents, caller: Caller) -> Accepted:
        for one in asked.events:
            by = Visitor(client=_client(caller, one.shopper), session=one.conversation, application=REST)
            recorder.event(
                by, one.action, one.query_id, product=one.product, position=one.position, message=one.message
            )
        return Accepted(accepted=len(asked.events))

    def give_feedback(asked: GiveFeedback, caller: Caller) -> Accepted:
        action = Action.THUMBS_UP if asked.verdict == "up" else Action.THUMBS_DOWN
        by = Visitor(client=_client(caller, asked.shopper), application=REST)
        recorder.event(by, action, asked.query_id, product=asked.product, message=asked.message)
        return Accepted(accepted=1)

    seen = {"query_id": "5f0c", "action": "click", "product": "kettle-1", "position": 1}
    return (
        _function(
            "give_feedback",
            "Say whether an answer was good",
            "Thumbs up or down for the answer of a query, or for one product in it.",
            GiveFeedback,
            give_feedback,
            {"query_id": "5f0c", "verdict": "up"},
        ),
        _function(
            "log_events",
            "Report what shoppers did",
            "Impressions, clicks, carts and purchases, for the behaviour log of the shop.",
            LogEvents,
            log_events,
            {"events": [seen]},
        ),
    )


def record_turn(
    recorder: Recorder, owner: str, conversation: str, words: str, query_id: str, steps: Sequence[Step]
) -> None:
    """Log a turn that was answered, or failed."""
    plan = next((step.plan for step in reversed(steps) if isinstance(step, Understood)), None)
    results = next((step.results for step in reversed(steps) if isinstance(step, Searched)), None)
    last = steps[-1]
    use = last.use if isinstance(last, Answered) else None
    about = QueryAttributes(
        **(_planned(plan) if plan else {}),
        **(_found(results) if results else {}),
        failed=isinstance(last, Failed),
        timings_ms={"total": last.ms, **(_timings(results) if results else {})},
        llm=LlmUse(calls=use.calls, tokens=use.prompt + use.completion, cost=use.cost) if use else LlmUse(),
    )
    hits = [hit.product.id for hit in results.hits] if results else []
    by = Visitor(client=owner, session=conversation, application=REST)
    recorder.searched(by, words, hits, about, query_id)


def record_search(
    recorder: Recorder, owner: str, query_id: str, asked: Search, searched: Search, results: Results
) -> None:
    """Log a search that a caller asked for, with what its words were read as."""
    about = QueryAttributes(
        **_planned(Plan(intent=Intent.FIND, searches=(searched,))),
        **_found(results),
        timings_ms={"total": results.trace.total_ms, **_timings(results)},
    )
    hits = [hit.product.id for hit in results.hits[:MOST_HITS]]
    recorder.searched(Visitor(client=owner, application=REST), asked.query, hits, about, query_id)


def _planned(plan: Plan) -> dict[str, Any]:
    found = [understood(plan.model_copy(update={"searches": (search,)})) for search in plan.searches]
    several = found if len(found) > 1 else []
    return {
        "intent": plan.intent,
        "constraints": understood(plan).constraints,
        "sub_queries": tuple(
            SubQuery(query=" ".join(one.queries), constraints=one.constraints) for one in several
        ),
    }


def _found(results: Results) -> dict[str, Any]:
    changes = results.repair.changes if results.repair else ()
    return {
        "found": results.fitting,
        "astray": results.astray,
        "rewrites": tuple(Rewrite(written=written, searched=searched) for written, searched in changes),
    }


def _timings(results: Results) -> dict[str, float]:
    return {stage.name: stage.ms for stage in results.trace.stages}


def _client(caller: Caller, shopper: str) -> str:
    return f"{caller.owner}/{shopper}" if shopper else caller.owner


def _function(
    name: str,
    title: str,
    description: str,
    takes: type[R],
    do: Callable[[R, Caller], Accepted],
    example: Mapping[str, Any],
) -> Function:
    def call(arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        return do(checked(takes, arguments), caller).model_dump(mode="json")

    return Function(
        name=name,
        title=title,
        description=description,
        takes=schema(takes),
        returns=schema(Accepted, "serialization"),
        call=call,
        examples=(example,),
        reads_only=False,
        idempotent=False,
    )
