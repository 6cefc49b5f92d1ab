"""Which of two products is nearer to a query, by a language model asked in both orders. Grades nothing."""

import re
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import ConfigDict, RootModel

from agent.llm.chat import Ask, ChatModel, Unusable
from agent.llm.prompts import Prompt, load_prompt
from eval.judge.llm_judge import ROOM
from eval.judge.records import OPPOSITE, Case, PairwiseJudge, Preference
from eval.judge.rubrics import FULL, LONGEST_QUERY, Reading, quoted_product
from tools.untrusted import quoted

ANSWERS: dict[str, Preference] = {"A": "first", "B": "second", "S": "same"}

_LETTER = re.compile(r"\W*([ABS])\W*")


class Letter(RootModel[Literal["A", "B", "S"]]):
    """The answer alone."""

    model_config = ConfigDict(frozen=True)


class LlmPairwiseJudge:
    """Compares as the prompt beside this file says; `held` as for a judge of single pairs."""

    def __init__(self, model: ChatModel, reading: Reading = FULL, *, held: bool = False) -> None:
        self.name = f"{model.name}/{_prompt().id}"
        self._model = model
        self._reading = reading
        self._held = held

    def prefer(self, first: Case, second: Case) -> Preference | None:
        """Which one, shown in this order; None where the answer could not be read."""
        query = first.pair.query
        ask = Ask(
            messages=_prompt().fill(
                query=quoted(query, LONGEST_QUERY),
                first=quoted_product(first.product, self._reading, query),
                second=quoted_product(second.product, self._reading, query),
            ),
            returns=Letter if self._held else None,
            max_tokens=ROOM["digit"],
            prompt=_prompt().id,
        )
        try:
            answered = _LETTER.fullmatch(self._model.complete(ask).text)
        except Unusable:
            return None
        return ANSWERS[answered[1]] if answered else None


def settled(judge: PairwiseJudge, first: Case, second: Case) -> Preference | None:
    """What a judge says whichever is shown first; None where its two answers disagree, or one is missing."""
    forth = judge.prefer(first, second)
    if forth is None:
        return None
    back = judge.prefer(second, first)
    return forth if back is not None and OPPOSITE[back] == forth else None


@cache
def _prompt() -> Prompt:
    return load_prompt(Path(__file__).with_suffix(".toml"), {"query", "first", "second"})
