"""`aisle plan`: what an utterance is understood as, without searching for it."""

from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import InvalidQuery
from core.settings import Settings, load_settings
from ui import console
from ui.options import Index, Json, Planning
from ui.plan_view import plan_report, understood

if TYPE_CHECKING:
    from agent.plan import Plan


def plan(
    utterance: Annotated[str, typer.Argument(help="What a shopper says.")],
    llm: Planning = None,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Show what an utterance is understood as."""
    settings = load_settings(index=at, llm=llm)
    if settings.llm == "none":
        planned, problems = _by_rules(utterance, settings)
        for problem in problems:
            console.note(problem)
    else:
        planned = _helped(utterance, settings)
    console.show(understood(planned), as_json, plan_report)


def _by_rules(utterance: str, settings: Settings) -> "tuple[Plan, tuple[str, ...]]":
    """The rules' plan, and what contradicts itself; nothing is searched."""
    from agent.dialogue.state import State
    from agent.dialogue.understand import understand
    from agent.dialogue.understanding import Desk
    from agent.reading.lexis import compile_lexis
    from catalog.index import open_index

    opened = open_index(settings)
    try:
        lexicon = opened.lexicon()
        desk = Desk(compile_lexis(opened.vocabulary(), lexicon), lexicon)
    finally:
        opened.close()
    found = understand(utterance, State(currency=settings.currency), desk)
    return found.plan, tuple(conflict.problem for conflict in found.conflicts)


def _helped(utterance: str, settings: Settings) -> "Plan":
    """The plan that a language model may have changed; it is asked once the rules have searched."""
    from agent.loop import open_assistant
    from agent.plan import Intent, Plan
    from agent.steps import Failed, Understood

    assistant = open_assistant(settings, console.note)
    planned = Plan(intent=Intent.CHAT)
    try:
        for step in assistant.run(assistant.begin(), utterance):
            if isinstance(step, Failed):
                raise InvalidQuery(step.problem)
            if isinstance(step, Understood):
                planned = step.plan
    finally:
        assistant.close()
    return planned
