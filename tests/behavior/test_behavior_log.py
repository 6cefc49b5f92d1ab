"""The log on disk: who writes which file, when a new one begins, what becomes of the old."""

import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from behavior.folder import Unread, stems
from behavior.log import Log
from behavior.reading import read
from behavior.records import query
from core.errors import AisleError, InvalidSettings

ROOT = Path(__file__).parent.parent.parent
TODAY = date(2026, 8, 22)


class Calendar:
    """A day that a test can change."""

    def __init__(self) -> None:
        self.day = TODAY

    def __call__(self) -> date:
        return self.day

    def at(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, 12, tzinfo=UTC)


Opener = Callable[..., Log]


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def opened(tmp_path: Path, calendar: Calendar) -> Iterator[Opener]:
    """Opens logs of the test's folder, and closes them at the end."""
    logs: list[Log] = []

    def opening(**options: int) -> Log:
        logs.append(Log(tmp_path, today=calendar, **options))  # type: ignore[arg-type]
        return logs[-1]

    yield opening
    for log in logs:
        log.close()


def ids(folder: Path, since: date | None = None, until: date | None = None) -> list[str | None]:
    return [record.query_id for record in read(folder, since, until)]


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.suffix in (".jsonl", ".parquet"))


def test_what_is_appended_can_be_read_while_the_log_is_open(tmp_path: Path, opened: Opener) -> None:
    log = opened()
    log.append(query("kettle", "q1"), query("mug", "q2"))
    log.append(query("pan", "q3"))
    assert ids(tmp_path) == ["q1", "q2", "q3"]


def test_threads_do_not_write_into_each_others_lines(tmp_path: Path, opened: Opener) -> None:
    log = opened(largest=20_000)

    def keep_on(thread: int) -> None:
        for number in range(200):
            log.append(query("kettle", f"q{thread}-{number}"))

    threads = [Thread(target=keep_on, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, ids(tmp_path))) == sorted(f"q{n}-{i}" for n in range(6) for i in range(200))


def test_a_second_writer_has_its_own_file_and_the_next_takes_a_free_one_up(
    tmp_path: Path, opened: Opener
) -> None:
    first, second = opened(), opened()
    first.append(query("kettle", "q1"))
    second.append(query("mug", "q2"))
    assert names(tmp_path) == ["2026-08-22.w0.001.jsonl", "2026-08-22.w1.001.jsonl"]
    first.close()
    third = opened()
    third.append(query("pan", "q3"))
    assert names(tmp_path) == ["2026-08-22.w0.001.jsonl", "2026-08-22.w1.001.jsonl"]
    assert ids(tmp_path) == ["q1", "q3", "q2"]


def test_a_new_day_begins_a_new_file_and_the_old_one_becomes_a_table(
    tmp_path: Path, opened: Opener, calendar: Calendar
) -> None:
    log = opened()
    log.append(query("kettle", "q1", at=calendar.at()))
    calendar.day += timedelta(days=1)
    log.append(query("mug", "q2", at=calendar.at()))
    log.keep_up()
    assert names(tmp_path) == ["2026-08-22.w0.001.parquet", "2026-08-23.w0.001.jsonl"]
    assert ids(tmp_path) == ["q1", "q2"]
    assert ids(tmp_path, since=calendar.day) == ["q2"]
    assert ids(tmp_path, until=TODAY) == ["q1"]
    assert ids(tmp_path, TODAY - timedelta(days=3), TODAY - timedelta(days=1)) == []


def test_a_day_that_ends_without_another_record_becomes_a_table_too(
    tmp_path: Path, opened: Opener, calendar: Calendar
) -> None:
    log = opened()
    log.append(query("kettle", "q1"))
    calendar.day += timedelta(days=1)
    log.keep_up()
    assert names(tmp_path) == ["2026-08-22.w0.001.parquet"]
    log.append(query("mug", "q2"))
    assert ids(tmp_path) == ["q1", "q2"]


def test_a_full_file_is_followed_by_the_next_and_becomes_a_table(tmp_path: Path, opened: Opener) -> None:
    log = opened(largest=1000)
    for number in range(60):
        log.append(query("kettle", f"q{number}"))
    log.keep_up()
    assert len(names(tmp_path)) > 3
    assert [name.rpartition(".")[2] for name in names(tmp_path)].count("jsonl") == 1
    assert ids(tmp_path) == [f"q{number}" for number in range(60)]
    assert all(path.stat().st_size <= 1000 for path in tmp_path.glob("*.jsonl"))


def test_what_a_dead_writer_left_is_compacted_by_the_living(
    tmp_path: Path, opened: Opener, calendar: Calendar
) -> None:
    first, second = opened(), opened()
    first.append(query("kettle", "q1"))
    second.append(query("mug", "q2"))
    second.close()
    calendar.day += timedelta(days=1)
    first.append(query("pan", "q3"))
    first.keep_up()
    assert names(tmp_path) == [
        "2026-08-22.w0.001.parquet",
        "2026-08-22.w1.001.parquet",
        "2026-08-23.w0.001.jsonl",
    ]
    assert ids(tmp_path) == ["q1", "q2", "q3"]


