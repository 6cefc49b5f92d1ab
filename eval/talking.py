"""The assistant as a partner for scripted dialogues. What it shows is what is scored: one page."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.dialogue.state import State
from agent.loop import Assistant
from agent.steps import Answered, Failed, Searched
from core.errors import InvalidQuery
from eval.conversations import Turn
from eval.records import Ranked


@dataclass(frozen=True)
class Talking:
    """Answers through the assistant; its state travels in the history."""

    assistant: Assistant

    def reply(self, history: Sequence[Turn], utterance: str) -> Turn:
        """Answer the next utterance; a turn that fails stops the run, for what it shows is not known."""
        known = history[-1].state if history else None
        state = known if isinstance(known, State) else self.assistant.begin()
        shown: tuple[Ranked, ...] = ()
        for step in self.assistant.run(state, utterance):
            match step:
                case Searched(results=results):
                    shown = tuple(
                        Ranked(hit.product.id, 1 / rank) for rank, hit in enumerate(results.hits, 1)
                    )
                case Answered(text=text, state=after):
                    return Turn(utterance=utterance, results=shown, answer=text, state=after)
                case Failed(problem=problem):
                    raise InvalidQuery(f"{utterance!r}: {problem}")
                case _:
                    continue
        raise InvalidQuery(f"{utterance!r}: the turn ended without an answer")
