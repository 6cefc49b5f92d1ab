"""One turn while it runs: its clock, and the state that it leaves behind. Decides nothing."""

from time import perf_counter

from agent.dialogue.state import LONGEST_HISTORY, MOST_EARLIER, Said, State
from agent.dialogue.understanding import Understanding
from agent.llm.planner import Adviser
from agent.plan import Intent
from agent.steps import Answered, Option
from tools.comparison import Comparison
from tools.facts import Fact

LONGEST_REMEMBERED = 2_000  # characters of an utterance that the history keeps


class Turn:
    """The clock of a turn, and the state that it leaves behind."""

    def __init__(self, state: State, message: str) -> None:
        self.state = state
        self.message = message
        self.adviser: Adviser | None = None
        self.unhelped = ""  # why no model has helped
        self._started = perf_counter()

    def ms(self) -> float:
        """Milliseconds since the turn began."""
        return (perf_counter() - self._started) * 1e3

    def answered(
        self,
        text: str,
        understood: Understanding,
        *,
        shown: tuple[str, ...],
        cites: tuple[str, ...] = (),
        asked: str | None = None,
        comparison: Comparison | None = None,
        facts: tuple[Fact, ...] = (),
        offers: tuple[Option, ...] = (),
    ) -> Answered:
        """The last step of a turn that was answered."""
        state, wanted, plan = self.state, understood.wanted, understood.plan
        moved = wanted != state.wanted
        is_new = moved and plan.intent in (Intent.FIND, Intent.BUNDLE)
        earlier = (
            (*state.earlier, state.wanted)[-MOST_EARLIER:] if moved and state.wanted.needs else state.earlier
        )
        said = Said(utterance=self.message[:LONGEST_REMEMBERED], plan=plan, shown=shown, answer=text)
        after = state.model_copy(
            update={
                "wanted": wanted,
                "shown": shown,
                "focus": plan.refers_to or (() if moved else state.focus),
                "asked": (*(() if is_new else state.asked), *((asked,) if asked else ())),
                "earlier": earlier,
                "history": (*state.history, said)[-LONGEST_HISTORY:],
            }
        )
        cites = plan.refers_to or cites or shown[:1]
        return Answered(
            text=text,
            state=after,
            cites=cites,
            comparison=comparison,
            facts=facts,
            offers=offers,
            unhelped=self.unhelped,
            use=self.adviser.use if self.adviser and self.adviser.use.calls else None,
            ms=self.ms(),
        )

    def failed(self, answer: str) -> State:
        """The state as it was, with the turn in its history."""
        said = Said(utterance=self.message[:LONGEST_REMEMBERED], answer=answer)
        return self.state.model_copy(update={"history": (*self.state.history, said)[-LONGEST_HISTORY:]})
