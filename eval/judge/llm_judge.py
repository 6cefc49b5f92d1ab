"""A language model as a judge of one pair at a time. It decides nothing about which pairs, or how many.

What it answers beside the form that was asked for is a missing judgment. That it does not answer at all
is raised: whoever runs it knows what to do then.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from math import exp
from typing import Literal

from pydantic import ConfigDict, RootModel

from agent.llm.budget import SHORTEST_TOKEN, Price
from agent.llm.chat import Ask, ChatModel, Reply, Token, Unusable, Usage
from core.record import Record
from eval.judge.records import GRADES, TOP, Case, Judgment
from eval.judge.rubrics import Rubric

WEIGHED = 20  # alternatives of a token; what OpenAI allows at most
ROOM = {"digit": 8, "reason": 160}  # tokens of an answer
LONGEST_REASON = 300  # characters that are kept

_DIGIT = re.compile(r"\W*([0-3])\W*")

Chances = tuple[float, float, float, float]


class Graded(Record):
    """What a judge with reasons answers; the reason comes first, for a model thinks by writing."""

    reason: str
    grade: Literal[0, 1, 2, 3]


class Digit(RootModel[Literal[0, 1, 2, 3]]):
    """The grade alone."""

    model_config = ConfigDict(frozen=True)


class LlmJudge:
    """Grades by a rubric. `held` is for a server that can hold an answer to one digit by a grammar."""

    def __init__(
        self, model: ChatModel, rubric: Rubric, *, price: Price | None = None, held: bool = False
    ) -> None:
        self.name = f"{model.name}/{rubric.id}"
        self.rubric = rubric
        self._model = model
        self._price = price
        self._held = held

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        """One judgment per case in the order given; raises `ModelUnavailable` where there is no answer."""
        for case in cases:
            ask = self.ask(case)
            try:
                reply = self._model.complete(ask)
            except Unusable as problem:
                yield self._missing(case, str(problem), problem.usage, self._cost(problem.usage))
                continue
            yield self._read(case, reply)

    def ask(self, case: Case) -> Ask:
        """What the model is asked about a case."""
        form = self.rubric.form
        digit = Digit if self._held else None
        return Ask(
            messages=self.rubric.messages(case),
            returns=Graded if form == "reason" else digit,
            max_tokens=1 if form == "digit" and self._held else ROOM[form],
            weighed=WEIGHED,
            prompt=self.rubric.id,
        )

    def expected_usage(self, case: Case) -> Usage:
        """About how many tokens a case takes, and rather too many than too few."""
        ask = self.ask(case)
        characters = sum(len(message.content) for message in ask.messages)
        return Usage(prompt=characters // SHORTEST_TOKEN + 1, completion=ask.max_tokens)

    def _read(self, case: Case, reply: Reply) -> Judgment:
        usage, cost = (None, 0.0) if reply.cached else (reply.usage, reply.cost)
        if self.rubric.form == "reason":
            graded = Graded.model_validate_json(reply.text)
            grade: int = graded.grade
            reason = " ".join(graded.reason.split())[:LONGEST_REASON]
        else:
            found = _DIGIT.fullmatch(reply.text)
            if not found:
                said = json.dumps(reply.text[:60], ensure_ascii=False)
                return self._missing(case, f"answered {said}, which is no grade", usage, cost)
            grade, reason = int(found[1]), ""
        chances = chances_of(reply.tokens)
        return Judgment(
            pair=case.pair,
            grade=grade,
            expected=None if chances is None else _mean(chances),
            chances=chances,
            reason=reason,
            judge=self.name,
            prompt=self.rubric.id,
            usage=usage,
            cost=cost,
        )

    def _missing(self, case: Case, reason: str, usage: Usage | None, cost: float | None) -> Judgment:
        return Judgment(
            pair=case.pair,
            grade=None,
            reason=reason[:LONGEST_REASON],
            judge=self.name,
            prompt=self.rubric.id,
            usage=usage,
            cost=cost,
        )

    def _cost(self, usage: Usage | None) -> float | None:
        return self._price.of(usage) if self._price and usage else None


def chances_of(tokens: Iterable[Token]) -> Chances | None:
    """The chances of the grades where the last digit of an answer stands; None where nobody told them.

    A grade that is not among the alternatives is at most as likely as the least of them.
    """
    told = [token.alternatives for token in tokens if _is_grade(token.text) and token.alternatives]
    if not told:
        return None
    mass = _mass(told[-1])
    least = min(map(exp, told[-1].values()))
    none, low, middle, high = (mass.get(grade, least) for grade in GRADES)
    total = none + low + middle + high
    return (none / total, low / total, middle / total, high / total) if total > 0 else None


def _mass(alternatives: Mapping[str, float]) -> dict[int, float]:
    """Of each grade, over all the ways to write it: with and without a space."""
    mass: dict[int, float] = {}
    for text, chance in alternatives.items():
        if _is_grade(text):
            mass[int(text)] = mass.get(int(text), 0.0) + exp(chance)
    return mass


def _is_grade(text: str) -> bool:
    return text.strip() in {str(grade) for grade in GRADES}


def _mean(chances: Chances) -> float:
    return min(sum(grade * chance for grade, chance in zip(GRADES, chances, strict=True)), float(TOP))
