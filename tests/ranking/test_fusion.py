"""Fusion, worked by hand."""

import pytest

from ranking.fusion import best_first, bm25, reciprocal_ranks


def test_reciprocal_ranks_by_hand() -> None:
    fused = reciprocal_ranks([["a", "b"], ["b", "c"]], k=60)
    assert fused == pytest.approx({"a": 1 / 61, "b": 1 / 62 + 1 / 61, "c": 1 / 62})
    assert best_first(fused) == ["b", "a", "c"]


def test_bm25_is_the_weighted_sum_of_its_fields() -> None:
    scores = {"title": {"a": 2.0}, "body": {"a": 1.0, "b": 3.0}, "dense": {"c": 9.0}}
    assert bm25(scores, {"title": 0.5, "body": 2.0}) == {"a": 3.0, "b": 6.0}


def test_ties_are_broken_the_same_way_every_time() -> None:
    assert best_first({"b": 1.0, "a": 1.0, "c": 2.0}) == ["c", "a", "b"]
