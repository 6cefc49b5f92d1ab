"""Scripted conversations held with an assistant, turn by turn, and what went wrong in each.

Between turns the state goes through JSON, as it does when a server is restarted.
"""

from collections.abc import Iterable

from agent.dialogue.state import State
from core.record import Record
from tests.journeys.always import always
from tests.journeys.expected import disappointed
from tests.journeys.form import Conversation
from tests.journeys.held import Held, Talks


class Outcome(Record):
    """One turn of a conversation, and in readable lines what is wrong with it."""

    theme: str
    name: str
    place: int
    said: str
    failures: tuple[str, ...]


def hold(assistant: Talks, conversation: Conversation, *, restarting: bool = True) -> tuple[Held, ...]:
    """Say every turn; `restarting` writes the state down and reads it back before each."""
    state, found = State(), []
    for turn in conversation.turn:
        if restarting:
            state = State.model_validate_json(state.model_dump_json())
        held = Held(turn.message, state, tuple(assistant.run(state, turn.message)))
        found.append(held)
        state = held.after
    return tuple(found)


def outcomes(assistant: Talks, conversation: Conversation) -> tuple[Outcome, ...]:
    """Hold a conversation and look at each of its turns."""
    held = hold(assistant, conversation)
    return tuple(
        Outcome(
            theme=conversation.theme,
            name=conversation.name,
            place=place,
            said=turn.message,
            failures=(*always(now), *disappointed(turn, now, held[: place - 1])),
        )
        for place, (turn, now) in enumerate(zip(conversation.turn, held, strict=True), 1)
    )


def failures(found: Iterable[Outcome]) -> list[str]:
    """Every failure as a line that names its conversation, its turn and what was said."""
    return [
        f"{outcome.theme}: {outcome.name}, turn {outcome.place} ({_short(outcome.said)!r}): {failure}"
        for outcome in found
        for failure in outcome.failures
    ]


def share_passed(found: Iterable[Outcome]) -> float:
    """The share of turns without a failure."""
    passed = [not outcome.failures for outcome in found]
    return sum(passed) / len(passed)


def _short(said: str) -> str:
    return said if len(said) <= 80 else f"{said[:80]} ..."
