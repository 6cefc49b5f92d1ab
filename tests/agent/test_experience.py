from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from agent.experience import Experience, lessons
from agent.kinds import Kind
from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.index import ProductIndex
from catalog.indexing import build_index
from tests.fakes import WordEncoder


@pytest.fixture(scope="module")
def experience() -> Experience:
    return Experience()


@pytest.fixture(scope="module")
def quick_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductIndex]:
    """A few products under an encoder that reads all lessons at once: what is kept is the same."""
    home = EdgeHome(tmp_path_factory.mktemp("quick") / "demo.index")
    build_index(lambda: islice(products(), 5), home, WordEncoder())
    opened = ProductIndex(home, home.live(), WordEncoder())
    yield opened
    opened.close()


def first(kind: Kind) -> tuple[str, tuple[str, ...]]:
    known = next(known for known in lessons() if known.kind is kind)
    return known.said, known.searches


def test_a_need_put_alike_brings_back_what_was_meant(
    demo_index: ProductIndex, experience: Experience
) -> None:
    need, searches = first(Kind.NEED)
    assert experience.recalled(demo_index, need) == searches[:3]


def test_an_undertaking_brings_back_all_that_it_took(
    demo_index: ProductIndex, experience: Experience
) -> None:
    mission, searches = first(Kind.MISSION)
    assert experience.undertaking(demo_index, mission) == searches


def test_words_unlike_any_need_bring_back_nothing(demo_index: ProductIndex, experience: Experience) -> None:
    assert experience.recalled(demo_index, "0x7f 42 qwerty zzz") == ()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("do you deliver to norway", Kind.CHAT),
        ("i had such a lovely holiday", Kind.CHAT),
        ("what do i need for a week of camping", Kind.MISSION),
        ("my hands get cold when i cycle", Kind.NEED),
        ("wireless headphones", None),
        ("make it red", None),
    ],
)
def test_the_kind_of_a_message_is_told_where_it_is_sure(
    said: str, kind: Kind | None, demo_index: ProductIndex, experience: Experience
) -> None:
    told = experience.told(demo_index, said)
    assert (told and told.kind) == kind


def test_vectors_are_kept_and_read_again(quick_index: ProductIndex, tmp_path: Path) -> None:
    need, searches = first(Kind.NEED)
    Experience(tmp_path).recalled(quick_index, need)
    (kept,) = tmp_path.iterdir()
    assert np.load(kept).shape[0] == len(lessons())
    assert Experience(tmp_path).recalled(quick_index, need) == searches[:3]


@pytest.mark.parametrize("size", [0, 40, 5_000])
def test_a_file_that_was_cut_short_is_made_anew(quick_index: ProductIndex, tmp_path: Path, size: int) -> None:
    need, searches = first(Kind.NEED)
    Experience(tmp_path).recalled(quick_index, need)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:size])
    assert Experience(tmp_path).recalled(quick_index, need) == searches[:3]
    assert np.load(kept).shape[0] == len(lessons())


def test_vectors_of_another_shape_are_made_anew(quick_index: ProductIndex, tmp_path: Path) -> None:
    need, searches = first(Kind.NEED)
    Experience(tmp_path).recalled(quick_index, need)
    (kept,) = tmp_path.iterdir()
    np.save(kept, np.zeros((2, 3), np.float32))
    assert Experience(tmp_path).recalled(quick_index, need) == searches[:3]


def test_what_asks_for_products_has_searches_and_what_does_not_has_none() -> None:
    for known in lessons():
        assert bool(known.searches) == (known.kind in (Kind.NEED, Kind.MISSION, Kind.PRODUCT)), known.said