def test_a_living_writers_files_are_left_to_it(tmp_path: Path, opened: Opener, calendar: Calendar) -> None:
    first, second = opened(), opened()
    first.append(query("kettle", "q1"))
    second.append(query("mug", "q2"))
    calendar.day += timedelta(days=1)
    first.keep_up()
    assert names(tmp_path) == ["2026-08-22.w0.001.parquet", "2026-08-22.w1.001.jsonl"]


def test_days_are_kept_as_long_as_was_asked_and_no_longer(
    tmp_path: Path, opened: Opener, calendar: Calendar
) -> None:
    log = opened(keep_days=2)
    for number in range(5):
        log.append(query("kettle", f"q{number}", at=calendar.at()))
        log.keep_up()
        calendar.day += timedelta(days=1)
    log.keep_up()
    assert ids(tmp_path) == ["q3", "q4"]
    assert len(names(tmp_path)) == 2


def test_a_clock_that_goes_back_changes_no_finished_file(
    tmp_path: Path, opened: Opener, calendar: Calendar
) -> None:
    log = opened()
    log.append(query("kettle", "q1"))
    calendar.day -= timedelta(days=3)
    log.append(query("mug", "q2"))
    log.keep_up()
    log.close()
    again = opened()
    again.append(query("pan", "q3"))
    again.keep_up()
    assert names(tmp_path) == ["2026-08-22.w0.001.jsonl"]
    assert ids(tmp_path) == ["q1", "q2", "q3"]


def test_a_compaction_killed_before_the_lines_went_doubles_nothing(
    tmp_path: Path, opened: Opener, calendar: Calendar
) -> None:
    log = opened()
    log.append(query("kettle", "q1"))
    lines = tmp_path / "2026-08-22.w0.001.jsonl"
    left = lines.read_bytes()
    calendar.day += timedelta(days=1)
    log.keep_up()
    log.close()
    lines.write_bytes(left)
    assert ids(tmp_path) == ["q1"]
    calendar.day = TODAY  # it is appended to no file that has become a table
    again = opened()
    again.append(query("mug", "q2"))
    again.keep_up()
    assert names(tmp_path) == ["2026-08-22.w0.001.parquet", "2026-08-22.w0.002.jsonl"]
    assert ids(tmp_path) == ["q1", "q2"]


def test_a_file_with_a_line_that_is_no_record_stays_as_it_is(
    tmp_path: Path, opened: Opener, calendar: Calendar
) -> None:
    log = opened()
    log.append(query("kettle", "q1"))
    with (tmp_path / "2026-08-22.w0.001.jsonl").open("ab") as file:
        file.write(b'{"of": "another version"}\n')
    log.append(query("mug", "q2"))
    calendar.day += timedelta(days=1)
    log.keep_up()
    assert names(tmp_path) == ["2026-08-22.w0.001.jsonl"]
    unread: list[Unread] = []
    assert [record.query_id for record in read(tmp_path, on_unread=unread.append)] == ["q1", "q2"]
    assert [one.place for one in unread] == ["2026-08-22.w0.001.jsonl:2"]


def test_only_its_owner_can_read_the_log(tmp_path: Path) -> None:
    log = Log(tmp_path / "behavior")
    log.append(query("kettle", "q1"))
    log.close()
    assert stat.S_IMODE((tmp_path / "behavior").stat().st_mode) == 0o700
    (stem,) = stems(tmp_path / "behavior")
    assert stat.S_IMODE(stem.lines(tmp_path / "behavior").stat().st_mode) == 0o600


def test_a_folder_that_cannot_be_written_says_what_to_set(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    log = Log(tmp_path / "file" / "behavior")
    with pytest.raises(InvalidSettings, match="set AISLE_DATA"):
        log.append(query("kettle", "q1"))
    log.close()


def test_a_closed_log_takes_nothing_more(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.close()
    with pytest.raises(AisleError, match="closed"):
        log.append(query("kettle", "q1"))
    assert names(tmp_path) == []


FULL = """
import resource, sys
from pathlib import Path
from behavior.log import Log
from behavior.reading import read
from behavior.records import query
from core.errors import StorageFull

hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
folder, log, refused = Path(sys.argv[1]), Log(Path(sys.argv[1])), 0
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
for number in range(100):
    try:
        log.append(query("kettle " * 20, f"q{number}"))
        written = number
    except StorageFull:
        refused += 1
        size = sum(p.stat().st_size for p in folder.glob("*.jsonl"))
        assert size <= 10_000
        assert all(p.read_bytes().endswith(b"\\n") for p in folder.glob("*.jsonl")), "a part of it stayed"
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
log.append(query("after", "after"))
log.close()
print(written, refused, *(r.query_id for r in read(folder, on_unread=lambda u: sys.exit(str(u)))))
"""


def test_a_full_disk_costs_only_what_found_no_room(tmp_path: Path) -> None:
    """A limit on the size of files refuses a write in its middle, as a full disk does."""
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    written, refused, *held = done.stdout.split()
    assert int(refused) == 99 - int(written) > 0
    assert held == [*(f"q{n}" for n in range(int(written) + 1)), "after"]
