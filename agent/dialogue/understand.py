"""One turn understood in the light of those before: what is wanted now, and what is to be done about it.

Rules alone, and pure: it searches nothing. Every part is read in a module of its own; here is the order in
which they are asked.
"""

import re

from agent.dialogue.about_needs import about_needs
from agent.dialogue.about_shown import about_shown
from agent.dialogue.moves import Moves, Whole, moves, spoken
from agent.dialogue.needs import query_of
from agent.dialogue.state import State, Wanted
from agent.dialogue.telling import retold
from agent.dialogue.understanding import Desk, Understanding, chat, problem, searched
from agent.plan import Intent
from agent.reading.smalltalk import Topic, topic
from catalog.feeds.text import one_line
from ranking.records import LONGEST_QUERY
from ranking.repair import repair
from ranking.words import words as stems

_MARKUP = re.compile(r"<[a-zA-Z/!][^<>]{0,500}>")


def understand(utterance: str, state: State, desk: Desk) -> Understanding:
    """Understand a turn."""
    text = _MARKUP.sub(" ", one_line(utterance) or "")[:LONGEST_QUERY].strip()
    whole = moves(text).whole
    if whole and not (whole is Whole.BACK and moves(text).what and not state.wanted.needs):
        return _whole(whole, moves(text).what, state)  # "back to school" goes back to nothing
    about = topic(text)
    if about is not Topic.UNCLEAR or not re.search(r"\w", text):
        return chat(state.wanted, about)
    put_right = repair(text, desk.lexicon) if desk.lexicon else None
    changed = put_right if put_right and put_right.changes else None
    text = changed.query if changed else text
    if asked := spoken("then_show").search(text):  # "does it come in red? show me red ones"
        text = text[asked.start("what") :]
    if second := spoken("second_thought").search(text):
        first = understand(text[: second.start()], state, desk)
        known = state.model_copy(update={"wanted": first.wanted})
        then = understand(text[second.start() :].lstrip(" ,.;-"), known, desk)
        if first.plan.searches and then.plan.searches:
            plan = then.plan.model_copy(update={"intent": first.plan.intent})
            return then.model_copy(update={"plan": plan, "repair": changed})
    said = moves(text) if state.wanted.needs else Moves(rest=text)
    understood = about_shown(said, state, desk) or about_needs(said, state, desk)
    understood = retold(understood, text, state, desk)
    return understood.model_copy(update={"repair": changed})


def _whole(move: Whole, what: str, state: State) -> Understanding:
    match move:
        case Whole.RESTART:
            return chat(Wanted(), Topic.EMPTY)
        case Whole.MORE:
            if not state.wanted.needs:
                return problem(state, "nothing_shown")
            wanted = state.wanted.model_copy(update={"seen": (*state.wanted.seen, *state.shown)})
            return searched(wanted, Intent.REFINE)
        case Whole.BACK:
            meant = frozenset(stems(what))
            for earlier in reversed(state.earlier):
                if meant <= frozenset(stem for need in earlier.needs for stem in stems(query_of(need))):
                    return searched(earlier, Intent.REFINE)
            return problem(state, "nothing_earlier", what)
