import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.llm.cache import Cached, Replies, key_of
from agent.llm.chat import Abandoned, Ask, Message, Reply, Unusable
from core.errors import ModelUnavailable
from core.record import Record
from tests.fakes import FakeChat


class Wish(Record):
    query: str


def ask(text: str = "what boils water?", **options: Any) -> Ask:
    return Ask(messages=(Message(role="user", content=text),), **options)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "llm" / "replies.sqlite"


@pytest.fixture
def replies(path: Path) -> Iterator[Replies]:
    opened = Replies(path, 1 << 20)
    yield opened
    opened.close()


def test_what_was_asked_before_costs_nothing(replies: Replies) -> None:
    model = FakeChat("A kettle.")
    first = Cached(model, replies).complete(ask())
    again = Cached(model, replies).complete(ask())
    assert len(model.asked) == 1
    assert (first.cached, again.cached, again.text) == (False, True, "A kettle.")
    assert (again.cost, again.usage) == (0.0, first.usage)


def test_a_stream_and_a_whole_answer_are_the_same_answer(replies: Replies) -> None:
    model = Cached(FakeChat("A red kettle."), replies)
    assert [piece for piece in model.stream(ask()) if isinstance(piece, str)] == ["A ", "red ", "kettle. "]
    assert model.complete(ask()).text == "A red kettle."
    text, reply = model.stream(ask())
    assert isinstance(reply, Reply)
    assert (text, reply.text, reply.cached) == ("A red kettle.", "A red kettle.", True)


@pytest.mark.parametrize(
    "other",
    [
        ask("what boils milk?"),
        ask(prompt="planner-2"),
        ask(seed=1),
        ask(temperature=0.5),
        ask(max_tokens=9),
        ask(returns=Wish),
        Ask(messages=(Message(role="system", content="what boils water?"),)),
    ],
)
def test_whatever_decides_an_answer_is_part_of_its_key(other: Ask) -> None:
    assert key_of("model", other) != key_of("model", ask())


def test_the_model_is_part_of_the_key_and_patience_is_not() -> None:
    assert key_of("model", ask()) != key_of("other", ask())
    assert key_of("model", ask(timeout_s=1)) == key_of("model", ask())


@pytest.mark.parametrize("failure", [ModelUnavailable("away"), Abandoned("late"), Unusable("junk", None)])
def test_failures_are_not_kept(replies: Replies, failure: ModelUnavailable) -> None:
    model = Cached(FakeChat(failure, "A kettle."), replies)
    with pytest.raises(type(failure)):
        model.complete(ask())
    assert model.complete(ask()).text == "A kettle."


def test_a_stream_that_is_left_early_is_not_kept(replies: Replies) -> None:
    model = Cached(FakeChat("A red kettle.", "A pot."), replies)
    pieces = model.stream(ask())
    assert next(pieces) == "A "
    pieces.close()
    assert model.complete(ask()).text == "A pot."


def test_answers_survive_a_restart_and_only_their_owner_can_read_them(path: Path, replies: Replies) -> None:
    Cached(FakeChat("A kettle."), replies).complete(ask())
    replies.close()
    again = Replies(path, 1 << 20)
    assert Cached(FakeChat(), again).complete(ask()).text == "A kettle."
    again.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_least_recently_used_go_when_there_is_no_room(path: Path) -> None:
    replies = Replies(path, 20_000)
    answers = [Reply(text=str(n) + "x" * 1_000, model="m", ms=1) for n in range(40)]
    for n, answer in enumerate(answers):
        replies.put(f"key {n}", answer)
        assert replies.get("key 0") == answers[0], "is used all the time"
    kept = [n for n in range(40) if replies.get(f"key {n}")]
    assert kept[0] == 0
    assert kept[1:] == list(range(kept[1], 40))
    assert 10 <= len(kept) <= 16
    replies.close()


def test_the_file_stays_as_small_as_it_is_allowed(path: Path) -> None:
    replies = Replies(path, 200_000)
    for n in range(2_000):
        replies.put(f"key {n}", Reply(text="x" * 1_000, model="m", ms=1))
    replies.close()
    assert path.stat().st_size < 300_000


def test_a_damaged_file_is_begun_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"this is no database" * 1_000)
    replies = Replies(path, 1 << 20)
    model = Cached(FakeChat("A kettle."), replies)
    model.complete(ask())
    assert model.complete(ask()).cached
    replies.close()


def test_an_answer_of_another_version_is_asked_for_again(replies: Replies) -> None:
    model = FakeChat("A kettle.", "A pot.")
    Cached(model, replies).complete(ask())
    replies._database.execute("""UPDATE replies SET reply = '{"text": "old", "mood": "fine"}'""")
    assert Cached(model, replies).complete(ask()).text == "A pot."


def test_two_processes_share_the_answers(path: Path, replies: Replies) -> None:
    other = Replies(path, 1 << 20)
    Cached(FakeChat("A kettle."), other).complete(ask())
    assert Cached(FakeChat(), replies).complete(ask()).text == "A kettle."
    other.close()


WRITER = """
import sys
from pathlib import Path
from agent.llm.cache import Replies
from agent.llm.chat import Reply

replies = Replies(Path(sys.argv[1]), 300_000)
for n in range(10**9):
    replies.put(f"key {n}", Reply(text=f"{n} " * 100, model="m", ms=1))
    if n == 500:
        print("enough", flush=True)
"""


def test_a_kill_in_the_middle_of_writing_leaves_whole_answers(path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline() == b"enough\n"
        os.kill(writer.pid, signal.SIGKILL)
    replies = Replies(path, 300_000)
    rows = replies._database.execute("SELECT key, reply FROM replies").fetchall()
    assert len(rows) > 100
    for key, reply in rows:
        assert Reply.model_validate_json(reply).text.startswith(key.removeprefix("key "))
    assert replies._database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    replies.close()


def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelUnavailable, match=r"cannot write to .*replies\.sqlite.*AISLE_CACHE"):
        Replies(tmp_path / "file" / "replies.sqlite", 1 << 20)
