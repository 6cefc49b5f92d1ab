import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from pydantic import Field, SecretStr

from agent.llm.chat import Abandoned, Ask, Cancel, ChatModel, Message, Reply, Unusable, Usage
from agent.llm.client import OpenAIChat, response_format
from agent.llm.failures import Endpoint
from core.errors import ModelUnavailable
from core.record import Record
from tests.agent.llm.remote import PATIENCE_S, Answer, Remote

KEY = "sk-hunter2"
AT_ONCE = {"Retry-After-Ms": "1"}


class Wish(Record):
    query: str
    price_max: int = Field(ge=0)


def ask(text: str = "what boils water?", **options: Any) -> Ask:
    return Ask(messages=(Message(role="user", content=text),), **options)


@pytest.fixture
def chat(remote: Remote) -> Iterator[OpenAIChat]:
    client = OpenAIChat(Endpoint(remote.url, "big-model", SecretStr(KEY)), timeout_s=PATIENCE_S)
    yield client
    client.close()


def completed(model: ChatModel, asked: Ask, cancel: Cancel | None = None) -> Reply:
    return model.complete(asked, cancel)


def streamed(model: ChatModel, asked: Ask, cancel: Cancel | None = None) -> Reply:
    *_, last = model.stream(asked, cancel)
    assert isinstance(last, Reply)
    return last


both_ways = pytest.mark.parametrize("call", [completed, streamed])
Call = Callable[..., Reply]


@both_ways
def test_an_answer_comes_with_what_it_took(call: Call, chat: OpenAIChat, remote: Remote) -> None:
    reply = call(chat, ask(max_tokens=17, seed=3))
    assert (reply.text, reply.model, reply.cut) == (
        "A kettle." if call is completed else "Akettle.",
        "big-model",
        False,
    )
    assert reply.usage == Usage(prompt=30, completion=10)
    [asked] = remote.asked
    assert asked["messages"] == [{"role": "user", "content": "what boils water?"}]
    assert (asked["model"], asked["max_tokens"], asked["seed"], asked["temperature"]) == (
        "big-model",
        17,
        3,
        0,
    )


