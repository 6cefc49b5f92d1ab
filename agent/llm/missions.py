"""Missions that take several looks ("furnish a home office for 800"): a model calls tools, step by step.

It yields the steps of a turn, and returns what its last one is made of. A model that cannot call tools is
`CannotCall`, before anything was yielded: then a planner's turn it is.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from functools import cache
from pathlib import Path
from time import perf_counter

from agent.dialogue.understanding import Understanding
from agent.llm.chat import Abandoned, Cancel, ChatModel, Message
from agent.llm.errand import Errand
from agent.llm.prompts import Prompt, load_prompt
from agent.steps import Searched, Understood
from agent.wording.answer import found
from agent.wording.phrases import Phrases
from catalog.price import format_money
from core.errors import ModelUnavailable
from core.record import Record
from ranking.records import Results
from tools.calling import search_catalog
from tools.shop import Shop

LONGEST_ANSWER = 400  # tokens; six calls take about two hundred
LONGEST_MESSAGE = 2_000  # characters
SEARCH = search_catalog.__name__
MOST_UNHEARD = 2  # calls of no tool or without arguments, before anything was found


class CannotCall(ModelUnavailable):
    """A model that called no tools, or found nothing by them."""


class Allowance(Record):
    """The most that one mission may use; then what was found so far makes the answer."""

    answers: int = 8  # of the model
    calls: int = 20
    tokens: int = 40_000
    seconds: float = 60.0


class Mission(Record):
    """What a mission came to. `looks` says in plain words what was done for it."""

    understood: Understanding
    results: Results
    text: str
    picks: tuple[str, ...]
    looks: tuple[str, ...]
    broken: str = ""  # why it ended early


def run_mission(
    shop: Shop,
    model: ChatModel,
    message: str,
    understood: Understanding,
    phrases: Phrases,
    clock: Callable[[], float],
    *,
    allowance: Allowance | None = None,
    cancel: Cancel | None = None,
) -> Generator[Understood | Searched, None, Mission]:
    """Yield what is found as it is found, and the plan again at the end; `clock` gives the milliseconds.

    `understood` is what rules read in the message: its numbers and exclusions hold for every search.
    """
    errand = Errand(shop, message, understood, phrases)
    broken = ""
    try:
        yield from _looking(shop, model, message, errand, clock, allowance or Allowance(), cancel)
    except ModelUnavailable as error:  # what it found until then is found
        if not errand.has_found or (cancel and cancel.is_set):
            raise
        broken = str(error)
    if not errand.has_found:
        raise CannotCall(f"{model.name} found nothing by calling tools; set AISLE_LLM to a model that can")
    results = errand.results()
    if broken:
        notices = (*results.notices, phrases.say("looked.broken"))
        results = results.model_copy(update={"notices": notices})
    plan, looks = errand.plan(results.groups), tuple(errand.looks)
    yield Understood(plan=plan, ms=clock())
    yield Searched(results=results, final=True, looks=looks, ms=clock())
    return Mission(
        understood=Understanding(plan=plan, wanted=errand.wanted(results.groups)),
        results=results,
        text=found(results, plan, (), phrases, len(results.hits)),
        picks=tuple(group.pick or group.hits[0].product.id for group in results.groups if group.hits),
        looks=looks,
        broken=broken,
    )


def _looking(
    shop: Shop,
    model: ChatModel,
    message: str,
    errand: Errand,
    clock: Callable[[], float],
    allowance: Allowance,
    cancel: Cancel | None,
) -> Generator[Understood | Searched, None, None]:
    """Let the model search until it has decided what to take, or may no longer."""
    from agent.llm.langchain_agent import Decided, converse

    until = perf_counter() + allowance.seconds
    events = converse(
        model,
        _messages(shop, message, errand),
        errand.capabilities(),
        prompt=_prompt().id,
        max_tokens=LONGEST_ANSWER,
        seconds_left=lambda: until - perf_counter(),
        offers=lambda tool: errand.has_found or tool == SEARCH,  # a small model would end before it began
        cancel=cancel,
    )
    answers = calls = tokens = unheard = pending = 0
    with closing(events):
        for event in events:
            if cancel and cancel.is_set:
                raise Abandoned(f"the mission of {model.name} was cancelled; ask again if it is wanted")
            if isinstance(event, Decided):
                answers, tokens, pending = answers + 1, tokens + event.tokens, event.calls
                continue
            calls, unheard, pending = calls + 1, unheard + event.unheard, pending - 1
            if event.outcome and errand.note(event.tool, event.outcome):
                results = errand.so_far()
                if len(results.groups) == 1:
                    yield Understood(plan=errand.plan(results.groups), ms=clock())
                yield Searched(results=results, final=False, looks=tuple(errand.looks), ms=clock())
            spent = answers >= allowance.answers or tokens >= allowance.tokens
            late = calls >= allowance.calls or perf_counter() >= until
            deaf = unheard >= MOST_UNHEARD and not errand.has_found
            if errand.taken or late or deaf or (spent and not pending):
                return


def _messages(shop: Shop, message: str, errand: Errand) -> tuple[Message, ...]:
    return _prompt().fill(
        said=" ".join(message.split())[:LONGEST_MESSAGE],
        budget=format_money(errand.budget) if errand.budget else "as they say, if they do",
        currency=shop.currency,
    )


@cache
def _prompt() -> Prompt:
    path = Path(__file__).with_suffix(".toml")
    return load_prompt(path, {"said", "budget", "currency"})
