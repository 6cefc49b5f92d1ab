"""Whether a search says that it found nothing, over the demo catalogue."""

import pytest

from catalog.index import ProductIndex
from catalog.where import Where
from ranking.blend import load_blend
from ranking.pipeline import Ranker
from ranking.records import Results, Search
from ranking.systems import search


def ask(index: ProductIndex, ranker: Ranker, query: str, **wishes: object) -> Results:
    return search(index, Search.model_validate({"query": query, **wishes}), "rerank", ranker)


@pytest.fixture(scope="module")
def ranker() -> Ranker:
    return Ranker(load_blend())


@pytest.mark.parametrize(
    "query", ["chainsaw", "lawn mower", "television", "microscope", "perfume", "flights to paris"]
)
def test_what_the_catalogue_lacks_is_said_to_be_lacking(
    demo_index: ProductIndex, ranker: Ranker, query: str
) -> None:
    found = ask(demo_index, ranker, query)
    assert found.astray
    assert found.fitting == 0
    assert found.hits, "the nearest are shown all the same"


@pytest.mark.parametrize(
    "query", ["kettle", "trail running shoes", "Kopparo", "red dress", "plush toy", "desk lamp", "dog leash"]
)
def test_what_the_catalogue_has_is_not(demo_index: ProductIndex, ranker: Ranker, query: str) -> None:
    found = ask(demo_index, ranker, query)
    assert not found.astray
    assert found.fitting > 0


@pytest.mark.parametrize(
    "query", ["couch", "football", "timepiece", "sunblock", "mobile phone", "stuffed animal"]
)
def test_another_word_for_what_it_has_is_understood(
    demo_index: ProductIndex, ranker: Ranker, query: str
) -> None:
    assert not ask(demo_index, ranker, query).astray


@pytest.mark.parametrize("query", ["gift", "birthday present for a runner", "something nice"])
def test_a_wish_for_no_kind_of_thing_can_always_be_met(
    demo_index: ProductIndex, ranker: Ranker, query: str
) -> None:
    assert not ask(demo_index, ranker, query).astray


def test_a_required_category_settles_what_it_is_about(demo_index: ProductIndex, ranker: Ranker) -> None:
    where = Where(categories=("Belts",)).model_dump()
    assert not ask(demo_index, ranker, "kettle", where=where).astray
    assert not ask(demo_index, ranker, "belt", where=where).astray


def test_what_resembles_a_product_is_about_it(demo_index: ProductIndex, ranker: Ranker) -> None:
    kettle = ask(demo_index, ranker, "kettle", limit=1).hits[0].product
    assert not ask(demo_index, ranker, "chainsaw", like=[kettle.id]).astray


def test_without_learned_weights_it_is_known_too(demo_index: ProductIndex) -> None:
    assert ask(demo_index, Ranker(None), "television").astray
    assert not ask(demo_index, Ranker(None), "kettle").astray
