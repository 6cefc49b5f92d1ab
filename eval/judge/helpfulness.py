"""How helpful a turn was, in a language model's opinion. What can be checked without one is for `turns`."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from agent.llm.chat import Ask, ChatModel, Unusable
from agent.llm.prompts import Prompt, load_prompt
from catalog.product import Product
from core.record import Record
from eval.judge.llm_judge import LONGEST_REASON, ROOM, Graded
from eval.judge.turns import Held
from tools.untrusted import quoted, tamed

SHOWN = 5  # products
BEFORE = 4  # turns
LONGEST = 400  # characters of an utterance or an answer


class Helpfulness(Record):
    """A model's opinion of a turn; no grade where its answer could not be read."""

    grade: int | None
    reason: str


def judge_turn(model: ChatModel, held: Held, products: Mapping[str, Product]) -> Helpfulness:
    """Ask about one turn; raises `ModelUnavailable` where there is no answer."""
    shown = [products[i].title for i in held.after.shown[:SHOWN] if i in products]
    earlier = [f"{said.utterance} -> {said.answer}" for said in held.before.history[-BEFORE:]]
    ask = Ask(
        messages=_prompt().fill(
            before=_listed(earlier),
            said=quoted(held.utterance, LONGEST),
            shown=_listed(shown),
            answer=quoted(held.answer, LONGEST),
        ),
        returns=Graded,
        max_tokens=ROOM["reason"],
        prompt=_prompt().id,
    )
    try:
        graded = Graded.model_validate_json(model.complete(ask).text)
    except Unusable as problem:
        return Helpfulness(grade=None, reason=str(problem)[:LONGEST_REASON])
    return Helpfulness(grade=graded.grade, reason=" ".join(graded.reason.split())[:LONGEST_REASON])


def _listed(texts: Sequence[str]) -> str:
    return json.dumps([tamed(text, LONGEST) for text in texts], ensure_ascii=False)


@cache
def _prompt() -> Prompt:
    return load_prompt(Path(__file__).with_suffix(".toml"), {"before", "said", "shown", "answer"})
