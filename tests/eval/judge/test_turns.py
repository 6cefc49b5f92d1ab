"""Turns of the real assistant pass; the same turns with one thing made wrong do not."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from agent.loop import Assistant
from agent.steps import Understood
from catalog.index import ProductIndex
from core.errors import ModelUnavailable
from eval.conversations import Dialogue
from eval.judge.helpfulness import judge_turn
from eval.judge.journeys import judge_dialogue
from eval.judge.turns import Held, Kind, check_turn, decimal
from ranking.records import Relaxation, Search
from tests.fakes import FakeChat
from tools.shop import Shop

SAID = ("desk lamp under $60", "without a clamp", "how much is the first one?")


@pytest.fixture(scope="module")
def assistant(shop: Shop) -> Assistant:
    return Assistant(shop)


@pytest.fixture(scope="module")
def turns(assistant: Assistant) -> Sequence[Held]:
    state, held = assistant.begin(), []
    for utterance in SAID:
        held.append(Held(utterance, state, tuple(assistant.run(state, utterance))))
        state = held[-1].after
    return held


def wrong(held: Held, index: ProductIndex) -> dict[Kind, tuple[str, ...]]:
    return {check.kind: check.wrong for check in check_turn(held, index.get) if check.wrong}


def altered(held: Held, **changes: object) -> Held:
    """The turn with some fields of its steps changed: those that a step has."""
    steps = tuple(
        step.model_copy(
            update={name: value for name, value in changes.items() if name in type(step).model_fields}
        )
        for step in held.steps
    )
    return replace(held, steps=steps)


def test_what_the_assistant_does_passes_and_something_was_looked_at(
    turns: Sequence[Held], demo_index: ProductIndex
) -> None:
    assert [wrong(held, demo_index) for held in turns] == [{}, {}, {}]
    looked_at = {check.kind: check.looked_at for held in turns for check in check_turn(held, demo_index.get)}
    assert looked_at["references"] > 0
    assert looked_at["claims"] > 0


def test_a_product_that_violates_what_was_asked_for_is_found(
    turns: Sequence[Held], demo_index: ProductIndex
) -> None:
    held = turns[0]
    assert held.results is not None
    dear = next(p for p in demo_index.everything().values() if p.price and p.price.amount > 6000)
    hit = held.results.hits[0].model_copy(update={"product": dear})
    shown = altered(held, results=held.results.model_copy(update={"hits": (hit,)}))
    assert f"{dear.id} violates" in wrong(shown, demo_index)["receipts"][0]


def test_speaking_of_what_was_never_shown_is_found(turns: Sequence[Held], demo_index: ProductIndex) -> None:
    assert "never shown" in wrong(altered(turns[2], cites=("nobody",)), demo_index)["references"][0]


def test_an_offer_that_leads_nowhere_is_found(turns: Sequence[Held], demo_index: ProductIndex) -> None:
    held = turns[0]
    assert held.results is not None
    empty = Relaxation(dropped="under $60", count=0, example_ids=(), search=Search(query="lamp"))
    ghost = empty.model_copy(update={"count": 1, "example_ids": ("ghost",)})
    offering = altered(held, results=held.results.model_copy(update={"relaxations": (empty, ghost)}))
    assert wrong(offering, demo_index)["relaxations"] == (
        "'under $60' leads nowhere",
        "'under $60' names ghost, which does not exist",
    )


def test_a_made_up_price_is_found_and_a_difference_of_two_is_none(
    turns: Sequence[Held], demo_index: ProductIndex
) -> None:
    held = turns[0]
    assert held.results is not None
    prices = [hit.product.price.amount for hit in held.results.hits if hit.product.price]
    gap = abs(prices[0] - prices[1]) / 100
    assert wrong(altered(held, text=f"It is ${gap:.2f} less."), demo_index) == {}
    assert "$9,871.23"[1:] in wrong(altered(held, text="Only $9,871.23!"), demo_index)["claims"][0]


def test_a_turn_without_an_end_is_a_failed_one(turns: Sequence[Held]) -> None:
    cut = replace(turns[0], steps=turns[0].steps[:1])
    assert isinstance(cut.steps[0], Understood)
    assert cut.end is None
    assert cut.after == cut.before


def test_a_journey_is_reported_turn_by_turn(assistant: Assistant, demo_index: ProductIndex) -> None:
    chat = FakeChat('{"reason": "All of it.", "grade": 3}', '{"reason": "Forgot.", "grade": 1}')
    found = judge_dialogue(assistant, Dialogue(id="d1", turns=SAID[:2]), demo_index.get, chat)
    assert [turn.utterance for turn in found.turns] == list(SAID[:2])
    assert not any(turn.failed or turn.wrong for turn in found.turns)
    assert found.helpfulness == 2.0
    assert found.tally("receipts")[1] == 0
    assert found.tally("receipts")[0] > 0


def test_helpfulness_is_asked_with_what_was_said_before_and_shown(
    turns: Sequence[Held], demo_index: ProductIndex
) -> None:
    chat = FakeChat('{"reason": "Fits.", "grade": 2}')
    held = turns[1]
    found = judge_turn(chat, held, demo_index.get(held.after.shown))
    assert (found.grade, found.reason) == (2, "Fits.")
    said = chat.asked[0].messages[-1].content
    assert "desk lamp under $60" in said
    assert '"without a clamp"' in said


def test_a_judge_that_is_away_is_not_taken_for_an_unhelpful_turn(turns: Sequence[Held]) -> None:
    with pytest.raises(ModelUnavailable):
        judge_turn(FakeChat(ModelUnavailable("away")), turns[0], {})


@pytest.mark.parametrize(
    ("written", "number"), [("1,299.00", "1299"), ("12", "12"), ("4.50", "4.5"), ("1.2.3", "1.23")]
)
def test_a_number_is_read_however_it_is_written(written: str, number: str) -> None:
    assert decimal(written) == Decimal(number)
