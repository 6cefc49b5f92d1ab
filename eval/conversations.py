"""Scripted dialogues put to whoever can hold a conversation, and the last turn of each as a run.

It knows no agent: an agent, and the two baselines here that need none, answer through `Conversation`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Protocol

from pydantic import ConfigDict, Field, SerializeAsAny, StringConstraints

from catalog.index import ProductIndex
from core.record import Record
from eval.json_lines import read_json_lines
from eval.records import Ranked, Run
from ranking.pipeline import Ranker
from ranking.records import Search
from ranking.systems import search

SHAPE = '{"id": "...", "turns": ["...", "..."]}'
DEPTH = 100  # products of the last turn that go into the run

Said = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Dialogue(Record):
    """What a shopper says, turn by turn, and the one query that would say it all.

    A turn may be empty, as shoppers' messages are; a file may say more of a dialogue than is used here.
    """

    model_config = ConfigDict(extra="ignore")

    id: Said
    turns: Annotated[tuple[str, ...], Field(min_length=1)]
    query: Said | None = None


class Turn(Record):
    """What was said, the products shown for it, best first, and the words beside them.

    `state` is whatever the conversation wants to find again in the history; nobody else reads it.
    """

    utterance: str
    results: tuple[Ranked, ...]
    answer: str = ""
    state: SerializeAsAny[Record] | None = None


class Conversation(Protocol):
    """Somebody who answers a shopper. All that is remembered is in the history."""

    def reply(self, history: Sequence[Turn], utterance: str) -> Turn:
        """Answer the next utterance."""
        ...


@dataclass(frozen=True)
class LastTurn:
    """The baseline without a memory: it searches what was said last."""

    index: ProductIndex
    system: str = "hybrid"
    ranker: Ranker | None = None

    def reply(self, history: Sequence[Turn], utterance: str) -> Turn:  # noqa: ARG002  it has no memory
        """See `Conversation`."""
        return Turn(utterance=utterance, results=_ranked(self.index, utterance, self.system, self.ranker))


@dataclass(frozen=True)
class AllTurns:
    """The baseline that forgets nothing and understands nothing: it searches all that was said, joined."""

    index: ProductIndex
    system: str = "hybrid"
    ranker: Ranker | None = None

    def reply(self, history: Sequence[Turn], utterance: str) -> Turn:
        """See `Conversation`."""
        said = " ".join([*(turn.utterance for turn in history), utterance])
        return Turn(utterance=utterance, results=_ranked(self.index, said, self.system, self.ranker))


def hold(conversation: Conversation, turns: Iterable[str]) -> tuple[Turn, ...]:
    """Say the turns one after the other, each in the light of those before."""
    history: tuple[Turn, ...] = ()
    for utterance in turns:
        history = (*history, conversation.reply(history, utterance))
    return history


def run_conversations(dialogues: Sequence[Dialogue], conversation: Conversation, name: str) -> Run:
    """The products of each last turn, under the dialogue's id; its time is that of the whole dialogue's
    last turn, "total", and of all its turns, "dialogue".
    """
    rankings: dict[str, tuple[Ranked, ...]] = {}
    timings: dict[str, dict[str, float]] = {}
    for dialogue in dialogues:
        *earlier, last = dialogue.turns
        started = perf_counter()
        history = hold(conversation, earlier)
        before_last = perf_counter()
        rankings[dialogue.id] = conversation.reply(history, last).results
        ended = perf_counter()
        timings[dialogue.id] = {"total": (ended - before_last) * 1e3, "dialogue": (ended - started) * 1e3}
    return Run(name=name, rankings=rankings, timings=timings)


def run_single_queries(
    dialogues: Sequence[Dialogue], index: ProductIndex, system: str = "hybrid", ranker: Ranker | None = None
) -> Run:
    """The same wishes said at once, for a conversation to reach; dialogues without a query are left out."""
    single = [
        Dialogue(id=dialogue.id, turns=(dialogue.query,))
        for dialogue in dialogues
        if dialogue.query is not None
    ]
    return run_conversations(single, LastTurn(index, system, ranker), f"{system}, single query")


def read_dialogues(path: Path) -> tuple[Dialogue, ...]:
    """Dialogues from JSON lines: {"id", "turns": [...]}, and "query" where it is known."""
    return read_json_lines(path, Dialogue.model_validate, "dialogue", SHAPE)


def _ranked(index: ProductIndex, query: str, system: str, ranker: Ranker | None) -> tuple[Ranked, ...]:
    results = search(index, Search(query=query, limit=DEPTH), system, ranker)
    return tuple(Ranked(hit.product.id, hit.score) for hit in results.hits)
