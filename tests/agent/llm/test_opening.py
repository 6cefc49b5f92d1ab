import subprocess
import sys
from pathlib import Path

import pytest

from agent.llm.chat import Ask, Message
from agent.llm.opening import open_llm
from core.errors import InvalidSettings, ModelUnavailable
from core.settings import load_settings
from tests.agent.llm.remote import Answer, Remote

ASK = Ask(messages=(Message(role="user", content="what boils water?"),))
OTHER = Ask(messages=(Message(role="user", content="what boils milk?"),))


def test_without_a_model_there_is_none() -> None:
    assert open_llm(load_settings(llm="none")) is None


def test_the_settings_say_which_model_what_it_costs_and_how_much_it_may(
    remote: Remote, tmp_path: Path
) -> None:
    settings = load_settings(
        llm=f"{remote.url}/#big-model",
        llm_api_key="hunter2",
        llm_prices={"big-model": (1.0, 2.0)},
        llm_turn_calls=1,
        llm_day_calls=2,
        cache=tmp_path,
    )
    llm = open_llm(settings)
    assert llm is not None
    assert remote.asked == []
    turn = llm.turn()
    assert turn.complete(ASK).cost == pytest.approx((30 * 1 + 10 * 2) / 1e6)
    assert turn.complete(ASK).cached
    with pytest.raises(ModelUnavailable, match="AISLE_LLM_TURN_CALLS"):
        turn.complete(OTHER)
    llm.turn().complete(OTHER)
    with pytest.raises(ModelUnavailable, match="AISLE_LLM_DAY_CALLS"):
        llm.turn().complete(Ask(messages=OTHER.messages, seed=1))
    llm.close()
    assert [headers["authorization"] for headers in remote.headers] == ["Bearer hunter2"] * 2


def test_answers_are_not_kept_where_there_is_no_room_for_any(remote: Remote, tmp_path: Path) -> None:
    llm = open_llm(load_settings(llm=f"{remote.url}#m", llm_cache_mb=0, cache=tmp_path))
    assert llm is not None
    remote.answers = [Answer("one"), Answer("two")]
    assert [llm.turn().complete(ASK).text for _ in range(2)] == ["one", "two"]
    llm.close()
    assert list(tmp_path.iterdir()) == []


def test_a_cost_without_a_price_cannot_be_limited(tmp_path: Path) -> None:
    settings = load_settings(llm="http://127.0.0.1:9/v1#m", llm_day_cost=1.0, cache=tmp_path)
    with pytest.raises(InvalidSettings, match=r"127\.0\.0\.1:9/v1#m has no price.*AISLE_LLM_PRICES"):
        open_llm(settings)


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("gpt", "none, embedded, or URL#MODEL"),
        ("http://127.0.0.1/v1", "must name the model"),
        ("ftp://127.0.0.1/v1#m", "http://"),
        ("http://me:secret@127.0.0.1/v1#m", "set llm_api_key"),
    ],
)
def test_a_model_that_cannot_be_is_refused_with_the_way_out(value: str, says: str) -> None:
    with pytest.raises(InvalidSettings, match=says):
        load_settings(llm=value)


def test_prices_and_limits_come_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLE_LLM_PRICES", '{"big-model": [0.25, 2]}')
    monkeypatch.setenv("AISLE_LLM_DAY_COST", "1.5")
    settings = load_settings()
    assert (settings.llm_prices, settings.llm_day_cost) == ({"big-model": (0.25, 2.0)}, 1.5)
    with pytest.raises(InvalidSettings, match="llm_turn_calls"):
        load_settings(llm_turn_calls=0)


def test_nothing_heavy_is_loaded_before_a_model_is_opened() -> None:
    script = "import sys, agent.llm.opening; print(*(m.split('.')[0] for m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert not {"xllamacpp", "langchain_openai", "langchain_core", "openai", "httpx2"} & set(
        done.stdout.split()
    )
