"""Turns with a language model as they happen: each step when it came, what was looked for, what it took.

Usage: python -m benchmarks.missions --index PATH --llm URL#MODEL [--price IN OUT] [--talk] MESSAGE ...
PATH is an index of the demo catalogue. Each message begins a conversation of its own, unless --talk makes one
conversation of all. --price is that of a million tokens in and out. Answers kept from before are not used.
It judges nothing: what is good or bad about a turn is for the reader to see.
"""

import argparse
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from agent.dialogue.state import State
from agent.llm.metering import Use
from agent.loop import open_assistant
from agent.plan import Plan
from agent.steps import Answered, Asked, Failed, Searched, Step, Understood
from agent.wording.phrases import phrases
from agent.wording.requirements import requirements, worded
from catalog.price import format_money
from core.settings import Settings, load_settings
from ranking.records import Hit, Results

SHOWN = 4  # products of a turn, or of each group


class Told(NamedTuple):
    """A turn in lines to read, and the conversation after it."""

    lines: tuple[str, ...]
    state: State


def main() -> None:
    """Hold the conversations and print them."""
    given = _given()
    assistant = open_assistant(_settings(given))
    try:
        state = assistant.begin()
        for message in given.messages:
            told = transcript(assistant.run(state if given.talk else assistant.begin(), message))
            state = told.state
            print(f"> {message}")
            print("\n".join(f"  {line}" for line in told.lines), end="\n\n", flush=True)
    finally:
        assistant.close()


def transcript(steps: Iterable[Step]) -> Told:
    """The steps of one turn in lines, each with the seconds after which it was there."""
    lines: list[str] = []
    state, looks, found = State(), 0, None
    for step in steps:
        match step:
            case Understood():
                lines.append(f"{_seconds(step.ms)}  understood by {step.plan.source}: {_plan(step.plan)}")
            case Searched():
                news = step.looks[looks:] or (() if step.looks else (_counted(step.results),))
                looks, found = len(step.looks), step.results
                lines += [f"{_seconds(step.ms)}  {line}" for line in news]
            case Asked():
                lines.append(f"{_seconds(step.ms)}  asks: {step.question}")
            case Answered():
                lines += [f"{_seconds(step.ms)}  answers: {step.text}", *_notices(found)]
                lines += [*_shown(found), _took(step.use)]
                state = step.state
            case Failed():
                lines.append(f"{_seconds(step.ms)}  fails: {step.problem}")
                state = step.state
    return Told(tuple(lines), state)


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", required=True)
    parser.add_argument("--llm", default="none")
    parser.add_argument("--price", type=float, nargs=2, metavar=("IN", "OUT"))
    parser.add_argument("--talk", action="store_true", help="make one conversation of all messages")
    parser.add_argument("messages", nargs="+", metavar="MESSAGE")
    return parser.parse_args()


def _settings(given: argparse.Namespace) -> Settings:
    prices = {given.llm.partition("#")[2]: tuple(given.price)} if given.price else None
    return load_settings(index=given.index, llm=given.llm, llm_prices=prices, llm_cache_mb=0)


def _plan(plan: Plan) -> str:
    """The searches of a plan in short."""
    worder = phrases("en")
    searches = (f"{search.query} {worded(requirements(search, worder), worder)}" for search in plan.searches)
    budget = f"; together {format_money(plan.budget)}" if plan.budget else ""
    return f"{plan.intent}: {' | '.join(map(str.strip, searches)) or 'nothing to search for'}{budget}"


def _counted(results: Results) -> str:
    if results.groups:
        return "found " + ", ".join(f"{len(group.hits)} for {group.label}" for group in results.groups)
    return f"found {len(results.hits)}" + (", none of them about it" if results.astray else "")


def _notices(results: Results | None) -> Iterator[str]:
    for notice in results.notices if results else ():
        yield f"        notice: {notice}"


def _shown(results: Results | None) -> Iterator[str]:
    """What is on show; of a bundle every group with its pick marked."""
    if results is None:
        return
    if not results.groups:
        yield from (f"        - {_named(hit)}" for hit in results.hits[:SHOWN])
    for group in results.groups:
        named = (_named(hit) + " *" * (hit.product.id == group.pick) for hit in group.hits[:SHOWN])
        yield f"        - {group.label}: {'; '.join(named) or 'nothing'}"


def _named(hit: Hit) -> str:
    price = hit.product.price
    return f"{hit.product.title} ({format_money(price) if price else 'no price'})"


def _took(use: Use | None) -> str:
    if use is None:
        return "        [no model was asked]"
    cost = "" if use.cost is None else f"; {use.cost:.6f} at the price given"
    tokens = f"{use.prompt} tokens in, {use.completion} out"
    return f"        [{use.calls} calls of {use.model}, {_seconds(use.ms).strip()}: {tokens}{cost}]"


def _seconds(ms: float) -> str:
    return f"{ms / 1e3:5.1f} s"


if __name__ == "__main__":
    main()
