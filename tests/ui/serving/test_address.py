"""The note by which `aisle mcp` finds the server that has its index open."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import Settings, load_settings
from ui.serving.address import announce, announced

ROOT = Path(__file__).parent.parent.parent.parent
URL = "http://127.0.0.1:7860"
KILLED = f"""
import os
from core.settings import load_settings
from ui.serving.address import announce
with announce(load_settings(), "{URL}"):
    os._exit(9)
"""


def settings_of(folder: Path, index: str = "shop.index") -> Settings:
    return load_settings(index=str(folder / index), cache=folder / "cache")


def test_a_server_is_found_as_long_as_it_runs(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    assert announced(settings) is None
    with announce(settings, URL):
        assert announced(settings) == URL
    assert announced(settings) is None


def test_the_server_of_another_index_is_not_taken_for_this_ones(tmp_path: Path) -> None:
    with announce(settings_of(tmp_path), URL):
        assert announced(settings_of(tmp_path, "other.index")) is None


def test_the_index_is_the_same_from_any_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with announce(load_settings(index="shop.index", cache=tmp_path / "cache"), URL):
        assert announced(settings_of(tmp_path)) == URL


def test_the_note_of_a_killed_server_is_worth_nothing(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    env = {"AISLE_INDEX": settings.index, "AISLE_CACHE": str(settings.cache), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED], env=env, check=False)
    assert done.returncode == 9
    assert list(settings.cache.rglob("*.json"))
    assert announced(settings) is None
    with announce(settings, URL):
        assert announced(settings) == URL


@pytest.mark.parametrize("note", [b"", b"\xff", b"{", b"[]", b"{}", b'{"url": 7}'])
def test_a_damaged_note_says_nothing(tmp_path: Path, note: bytes) -> None:
    settings = settings_of(tmp_path)
    with announce(settings, URL):
        [path] = settings.cache.rglob("*.json")
        path.write_bytes(note)
        assert announced(settings) is None


def test_a_cache_that_cannot_be_written_keeps_nobody_from_serving(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = settings_of(tmp_path)
    settings.cache.write_text("a file where the folder should be")
    with announce(settings, URL):
        assert announced(settings) is None
    assert f"aisle mcp needs --url {URL}" in caplog.text
