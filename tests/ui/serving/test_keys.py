"""Keys on disk: hashes only, in force at once, and refused where the file cannot be trusted."""

import hashlib
import stat
from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.errors import InvalidQuery, InvalidSettings
from ui.keys_command import keys_app
from ui.serving.keys import Keyring, add_key, read_keys, remove_key


def test_a_key_opens_with_the_scopes_it_was_made_for(tmp_path: Path) -> None:
    key = add_key(tmp_path / "keys.toml", "app", ["ask", "search"])
    found = Keyring(tmp_path / "keys.toml").find(key)
    assert found is not None
    assert (found.name, found.scopes) == ("app", ("search", "ask"))


def test_the_file_holds_the_hash_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    key = add_key(path, "app", ["search"])
    text = path.read_text()
    assert key not in text
    assert hashlib.sha256(key.encode()).hexdigest() in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("wrong", ["", "aisle_", "aisle_wrong", "\udcff", "x" * 100_000])
def test_a_wrong_key_opens_nothing(tmp_path: Path, wrong: str) -> None:
    add_key(tmp_path / "keys.toml", "app", ["search"])
    assert Keyring(tmp_path / "keys.toml").find(wrong) is None


def test_a_key_made_or_removed_meanwhile_counts_at_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    ring = Keyring(path)
    asked_for = [ring.exists]
    key = add_key(path, "app", ["search"])
    asked_for.append(ring.exists)
    assert ring.find(key)
    remove_key(path, "app")
    assert ring.find(key) is None
    path.unlink()
    asked_for.append(ring.exists)
    assert asked_for == [False, True, True], "a server that had keys never serves without"


def test_a_new_key_of_an_old_name_is_somebody_else(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    add_key(path, "app", ["ask"])
    [before] = read_keys(path)
    remove_key(path, "app")
    add_key(path, "app", ["ask"])
    [after] = read_keys(path)
    assert before.owner != after.owner


def test_a_name_is_given_once_and_harms_no_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    add_key(path, "app", ["search"])
    with pytest.raises(InvalidQuery, match="already"):
        add_key(path, "app", ["search"])
    for name in ('a"]\nscopes', "", "../x", "x" * 65):
        with pytest.raises(InvalidQuery, match="cannot name a key"):
            add_key(path, name, ["search"])
    with pytest.raises(InvalidQuery, match="there are: app"):
        remove_key(path, "other")


@pytest.mark.parametrize(
    "text", ["[app", "app = 1", '["app"]\nscopes = ["root"]\nsha256 = "00"\ncreated = 2026-01-01', "\x00"]
)
def test_a_file_that_cannot_be_read_lets_nobody_in(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.toml"
    key = add_key(path, "app", ["search"])
    ring = Keyring(path)
    path.write_text(text)
    with pytest.raises(InvalidSettings, match="cannot read the keys"):
        ring.find(key)
    with pytest.raises(InvalidSettings, match="cannot read the keys"):
        ring.find(key)


def test_the_command_shows_a_key_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_DATA", str(tmp_path))
    run = CliRunner().invoke
    key = run(keys_app, ["add", "app", "--scope", "admin"]).stdout.strip()
    assert Keyring(tmp_path / "keys.toml").find(key)
    listed = run(keys_app, ["list", "--json"]).stdout
    assert '"app"' in listed
    assert key not in listed
    assert run(keys_app, ["remove", "app"]).exit_code == 0
    assert Keyring(tmp_path / "keys.toml").find(key) is None
    assert isinstance(run(keys_app, ["add", "b", "--scope", "root"]).exception, InvalidQuery)
