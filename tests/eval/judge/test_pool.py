import pytest

from core.errors import IndexMissing, InvalidQuery
from core.settings import load_settings
from eval.judge.pool import open_shelf, pooled, with_products
from eval.records import Ranked, Run
from tests.eval.judge.made_up import case

QUERIES = {"q1": "red mug", "q2": "hose"}


def run(name: str, **rankings: str) -> Run:
    return Run(name=name, rankings={q: tuple(Ranked(p, 1.0) for p in ids) for q, ids in rankings.items()})


def test_a_pair_that_several_runs_show_is_judged_once() -> None:
    pairs = pooled(QUERIES, [run("a", q1="xyz", q2="x"), run("b", q1="yw")], 2)
    assert [pair.key for pair in pairs] == [("q1", "x"), ("q1", "y"), ("q1", "w"), ("q2", "x")]


def test_what_people_graded_is_judged_too_so_that_the_judge_can_be_held_against_them() -> None:
    pairs = pooled(QUERIES, [run("a", q1="x")], 10, {"q1": {"h": 3}, "q8": {"z": 1}})
    assert [pair.key for pair in pairs] == [("q1", "x"), ("q1", "h")]


def test_runs_and_qrels_of_another_data_set_are_refused() -> None:
    with pytest.raises(InvalidQuery, match="foreign has none of these queries"):
        pooled(QUERIES, [run("a", q1="x"), run("foreign", q77="x")], 10)
    with pytest.raises(InvalidQuery, match="qrels of another data set"):
        pooled(QUERIES, [run("a", q1="x")], 10, {"q77": {"x": 1}})
    with pytest.raises(InvalidQuery, match="nothing to judge"):
        pooled(QUERIES, [run("a", q1="")], 10)


def test_products_gone_from_the_index_are_told_and_not_judged() -> None:
    pairs = pooled(QUERIES, [run("a", q1="xy")], 10)
    pool = with_products(pairs, {"x": case("q1", "x").product})
    assert [one.pair.product_id for one in pool.cases] == ["x"]
    assert pool.gone == (("q1", "y"),)


def test_an_index_that_knows_none_of_them_is_of_another_data_set() -> None:
    pairs = pooled(QUERIES, [run("a", q1="xy")], 10, {"q1": {"h": 3}})
    with pytest.raises(InvalidQuery, match="index of another data set"):
        with_products(pairs, {})
    with pytest.raises(InvalidQuery, match="human grade"):
        with_products(pairs, {"x": case("q1", "x").product}, {"q1": {"h": 3}})


def test_a_missing_index_says_how_to_build_one() -> None:
    with (
        pytest.raises(IndexMissing, match="aisle index"),
        open_shelf(load_settings(index="/nowhere/at/all.index")),
    ):
        pass
