"""Turns in which a model takes its time: cut short at the deadline, and ended when nobody listens."""

from collections.abc import Callable, Iterator
from pathlib import Path
from socket import create_connection
from threading import Event

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.dialogue.state import State
from agent.llm.chat import Cancel
from agent.steps import Answered, Replying, Step
from behavior.reading import read
from behavior.recorder import Recorder
from behavior.records import Query
from tests.ui.serving.conftest import events, listening
from tools.rest import router
from ui.serving.desk import ServingDesk
from ui.serving.door import LOCAL
from ui.serving.gate import Gate
from ui.serving.metrics import Metrics

HEAD = (
    b"POST /api/ask HTTP/1.1\r\nhost: localhost\r\n"
    b"content-type: application/json\r\ncontent-length: 17\r\n\r\n"
)


class SlowTalks:
    """Talks whose model writes until it is told to stop; where it does not obey, until the test says so."""

    def __init__(self, obeys: bool = True) -> None:
        self.ended = Event()
        self.release = Event()
        self._obeys = obeys

    def begin(self, owner: str) -> str:
        return f"of-{owner}"

    def say(self, _: str, __: str, message: str, cancel: Cancel) -> Iterator[Step]:
        if self._obeys:
            cancel.then(self.release.set)
        return self._steps(message)

    def _steps(self, message: str) -> Iterator[Step]:
        try:
            yield Replying(text=message, ms=1.0)
            assert self.release.wait(60)
            yield Answered(text="what there is", state=State(), ms=2.0)
        finally:
            self.ended.set()


Made = Callable[[SlowTalks, float], ASGIApp]


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "behavior")
    yield made
    made.close()


@pytest.fixture
def served(recorder: Recorder) -> Made:
    def make(talks: SlowTalks, timeout_s: float) -> ASGIApp:
        gate = Gate("ask", 1, 1)
        desk = ServingDesk({"ask": gate}, talks, recorder, timeout_s, Metrics())  # type: ignore[arg-type]
        app = FastAPI()
        app.include_router(router((), desk))

        async def let_in(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("state", {}).update(request_id="r", guest=LOCAL)
            await app(scope, receive, send)

        return let_in

    return make


def test_at_the_deadline_what_there_is_is_answered(served: Made) -> None:
    talks = SlowTalks()
    told = events(TestClient(served(talks, 0.2)).post("/api/ask", json={"message": "hello"}).text)
    assert [name for name, _ in told] == ["Conversation", "Replying", "Answered"]
    assert told[-1][1]["text"] == "what there is"


def test_a_turn_that_does_not_end_is_told_to_be_late(served: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.serving.desk.GRACE_S", 0.1)
    talks = SlowTalks(obeys=False)
    told = events(TestClient(served(talks, 0.1)).post("/api/ask", json={"message": "hello"}).text)
    talks.release.set()
    assert [name for name, _ in told] == ["Conversation", "Replying", "error"]
    assert told[-1][1]["error"]["code"] == "unavailable"


def test_a_shopper_who_leaves_ends_the_turn(served: Made) -> None:
    talks = SlowTalks()
    with listening(served(talks, 60.0)) as port:
        with create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(HEAD + b'{"message": "hi"}')
            assert connection.recv(15) == b"HTTP/1.1 200 OK"
            assert not talks.ended.is_set()
        assert talks.ended.wait(30)


def test_who_finds_no_room_to_ask_is_told_when_to_come_again(served: Made) -> None:
    """One turn at work and one waiting are all that this server takes."""
    talks = SlowTalks()
    asked = b'{"message": "hi"}'
    with listening(served(talks, 60.0)) as port:
        address = ("127.0.0.1", port)
        with create_connection(address, 30) as first, create_connection(address, 30) as second:
            first.sendall(HEAD + asked)
            assert first.recv(15) == b"HTTP/1.1 200 OK"
            second.sendall(HEAD + asked + HEAD + asked)  # the second of them once this one is taken in
            with create_connection(address, 30) as third:
                answer = b""
                while b"503" not in answer:
                    third.sendall(HEAD + asked)
                    answer = third.recv(65536)
                assert b"retry-after: " in answer.lower()
            talks.release.set()


def test_a_turn_is_logged_with_what_it_came_to(served: Made, recorder: Recorder, tmp_path: Path) -> None:
    talks = SlowTalks()
    told = events(TestClient(served(talks, 0.2)).post("/api/ask", json={"message": "hello"}).text)
    recorder.close()
    [query] = [one for one in read(tmp_path / "behavior") if isinstance(one, Query)]
    assert query.user_query == "hello"
    assert query.query_id == told[0][1]["query_id"]
