"""`aisle log` as people type it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from behavior.log import Log
from behavior.reading import read
from behavior.recorder import Recorder
from behavior.records import Visitor, query
from core.errors import AisleError, InvalidQuery
from ui.log_command import log_app

Run = Callable[..., str]
AT = datetime(2026, 8, 22, 10, tzinfo=UTC)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("AISLE_DATA", str(tmp_path / "data"))

    def running(*arguments: str) -> str:
        done = CliRunner().invoke(log_app, [*arguments])
        if isinstance(done.exception, AisleError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.stdout

    return running


def test_export_writes_the_days_that_were_asked_for(run: Run, tmp_path: Path) -> None:
    log = Log(tmp_path / "data" / "behavior")
    log.append(*(query("kettle", f"q{n}", at=AT + timedelta(days=n)) for n in range(4)))
    log.close()
    to = str(tmp_path / "out.parquet")
    said = run("export", "--to", to, "--since", "2026-08-23", "--until", "2026-08-24", "--json")
    assert json.loads(said) == {"path": to, "records": 2, "unread": 0}
    assert pq.read_table(to)["query_id"].to_pylist() == ["q1", "q2"]
    assert "4 records" in run("export", "--to", to)


def test_days_the_wrong_way_round_are_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(InvalidQuery, match="swap them"):
        run("export", "--to", str(tmp_path / "o.parquet"), "--since", "2026-08-24", "--until", "2026-08-23")


def test_forget_erases_what_a_shopper_did(run: Run, tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "data" / "behavior")
    recorder.searched(Visitor(client="ann"), "kettle")
    recorder.searched(Visitor(client="bob"), "mug")
    recorder.close()
    assert json.loads(run("forget", "ann", "--json"))["records"] == 1
    assert len(list(read(tmp_path / "data" / "behavior"))) == 1
    assert "0 records erased" in run("forget", "ann")


def test_forget_without_a_log_says_what_to_set(run: Run) -> None:
    with pytest.raises(InvalidQuery, match="AISLE_DATA"):
        run("forget", "ann")
