"""What people say, and what becomes of it: the share of 189 requests that are understood as a whole.

Rules are written while looking at these lines; they show what broke. What the rules are worth is measured
on `requests.jsonl`, at which nobody looks.
"""

from collections.abc import Sequence
from pathlib import Path

import pytest

from agent.loop import Assistant
from agent.plan import Intent, Plan
from agent.steps import Answered, Failed, Searched, Understood
from eval.gold import Request, read_requests
from eval.planning import PlanScores, plans_of, score
from tools.shop import Shop

WHOLE = 0.8
BY_KIND = {"chat": 0.9, "constraint": 0.85, "mission": 0.5, "negation": 0.7, "vague": 0.8}
PRECISE = {"numbers": 0.9, "brands": 0.97, "exclude": 0.93}


@pytest.fixture(scope="module")
def requests() -> tuple[Request, ...]:
    return read_requests(Path(__file__).with_name("practice.jsonl"))


@pytest.fixture(scope="module")
def scores(requests: tuple[Request, ...], shop: Shop) -> PlanScores:
    """Every request planned over the demo catalogue, ranked by the blend alone."""
    assistant = Assistant(shop)

    def planned(history: Sequence[str], utterance: str) -> Plan:
        state, plan = assistant.begin(), Plan(intent=Intent.CHAT)
        for message in (*history, utterance):
            plan = Plan(intent=Intent.CHAT)
            for step in assistant.run(state, message):
                match step:
                    case Understood():
                        plan = step.plan
                    case Searched() if step.results.groups:
                        made = tuple(group.search for group in step.results.groups)
                        plan = plan.model_copy(update={"searches": made})
                    case Answered() | Failed():
                        state = step.state
        return plan

    return score(requests, plans_of(planned, requests))


def wrong(scores: PlanScores, requests: tuple[Request, ...]) -> str:
    """The requests that are not understood, one a line."""
    return "\n".join(["", *(f"{r.id}: {r.utterance}" for r in requests if not scores.by_request[r.id].whole)])


def test_most_requests_are_understood_as_a_whole(scores: PlanScores, requests: tuple[Request, ...]) -> None:
    assert scores.accuracy("whole").value >= WHOLE, wrong(scores, requests)


@pytest.mark.parametrize(("kind", "share"), BY_KIND.items())
def test_no_kind_of_request_is_left_behind(
    kind: str, share: float, scores: PlanScores, requests: tuple[Request, ...]
) -> None:
    assert scores.accuracy("whole", kind).value >= share, wrong(scores, requests)


@pytest.mark.parametrize(("slot", "share"), PRECISE.items())
def test_what_is_required_was_asked_for(slot: str, share: float, scores: PlanScores) -> None:
    precision = scores.slots(slot).precision
    assert precision is not None
    assert precision >= share
