import pytest

from agent.dialogue.state import State
from agent.dialogue.understand import understand
from agent.dialogue.understanding import Desk, Told
from agent.kinds import Kind
from agent.plan import Intent
from agent.reading.lexis import Lexis
from agent.reading.smalltalk import Topic
from catalog.index import ProductIndex


def desk(lexis: Lexis, kind: Kind, like: str = "") -> Desk:
    """A desk whose experience always tells the same."""
    return Desk(lexis, told=lambda said: Told(kind, like))


def test_words_that_are_like_small_talk_look_for_nothing(lexis: Lexis) -> None:
    understood = understand("what languages do you speak", State(), desk(lexis, Kind.CHAT))
    assert (understood.plan.intent, understood.topic) == (Intent.CHAT, Topic.OFF_TOPIC)


def test_small_talk_is_answered_as_what_it_resembles(lexis: Lexis) -> None:
    understood = understand("super helpful, wow", State(), desk(lexis, Kind.CHAT, like="thanks a lot"))
    assert understood.topic is Topic.THANKS


@pytest.mark.parametrize("said", ["a red kettle", "socks under 20", "Barkmoor", "mugs without handles"])
def test_what_the_rules_can_read_is_no_small_talk(said: str, lexis: Lexis) -> None:
    assert understand(said, State(), desk(lexis, Kind.CHAT)).plan.intent is Intent.FIND


def test_an_undertaking_takes_a_sum_for_all_of_it(lexis: Lexis) -> None:
    said = "moving into my first place, 400 max altogether"
    understood = understand(said, State(), desk(lexis, Kind.MISSION))
    assert understood.wanted.mission
    assert understood.plan.intent is Intent.BUNDLE
    assert understood.wanted.budget is not None
    assert understood.wanted.budget.amount == 400_00


@pytest.mark.parametrize("said", ["kitchen", "something for the garden", "desk lamp for reading at night"])
def test_a_department_or_a_product_is_no_undertaking(said: str, lexis: Lexis) -> None:
    assert not understand(said, State(), desk(lexis, Kind.MISSION)).wanted.mission


def test_a_need_may_name_what_is_not_wanted(lexis: Lexis) -> None:
    assert understand("my cat destroys the sofa", State(), desk(lexis, Kind.NEED)).names_nothing
    assert not understand("a sofa, my cat loves it", State(), desk(lexis, Kind.NEED)).names_nothing


def test_a_conversation_of_before_is_still_read() -> None:
    assert State.model_validate_json('{"currency": "EUR", "language": "en"}') == State(currency="EUR")


def test_words_of_the_shops_products_without_a_sentence_are_no_small_talk(
    lexis: Lexis, demo_index: ProductIndex
) -> None:
    chatting = desk(lexis, Kind.CHAT)._replace(lexicon=demo_index.lexicon())
    assert understand("webbing friction clasp", State(), chatting).plan.intent is Intent.FIND
    assert understand("you are a clasp", State(), chatting).plan.intent is Intent.CHAT
