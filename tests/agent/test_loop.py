from collections.abc import Iterator, Sequence
from typing import TypeVar

import pytest

from agent.dialogue.state import LONGEST_HISTORY, State
from agent.experience import Experience
from agent.llm.chat import Cancel, ChatModel
from agent.llm.metering import Use
from agent.loop import Assistant
from agent.plan import Intent
from agent.steps import Answered, Failed, Replying, Searched, Step, Understood
from catalog.index import ProductIndex
from core.errors import InvalidQuery, ModelUnavailable
from ranking.records import Search
from tests.fakes import FakeChat
from tools.shop import Shop


class Proposing:
    """Stands in for a capable model that proposes what it was told to, or fails, and writes nothing."""

    def __init__(self, *queries: str, problem: str = "") -> None:
        self.heard: list[tuple[str, str]] = []
        self._queries = queries
        self._problem = problem

    def turn(self) -> "Proposing":
        """The same in every turn."""
        return self

    @property
    def use(self) -> Use:
        return Use(model="proposing", calls=len(self.heard))

    def propose(
        self,
        said: str,
        so_far: str,
        departments: Sequence[str],  # noqa: ARG002
        cancel: Cancel | None = None,  # noqa: ARG002
    ) -> tuple[str, ...]:
        self.heard.append((said, so_far))
        if self._problem:
            raise ModelUnavailable(self._problem)
        return self._queries

    def capable(self) -> ChatModel | None:
        return FakeChat(ModelUnavailable("it does not write"))

    def close(self) -> None:
        self.heard.clear()


class Small(Proposing):
    """Stands in for the embedded model, which only proposes."""

    def capable(self) -> None:
        return None


class Forgetful(Experience):
    """Remembers no need like any other."""

    def recalled(self, index: ProductIndex, said: str) -> tuple[str, ...]:  # noqa: ARG002
        return ()


class Writing(Proposing):
    """Stands in for a model that also calls tools and writes."""

    def __init__(self, *script: str | ModelUnavailable) -> None:
        super().__init__()
        self.model = FakeChat(*script)

    def capable(self) -> ChatModel:
        return self.model


def talk(assistant: Assistant, *turns: str) -> list[list[Step]]:
    state, steps = assistant.begin(), []
    for turn in turns:
        steps.append(list(assistant.run(state, turn)))
        last = steps[-1][-1]
        assert isinstance(last, Answered | Failed)
        state = last.state
    return steps


T = TypeVar("T")


def of(steps: Sequence[Step], kind: type[T]) -> Iterator[T]:
    return (step for step in steps if isinstance(step, kind))


def test_a_turn_is_understood_then_searched_then_answered(shop: Shop) -> None:
    (steps,) = talk(Assistant(shop), "quiet kettle")
    assert [type(step).__name__ for step in steps] == ["Understood", "Searched", "Searched", "Answered"]
    first, last = of(steps, Searched)
    assert (first.final, last.final) == (False, True)
    assert [step.ms for step in steps] == sorted(step.ms for step in steps)


