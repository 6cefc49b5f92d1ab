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
from agent.llm.metering import Metered, Use
from agent.llm.opening import Llm, open_llm
from agent.llm.prompts import Prompt, load_prompt
from core.settings import Settings

EMBEDDED = "embedded"
LONGEST_SAID = 600  # characters of a message
LONGEST_QUERY = 80
MOST_TOKENS = 160


class Adviser(Protocol):
    """A model in one turn: all that it is asked there comes out of one budget."""

    @property
    def use(self) -> Use:
        """What the turn has taken of it so far."""

    def propose(
        self, said: str, so_far: str, departments: Sequence[str], cancel: Cancel | None = None
    ) -> tuple[str, ...]:
        """Queries for a message, after what was looked for; none where it asks for no product."""

    def capable(self) -> ChatModel | None:
        """The model, where it can call tools and write; none where it cannot."""


class Planner(Protocol):
    """A model that is open; each turn gets an adviser of its own."""

    def turn(self) -> Adviser:
        """The model for one turn."""

    def close(self) -> None:
        """Release the model."""


class Searches(BaseModel):
    """What a general model is to return."""

    asks_for_products: bool
    searches: Annotated[list[str], Field(max_length=proposing.MOST)]


class EmbeddedAdviser:
    """The small model with the adapter that was trained for this."""

    def __init__(self, model: Metered) -> None:
        self._model = model

    @property
    def use(self) -> Use:
        """See `Adviser`."""
        return self._model.use

    def propose(
        self,
        said: str,
        so_far: str,
        departments: Sequence[str],  # noqa: ARG002  it has none in its lessons
        cancel: Cancel | None = None,
    ) -> tuple[str, ...]:
        """See `Adviser`."""
        ask = proposing.ask(said[:LONGEST_SAID], so_far[:LONGEST_SAID])
        return proposing.searches(self._model.complete(ask, cancel).text)

    def capable(self) -> None:
        """See `Adviser`."""


class GeneralAdviser:
    """Any model that answers in JSON."""

    def __init__(self, model: Metered) -> None:
        self._model = model

    @property
    def use(self) -> Use:
        """See `Adviser`."""
        return self._model.use

    def propose(
        self, said: str, so_far: str, departments: Sequence[str], cancel: Cancel | None = None
    ) -> tuple[str, ...]:
        """See `Adviser`."""
        shopper = json.dumps({"looked for so far": so_far[:LONGEST_SAID], "message": said[:LONGEST_SAID]})
        ask = Ask(
            messages=_prompt().fill(departments="; ".join(departments), shopper=shopper),
            returns=Searches,
            max_tokens=MOST_TOKENS,
            prompt=_prompt().id,
        )
        answer = Searches.model_validate_json(self._model.complete(ask, cancel).text)
        queries = (" ".join(query.split())[:LONGEST_QUERY] for query in answer.searches)
        return tuple(dict.fromkeys(filter(None, queries))) if answer.asks_for_products else ()

    def capable(self) -> ChatModel:
        """See `Adviser`."""
        return self._model


class ModelPlanner:
    """A model and the kind of adviser that it makes."""

    def __init__(self, llm: Llm, adviser: Callable[[Metered], Adviser]) -> None:
        self._llm = llm
        self._adviser = adviser

    def turn(self) -> Adviser:
        """See `Planner`."""
        return self._adviser(Metered(self._llm.turn()))

    def close(self) -> None:
        """See `Planner`."""
        self._llm.close()


def open_planner(settings: Settings, on_progress: Callable[[str], None]) -> Planner | None:
    """The planner of the settings; none where they name no model."""
    embedded = settings.llm == EMBEDDED
    llm = open_llm(settings, proposing.ADAPTER if embedded else None, on_progress)
    return ModelPlanner(llm, EmbeddedAdviser if embedded else GeneralAdviser) if llm else None


@cache
def _prompt() -> Prompt:
    return load_prompt(proposing.MODELS / "general.toml", {"departments", "shopper"})
