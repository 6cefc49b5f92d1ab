"""The planners that `benchmarks.planning` holds against each other, and what each plan took. Scores nothing.

A model is asked for searches as a conversation asks it, and only for these: it calls no tools here and writes
no prose, so a mission is what its searches make of it.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from agent.dialogue.needs import query_of
from agent.dialogue.state import State
from agent.experience import Experience
from agent.llm.chat import Cancel
from agent.llm.metering import Use
from agent.llm.opening import open_llm
from agent.llm.planner import EMBEDDED, Adviser, GeneralAdviser, ModelPlanner, Planner, open_planner
from agent.loop import Assistant
from agent.plan import Intent, Plan
from agent.steps import Answered, Failed, Searched, Understood
from catalog.index import ProductIndex
from core.errors import InvalidSettings, ModelUnavailable
from core.settings import Settings
from ranking.records import Search

NONE = "none"
UNTAUGHT = "untaught"  # the embedded model without its adapter, asked as any general model is

Conversing = Callable[[Sequence[str], str], Plan]


class Took(NamedTuple):
    """What one plan took: until it was settled, and of the model, where that was asked."""

    ms: float
    use: Use | None = None


class Nothing(Experience):
    """Remembers of no need what others meant by it."""

    def recalled(self, index: ProductIndex, said: str) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing."""
        return ()

    def undertaking(self, index: ProductIndex, said: str) -> tuple[str, ...]:  # noqa: ARG002
        """Nothing."""
        return ()

    def told(self, index: ProductIndex, said: str) -> None:
        """Nothing."""


class Proposing:
    """A planner that keeps what it proposed, and what that took, for whoever asks the same again."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._kept: dict[tuple[str, str], tuple[tuple[str, ...], Use]] = {}
        self.asked: list[Use] = []  # since the last `start`
        self.saved_ms = 0.0  # of these, by those that were kept
        self.failed = 0

    def start(self) -> None:
        """Begin to count what is asked."""
        self.asked, self.saved_ms = [], 0.0

    def turn(self) -> "Proposer":
        """The model for one turn."""
        return Proposer(self)

    def close(self) -> None:
        """Release the model."""
        self._planner.close()

    def proposed(
        self, said: str, so_far: str, departments: Sequence[str], cancel: Cancel | None
    ) -> tuple[str, ...]:
        """What is proposed; a model that gave no usable answer is asked again next time."""
        if kept := self._kept.get((said, so_far)):
            self.saved_ms += kept[1].ms
        else:
            adviser: Adviser = self._planner.turn()
            try:
                queries = adviser.propose(said, so_far, departments, cancel)
            except ModelUnavailable:
                self.failed += 1
                self.asked.append(adviser.use)
                raise
            kept = self._kept[said, so_far] = queries, adviser.use
        self.asked.append(kept[1])
        return kept[0]


class Proposer:
    """A `Proposing` planner in one turn."""

    def __init__(self, planner: Proposing) -> None:
        self._planner = planner
        self._before = len(planner.asked)

    @property
    def use(self) -> Use:
        """What the turn has taken of it so far."""
        return _sum(self._planner.asked[self._before :]) or Use(model="")

    def propose(
        self, said: str, so_far: str, departments: Sequence[str], cancel: Cancel | None = None
    ) -> tuple[str, ...]:
        """Queries for a message, after what was looked for; none where it asks for no product."""
        return self._planner.proposed(said, so_far, departments, cancel)

    def capable(self) -> None:
        """It calls no tools and writes nothing."""


def open_proposing(settings: Settings) -> Proposing:
    """The model that the settings name; its answers are not kept between runs, so that all are timed."""
    planner = open_planner(settings.model_copy(update={"llm_cache_mb": 0}), print)
    if planner is None:
        raise InvalidSettings(f"{settings.llm} is no model; name embedded, {UNTAUGHT}, or URL#MODEL")
    return Proposing(planner)


def open_untaught(settings: Settings) -> Proposing:
    """The embedded model without its adapter, with the prompt of the general ones."""
    llm = open_llm(settings.model_copy(update={"llm": EMBEDDED, "llm_cache_mb": 0}), on_progress=print)
    if llm is None:
        raise InvalidSettings("the embedded model cannot be opened; run: aisle models pull smollm2")
    return Proposing(ModelPlanner(llm, GeneralAdviser))


def as_said(history: Sequence[str], utterance: str) -> Plan:  # noqa: ARG001  it has no memory
    """The planner that understands nothing: the utterance is the query."""
    return Plan(intent=Intent.FIND, searches=(Search(query=utterance),))


def conversing(assistant: Assistant, model: Proposing | None, took: list[Took]) -> Conversing:
    """The assistant as a planner: the last plan of the last turn, with the searches that were really made."""

    def planned(history: Sequence[str], utterance: str) -> Plan:
        state = _after(assistant, history)
        if model is None:
            turn = _turn(assistant, state, utterance)
            took.append(Took(turn.ms))
            return turn.plan
        model.start()
        turn = _turn(assistant, state, utterance)
        took.append(Took(turn.ms + model.saved_ms, _sum(model.asked)))
        return turn.plan

    return planned


def alone(assistant: Assistant, model: Proposing, departments: Sequence[str], took: list[Took]) -> Conversing:
    """The model's searches and nothing else: its answer has no place for limits, brands and exclusions.

    What was looked for before is what the assistant made of the earlier turns. Where the model gives no
    usable answer, what was said is searched for.
    """

    def planned(history: Sequence[str], utterance: str) -> Plan:
        state = _after(assistant, history)
        so_far = "; ".join(query_of(need) for need in state.wanted.needs)
        model.start()
        queries: tuple[str, ...] = (utterance,)
        with suppress(ModelUnavailable):
            queries = model.turn().propose(utterance, so_far, departments)
        use = _sum(model.asked)
        took.append(Took(use.ms if use else 0.0, use))
        searches = tuple(Search(query=query) for query in queries)
        return Plan(intent=Intent.FIND if searches else Intent.CHAT, searches=searches)

    return planned


class _Turn(NamedTuple):
    plan: Plan
    state: State
    ms: float  # until the plan was settled


def _after(assistant: Assistant, history: Sequence[str]) -> State:
    """The conversation after what was said before."""
    state = assistant.begin()
    for message in history:
        state = _turn(assistant, state, message).state
    return state


def _turn(assistant: Assistant, state: State, message: str) -> _Turn:
    plan, ms = Plan(intent=Intent.CHAT), 0.0
    for step in assistant.run(state, message):
        match step:
            case Understood():
                plan, ms = step.plan, step.ms
            case Searched() if step.results.groups:
                made = tuple(group.search for group in step.results.groups)
                plan = plan.model_copy(update={"searches": made})
            case Answered() | Failed():
                state = step.state
    return _Turn(plan, state, ms)


def _sum(uses: Sequence[Use]) -> Use | None:
    """What several calls took together; nothing where there were none."""
    if not uses:
        return None
    return Use(
        model=uses[0].model,
        calls=sum(use.calls for use in uses),
        prompt=sum(use.prompt for use in uses),
        completion=sum(use.completion for use in uses),
        ms=sum(use.ms for use in uses),
    )