def test_a_stream_gives_the_text_as_it_comes(chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [Answer("one two three")]
    *pieces, reply = chat.stream(ask())
    assert pieces == ["one", "two", "three"]
    assert isinstance(reply, Reply)
    assert reply.first_ms is not None
    assert reply.first_ms <= reply.ms
    assert reply.usage == Usage(prompt=30, completion=10)


def test_a_stream_gives_what_is_there_before_the_rest_is(chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [Answer("one two", stalls=True)]
    pieces = chat.stream(ask())
    assert next(pieces) == "one"
    pieces.close()
    assert remote.left.wait(PATIENCE_S)


@both_ways
def test_an_answer_in_the_form_that_was_asked_for_is_asked_for_by_schema(
    call: Call, chat: OpenAIChat, remote: Remote
) -> None:
    remote.answers = [Answer('{"query":"kettle","price_max":40}')]
    reply = call(chat, ask(returns=Wish))
    assert Wish.model_validate_json(reply.text) == Wish(query="kettle", price_max=40)
    described = remote.asked[0]["response_format"]["json_schema"]
    assert (described["name"], described["strict"]) == ("Wish", True)
    assert described["schema"] == Wish.model_json_schema()


def test_what_strict_mode_would_refuse_is_not_called_strict() -> None:
    class Optional(Record):
        query: str = ""

    class Nested(Record):
        wishes: tuple[Optional, ...]

    assert not response_format(Nested)["json_schema"]["strict"]


@both_ways
@pytest.mark.parametrize(
    "text",
    ['{"query":"kettle","pri', '{"query":"kettle"}', '{"query":"kettle","price_max":-1}', "sure! {}", "[]"],
)
def test_truncated_json_or_another_form_is_no_answer(
    call: Call, chat: OpenAIChat, remote: Remote, text: str
) -> None:
    remote.answers = [Answer(text)]
    with pytest.raises(Unusable, match="big-model answered in another form") as caught:
        call(chat, ask(returns=Wish))
    assert caught.value.usage == Usage(prompt=30, completion=10)
    assert len(remote.asked) == 1


@both_ways
def test_json_that_ran_out_of_tokens_says_so(call: Call, chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [Answer('{"query":"ket', finish="length")]
    with pytest.raises(Unusable, match="needs more than 9 tokens"):
        call(chat, ask(returns=Wish, max_tokens=9))


@both_ways
def test_text_that_ran_out_of_tokens_is_marked_as_cut(call: Call, chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [Answer("A ket", finish="length")]
    assert call(chat, ask()).cut


@both_ways
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Answer("", message={"refusal": "I cannot."}), "refused to answer|answered nothing"),
        (Answer("A", finish="content_filter"), "refused to answer"),
        (Answer(""), "answered nothing"),
        (Answer(" \n"), "answered nothing"),
        (
            Answer(
                "",
                message={
                    "tool_calls": [
                        {
                            "index": 0,
                            "id": "1",
                            "type": "function",
                            "function": {"name": "buy", "arguments": "{}"},
                        }
                    ]
                },
                finish="tool_calls",
            ),
            "called 'buy', which it was not offered",
        ),
        (
            Answer(
                "",
                message={
                    "tool_calls": [
                        {
                            "index": 0,
                            "id": "1",
                            "type": "function",
                            "function": {"name": "buy", "arguments": "{"},
                        }
                    ]
                },
                finish="tool_calls",
            ),
            "called 'buy', which it was not offered",
        ),
    ],
    ids=["refusal", "filtered", "empty", "blank", "unknown tool", "unknown tool, broken arguments"],
)
def test_an_answer_without_an_answer_is_a_failure(
    call: Call, chat: OpenAIChat, remote: Remote, answer: Answer, says: str
) -> None:
    remote.answers = [answer]
    with pytest.raises(Unusable, match=says) as caught:
        call(chat, ask())
    assert caught.value.usage == Usage(prompt=30, completion=10)


@both_ways
@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_is_busy_is_asked_again(
    call: Call, chat: OpenAIChat, remote: Remote, status: int
) -> None:
    remote.answers = [Answer(status=status, headers=AT_ONCE, body=b"{}"), Answer("yes")]
    assert call(chat, ask()).text == "yes"
    assert len(remote.asked) == 2


@both_ways
@pytest.mark.parametrize(
    ("status", "says"),
    [
        (429, r"takes no more requests for big-model now \(too much\); wait"),
        (500, r"answered 500 for big-model \(too much\); try again later"),
    ],
)
def test_a_server_that_stays_busy_is_given_up(
    call: Call, chat: OpenAIChat, remote: Remote, status: int, says: str
) -> None:
    remote.answers = [Answer(status=status, headers=AT_ONCE, body=b'{"error":{"message":"too\\nmuch"}}')]
    with pytest.raises(ModelUnavailable, match=says) as caught:
        call(chat, ask())
    assert not isinstance(caught.value, Abandoned | Unusable)
    assert len(remote.asked) == 3


@both_ways
@pytest.mark.parametrize(
    ("status", "says"),
    [
        (400, "refused the request for big-model with 400"),
        (401, "AISLE_LLM_API_KEY"),
        (403, "AISLE_LLM_API_KEY"),
        (404, "has no big-model"),
        (422, "refused the request for big-model with 422"),
        (302, "refused the request for big-model with 302"),
    ],
)
def test_what_will_not_change_is_asked_once(
    call: Call, chat: OpenAIChat, remote: Remote, status: int, says: str
) -> None:
    remote.answers = [Answer(status=status, body=b'{"error":{"message":"wrong key sk-hunter2"}}')]
    with pytest.raises(ModelUnavailable, match=says) as caught:
        call(chat, ask())
    assert len(remote.asked) == 1
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"\xff\xfe", b"[]", b"{}", b'{"choices": []}', b'{"choices": null}', b"7",
     b'{"choices": [{"message": null}]}', b'{"choices": [{"message": {"content": "A ket'],
)  # fmt: skip
def test_junk_is_no_completion(chat: OpenAIChat, remote: Remote, body: bytes) -> None:
    remote.answers = [Answer(body=body)]
    with pytest.raises(ModelUnavailable, match="without a completion"):
        chat.complete(ask())


