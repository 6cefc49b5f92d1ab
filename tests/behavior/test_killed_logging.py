"""A log that is killed at any moment holds what was logged: nothing lost, nothing doubled, nothing torn."""

import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from behavior.folder import repair, stems
from behavior.log import LARGEST, Log
from behavior.reading import read
from behavior.records import line, query
from tests.behavior.keep_logging import THREADS

ROOT = Path(__file__).parent.parent.parent


def killed_after(count: int, folder: Path, run: str, largest: int) -> set[str]:
    """The ids that a process had logged, at least `count` of them, when it was killed."""
    command = [sys.executable, "-m", "tests.behavior.keep_logging", str(folder), run, str(largest)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout
        logged = [process.stdout.readline() for _ in range(count)]
        process.kill()
        logged += process.stdout.readlines()
    return {text.decode().strip() for text in logged if text.endswith(b"\n")}


@pytest.mark.slow
@pytest.mark.parametrize("largest", [LARGEST, 300_000], ids=["one file", "many files"])
def test_a_log_killed_again_and_again_holds_every_record_once(tmp_path: Path, largest: int) -> None:
    chance = random.Random(largest)
    logged: set[str] = set()
    unread: list[object] = []
    for run in range(5):
        logged |= killed_after(chance.randrange(1, 1500), tmp_path, f"run{run}", largest)
        log = Log(tmp_path, largest=largest)
        log.append(query("after the kill", f"after-{run}"))
        log.close()
        logged.add(f"after-{run}")
        held = Counter(record.query_id for record in read(tmp_path, on_unread=unread.append))
        assert held.keys() >= logged, "a record is lost"
        assert set(held.values()) == {1}, "a record stands twice"
        # what a thread had appended when it was killed, before it could say so
        assert len(held.keys() - logged) <= THREADS * (run + 1)
    assert not unread
    assert {stem.writer for stem in stems(tmp_path)} == {0}, "the dead are still taken for writers"
    assert len(stems(tmp_path)) > 5 or largest == LARGEST


RECORD = line(query("kettle ☕", "torn", hits=("p" * 100,) * 1000))  # longer than what is read at a time


@pytest.mark.parametrize("left", [1, 2, 40, 70_000, len(RECORD) - 2])
def test_a_torn_last_line_goes_and_the_whole_ones_stay(tmp_path: Path, left: int) -> None:
    log = Log(tmp_path)
    log.append(query("mug", "whole"))
    log.close()
    (stem,) = stems(tmp_path)
    with stem.lines(tmp_path).open("ab") as file:
        file.write(RECORD[:left])
    assert [record.query_id for record in read(tmp_path)] == ["whole"], (
        "a reader does not wait for the repair"
    )
    again = Log(tmp_path)
    again.append(query("pan", "next"))
    again.close()
    assert [record.query_id for record in read(tmp_path)] == ["whole", "next"]
    assert stems(tmp_path) == [stem]


def test_a_last_line_that_lacks_only_its_end_stays(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    first = line(query("mug", "first"))
    path.write_bytes(first + RECORD[:-1])
    repair(path)
    assert path.read_bytes() == first + RECORD


@pytest.mark.parametrize("content", [b"", RECORD, RECORD * 2])
def test_what_is_whole_is_not_repaired(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "lines"
    path.write_bytes(content)
    repair(path)
    assert path.read_bytes() == content


def test_the_zeros_that_a_power_failure_leaves_are_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(RECORD + b"\0" * 5000)
    repair(path)
    assert path.read_bytes() == RECORD


def test_a_file_that_is_nothing_but_a_torn_line_becomes_empty(tmp_path: Path) -> None:
    path = tmp_path / "lines"
    path.write_bytes(RECORD[:-5])
    repair(path)
    assert path.read_bytes() == b""
