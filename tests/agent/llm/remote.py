"""An OpenAI-compatible server on loopback that answers or misbehaves as it is told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

PATIENCE_S = 30  # until a test that waits for an event gives up


@dataclass
class Answer:
    """What the remote does with one request; by default it answers as it should."""

    text: str = "A kettle."
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    message: dict[str, Any] = field(default_factory=dict)  # beside or instead of the content
    finish: str | None = "stop"
    usage: dict[str, int] | None = field(
        default_factory=lambda: {"prompt_tokens": 30, "completion_tokens": 10, "total_tokens": 40}
    )
    body: bytes | None = None  # sent instead of a completion
    stalls: bool = False  # after the text of a stream, before a whole answer, until the client leaves
    breaks: bool = False  # closes the connection there

    def completion(self) -> bytes:
        message = {"role": "assistant", "content": self.text, **self.message}
        choice = {"index": 0, "message": message, "finish_reason": self.finish}
        return json.dumps({"object": "chat.completion", "choices": [choice], "usage": self.usage}).encode()

    def deltas(self) -> list[dict[str, Any]]:
        words = [{"content": word} for word in self.text.split(" ")]
        return [{"role": "assistant", "content": ""}, *words, *([self.message] if self.message else [])]


class Remote:
    """What was asked, and what is answered, in turn; the last answer stays."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[Answer] = [Answer()]
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.stalled = Event()
        self.left = Event()  # the client closed its connection while it was stalled

    def next(self) -> Answer:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def serving() -> Iterator[Remote]:
    """Yield a remote that listens."""
    state = Remote()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            try:
                self.reply()
            except ConnectionError:  # the client left while it was being answered
                state.left.set()

        def reply(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            state.asked.append(asked)
            state.headers.append({name.lower(): value for name, value in self.headers.items()})
            answer = state.next()
            if asked.get("stream") and answer.status == 200 and answer.body is None:
                self.stream(answer)
                return
            if self.gives_up(answer):
                return
            body = answer.completion() if answer.body is None else answer.body
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def stream(self, answer: Answer) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for delta in answer.deltas():
                self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
            if self.gives_up(answer):
                return
            if answer.finish:
                self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": answer.finish}]})
            self.event({"choices": [], "usage": answer.usage})
            self.wfile.write(b"data: [DONE]\n\n")

        def event(self, data: dict[str, Any]) -> None:
            self.wfile.write(b"data: " + json.dumps({"object": "chat.completion.chunk", **data}).encode())
            self.wfile.write(b"\n\n")
            self.wfile.flush()

        def gives_up(self, answer: Answer) -> bool:
            if answer.stalls:
                state.stalled.set()
                self.connection.settimeout(PATIENCE_S)
                if self.connection.recv(1) == b"":
                    state.left.set()
            return answer.stalls or answer.breaks

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