@both_ways
def test_a_connection_that_breaks_is_told_as_such(call: Call, chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [Answer(breaks=True)]
    with pytest.raises(Abandoned, match="broke off"):
        call(chat, ask())


def test_a_stream_without_an_end_is_no_answer(chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [Answer("A kettle", finish=None)]
    with pytest.raises(Abandoned, match="broke off"):
        streamed(chat, ask())


def test_an_error_in_the_middle_of_a_stream_is_told(chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [
        Answer(
            body=b'data: {"error":{"message":"overloaded"}}\n\n',
            headers={"Content-Type": "text/event-stream"},
        )
    ]
    with pytest.raises(Abandoned, match=r"broke off for big-model \(overloaded\)"):
        streamed(chat, ask())


@both_ways
def test_an_answer_that_does_not_come_in_time_is_given_up_and_its_connection_closed(
    call: Call, chat: OpenAIChat, remote: Remote
) -> None:
    remote.answers = [Answer(stalls=True)]
    with pytest.raises(Abandoned, match=r"big-model at .* did not answer in 1 s.*AISLE_LLM_TIMEOUT_S"):
        call(chat, ask(timeout_s=1))
    assert remote.left.wait(PATIENCE_S)


@both_ways
def test_waiting_as_a_server_asks_is_part_of_the_time(call: Call, chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [Answer(status=429, headers={"Retry-After": "60"}, body=b"{}")]
    with pytest.raises(Abandoned, match=r"did not answer in 1 s"):
        call(chat, ask(timeout_s=1))
    assert len(remote.asked) == 1


@both_ways
def test_the_next_message_ends_a_call_and_closes_its_connection(
    call: Call, chat: OpenAIChat, remote: Remote
) -> None:
    remote.answers = [Answer(stalls=True), Answer("yes")]
    cancel = Cancel()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, chat, ask(), cancel)
        assert remote.stalled.wait(PATIENCE_S)
        cancel.set()
        with pytest.raises(Abandoned, match="the call to big-model was cancelled"):
            waiting.result(PATIENCE_S)
    assert remote.left.wait(PATIENCE_S)
    assert call(chat, ask()).text == "yes"


@both_ways
def test_what_is_cancelled_already_is_not_asked(call: Call, chat: OpenAIChat, remote: Remote) -> None:
    cancel = Cancel()
    cancel.set()
    with pytest.raises(Abandoned):
        call(chat, ask(), cancel)
    assert call(chat, ask()).text
    assert len(remote.asked) == 1


@both_ways
def test_closing_ends_the_calls_that_run(call: Call, chat: OpenAIChat, remote: Remote) -> None:
    remote.answers = [Answer(stalls=True)]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(call, chat, ask())
        assert remote.stalled.wait(PATIENCE_S)
        chat.close()
        with pytest.raises(Abandoned):
            waiting.result(PATIENCE_S)
    assert remote.left.wait(PATIENCE_S)
    with pytest.raises(Abandoned, match="big-model has been closed"):
        call(chat, ask())


def test_several_threads_ask_at_once(chat: OpenAIChat, remote: Remote) -> None:
    with ThreadPoolExecutor(4) as pool:
        replies = list(pool.map(lambda n: chat.complete(ask(str(n))).text, range(8)))
    assert replies == ["A kettle."] * 8
    assert {asked["messages"][0]["content"] for asked in remote.asked} == {str(n) for n in range(8)}


def test_a_server_that_is_away_is_named() -> None:
    client = OpenAIChat(Endpoint("http://127.0.0.1:9/v1", "m"), timeout_s=PATIENCE_S)
    with pytest.raises(ModelUnavailable, match=r"http://127\.0\.0\.1:9/v1 cannot be reached.*AISLE_LLM"):
        client.complete(ask())
    client.close()


def test_the_network_is_out_of_reach_here(no_network: list[str]) -> None:
    client = OpenAIChat(Endpoint("http://192.0.2.1/v1", "m"), timeout_s=PATIENCE_S)
    with pytest.raises(ModelUnavailable, match=r"192\.0\.2\.1/v1 cannot be reached"):
        client.complete(ask())
    client.close()
    assert set(no_network) == {"192.0.2.1"}
    no_network.clear()


def test_the_key_goes_out_and_nothing_of_other_programs(
    remote: Remote, chat: OpenAIChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in (
        "OPENAI_API_KEY",
        "OPENAI_ORG_ID",
        "OPENAI_PROJECT_ID",
        "OPENAI_API_BASE",
        "OPENAI_PROXY",
    ):
        monkeypatch.setenv(variable, "http://127.0.0.1:9/other")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    chat.complete(ask())
    keyless = OpenAIChat(Endpoint(remote.url, "m"), timeout_s=PATIENCE_S)
    streamed(keyless, ask())
    keyless.close()
    assert [headers.get("authorization") for headers in remote.headers] == [f"Bearer {KEY}", None]
    assert not any("other" in value for headers in remote.headers for value in headers.values())


def test_nothing_is_traced_whatever_the_environment_says(
    remote: Remote, chat: OpenAIChat, monkeypatch: pytest.MonkeyPatch, no_network: list[str]
) -> None:
    for variable in ("LANGSMITH_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.setenv(variable, "true")
    monkeypatch.setenv("LANGSMITH_ENDPOINT", f"{remote.url}/traces")
    monkeypatch.setenv("LANGSMITH_API_KEY", "lsv2_key")
    seen: list[Any] = []
    monkeypatch.setattr("langsmith.client.Client.create_run", lambda *args, **kwargs: seen.append(kwargs))
    chat.complete(ask())
    streamed(chat, ask())
    assert len(remote.asked) == 2
    assert seen == no_network == []


def test_keys_and_prompts_stay_out_of_the_logs(
    remote: Remote, chat: OpenAIChat, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    chat.complete(ask("a secret wish"))
    remote.answers = [Answer(status=401, body=b'{"error":{"message":"sk-hunter2"}}')]
    with pytest.raises(ModelUnavailable):
        chat.complete(ask("a secret wish"))
    assert KEY not in caplog.text
    assert "secret wish" not in caplog.text
    assert KEY not in repr(chat._endpoint)
