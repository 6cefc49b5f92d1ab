"""A language model as a proposer of searches, behind one method. What becomes of them is not decided here.

The embedded model writes the line it was trained on; any other answers in JSON, told of the departments.
"""

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Annotated, Protocol

from pydantic import BaseModel, Field

from agent.llm import proposing
from agent.llm.chat import Ask, Cancel, ChatModel
from agent.llm.opening import Llm, open_llm
from agent.llm.prompts import Prompt, load_prompt
from core.settings import Settings

EMBEDDED = "embedded"
LONGEST_SAID = 600  # characters of a message
LONGEST_QUERY = 80
MOST_TOKENS = 160


class Planner(Protocol):
    """Proposes what to search for."""

    def propose(
        self, said: str, so_far: str, departments: Sequence[str], cancel: Cancel | None = None
    ) -> tuple[str, ...]:
        """Queries for a message, after what was looked for; none where it asks for no product."""

    def capable(self) -> ChatModel | None:
        """The model with the budget of one turn, where it can call tools and write; none where it cannot."""

    def close(self) -> None:
        """Release the model."""


class Searches(BaseModel):
    """What a general model is to return."""

    asks_for_products: bool
    searches: Annotated[list[str], Field(max_length=proposing.MOST)]


class EmbeddedPlanner:
    """The small model with the adapter that was trained for this."""

    def __init__(self, llm: Llm) -> None:
        self._llm = llm

    def propose(
        self,
        said: str,
        so_far: str,
        departments: Sequence[str],  # noqa: ARG002  it has none in its lessons
        cancel: Cancel | None = None,
    ) -> tuple[str, ...]:
        """See `Planner`."""
        ask = proposing.ask(said[:LONGEST_SAID], so_far[:LONGEST_SAID])
        return proposing.searches(self._llm.turn().complete(ask, cancel).text)

    def capable(self) -> None:
        """See `Planner`."""

    def close(self) -> None:
        """See `Planner`."""
        self._llm.close()


class GeneralPlanner:
    """Any model that answers in JSON."""

    def __init__(self, llm: Llm) -> None:
        self._llm = llm

    def propose(
        self, said: str, so_far: str, departments: Sequence[str], cancel: Cancel | None = None
    ) -> tuple[str, ...]:
        """See `Planner`."""
        shopper = json.dumps({"looked for so far": so_far[:LONGEST_SAID], "message": said[:LONGEST_SAID]})
        ask = Ask(
            messages=_prompt().fill(departments="; ".join(departments), shopper=shopper),
            returns=Searches,
            max_tokens=MOST_TOKENS,
            prompt=_prompt().id,
        )
        answer = Searches.model_validate_json(self._llm.turn().complete(ask, cancel).text)
        queries = (" ".join(query.split())[:LONGEST_QUERY] for query in answer.searches)
        return tuple(dict.fromkeys(filter(None, queries))) if answer.asks_for_products else ()

    def capable(self) -> ChatModel:
        """See `Planner`."""
        return self._llm.turn()

    def close(self) -> None:
        """See `Planner`."""
        self._llm.close()


def open_planner(settings: Settings, on_progress: Callable[[str], None]) -> Planner | None:
    """The planner of the settings; none where they name no model."""
    if settings.llm == EMBEDDED:
        llm = open_llm(settings, proposing.ADAPTER, on_progress)
        return EmbeddedPlanner(llm) if llm else None
    llm = open_llm(settings, on_progress=on_progress)
    return GeneralPlanner(llm) if llm else None


@cache
def _prompt() -> Prompt:
    return load_prompt(proposing.MODELS / "general.toml", {"departments", "shopper"})
