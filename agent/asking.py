"""`ask_shop`: one turn of a conversation as a function that other agents call. It answers nothing itself.

The conversation stays here; the caller holds an opaque handle, and sees none but its own.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from threading import Timer
from time import perf_counter
from typing import Annotated, Any

from pydantic import Field

from agent.llm.chat import Cancel
from agent.steps import Answered, Asked, Failed, Option, Searched, Step, Understood
from agent.talks import Talks
from catalog.product import Product
from core.record import Record
from ranking.records import LONGEST_QUERY, Hit, Results, Search
from tools.arguments import checked, given, schema
from tools.functions import Caller, Function
from tools.messages import Message
from tools.relaxation import requirements
from tools.ucp import shapes
from tools.ucp.listings import listing, unpriced
from tools.untrusted import tamed

HANDLE = r"^[A-Za-z0-9_-]{1,64}$"
LONGEST = 300  # characters of a text that a message or a requirement repeats
DESCRIPTION = (
    "Talk to this shop's own assistant, for one turn: it understands several wishes at once, missions "
    '("everything for a camping weekend under 300"), exclusions, corrections ("cheaper", "the second one in '
    'blue", "without a lid") and questions about what it showed. Use it where a request takes more than one '
    "plain search, and pass the shopper's words on unchanged. Comes back: `reply` to show, `products` with "
    "prices, stock and receipts from the shop's records, what was understood, and what can be said next. "
    "Send `conversation` back to go on with it; without it a new one begins."
)


class AskShop(Record):
    """What a shopper says."""

    message: Annotated[
        str, Field(min_length=1, max_length=LONGEST_QUERY, description="the shopper's own words")
    ]
    conversation: Annotated[
        str | None, Field(pattern=HANDLE, description="the handle that an earlier answer brought")
    ] = None


class Sought(Record):
    """One search, as the words were understood."""

    query: str
    requirements: tuple[str, ...]


class Part(Record):
    """The products for one part of a request that takes several."""

    label: str
    product_ids: tuple[str, ...]
    pick: str | None = None  # chosen so that all picks together keep the budget


class Suggestion(Record):
    """Something that can be said next, and how many products it leaves."""

    label: str
    count: int
    say: str


class Question(Record):
    """What the shop would like to know; to answer, say what an option says."""

    text: str
    options: tuple[Suggestion, ...]


class Turned(Record):
    """What a turn came to."""

    conversation: str
    reply: str
    cites: tuple[str, ...]  # ids of the products that the reply speaks of
    intent: str | None = None
    understood: tuple[Sought, ...]
    products: tuple[shapes.Listing, ...]  # on show after the turn, in the order of "the first", "the second"
    unpriced: tuple[shapes.Unpriced, ...]
    parts: tuple[Part, ...]
    question: Question | None = None
    offers: tuple[Suggestion, ...]  # what can be given up, and how many products that finds
    messages: tuple[Message, ...]


def ask_function(answer: Callable[[AskShop, Caller], Turned]) -> Function:
    """The function for the table of others; who answers is `ask_shop` with conversations to hold."""

    def call(arguments: Mapping[str, Any], caller: Caller) -> dict[str, Any]:
        turned = answer(checked(AskShop, given(arguments)), caller)
        return turned.model_dump(mode="json", by_alias=True, exclude_none=True)

    example = {"message": "a gift for a colleague who drinks tea, under 30"}
    return Function(
        name="ask_shop",
        title="Ask the shop's assistant",
        description=f'{DESCRIPTION} Example: {{"message": "{example["message"]}"}}',
        takes=schema(AskShop),
        returns=schema(Turned, mode="serialization"),
        call=call,
        examples=(example,),
        scope="ask",
        reads_only=False,
        idempotent=False,
    )


def ask_shop(talks: Talks, asked: AskShop, caller: Caller) -> Turned:
    """Answer one message. When time is up no language model is waited for any more."""
    handle = asked.conversation or talks.begin(caller.owner)
    cancel, steps = Cancel(), list[Step]()
    deadline = Timer(max(0.0, caller.until - perf_counter()), cancel.set) if caller.until else None
    if deadline:
        deadline.start()
    try:
        with closing(talks.say(handle, caller.owner, asked.message, cancel)) as turn:
            for step in turn:
                steps.append(step)
                if said := _in_words(step):
                    caller.progress(said)
    finally:
        if deadline:
            deadline.cancel()
    return turned(handle, steps)


def turned(handle: str, steps: Sequence[Step]) -> Turned:
    """The steps of a whole turn, for a caller."""
    last = steps[-1]
    plan = next((step.plan for step in reversed(steps) if isinstance(step, Understood)), None)
    results = next((step.results for step in reversed(steps) if isinstance(step, Searched)), None)
    question = next((step for step in reversed(steps) if isinstance(step, Asked)), None)
    answered = last if isinstance(last, Answered) else None
    shown = _shown(results, answered)
    return Turned(
        conversation=handle,
        reply=answered.text if answered else "",
        cites=answered.cites if answered else (),
        intent=plan.intent.value if plan else None,
        understood=tuple(_sought(search) for search in plan.searches) if plan else (),
        products=tuple(listing([hit.product], receipt=hit.receipt) for hit in shown if hit.product.price),
        unpriced=tuple(unpriced(hit.product, hit.receipt) for hit in shown if not hit.product.price),
        parts=_parts(results),
        question=Question(text=question.question, options=_suggested(question.options)) if question else None,
        offers=_suggested(answered.offers) if answered else (),
        messages=(*_notices(results), *_failure(last)),
    )


def _shown(results: Results | None, answered: Answered | None) -> tuple[Hit, ...]:
    """What was found; else what the reply speaks of."""
    if results:
        return results.hits
    spoken_of: Sequence[Product] = ()
    if answered and answered.comparison:
        spoken_of = answered.comparison.products
    elif answered:
        spoken_of = [fact.product for fact in answered.facts]
    return tuple(Hit(product=one, score=0.0) for one in spoken_of)


def _suggested(options: Sequence[Option]) -> tuple[Suggestion, ...]:
    return tuple(Suggestion(label=one.label, count=one.count, say=one.say) for one in options)


def _parts(results: Results | None) -> tuple[Part, ...]:
    groups = results.groups if results else ()
    return tuple(
        Part(
            label=tamed(group.label, LONGEST),
            product_ids=tuple(hit.product.id for hit in group.hits),
            pick=group.pick,
        )
        for group in groups
    )


def _sought(search: Search) -> Sought:
    said = (tamed(one, LONGEST) for one in requirements(search))
    return Sought(query=tamed(search.query, LONGEST), requirements=tuple(said))


def _notices(results: Results | None) -> list[Message]:
    if results is None:
        return []
    said = [
        Message(type="warning", code="ranking_notice", content=tamed(notice, LONGEST))
        for notice in results.notices
    ]
    if results.astray and results.hits:
        content = "nothing here is what was asked for; the products are merely the nearest"
        said.append(Message(type="warning", code="nothing_fits", content=content, path="$.products"))
    if results.repair:
        changes = ", ".join(f"{tamed(a, 60)} → {tamed(b, 60)}" for a, b in results.repair.changes)
        said.append(Message(code="query_repaired", content=f"searched with: {changes}"))
    return said


def _failure(last: Step) -> list[Message]:
    if not isinstance(last, Failed):
        return []
    return [Message(type="error", code="turn_failed", content=last.problem, severity="recoverable")]


def _in_words(step: Step) -> str:
    """A step as progress."""
    if isinstance(step, Understood):
        queries = ", ".join(tamed(search.query, 60) for search in step.plan.searches if search.query)
        return f"looking for {queries}" if queries else "understood"
    if isinstance(step, Searched):
        more = "" if step.final else "; looking further"
        return f"found {len(step.results.hits)} products{more}"
    return ""
