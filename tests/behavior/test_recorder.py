"""What the server and the page call: records with pseudonyms, and searches that no trouble breaks."""

import stat
from pathlib import Path

import pytest

from behavior.folder import stems
from behavior.pseudonyms import is_pseudonym
from behavior.reading import read
from behavior.recorder import Recorder, log_folder, open_recorder
from behavior.records import Action, Event, Query, QueryAttributes, Visitor
from core.errors import InvalidQuery
from core.settings import load_settings

ANN = Visitor(client="203.0.113.9", session="conversation-handle-1", application="page")


def logged(recorder: Recorder, folder: Path) -> list[Query | Event]:
    recorder.close()
    return list(read(folder))


def test_a_search_and_what_follows_share_one_id(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    query_id = recorder.searched(ANN, "red kettle", ["p1", "p2"], QueryAttributes(intent="find", found=9))
    recorder.shown(ANN, query_id, ["p1", "p2"])
    recorder.event(ANN, Action.CLICK, query_id, product="p2", position=2)
    asked, first, second, click = logged(recorder, tmp_path)
    assert isinstance(asked, Query)
    assert (asked.user_query, asked.query_response_hit_ids) == ("red kettle", ("p1", "p2"))
    assert asked.query_attributes.found == 9
    events = [one for one in (first, second, click) if isinstance(one, Event)]
    assert asked.query_id == query_id
    assert {one.query_id for one in events} == {query_id}
    assert [(e.action_name, e.product, e.position) for e in events] == [
        ("impression", "p1", 1),
        ("impression", "p2", 2),
        ("click", "p2", 2),
    ]
    assert {one.client_id for one in events} == {asked.client_id}
    assert {one.session_id for one in events} == {asked.session_id}


def test_nothing_on_disk_names_the_shopper_or_the_conversation(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.event(ANN, "click", recorder.searched(ANN, "kettle"))
    asked, click = logged(recorder, tmp_path)
    for path in tmp_path.iterdir():
        assert b"203.0.113.9" not in path.read_bytes()
        assert b"conversation-handle-1" not in path.read_bytes()
    assert asked.client_id
    assert is_pseudonym(asked.client_id)
    assert asked.client_id != asked.session_id
    assert click.session_id == asked.session_id


def test_the_same_shopper_has_another_pseudonym_in_another_shop(tmp_path: Path) -> None:
    found = []
    for folder in (tmp_path / "a", tmp_path / "a", tmp_path / "b"):
        recorder = Recorder(folder)
        recorder.searched(ANN, "kettle")
        found.append(logged(recorder, folder)[-1].client_id)
    assert found[0] == found[1] != found[2]


def test_only_its_owner_can_read_the_secret(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.searched(ANN, "kettle")
    recorder.close()
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    assert len((tmp_path / "secret").read_bytes()) == 32


def test_a_visitor_of_whom_nothing_is_known_has_no_pseudonym(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.searched(Visitor(), "kettle")
    (asked,) = logged(recorder, tmp_path)
    assert (asked.client_id, asked.session_id) == (None, None)


def test_where_nothing_is_to_be_logged_nothing_is_written(tmp_path: Path) -> None:
    recorder = open_recorder(load_settings(data=tmp_path / "data", behavior=False))
    query_id = recorder.searched(ANN, "kettle", ["p1"])
    recorder.shown(ANN, query_id, ["p1"])
    recorder.event(ANN, "click", query_id, product="p1")
    assert recorder.forget("ann") is None
    recorder.close()
    assert query_id
    assert not (tmp_path / "data").exists()
    with pytest.raises(InvalidQuery):
        recorder.event(ANN, "click", query_id, product="")


def test_the_settings_say_where_the_log_lies(tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path / "data")
    recorder = open_recorder(settings)
    assert not (tmp_path / "data").exists(), "opening it writes nothing"
    recorder.searched(ANN, "kettle")
    recorder.close()
    assert log_folder(settings) == tmp_path / "data" / "behavior"
    assert len(stems(log_folder(settings))) == 1


def test_a_folder_that_cannot_be_written_breaks_no_search_and_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told: list[str] = []
    recorder = Recorder(tmp_path / "file" / "behavior", on_problem=told.append)
    query_id = recorder.searched(ANN, "kettle", ["p1", "p2"])
    recorder.shown(ANN, query_id, ["p1", "p2"])
    assert recorder.lost == 3
    assert len(told) == 1
    assert "set AISLE_DATA" in told[0]
    (tmp_path / "file").unlink()
    recorder.searched(ANN, "kettle")
    recorder.close()
    assert len(list(read(tmp_path / "file" / "behavior"))) == 1, "it goes on as soon as it can"
    assert recorder.lost == 3


def test_a_damaged_secret_loses_records_and_says_what_to_delete(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"short")
    recorder = Recorder(tmp_path)
    recorder.searched(ANN, "kettle")
    recorder.close()
    assert recorder.lost == 1
    assert "delete it" in recorder.problems[0]
    assert stems(tmp_path) == []


def test_a_product_whose_id_is_too_long_is_counted_as_lost(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.shown(ANN, "q1", ["p" * 300, "p2"])
    (event,) = logged(recorder, tmp_path)
    assert isinstance(event, Event)
    assert (event.product, event.position) == ("p2", 2)
    assert recorder.lost == 1


def test_a_shopper_is_forgotten_while_the_shop_is_open(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path)
    recorder.searched(ANN, "kettle")
    recorder.searched(Visitor(client="bob"), "mug")
    done = recorder.forget(ANN.client)
    assert done
    assert done.records == 1
    recorder.searched(ANN, "kettle")
    assert recorder.lost == 0
    assert [r.user_query for r in logged(recorder, tmp_path) if isinstance(r, Query)] == ["mug"]
    assert b"kettle" not in b"".join(stem.lines(tmp_path).read_bytes() for stem in stems(tmp_path))
