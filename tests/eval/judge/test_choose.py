"""What to label next: queries by lot, pairs by what they decide."""

import pytest

from core.errors import InvalidQuery
from eval.conventions import ICECAT
from eval.judge.choose import choose_pairs, draw_queries
from eval.records import Ranked, Run
from tests.eval.judge.made_up import judgment

UNSURE, SURE = (0.5, 0.0, 0.0, 0.5), (0.0, 0.0, 0.0, 1.0)


def run(name: str, **rankings: str) -> Run:
    return Run(
        name=name,
        rankings={q: tuple(Ranked(p, -float(i)) for i, p in enumerate(ids)) for q, ids in rankings.items()},
    )


def test_the_draw_goes_on_where_it_stopped() -> None:
    queries = [f"q{i}" for i in range(50)]
    first = draw_queries(queries, (), 20)
    assert draw_queries(queries, first, 10) == draw_queries(queries, (), 30)[20:]
    assert draw_queries(reversed(queries), (), 20) == first
    assert draw_queries(queries, (), 20, seed=1) != first


def test_the_draw_favours_no_part_of_the_list() -> None:
    queries = [f"q{i:03}" for i in range(1000)]
    found = draw_queries(queries, (), 500)
    assert 210 <= sum(query < "q500" for query in found) <= 290  # 250, and five standard deviations
    assert len(set(found)) == 500


def test_the_draw_ends_with_the_queries() -> None:
    assert len(draw_queries(["a", "b"], (), 9)) == 2
    assert draw_queries(["a"], ["a"], 3) == ()
    assert draw_queries([], (), 3) == ()


def test_a_pair_is_worth_what_its_label_would_move() -> None:
    """One unsure product at place 1 of the one run and nowhere in the other: the gain is 0 or 7, so 3.5
    off either way; the discount at place 1 is 1. The best order is expected to earn 7 + 3.5 / log2(3)."""
    said = [judgment("q", "a", 2, UNSURE), judgment("q", "b", 3, SURE)]
    (choice,) = choose_pairs(said, run("new", q="ab"), run("old", q="b"), ICECAT)
    assert choice.pair.product_id == "a"
    assert choice.worth == pytest.approx(3.5 / (7 + 3.5 / 1.5849625))
    assert (
        choice.reason
        == "new has it at 1, old has it nowhere; the judge expects a gain of 3.5, give or take 3.5"
    )


def test_what_both_runs_show_in_one_place_or_the_judge_is_sure_of_decides_nothing() -> None:
    said = [judgment("q", "a", 2, UNSURE), judgment("q", "b", 3, SURE), judgment("q", "c", 2, UNSURE)]
    assert choose_pairs(said, run("new", q="ab"), run("old", q="a"), ICECAT) == ()


def test_higher_places_come_first_and_labelled_pairs_do_not_come_again() -> None:
    said = [judgment("q", p, 2, UNSURE) for p in "abc"]
    new, old = run("new", q="abc"), run("old", q="")
    order = [choice.pair.product_id for choice in choose_pairs(said, new, old, ICECAT)]
    assert order == ["a", "b", "c"]
    assert [c.pair.product_id for c in choose_pairs(said, new, old, ICECAT, count=1)] == ["a"]
    rest = choose_pairs(said, new, old, ICECAT, labelled={("q", "a")})
    assert [choice.pair.product_id for choice in rest] == ["b", "c"]


def test_a_query_without_hope_is_not_divided_by_zero() -> None:
    said = [judgment("q", "a", 0, (1.0, 0.0, 0.0, 0.0))]
    assert choose_pairs(said, run("new", q="a"), run("old", q=""), ICECAT) == ()


def test_a_judge_that_does_not_say_how_sure_it_is_cannot_choose() -> None:
    with pytest.raises(InvalidQuery, match="calibrate"):
        choose_pairs([judgment("q", "a", 2)], run("new", q="a"), run("old", q=""), ICECAT)
    with pytest.raises(InvalidQuery, match="no judgments"):
        choose_pairs([], run("new", q="a"), run("old", q=""), ICECAT)
