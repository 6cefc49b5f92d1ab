"""A search that may take only so long, over the demo catalogue with the real cross-encoder."""

from time import perf_counter

import pytest

from catalog.index import ProductIndex
from core.settings import load_settings
from ranking.pipeline import Ranker, open_ranker, rank
from ranking.records import Search

KETTLE = Search(query="quiet kettle")


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return open_ranker(load_settings())


def test_once_time_is_up_the_cross_encoder_does_not_begin(demo_index: ProductIndex, ranker: Ranker) -> None:
    found = rank(demo_index, KETTLE, ranker, until=perf_counter())
    plain = rank(demo_index, KETTLE, Ranker(ranker.blend))
    assert found.late
    assert "rerank" not in {stage.name for stage in found.trace.stages}
    assert [hit.product.id for hit in found.hits] == [hit.product.id for hit in plain.hits]


def test_in_time_it_reads_as_ever(demo_index: ProductIndex, ranker: Ranker) -> None:
    found = rank(demo_index, KETTLE, ranker, until=perf_counter() + 3600)
    assert not found.late
    assert "rerank" in {stage.name for stage in found.trace.stages}


def test_nothing_is_late_where_there_is_no_cross_encoder(demo_index: ProductIndex, ranker: Ranker) -> None:
    assert not rank(demo_index, KETTLE, Ranker(ranker.blend), until=perf_counter()).late
