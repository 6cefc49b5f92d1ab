"""Conversations by handle, with the real assistant over the demo catalogue and a scripted model."""

from collections.abc import Sequence
from threading import Event, Thread

import pytest

from agent.conversations import Conversations
from agent.dialogue.needs import dropped
from agent.dialogue.state import State, Wanted
from agent.llm.chat import Abandoned, Cancel, ChatModel
from agent.llm.metering import Use
from agent.loop import Assistant
from agent.steps import Answered, Failed, Searched, Step, Understood
from agent.talks import Talks
from core.errors import InvalidQuery, ModelUnavailable
from tests.fakes import FakeChat
from tools.shop import Shop

NEED = "to keep my drink warm at the office"


class Thinking:
    """Stands in for a model that thinks until it is told to stop."""

    use = Use(model="thinking", calls=1)

    def __init__(self) -> None:
        self.asked = Event()

    def turn(self) -> "Thinking":
        return self

    def propose(
        self,
        said: str,  # noqa: ARG002
        so_far: str,  # noqa: ARG002
        departments: Sequence[str],  # noqa: ARG002
        cancel: Cancel | None = None,
    ) -> tuple[str, ...]:
        assert cancel
        stopped = Event()
        cancel.then(stopped.set)
        self.asked.set()
        assert stopped.wait(60), "nobody has stopped it"
        raise Abandoned("cancelled")

    def capable(self) -> ChatModel:
        return FakeChat(ModelUnavailable("it does not write"))

    def close(self) -> None:
        """Holds nothing."""


def end(steps: Sequence[Step]) -> State:
    last = steps[-1]
    assert isinstance(last, Answered | Failed)
    return last.state


def test_a_turn_goes_on_from_what_the_last_one_left(shop: Shop, kept: Conversations) -> None:
    talks = Talks(Assistant(shop), kept)
    handle = talks.begin("ann")
    list(talks.say(handle, "ann", "kettle"))
    steps = list(Talks(Assistant(shop), kept).say(handle, "ann", "under 50"))  # as after a restart
    (search,) = next(step.plan.searches for step in steps if isinstance(step, Understood))
    assert search.query == "kettle"
    assert search.where.price_max
    assert talks.state(handle, "ann") == end(steps)


def test_a_handle_of_another_is_refused_before_anything_happens(shop: Shop, kept: Conversations) -> None:
    talks = Talks(Assistant(shop), kept)
    handle = talks.begin("ann")
    with pytest.raises(InvalidQuery, match="no conversation"):
        talks.say(handle, "bob", "kettle")


def test_leaving_in_the_middle_keeps_the_conversation_as_it_was(shop: Shop, kept: Conversations) -> None:
    talks = Talks(Assistant(shop), kept)
    handle = talks.begin("ann")
    before = talks.state(handle, "ann")
    steps = talks.say(handle, "ann", "kettle")
    next(steps)
    steps.close()
    assert talks.state(handle, "ann") == before


def test_the_next_message_ends_the_models_work_and_both_are_answered(shop: Shop, kept: Conversations) -> None:
    planner = Thinking()
    talks = Talks(Assistant(shop, planner=planner), kept)
    handle = talks.begin("ann")
    first: list[Step] = []
    turn = Thread(target=lambda: first.extend(talks.say(handle, "ann", NEED)))
    turn.start()
    assert planner.asked.wait(60)
    second = list(talks.say(handle, "ann", "under 40"))
    turn.join()
    found = [step for step in first if isinstance(step, Searched) and step.final]
    assert found
    assert not found[-1].results.notices, "nobody waited, so there is nothing to excuse"
    (search,) = [step.plan.searches[0] for step in second if isinstance(step, Understood)][-1:]
    assert search.where.price_max
    assert [said.utterance for said in end(second).history] == [NEED, "under 40"]


def test_a_requirement_can_be_taken_away_by_hand(shop: Shop, kept: Conversations) -> None:
    talks = Talks(Assistant(shop), kept)
    handle = talks.begin("ann")
    list(talks.say(handle, "ann", "kettle under 30"))

    def without_price(state: State) -> Wanted:
        (need,) = state.wanted.needs
        freed = dropped(need, "price")
        assert freed
        return state.wanted.model_copy(update={"needs": (freed,)})

    steps = list(talks.change(handle, "ann", without_price))
    understood = next(step for step in steps if isinstance(step, Understood))
    assert understood.plan.searches[0].where.price_max is None
    assert understood.changes
    dearest = max(
        hit.product.price.amount
        for step in steps
        if isinstance(step, Searched)
        for hit in step.results.hits
        if hit.product.price
    )
    assert dearest > 3000
    assert end(steps).wanted.needs[0].where.price_max is None


def test_with_everything_taken_away_nothing_is_searched(shop: Shop, kept: Conversations) -> None:
    talks = Talks(Assistant(shop), kept)
    handle = talks.begin("ann")
    list(talks.say(handle, "ann", "kettle"))
    steps = list(talks.change(handle, "ann", lambda _: Wanted()))
    assert isinstance(steps[-1], Failed)
    assert talks.state(handle, "ann").wanted.needs, "what was looked for is still there"
