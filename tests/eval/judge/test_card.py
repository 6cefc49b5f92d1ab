"""The card: what is not known it says is unknown, and what does not belong together it refuses."""

import pytest

from core.errors import InvalidQuery
from eval.judge.bias import observed_effects, retest
from eval.judge.card import judge_card, markdown
from eval.judge.records import Judgment
from tests.eval.judge.made_up import WordJudge, case, judgment, judgments, pair

SAID = judgments({"q1": {"a": 3, "b": 0, "c": None}, "q2": {"a": 3, "b": 1}})
HUMAN = {"q1": {"a": 3, "b": 0, "c": 2}, "q2": {"a": 3, "b": 0, "z": 1}}


@pytest.mark.parametrize("human", [None, {}, {"q1": {}}])
def test_without_labels_trust_is_unknown(human: dict[str, dict[str, int]] | None) -> None:
    card = judge_card(SAID, human, dataset="made up")
    assert not card.known
    assert (card.agreement, card.auc, card.ceiling) == (None, None, None)
    assert "Trust: **unknown**" in markdown(card)
    assert "kappa" not in markdown(card)


def test_only_pairs_that_both_graded_are_compared_and_missing_ones_are_counted() -> None:
    card = judge_card(SAID, HUMAN, dataset="made up")
    assert (card.judged, card.missing) == (4, 1)
    assert card.agreement is not None
    assert (card.agreement.pairs, card.agreement.queries) == (4, 2)
    assert card.agreement.accuracy.value == 0.75
    assert card.agreement.confusion[0] == (1, 1, 0, 0)  # people said 0 twice, the judge 0 and 1
    assert card.auc is not None
    assert card.auc.value == 1.0


def test_what_counts_as_relevant_decides_the_auc() -> None:
    said = judgments({"q1": {"a": 1, "b": 2}, "q2": {"a": 0}})
    human = {"q1": {"a": 3, "b": 1}, "q2": {"a": 0}}
    values = [judge_card(said, human, dataset="made up", relevant=r).auc for r in (1, 3)]
    assert [value.value for value in values if value] == [1.0, 0.5]


def test_the_judge_is_held_against_single_raters_as_raters_are() -> None:
    ratings = {("q1", "a"): (3, 3), ("q1", "b"): (0, 3), ("q2", "a"): (3, 3), ("q2", "b"): (0, 0)}
    card = judge_card(SAID, HUMAN, dataset="made up", ratings=ratings)
    assert card.ceiling is not None
    assert card.ceiling.kappa.value == pytest.approx(0.5)
    assert card.to_raters is not None
    # 8 couples: 6 agree (3-3 four times, 0-0 once; 1-0 twice and 0-3 once do not), by chance (5*4 + 3*2)/64
    assert card.to_raters[0].value == pytest.approx((5 / 8 - 26 / 64) / (1 - 26 / 64))
    assert "two raters" in markdown(card)


def test_grades_of_another_data_set_are_refused() -> None:
    with pytest.raises(InvalidQuery, match="another data set"):
        judge_card(SAID, {"x1": {"p": 3}}, dataset="made up")


def test_a_scale_that_judges_do_not_use_is_refused() -> None:
    with pytest.raises(InvalidQuery, match="grade 4"):
        judge_card(SAID, {"q1": {"a": 4}}, dataset="made up")


def test_a_card_is_of_one_judge_and_of_something() -> None:
    other = Judgment(pair=pair("q9", "a"), grade=1, judge="somebody else")
    with pytest.raises(InvalidQuery, match="2 judges"):
        judge_card([*SAID, other], HUMAN, dataset="made up")
    with pytest.raises(InvalidQuery, match="no judgments"):
        judge_card([], HUMAN, dataset="made up")


def test_a_judge_that_could_read_nothing_has_a_card_all_the_same() -> None:
    card = judge_card([judgment("q1", "a", None)], HUMAN, dataset="made up")
    assert (card.judged, card.missing, card.known) == (0, 1, False)


def test_all_grades_equal_leave_kappa_unknown_and_say_so() -> None:
    card = judge_card(
        judgments({"q1": {"a": 3}, "q2": {"a": 3}}), {"q1": {"a": 3}, "q2": {"a": 3}}, dataset="d"
    )
    assert "| quadratic kappa | unknown |" in markdown(card)
    assert "| accuracy | 1.00 (1.00 to 1.00) |" in markdown(card)


def test_the_card_shows_what_else_moves_the_judge() -> None:
    cases = [
        case("q1", "a", "Red mug"),
        case("q1", "b", "Mug"),
        case("q2", "a", "Mug"),
        case("q2", "b", "Red mug"),
    ]
    said = list(WordJudge().judge(cases))
    human = {q: {"a": 1, "b": 1} for q in ("q1", "q2")}
    card = judge_card(
        said,
        human,
        dataset="made up",
        effects=observed_effects(cases, said, human),
        retests=[retest(WordJudge(), cases)],
    )
    text = markdown(card)
    assert "| overlap: more of the query's words in the title | +1.00 (+1.00 to +1.00) | 4 |" in text
    assert "Judged twice (again): same grade 1.00" in text
    assert type(card).model_validate_json(card.model_dump_json()) == card
