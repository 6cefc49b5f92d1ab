"""Scripted dialogues held with an assistant, every turn checked and, where a model is given, judged."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from agent.dialogue.state import State
from agent.llm.chat import ChatModel
from agent.steps import Answered, Step
from catalog.product import Product
from core.record import Record
from eval.conversations import Dialogue
from eval.judge.helpfulness import Helpfulness, judge_turn
from eval.judge.turns import Checked, Held, Kind, Lookup, check_turn


class Talks(Protocol):
    """Whoever holds a conversation: all that it remembers is in the state."""

    def begin(self) -> State:
        """A conversation in which nothing has been said."""
        ...

    def run(self, state: State, message: str) -> Iterator[Step]:
        """Answer one message."""
        ...


class JudgedTurn(Record):
    """One turn with what was found of it."""

    utterance: str
    answer: str
    failed: bool
    checks: tuple[Checked, ...]
    helpfulness: Helpfulness | None = None

    @property
    def wrong(self) -> tuple[str, ...]:
        """Everything that is wrong with it."""
        return tuple(what for check in self.checks for what in check.wrong)


class Journey(Record):
    """One dialogue, turn by turn."""

    id: str
    turns: tuple[JudgedTurn, ...]

    def tally(self, kind: Kind) -> tuple[int, int]:
        """Of this kind, how many things were looked at and how many are wrong."""
        checks = [check for turn in self.turns for check in turn.checks if check.kind == kind]
        return sum(check.looked_at for check in checks), sum(len(check.wrong) for check in checks)

    @property
    def helpfulness(self) -> float | None:
        """The mean grade over the turns that have one."""
        grades = [
            t.helpfulness.grade for t in self.turns if t.helpfulness and t.helpfulness.grade is not None
        ]
        return sum(grades) / len(grades) if grades else None


def judge_dialogue(
    assistant: Talks, dialogue: Dialogue, products: Lookup, model: ChatModel | None = None
) -> Journey:
    """Hold a dialogue and look at each of its turns; one that fails is a finding, and the next goes on."""
    state, turns = assistant.begin(), []
    for utterance in dialogue.turns:
        held = Held(utterance, state, tuple(assistant.run(state, utterance)))
        state = held.after
        turns.append(
            JudgedTurn(
                utterance=utterance,
                answer=held.answer,
                failed=not isinstance(held.end, Answered),
                checks=check_turn(held, products),
                helpfulness=judge_turn(model, held, _shown(held, products)) if model else None,
            )
        )
    return Journey(id=dialogue.id, turns=tuple(turns))


def judge_dialogues(
    assistant: Talks, dialogues: Sequence[Dialogue], products: Lookup, model: ChatModel | None = None
) -> Iterator[Journey]:
    """The journeys of several dialogues, each as soon as it was held."""
    for dialogue in dialogues:
        yield judge_dialogue(assistant, dialogue, products, model)


def _shown(held: Held, products: Lookup) -> Mapping[str, Product]:
    return products(held.after.shown)
