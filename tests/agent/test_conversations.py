import sqlite3
from pathlib import Path

import pytest

from agent.conversations import DAY, Conversations
from agent.dialogue.state import Said, State
from core.errors import InvalidQuery

EUR = State(currency="EUR")


def test_a_conversation_outlives_a_restart(tmp_path: Path) -> None:
    first = Conversations(tmp_path / "talks" / "kept.sqlite")
    handle = first.begin(EUR, "ann")
    after = EUR.model_copy(update={"history": (Said(utterance="a kettle"),)})
    first.save(handle, "ann", after)
    first.close()
    again = Conversations(tmp_path / "talks" / "kept.sqlite")
    assert again.load(handle, "ann") == after
    again.close()


def test_handles_are_long_and_never_the_same(tmp_path: Path) -> None:
    kept = Conversations(tmp_path / "kept.sqlite")
    handles = {kept.begin(EUR, "ann") for _ in range(50)}
    assert len(handles) == 50
    assert min(map(len, handles)) >= 24
    kept.close()


def test_the_conversation_of_another_is_as_unknown_as_none(tmp_path: Path) -> None:
    kept = Conversations(tmp_path / "kept.sqlite")
    handle = kept.begin(EUR, "ann")
    with pytest.raises(InvalidQuery) as others:
        kept.load(handle, "bob")
    with pytest.raises(InvalidQuery) as unknown:
        kept.load("x" * len(handle), "bob")
    assert str(others.value).replace(handle, "") == str(unknown.value).replace("x" * len(handle), "")
    kept.close()


def test_what_was_left_for_long_is_forgotten(tmp_path: Path) -> None:
    path, day = tmp_path / "kept.sqlite", [0.0]
    kept = Conversations(path, keep_days=2, now=lambda: day[0] * DAY)
    old = kept.begin(EUR, "ann")
    day[0] = 1.5
    young = kept.begin(EUR, "ann")
    day[0] = 2.5
    with pytest.raises(InvalidQuery, match="no conversation"):
        kept.load(old, "ann")
    assert kept.load(young, "ann") == EUR
    kept.close()
    Conversations(path, keep_days=2, now=lambda: day[0] * DAY).close()
    with sqlite3.connect(path) as database:
        assert database.execute("select handle from conversations").fetchall() == [(young,)]


def test_a_conversation_of_another_version_says_so(tmp_path: Path) -> None:
    path = tmp_path / "kept.sqlite"
    kept = Conversations(path)
    handle = kept.begin(EUR, "ann")
    with sqlite3.connect(path) as database:
        database.execute("""update conversations set state = '{"wants": 1}'""")
    with pytest.raises(InvalidQuery, match="another version"):
        kept.load(handle, "ann")
    kept.close()
