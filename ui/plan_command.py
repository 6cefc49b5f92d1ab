"""`aisle plan`: what an utterance is understood as, without searching for it."""

from typing import Annotated

import typer

from core.errors import InvalidQuery
from core.settings import load_settings
from ui import console
from ui.options import Index, Json
from ui.plan_view import plan_report, understood


def plan(
    utterance: Annotated[str, typer.Argument(help="What a shopper says.")],
    llm: Annotated[str, typer.Option(help="Who plans: none is the rules alone.")] = "none",
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Show what an utterance is understood as."""
    if llm != "none":
        raise InvalidQuery(f"--llm {llm}: the only planner here is: none")
    settings = load_settings(index=at)
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
    understanding = understand(utterance, State(currency=settings.currency), desk)
    for conflict in understanding.conflicts:
        console.note(conflict.problem)
    console.show(understood(understanding.plan), as_json, plan_report)
