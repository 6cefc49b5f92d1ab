from collections.abc import Iterator
from typing import Any

import pytest

from agent.dialogue.state import Said, State
from agent.steps import Answered, Step
from catalog.demo.tables import facts
from catalog.product import Product
from catalog.where import OBTAINABLE
from tests.journeys.form import Conversation, Shows, Traits, Turn, conversations, held_out
from tests.journeys.held import Talks
from tests.journeys.runner import failures, hold, outcomes, share_passed
from tests.journeys.traits import any_of, catalogue, lacking

HELD_OUT_SHARE = 0.9  # of the turns that no rule was fitted to

ALL = (*conversations(), *held_out())


def label(conversation: Conversation) -> str:
    return conversation.label


def marked(conversation: Conversation) -> Any:
    gap = conversation.gap
    marks = [pytest.mark.xfail(strict=True, reason=gap)] if gap else []
    return pytest.param(conversation, marks=marks, id=label(conversation))


@pytest.mark.parametrize("conversation", [marked(conversation) for conversation in conversations()])
def test_the_conversation_goes_as_a_demanding_shopper_expects(
    assistant: Talks, conversation: Conversation
) -> None:
    assert failures(outcomes(assistant, conversation)) == []


def test_conversations_that_no_rule_was_fitted_to_go_well_too(assistant: Talks) -> None:
    found = [outcome for conversation in held_out() for outcome in outcomes(assistant, conversation)]
    assert share_passed(found) >= HELD_OUT_SHARE, "\n".join(failures(found))


def test_a_restart_between_turns_changes_nothing(assistant: Talks) -> None:
    one_per_theme = {conversation.theme: conversation for conversation in ALL}.values()
    for conversation in one_per_theme:
        kept, restarted = (hold(assistant, conversation, restarting=again) for again in (False, True))
        assert [held.after for held in kept] == [held.after for held in restarted]
        assert [held.answer for held in kept] == [held.answer for held in restarted]


class Mute:
    """Answers everything with nothing."""

    def run(self, state: State, message: str) -> Iterator[Step]:
        said = Said(utterance=message)
        yield Answered(text="", state=state.model_copy(update={"history": (*state.history, said)}), ms=0)


def test_an_assistant_that_says_nothing_passes_no_turn() -> None:
    found = [outcome for conversation in ALL for outcome in outcomes(Mute(), conversation)]
    assert share_passed(found) == 0


def test_there_are_enough_conversations_and_each_has_its_own_name() -> None:
    names = [conversation.label for conversation in ALL]
    assert len(names) == len(set(names))
    assert len(conversations()) >= 60
    assert len(held_out()) >= 15


def turns() -> Iterator[tuple[str, Turn]]:
    for conversation in ALL:
        for place, turn in enumerate(conversation.turn, 1):
            yield f"{conversation.label}, turn {place}", turn


def traits() -> Iterator[tuple[str, Traits]]:
    for where, turn in turns():
        yield from ((where, found) for found in (turn.shows, turn.never) if found)


def test_scripts_name_only_what_the_demo_catalogue_has() -> None:
    everything = tuple(catalogue().values())
    for where, found in traits():
        for i in found.ids:
            assert i in catalogue(), where
        for name in (found.category or "").split("|") if found.category else ():
            assert any(any_of(name, p.categories) for p in everything), f"{where}: {name}"
        for name in (found.brand or "").split("|") if found.brand else ():
            assert any(any_of(name, [p.brand or ""]) for p in everything), f"{where}: {name}"
        for name in (found.title or "").split("|") if found.title else ():
            assert any(any_of(name, [p.title]) for p in everything), f"{where}: {name}"
        for attribute, values in found.attributes.items():
            for value in values.split("|"):
                assert any(any_of(value, p.attributes.get(attribute, ())) for p in everything), (
                    f"{where}: {attribute} {value}"
                )
        assert {*found.has, *found.lacks} <= set(facts()), where


def test_every_group_of_a_bundle_is_led_by_a_category_that_exists() -> None:
    for where, turn in turns():
        for names in turn.groups.categories if turn.groups else ():
            for name in names.split("|"):
                assert any(any_of(name, p.categories) for p in catalogue().values()), f"{where}: {name}"


def test_what_a_script_expects_to_be_shown_can_be_shown() -> None:
    """Enough products, variants counted once, that are all the script says and can be bought."""
    short = {}
    for where, turn in turns():
        if turn.shows:
            found = {group(p) for p in catalogue().values() if fits(p, turn.shows)}
            if len(found) < turn.shows.top:
                short[where] = sorted(found)
    assert short == {}


def fits(product: Product, shows: Shows) -> bool:
    return product.availability in OBTAINABLE and not list(lacking(product, shows))


def group(product: Product) -> str:
    return product.group_id or product.id


def test_references_back_point_to_turns_that_were_held() -> None:
    for conversation in ALL:
        for place, turn in enumerate(conversation.turn, 1):
            assert turn.same_as is None or turn.same_as < place, conversation.label
            back = [*(turn.refers or ())]
            if turn.shows:
                back += filter(None, (turn.shows.cheaper_than, turn.shows.dearer_than, turn.shows.brand_of))
            assert place > 1 or not back, conversation.label