def test_a_failure_of_the_index_ends_the_turn_and_keeps_the_state(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = Assistant(shop)
    state = assistant.begin()

    def broken(*_: object) -> None:
        raise InvalidQuery("the index is not what it was")

    monkeypatch.setattr("agent.loop.rank", broken)
    *_, last = assistant.run(state, "kettle")
    assert isinstance(last, Failed)
    assert last.problem == "the index is not what it was"
    assert last.state.wanted == state.wanted
    assert last.state.history[-1].utterance == "kettle"


def test_the_history_stays_small(shop: Shop) -> None:
    assistant = Assistant(shop)
    state = assistant.begin()
    for turn in range(LONGEST_HISTORY + 3):
        *_, last = assistant.run(state, f"hello {'there ' * (turn % 2)}")
        assert isinstance(last, Answered)
        state = last.state
    assert len(state.history) == LONGEST_HISTORY
    assert State.model_validate_json(state.model_dump_json()) == state


def test_words_that_name_nothing_are_searched_for_as_the_model_proposes(shop: Shop) -> None:
    planner = Proposing("insulated mug", "chainsaw")
    (steps,) = talk(Assistant(shop, planner=planner), "to keep my drink warm at the office, under 40")
    *_, merged = of(steps, Understood)
    assert merged.plan.source == "merged"
    (search,) = merged.plan.searches
    assert search.query.startswith("to keep my drink warm")
    assert search.query.endswith("insulated mug"), "beside the words; there is no chainsaw"
    assert merged.plan.searches[0].where.price_max
    assert planner.heard == [("to keep my drink warm at the office, under 40", "")]


def test_a_small_model_is_asked_only_where_nothing_is_recalled(shop: Shop) -> None:
    said = "to keep my drink warm at the office"
    planner = Small("insulated mug")
    talk(Assistant(shop, planner=planner), said)
    assert planner.heard == []
    talk(Assistant(shop, planner=planner, experience=Forgetful()), said)
    assert planner.heard == [(said, "")]


@pytest.mark.parametrize("said", ["electric kettle", "hello", "Nestaloo stroller"])
def test_the_model_is_not_asked_where_the_rules_are_sure(shop: Shop, said: str) -> None:
    planner = Proposing("mug")
    talk(Assistant(shop, planner=planner), said)
    assert planner.heard == []


@pytest.mark.parametrize("planner", [Proposing(), Proposing("chainsaw"), Proposing(problem="it is asleep")])
def test_a_model_that_is_no_help_costs_only_the_refinement(shop: Shop, planner: Proposing) -> None:
    said = "to keep my drink warm at the office"
    (plain,), (helped,) = talk(Assistant(shop), said), talk(Assistant(shop, planner=planner), said)
    *_, expected = of(plain, Searched)
    *_, found = of(helped, Searched)
    assert found.results.hits == expected.results.hits


def test_first_results_do_not_wait_for_the_model(shop: Shop) -> None:
    planner = Proposing("insulated mug")
    assistant = Assistant(shop, planner=planner)
    steps = assistant.run(assistant.begin(), "to keep my drink warm at the office")
    kinds = [type(next(steps)).__name__ for _ in range(3)]
    assert kinds == ["Understood", "Understood", "Searched"]
    assert planner.heard == []


def test_a_plan_says_what_was_meant(shop: Shop) -> None:
    _, (understood, *_) = talk(Assistant(shop), "kettle", "under 50")
    assert isinstance(understood, Understood)
    assert understood.plan.intent is Intent.REFINE
    (search,) = understood.plan.searches
    assert isinstance(search, Search)
    assert search.query == "kettle"


def test_a_need_that_names_nothing_is_searched_for_by_meaning(shop: Shop) -> None:
    (steps,) = talk(Assistant(shop), "to keep my drink warm at the office")
    *_, understood = of(steps, Understood)
    *_, found = of(steps, Searched)
    assert all(search.by_meaning for search in understood.plan.searches)
    scores = [hit.stages["dense"] for hit in found.results.hits]
    assert scores


@pytest.mark.parametrize("said", ["electric kettle", "phone charger", "red shoes for my mother"])
def test_what_names_a_product_is_not(shop: Shop, said: str) -> None:
    (steps,) = talk(Assistant(shop), said)
    assert not any(search.by_meaning for step in of(steps, Understood) for search in step.plan.searches)


def test_a_second_thought_that_is_no_wish_is_answered_as_what_it_is(shop: Shop) -> None:
    (steps,) = talk(Assistant(shop), "red kettle, sorry, what's your return policy")
    last = steps[-1]
    assert isinstance(last, Answered)
    assert last.state.history[-1].plan
    assert last.state.history[-1].plan.intent is Intent.CHAT


def test_a_second_thought_replaces_what_it_takes_back(shop: Shop) -> None:
    (steps,) = talk(Assistant(shop), "red kettle, no wait, in blue")
    understood, *_ = of(steps, Understood)
    (search,) = understood.plan.searches
    assert understood.plan.intent is Intent.FIND
    assert "blue" in search.where.attributes["color"]
    assert "red" not in search.where.attributes["color"]


def test_a_reply_is_shown_as_it_is_written_and_cites_what_it_speaks_of(shop: Shop) -> None:
    (plain,) = talk(Assistant(shop), "electric kettle")
    (found,) = [step.results for step in of(plain, Searched) if step.final]
    first, second = f"The {found.hits[1].product.title} [2] is one.", "It is a kettle."
    (steps,) = talk(Assistant(shop, planner=Writing(f"{first} {second}")), "electric kettle")
    assert [step.text for step in of(steps, Replying)] == [first, f"{first} {second}"]
    last = steps[-1]
    assert isinstance(last, Answered)
    assert last.text == f"{first} {second}"
    assert last.cites == (found.hits[1].product.id,)


def test_a_cancelled_turn_asks_no_model_for_a_reply(shop: Shop) -> None:
    planner, cancel = Writing(), Cancel()
    cancel.set()
    assistant = Assistant(shop, planner=planner)
    *_, last = assistant.run(assistant.begin(), "electric kettle", cancel)
    assert isinstance(last, Answered)
    assert last.text
    assert planner.model.asked == []


def test_a_mission_that_no_model_can_be_asked_for_says_why(shop: Shop) -> None:
    (steps,) = talk(
        Assistant(shop, planner=Writing(ModelUnavailable("it is asleep"))),
        "everything for a baby's first month",
    )
    *_, found = of(steps, Searched)
    assert found.results.groups, "the rules' mission is shown all the same"
    assert found.results.notices
    last = steps[-1]
    assert isinstance(last, Answered)
    assert last.unhelped == "it is asleep"
    assert "asleep" not in " ".join([*found.results.notices, last.text]), "shoppers are not told why"
