from pathlib import Path

import numpy as np

from agent.experience import Experience, lessons
from catalog.index import ProductIndex


def test_a_need_put_alike_brings_back_what_was_meant(demo_index: ProductIndex) -> None:
    need, searches = lessons()[0]
    assert Experience().recalled(demo_index, need) == searches[:3]


def test_words_unlike_any_need_bring_back_nothing(demo_index: ProductIndex) -> None:
    assert Experience().recalled(demo_index, "0x7f 42 qwerty zzz") == ()


def test_vectors_are_kept_and_a_damaged_file_is_made_anew(demo_index: ProductIndex, tmp_path: Path) -> None:
    need, searches = lessons()[-1]
    Experience(tmp_path).recalled(demo_index, need)
    (kept,) = tmp_path.iterdir()
    np.save(kept, np.zeros((2, 3), np.float32))
    assert Experience(tmp_path).recalled(demo_index, need) == searches[:3]
    assert np.load(kept).shape[0] == len(lessons())


def test_every_lesson_has_a_need_and_searches() -> None:
    assert all(need.strip() and searches for need, searches in lessons())
