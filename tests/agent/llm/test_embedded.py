"""The real model, in this process; its file comes through pip into the normal cache once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import httpx2
import pytest
from pydantic import Field

from agent.llm.chat import Abandoned, Ask, Cancel, Message, Reply
from agent.llm.embedded import CONTEXT, EmbeddedChat, open_embedded
from core.errors import ModelDamaged, ModelMissing, ModelUnavailable
from core.record import Record
from core.settings import load_settings

pytestmark = pytest.mark.slow


class Wish(Record):
    product: Literal["kettle", "toaster", "lamp"]
    price_max: int = Field(ge=0, le=999)


def ask(text: str, **options: Any) -> Ask:
    return Ask(messages=(Message(role="user", content=text),), **options)


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedChat]:
    model = open_embedded(load_settings())
    yield model
    model.close()


def test_an_answer_comes_in_the_form_that_was_asked_for(embedded: EmbeddedChat) -> None:
    reply = embedded.complete(ask("I want a kettle under 40 dollars.", returns=Wish, max_tokens=60))
    assert Wish.model_validate_json(reply.text)
    assert reply.model == "smollm2"
    assert reply.usage is not None
    assert reply.usage.completion > 0


def test_the_same_question_has_the_same_answer(embedded: EmbeddedChat) -> None:
    first, again = (embedded.complete(ask("Name a kitchen tool.", max_tokens=12)).text for _ in range(2))
    assert first == again


def test_text_comes_as_it_is_made(embedded: EmbeddedChat) -> None:
    *pieces, reply = embedded.stream(ask("Count from one to ten.", max_tokens=20))
    assert isinstance(reply, Reply)
    assert len(pieces) > 5
    assert "".join(str(piece) for piece in pieces) == reply.text
    assert reply.cut


def test_a_prompt_that_goes_on_is_not_read_again(embedded: EmbeddedChat) -> None:
    start = "You are a shop assistant who knows kettles, toasters, lamps and little else. " * 10
    embedded.complete(ask(start + "Hello.", max_tokens=1))
    usage = embedded.complete(ask(start + "Goodbye.", max_tokens=1)).usage
    assert usage is not None
    assert usage.cached > 0.8 * usage.prompt


def test_a_call_that_is_cancelled_makes_room_for_the_next(embedded: EmbeddedChat) -> None:
    cancel = Cancel()
    pieces = embedded.stream(ask("Tell a very long story.", max_tokens=1_900), cancel)
    assert next(pieces)
    cancel.set()
    with pytest.raises(Abandoned):
        list(pieces)
    assert embedded.complete(ask("Hello.", max_tokens=1)).text


def test_a_call_that_is_too_slow_is_given_up(embedded: EmbeddedChat) -> None:
    with pytest.raises(Abandoned, match=r"smollm2 .*did not answer in 0\.05 s"):
        embedded.complete(ask("Tell a very long story.", max_tokens=1_900, timeout_s=0.05))


def test_more_than_it_can_read_is_refused(embedded: EmbeddedChat) -> None:
    with pytest.raises(ModelUnavailable, match="exceeds the available context size"):
        embedded.complete(ask("kettle " * CONTEXT))


def test_threads_wait_for_each_other(embedded: EmbeddedChat) -> None:
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda n: embedded.complete(ask(f"{n}?", max_tokens=2)).text, range(3)))
    assert all(replies)


def test_who_does_not_know_the_key_is_turned_away(embedded: EmbeddedChat) -> None:
    address = embedded._server.listening_address
    assert address.startswith("http://127.0.0.1:")
    assert httpx2.get(f"{address}/v1/models").status_code == 401


def test_closing_stops_the_server_and_ends_its_calls() -> None:
    model = open_embedded(load_settings())
    address = model._server.listening_address
    pieces = model.stream(ask("Tell a very long story.", max_tokens=1_900))
    next(pieces)
    model.close()
    with pytest.raises(Abandoned):
        list(pieces)
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(f"{address}/health")
    model.close()


def test_a_model_that_is_damaged_is_told_with_the_way_out(tmp_path: Path) -> None:
    damaged = tmp_path / "model.gguf"
    damaged.write_bytes(b"GGUF" + bytes(1_000))
    with pytest.raises(ModelDamaged, match=r"model\.gguf cannot be loaded; run: aisle models pull smollm2"):
        EmbeddedChat(damaged, None, threads=1, timeout_s=1, name="damaged")


def test_an_adapter_that_is_missing_or_damaged_is_told_with_the_way_out(tmp_path: Path) -> None:
    adapter = tmp_path / "planner.gguf"
    with pytest.raises(ModelMissing, match=r"no adapter at .*planner\.gguf; train one"):
        open_embedded(load_settings(), adapter)
    adapter.write_bytes(b"GGUF" + bytes(1_000))
    with pytest.raises(ModelDamaged, match=r"planner\.gguf does not fit"):
        open_embedded(load_settings(), adapter)
