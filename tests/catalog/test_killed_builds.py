"""A build killed at any moment loses nothing, doubles nothing, and goes on when it is started again."""

import random
import subprocess
import sys
from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from catalog.collection import Collection
from catalog.edge_home import EdgeHome
from catalog.index import ProductIndex
from catalog.points import point_id
from tests.catalog.build_words import shop
from tests.fakes import WordEncoder

ROOT = Path(__file__).parent.parent.parent
BEFORE, AFTER = (0, 700), (350, 3000)  # first number and count of the products: half of the old ones stay


def start(folder: Path, first: int, count: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.catalog.build_words", str(folder), str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT)


def check_holds_exactly(collection: Collection, first: int, count: int) -> None:
    wanted = {point_id(p.id): p for p in shop(first, count)}
    scrolled = [point for point, _ in collection.scroll([])]
    assert len(scrolled) == len(set(scrolled)), "an id stands twice"
    assert set(scrolled) == set(wanted), "products are missing or left over"
    assert collection.count() == len(scrolled), "count and scroll disagree"
    vectors = collection.vectors(scrolled)
    assert len(vectors) == len(scrolled)
    assert all(np.isclose(np.linalg.norm(v), 1.0, atol=1e-3) for v in vectors.values()), "a vector is empty"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_build_killed_again_and_again_ends_with_every_product_once(tmp_path: Path, seed: int) -> None:
    folder = tmp_path / "shop.index"
    assert start(folder, *BEFORE).wait() == 0
    begun = monotonic()
    assert start(tmp_path / "undisturbed.index", *AFTER).wait() == 0
    whole = monotonic() - begun
    chance = random.Random(seed)
    killed = 0
    for _ in range(12):
        build = start(folder, *AFTER)
        try:
            assert build.wait(timeout=chance.uniform(0.05, 0.95) * whole) == 0
        except subprocess.TimeoutExpired:
            build.kill()
            build.wait()
            killed += 1
            live = EdgeHome(folder).live()
            check_holds_exactly(live, *(BEFORE if live.count() == BEFORE[1] else AFTER))
            live.close()
    assert killed, "no build was killed: the test proves nothing"
    assert start(folder, *AFTER).wait() == 0
    live = EdgeHome(folder).live()
    check_holds_exactly(live, *AFTER)
    index = ProductIndex(EdgeHome(folder), live, WordEncoder())
    assert index.get(["p0", "p3349"]).keys() == {"p3349"}
    index.close()
    assert [p.name for p in folder.iterdir() if p.is_dir()] == [live.folder.name], "the dead are removed"


def test_a_draft_with_damaged_files_is_thrown_away(tmp_path: Path) -> None:
    folder = tmp_path / "shop.index"
    draft = folder / "g0007"
    (draft / "shard").mkdir(parents=True)
    (folder / "build").touch()
    (draft / "draft").touch()
    (draft / "stamp.json").write_text('{"encoder": "words", "dimension"')
    assert start(folder, 0, 10).wait() == 0
    live = EdgeHome(folder).live()
    check_holds_exactly(live, 0, 10)
    live.close()
    assert not draft.exists()
