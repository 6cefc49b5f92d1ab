"""The embedded index and its folder: who may open it, what a damaged or full disk does to it."""

import json
import shutil
import threading
from pathlib import Path

import pytest

from catalog.edge_home import EdgeHome
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.product import Product
from core.errors import IndexDamaged, IndexLocked, IndexMismatch, InvalidSettings, StorageFull
from tests.fakes import WordEncoder

SHOP = [Product(id=str(n), title=f"Thing number {n}", description="useful") for n in range(20)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A built index."""
    build_index(lambda: SHOP, EdgeHome(tmp_path / "shop.index"), WordEncoder())
    return tmp_path / "shop.index"


def test_the_second_opener_is_told_who_the_first_is(folder: Path) -> None:
    first = EdgeHome(folder).live()
    with pytest.raises(IndexLocked, match=r"is open in process \d+"):
        EdgeHome(folder).live()
    first.close()
    EdgeHome(folder).live().close()


def test_an_index_that_is_let_go_of_is_free_again(folder: Path) -> None:
    first = EdgeHome(folder).live()
    del first
    EdgeHome(folder).live().close()


def test_two_builds_at_once_are_refused(folder: Path) -> None:
    second: list[type[Exception]] = []

    class Meanwhile(WordEncoder):
        def encode_documents(self, texts):  # type: ignore[no-untyped-def]
            with pytest.raises(IndexLocked, match="is being built"):
                build_index(lambda: SHOP, EdgeHome(folder), WordEncoder())
            second.append(IndexLocked)
            return super().encode_documents(texts)

    build_index(lambda: [*SHOP, Product(id="new", title="New")], EdgeHome(folder), Meanwhile())
    assert second


def test_searches_under_way_survive_a_switch(folder: Path) -> None:
    home = EdgeHome(folder)
    index = ProductIndex(home, home.live(), WordEncoder())
    stop, failures, answers = threading.Event(), [], []

    def keep_searching() -> None:
        vectors = index.vectors("thing")
        while not stop.is_set():
            try:
                answers.append(len(index.search(vectors, limit=5)["dense"]))
            except Exception as error:  # noqa: BLE001  whatever it is, the test is to show it
                failures.append(error)

    searchers = [threading.Thread(target=keep_searching) for _ in range(3)]
    for searcher in searchers:
        searcher.start()
    try:
        for size in (10, 15, 20):
            build_index(lambda size=size: SHOP[:size], EdgeHome(folder), WordEncoder())  # type: ignore[misc]
    finally:
        stop.set()
        for searcher in searchers:
            searcher.join()
    assert not failures
    assert set(answers) == {5}
    assert index.count() == 20
    index.close()


def test_a_nearly_full_disk_refuses_to_build_and_keeps_what_is_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("catalog.edge.RESERVE", 1 << 60)
    with pytest.raises(StorageFull, match="continues where it stopped"):
        build_index(lambda: SHOP[:3], EdgeHome(folder), WordEncoder())
    live = EdgeHome(folder).live()
    assert live.count() == 20
    live.close()


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "shop.index").write_text("not a folder")
    with pytest.raises(InvalidSettings, match="Not a directory"):
        build_index(lambda: SHOP, EdgeHome(tmp_path / "shop.index"), WordEncoder())
    with pytest.raises(InvalidSettings, match="Not a directory"):
        EdgeHome(tmp_path / "shop.index").live()


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    photos = tmp_path / "home" / "g2020"
    photos.mkdir(parents=True)
    (photos / "lock").write_text("a photo of a lock")
    with pytest.raises(InvalidSettings, match="holds other files"):
        build_index(lambda: SHOP, EdgeHome(tmp_path / "home"), WordEncoder())
    assert (photos / "lock").read_text() == "a photo of a lock"


def test_a_lost_generation_is_damage_not_an_empty_index(folder: Path) -> None:
    shutil.rmtree(folder / "g0001")
    with pytest.raises(IndexDamaged, match="aisle index"):
        EdgeHome(folder).live()


@pytest.mark.parametrize("content", [b"[1]", b"\xff\xfe", b"", b'{"schema_version": "one"}'])
def test_an_unreadable_stamp_is_damage_with_the_way_out(folder: Path, content: bytes) -> None:
    (folder / "g0001" / "stamp.json").write_bytes(content)
    with pytest.raises(IndexDamaged, match="aisle index"):
        EdgeHome(folder).live()
    build_index(lambda: SHOP, EdgeHome(folder), WordEncoder())
    EdgeHome(folder).live().close()


def test_building_again_and_again_beside_an_idle_reader_works(folder: Path) -> None:
    reader = EdgeHome(folder).live()
    for _ in range(3):
        build_index(lambda: SHOP, EdgeHome(folder), WordEncoder())
    assert reader.count() == 20
    reader.close()
    build_index(lambda: SHOP, EdgeHome(folder), WordEncoder())
    assert len(list(folder.glob("g*"))) == 1, "what nobody reads any more is removed"


def test_the_live_index_can_be_opened_while_the_next_one_is_built(folder: Path) -> None:
    counts = []

    class Meanwhile(WordEncoder):
        def encode_documents(self, texts):  # type: ignore[no-untyped-def]
            live = EdgeHome(folder).live()
            counts.append(live.count())
            live.close()
            return super().encode_documents(texts)

    build_index(lambda: SHOP[:5], EdgeHome(folder), Meanwhile())
    assert counts == [20]


def test_a_failed_build_leaves_the_live_index_free(folder: Path) -> None:
    class Broken(WordEncoder):
        def encode_documents(self, texts):  # type: ignore[no-untyped-def]
            raise ConnectionAbortedError(texts)

    with pytest.raises(ConnectionAbortedError):
        build_index(lambda: [*SHOP, Product(id="new", title="New")], EdgeHome(folder), Broken())
    EdgeHome(folder).live().close()


def test_lost_segments_are_damage_not_an_empty_index(folder: Path) -> None:
    shutil.rmtree(folder / "g0001" / "shard" / "segments")
    for file in (folder / "g0001" / "shard" / "wal").iterdir():
        file.unlink()
    with pytest.raises(IndexDamaged, match="aisle index"):
        EdgeHome(folder).live()
    build_index(lambda: SHOP, EdgeHome(folder), WordEncoder())
    live = EdgeHome(folder).live()
    assert live.count() == 20
    live.close()


def test_a_shard_that_lost_points_is_damage_also_after_updates(folder: Path) -> None:
    home = EdgeHome(folder)
    index = ProductIndex(home, home.live(), WordEncoder())
    index.delete(["0", "1", "never"])
    index.upsert([Product(id="new", title="New")])
    index.close()
    live = EdgeHome(folder).live()
    assert live.count() == 19
    live.close()
    (folder / "g0001" / "promised").write_text("20")
    with pytest.raises(IndexDamaged, match="19 of at least 20"):
        EdgeHome(folder).live()


def test_another_schema_is_refused_with_the_way_out(folder: Path) -> None:
    stamp = folder / "g0001" / "stamp.json"
    stamp.write_text(json.dumps({**json.loads(stamp.read_text()), "schema_version": 999}))
    with pytest.raises(IndexMismatch, match=r"schema 999.*aisle index"):
        EdgeHome(folder).live()


def test_a_removal_that_was_killed_half_way_is_finished_by_the_next_build(folder: Path) -> None:
    half = folder / "dead-g0007"
    (half / "shard").mkdir(parents=True)
    build_index(lambda: SHOP, EdgeHome(folder), WordEncoder())
    assert not half.exists()


def test_a_build_killed_before_its_draft_held_anything_is_no_obstacle(folder: Path) -> None:
    (folder / "g0002").mkdir()
    build_index(lambda: SHOP[:3], EdgeHome(folder), WordEncoder())
    live = EdgeHome(folder).live()
    assert live.count() == 3
    live.close()


def test_an_unreadable_promise_is_damage(folder: Path) -> None:
    (folder / "g0001" / "promised").write_text("")
    with pytest.raises(IndexDamaged, match="aisle index"):
        EdgeHome(folder).live()
