"""Leanings of a judge, by hand: what moves its grade while people's stays the same."""

from collections.abc import Iterable, Iterator

import pytest

from catalog.demo import products
from core.errors import InvalidQuery
from eval.judge.bias import (
    NOBODY,
    altered,
    altered_effects,
    claimed,
    held_fixed,
    injected,
    observed_effects,
    padded,
    renamed,
    retest,
    stuffed,
    swap_consistency,
)
from eval.judge.records import Case, Judgment, Pair, Preference
from eval.records import Ranked, Run
from tests.eval.judge.made_up import WordJudge, case, judgments


class LengthJudge:
    """Takes long descriptions for relevant."""

    name = "length"

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        for one in cases:
            grade = min(len(one.product.description or "") // 20, 3)
            yield Judgment(pair=one.pair, grade=grade, judge=self.name)


class TiredJudge:
    """Grades lower with every pair it has read."""

    name = "tired"

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        for place, one in enumerate(cases):
            yield Judgment(pair=one.pair, grade=max(3 - place, 0), judge=self.name)


class EagerJudge:
    """Prefers what it sees first, unless the titles are the same."""

    name = "eager"

    def prefer(self, first: Case, second: Case) -> Preference | None:
        if "unreadable" in first.product.title:
            return None
        return "same" if first.product.title == second.product.title else "first"


class LongerJudge:
    """Prefers the longer title, whichever comes first."""

    name = "longer"

    def prefer(self, first: Case, second: Case) -> Preference | None:
        return "first" if len(first.product.title) > len(second.product.title) else "second"


CASES = [
    case("q1", "a", description="x" * 70),
    case("q1", "b"),
    case("q2", "a", description="x" * 70),
    case("q2", "b"),
]


def test_a_leaning_to_length_is_measured_in_grades() -> None:
    said = list(LengthJudge().judge(CASES))
    human = {"q1": {"a": 1, "b": 1}, "q2": {"a": 2, "b": 2}}
    found = held_fixed(
        "length", "", lambda one: float(len(one.product.description or "")), CASES, said, human
    )
    assert found.difference.value == pytest.approx(3.0)
    assert found.pairs == 4


def test_a_difference_that_people_saw_too_is_no_leaning() -> None:
    """The long ones are the relevant ones, so that within a grade nothing is left to compare."""
    said = list(LengthJudge().judge(CASES))
    human = {"q1": {"a": 3, "b": 0}, "q2": {"a": 3, "b": 0}}
    found = held_fixed(
        "length", "", lambda one: float(len(one.product.description or "")), CASES, said, human
    )
    assert found.difference.value is None


def test_pairs_without_a_human_grade_or_a_judgment_are_left_out() -> None:
    said = judgments({"q1": {"a": 3, "b": None}, "q2": {"a": 3, "b": 0}})
    found = held_fixed("length", "", lambda one: 1.0, CASES, said, {"q1": {"a": 1, "b": 1}})
    assert found.pairs == 1
    assert held_fixed("none", "", lambda one: None, CASES, said, {"q1": {"a": 1}}).difference.value is None


def test_preference_for_what_its_own_models_find_is_measured() -> None:
    own = Run(name="own", rankings={q: (Ranked("a", 1.0),) for q in ("q1", "q2")})
    rival = Run(name="rival", rankings={q: (Ranked("b", 1.0),) for q in ("q1", "q2")})
    said = judgments({"q1": {"a": 3, "b": 1}, "q2": {"a": 2, "b": 1}})
    human = {"q1": {"a": 2, "b": 2}, "q2": {"a": 2, "b": 2}}
    found = {one.name: one for one in observed_effects(CASES, said, human, run=own, rival=rival)}
    assert found["own models"].difference.value == pytest.approx(2.5 - 1.0)
    assert list(found) == ["length", "overlap", "brand", "position", "own models"]


def test_a_judge_that_counts_words_falls_for_stuffing_and_not_for_padding() -> None:
    found = {one.name: one for one in altered_effects(WordJudge(), CASES)}
    assert found["stuffing"].difference.value == pytest.approx(1.0)  # from "mug" to "red mug"
    assert found["stuffing"].raised is not None
    assert found["stuffing"].raised.value == 1.0
    assert found["padding"].difference.value == 0.0
    assert found["padding"].difference.interval == (0.0, 0.0)


def test_a_judge_that_goes_by_length_falls_for_everything_that_is_long() -> None:
    found = altered("padding", "", LengthJudge(), [case("q1", "b"), case("q2", "b")], padded)
    assert found.difference.value == 3.0


def test_what_cannot_be_read_when_altered_is_left_out() -> None:
    def spoiled(one: Case) -> Case:
        return one.model_copy(update={"product": one.product.model_copy(update={"title": "Unreadable"})})

    found = altered("spoiled", "", WordJudge(), CASES, spoiled)
    assert (found.pairs, found.difference.value) == (0, None)


def test_alterations_change_the_text_and_nothing_else() -> None:
    product = next(one for one in products() if one.brand and one.brand in one.title and one.price)
    asked = Case(pair=Pair(query_id="q", query="something nice", product_id=product.id), product=product)
    for alter in (padded, injected, stuffed, claimed, renamed):
        after = alter(asked)
        assert after.pair == asked.pair
        assert after.product != product
        kept = {"id", "price", "categories", "attributes", "rating", "availability"}
        assert after.product.model_dump(include=kept) == product.model_dump(include=kept)
    assert (product.description or "") in (stuffed(asked).product.description or "")
    assert stuffed(asked).product.title == product.title
    assert claimed(asked).product.title == f"{product.title} something nice"
    assert NOBODY in renamed(asked).product.title
    assert (product.brand or "") not in renamed(asked).product.title


def test_brands_that_were_asked_for_are_not_renamed() -> None:
    asked = [case("q1", "a", title="Red mug by Redware", brand="Red"), case("q2", "b", brand="Blueware")]
    found = {one.name: one for one in altered_effects(WordJudge(), asked)}
    assert found["renamed"].pairs == 1
    assert found["padding"].pairs == 2


def test_who_judges_the_same_twice_is_consistent() -> None:
    found = retest(WordJudge(), CASES, reverse=True)
    assert found.agreement.accuracy.value == 1.0
    assert (found.moved.value, found.lost) == (0.0, 0)


def test_a_judge_that_tires_is_found_by_reversing_the_order() -> None:
    assert retest(TiredJudge(), CASES).agreement.accuracy.value == 1.0
    assert retest(TiredJudge(), CASES, reverse=True).agreement.accuracy.value == 0.0


def test_swaps_tell_a_leaning_to_the_first_from_a_preference() -> None:
    couples = [
        (case("q1", "a", "Mug"), case("q1", "b", "Red mug")),
        (case("q2", "a", "Cup"), case("q2", "b", "Mugs")),
    ]
    eager, steady = swap_consistency(EagerJudge(), couples), swap_consistency(LongerJudge(), couples)
    assert (eager.consistent.value, eager.first.value) == (0.0, 1.0)
    assert (steady.consistent.value, steady.first.value) == (1.0, 0.5)


def test_no_difference_both_ways_is_consistent_and_an_unread_answer_is_missing() -> None:
    same = (case("q1", "a"), case("q1", "b"))
    found = swap_consistency(EagerJudge(), [same, (case("q2", "a", "unreadable"), case("q2", "b"))])
    assert (found.consistent.value, found.first.value, found.missing, found.couples) == (1.0, None, 1, 2)


def test_a_couple_is_of_one_query() -> None:
    other = Case(pair=Pair(query_id="q9", query="lamp", product_id="c"), product=case("q9", "c").product)
    with pytest.raises(InvalidQuery, match="same query"):
        swap_consistency(LongerJudge(), [(CASES[0], other)])
