"""What is wanted, changed by hand: one part at a time, and nothing else with it."""

import pytest

from agent import editing
from agent.dialogue.state import Need, Phrase, Wanted
from agent.editing import Kind, Part, parts, taken_away
from catalog.product import Money, Product
from catalog.where import Where, Without
from core.errors import InvalidQuery
from ranking.records import Repair, Sort, Wish

FORTY = Money(amount=4000, currency="USD")
JACKET = Need(
    phrases=(
        Phrase(text="navy", slot="color"),
        Phrase(text="jacket"),
        Phrase(text="for men", slot="audience"),
    ),
    where=Where(
        price_max=FORTY, rating_min=4, brands=("Acme", "Zed"), attributes={"color": ("navy", "blue")}
    ),
    without=Without(terms=("hood", "zip"), brands=("Bad",), products=("p1",)),
    wishes=(Wish.CHEAP,),
)
BOTH = Wanted(needs=(JACKET, Need(phrases=(Phrase(text="hat"),))), budget=FORTY)


def test_every_part_can_be_taken_away_and_is_then_gone() -> None:
    for part in parts(BOTH):
        left = taken_away(BOTH, part)
        assert part not in parts(left)
        assert len(parts(left)) == len(parts(BOTH)) - 1


def test_an_attribute_goes_with_the_words_that_named_it() -> None:
    (need, _) = taken_away(BOTH, Part(kind=Kind.ATTRIBUTE, name="color")).needs
    assert [phrase.text for phrase in need.phrases] == ["jacket", "for men"]
    assert need.where.price_max == FORTY


def test_what_it_is_about_is_no_part_but_a_further_word_is() -> None:
    wanted = Wanted(needs=(Need(phrases=(Phrase(text="jacket"), Phrase(text="waterproof"))),))
    assert [part.value for part in parts(wanted)] == ["waterproof"]


def test_of_a_need_without_words_nothing_is_left() -> None:
    wanted = Wanted(needs=(Need(where=Where(categories=("Shoes",))),))
    assert taken_away(wanted, Part(kind=Kind.CATEGORY, value="Shoes")).needs == ()


def test_one_of_several_needs_can_go() -> None:
    assert taken_away(BOTH, Part(kind=Kind.NEED, need=0)).needs == (BOTH.needs[1],)


def test_a_part_that_is_gone_already_is_told_of() -> None:
    with pytest.raises(InvalidQuery, match="asked for any more"):
        taken_away(BOTH, Part(kind=Kind.NO_TERM, value="buckle"))
    with pytest.raises(InvalidQuery, match="no longer looked for"):
        taken_away(BOTH, Part(kind=Kind.PRICE, need=7))


def test_limits_that_cross_are_put_in_order() -> None:
    ten = Money(amount=1000, currency="USD")
    where = editing.priced(BOTH, 0, FORTY, ten).needs[0].where
    assert (where.price_min, where.price_max) == (ten, FORTY)
    where = editing.priced(BOTH, 0, None, None).needs[0].where
    assert (where.price_min, where.price_max) == (None, None)


def test_other_values_replace_those_before() -> None:
    need = editing.valued(BOTH, 0, "color", ("red",)).needs[0]
    assert need.where.attributes == {"color": ("red",)}
    assert "navy" not in [phrase.text for phrase in need.phrases]
    assert editing.valued(BOTH, 0, "color", ()).needs[0].where.attributes == {}
    assert editing.branded(BOTH, 0, ("Zed",)).needs[0].where.brands == ("Zed",)


def test_an_order_holds_for_all_needs() -> None:
    assert {need.sort for need in editing.ordered(BOTH, Sort.PRICE_UP).needs} == {Sort.PRICE_UP}


def test_more_like_one_keeps_limits_and_exclusions() -> None:
    product = Product(id="p9", title="Parka", categories=("Clothing", "Parkas"))
    (need,) = editing.alike(Wanted(needs=(JACKET,)), product).needs
    assert need.like == ("p9",)
    assert need.where.price_max == FORTY
    assert need.where.categories == ("Clothing > Parkas",)
    assert need.where.brands == ()
    assert need.without.terms == ("hood", "zip")
    assert "p9" in need.without.products


def test_what_others_are_to_be_like_does_not_come_back_when_hidden_ones_do() -> None:
    product = Product(id="p9", title="Parka")
    wanted = editing.alike(Wanted(needs=(JACKET,)), product)
    shown = taken_away(wanted, Part(kind=Kind.NO_PRODUCTS))
    assert shown.needs[0].without.products == ("p9",)


def test_words_that_were_put_right_can_be_searched_as_written() -> None:
    repaired = Repair(query="kettle", changes=(("kettel", "kettle"),))
    wanted = Wanted(needs=(Need(phrases=(Phrase(text="small kettle"),), label="small kettle"),))
    (need,) = editing.as_written(wanted, repaired).needs
    assert (need.phrases[0].text, need.label) == ("small kettel", "small kettel")


def test_a_brand_that_was_put_right_becomes_a_word_again() -> None:
    repaired = Repair(query="Acme jacket", changes=(("acne", "Acme"),))
    (need, _) = editing.as_written(BOTH, repaired).needs
    assert need.where.brands == ("Zed",)
    assert Phrase(text="acne") in need.phrases
