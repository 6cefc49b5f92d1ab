"""The steps of one turn gathered, for a terminal to draw and for scripts to read. It answers nothing."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from agent.dialogue.state import State
from agent.plan import Plan
from agent.steps import Answered, Asked, Failed, Option, Searched, Step, Understood
from core.record import Record
from ui.plan_view import Understood as InShort
from ui.plan_view import understood

if TYPE_CHECKING:
    from ranking.records import Results


class Turn(Record):
    """What was said and every step that followed."""

    utterance: str
    steps: tuple[Step, ...]

    @property
    def plan(self) -> Plan | None:
        """What was understood."""
        return next((step.plan for step in reversed(self.steps) if isinstance(step, Understood)), None)

    @property
    def results(self) -> "Results | None":
        """What was found in the end; none where nothing was looked for."""
        return next((step.results for step in reversed(self.steps) if isinstance(step, Searched)), None)

    @property
    def question(self) -> Asked | None:
        """What was asked beside the results."""
        return next((step for step in reversed(self.steps) if isinstance(step, Asked)), None)

    @property
    def end(self) -> Answered | Failed:
        """The step that ended the turn."""
        last = self.steps[-1]
        if not isinstance(last, Answered | Failed):
            raise TypeError(f"a turn ends with Answered or Failed, not with {type(last).__name__}")
        return last

    @property
    def state(self) -> State:
        """The conversation after the turn."""
        return self.end.state

    @property
    def choices(self) -> tuple[Option, ...]:
        """Everything that is offered to say next: the answers to the question, then the relaxations."""
        answers = self.question.options if self.question else ()
        return (*answers, *(self.end.offers if isinstance(self.end, Answered) else ()))


class Line(Record):
    """A turn as scripts read it; `error` is there where it failed.

    `first_results` is when the first results were there or, in a turn without any, the reply.
    """

    utterance: str
    plan: InShort | None = None
    results: tuple[str, ...] = ()
    answer: str = ""
    timings_ms: Mapping[str, float]
    error: str | None = None

    def document(self) -> dict[str, Any]:
        """The line as JSON has it."""
        return self.model_dump(mode="json", exclude={"error"} if self.error is None else None)


def taken(utterance: str, steps: Iterable[Step]) -> Turn:
    """Let a turn happen, to its end."""
    return Turn(utterance=utterance, steps=tuple(steps))


def line(turn: Turn, limit: int) -> Line:
    """The turn in short, with the ids of at most `limit` products: those found, or else spoken of."""
    end = turn.end
    spoken_of = isinstance(end, Answered) and (end.comparison or end.facts)
    cited = end.cites if isinstance(end, Answered) and spoken_of else ()
    ids = tuple(hit.product.id for hit in turn.results.hits) if turn.results else cited
    first = next((step.ms for step in turn.steps if isinstance(step, Searched)), end.ms)
    return Line(
        utterance=turn.utterance,
        plan=understood(turn.plan) if turn.plan else None,
        results=ids[:limit],
        answer=end.text if isinstance(end, Answered) else "",
        timings_ms={"first_results": round(first, 3), "total": round(end.ms, 3)},
        error=end.problem if isinstance(end, Failed) else None,
    )
