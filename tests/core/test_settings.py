import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import InvalidSettings
from core.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [name for name in os.environ if name.startswith("AISLE_")]:
        monkeypatch.delenv(variable)
    monkeypatch.chdir(tmp_path)


def test_everything_has_a_default() -> None:
    assert load_settings().index == "demo.index"


def test_the_environment_wins_over_the_file_and_an_argument_over_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("aisle.toml").write_text('index = "file.index"\nthreads = 3\ncurrency = "EUR"\n')
    monkeypatch.setenv("AISLE_INDEX", "environment.index")
    monkeypatch.setenv("AISLE_THREADS", "2")
    settings = load_settings(threads=1, index=None)
    assert (settings.index, settings.threads, settings.currency) == ("environment.index", 1, "EUR")


def test_the_file_can_be_elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    elsewhere = tmp_path / "shop.toml"
    elsewhere.write_text('encoder = "org/model"\n')
    monkeypatch.setenv("AISLE_CONFIG", str(elsewhere))
    assert load_settings().encoder == "org/model"


def test_a_file_that_was_asked_for_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_CONFIG", "missing.toml")
    with pytest.raises(InvalidSettings, match=r"AISLE_CONFIG names missing\.toml"):
        load_settings()


def test_the_cache_follows_xdg_and_ignores_a_relative_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert load_settings().cache == tmp_path / "aisle"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert load_settings().cache == Path.home() / ".cache" / "aisle"


def test_a_tilde_in_the_cache_is_the_home_folder() -> None:
    assert load_settings(cache="~/models").cache == Path.home() / "models"


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("AISLE_DEVICE", "gpu", "AISLE_DEVICE: 'gpu'.*'cuda'"),
        ("AISLE_THREADS", "-1", "AISLE_THREADS: '-1'"),
        ("AISLE_CURRENCY", "dollars", "AISLE_CURRENCY: 'dollars'"),
        ("AISLE_INDEX", "ftp://host", "AISLE_INDEX: 'ftp://host'.*https://"),
        ("AISLE_QDRANT_TIMEOUT_S", "inf", "AISLE_QDRANT_TIMEOUT_S: 'inf'"),
        ("AISLE_ENCODER_MAX_TOKENS", "2", "AISLE_ENCODER_MAX_TOKENS: '2'"),
        ("AISLE_ENCODR", "minilm", "unknown variable AISLE_ENCODR; did you mean AISLE_ENCODER?"),
        ("AISLE_ZZZ", "1", "unknown variable AISLE_ZZZ; known: AISLE_BEHAVIOR, "),
    ],
)
def test_a_bad_variable_is_named_with_the_way_out(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings, match=says.replace("?", r"\?")) as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_the_test_suites_own_variables_are_tolerated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_TEST_ANYTHING", "1")
    assert load_settings().device == "auto"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"indx = 'x'", r"unknown setting indx in aisle\.toml; did you mean index\?"),
        (b"threads = 'many'", r"threads in aisle\.toml: 'many'"),
        (b"index = ", r"cannot read aisle\.toml"),
        (b"index = '\xff'", r"cannot read aisle\.toml"),
    ],
)
def test_a_bad_file_is_named_with_the_setting(text: bytes, says: str) -> None:
    Path("aisle.toml").write_bytes(text)
    with pytest.raises(InvalidSettings, match=says) as caught:
        load_settings()
    assert "\n" not in str(caught.value)


def test_several_problems_are_told_at_once() -> None:
    with pytest.raises(InvalidSettings, match=r"threads: .*; qdrant_shards: "):
        load_settings(threads=-1, qdrant_shards=0)


def test_a_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_QDRANT_API_KEY", "hunter2")
    settings = load_settings(hf_token="hunter2")
    assert settings.qdrant_api_key is not None
    assert settings.qdrant_api_key.get_secret_value() == "hunter2"
    assert json.loads(settings.model_dump_json())["qdrant_api_key"] == "**********"
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert "hunter2" not in shown


def test_a_wrong_secret_is_refused_without_showing_it() -> None:
    with pytest.raises(InvalidSettings, match="hf_token") as caught:
        load_settings(hf_token=[20072007])
    assert "20072007" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_QDRANT_API_KEY", "")
    assert load_settings().qdrant_api_key is None


def test_settings_do_not_change() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError):
        settings.index = "other"  # type: ignore[misc]
    assert isinstance(settings, Settings)
