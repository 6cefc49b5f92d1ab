from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from agent.llm.budget import Account, Budgeted, DayAccount, Limits, Price, Spent, TurnAccount
from agent.llm.chat import Abandoned, Ask, Message, Reply, Unusable, Usage
from core.errors import ModelUnavailable
from tests.fakes import FakeChat

PRICE = Price(prompt=1_000_000, completion=2_000_000)  # 1 for a token in, 2 for a token out


def ask(text: str = "one two three", **options: Any) -> Ask:
    return Ask(messages=(Message(role="user", content=text),), **{"max_tokens": 10, **options})


def budgeted(model: FakeChat, *accounts: Account, price: Price | None = None) -> Budgeted:
    return Budgeted(model, price, accounts)


def test_a_turn_ends_where_its_calls_end() -> None:
    model = FakeChat("A kettle.", "A pot.", "A pan.")
    chat = budgeted(model, TurnAccount(Limits(calls=2)))
    chat.complete(ask())
    chat.complete(ask())
    with pytest.raises(
        ModelUnavailable, match="this turn's budget of calls is spent; raise AISLE_LLM_TURN_CALLS"
    ):
        chat.complete(ask())
    assert len(model.asked) == 2


def test_what_an_answer_took_is_what_is_charged_in_the_end() -> None:
    """Three words in, two out: 5 tokens, and 3 * 1 + 2 * 2 = 7 in money."""
    turn = TurnAccount(Limits())
    reply = budgeted(FakeChat("A kettle."), turn, price=PRICE).complete(ask())
    assert reply.cost == 7
    assert turn.spent == Spent(calls=1, tokens=5, cost=7)


def test_a_stream_is_charged_as_a_whole_answer_is() -> None:
    turn = TurnAccount(Limits())
    *pieces, reply = budgeted(FakeChat("A kettle."), turn, price=PRICE).stream(ask())
    assert pieces == ["A ", "kettle. "]
    assert isinstance(reply, Reply)
    assert reply.cost == 7
    assert turn.spent == Spent(calls=1, tokens=5, cost=7)


def test_a_call_that_could_go_over_is_not_made() -> None:
    """13 characters are at most 5 tokens; with 10 for the answer a limit of 14 is too little."""
    model = FakeChat("A kettle.")
    with pytest.raises(ModelUnavailable, match="budget of tokens is spent"):
        budgeted(model, TurnAccount(Limits(tokens=14))).complete(ask())
    assert model.asked == []
    budgeted(model, TurnAccount(Limits(tokens=15))).complete(ask())


def test_calls_at_the_same_time_cannot_overdraw_together() -> None:
    model = FakeChat(*["A kettle."] * 40)
    chat = budgeted(model, TurnAccount(Limits(calls=10)))

    def call(_: int) -> bool:
        try:
            chat.complete(ask())
        except ModelUnavailable:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(call, range(40))) == 10


def test_without_a_price_the_cost_is_unknown_and_not_nothing() -> None:
    assert budgeted(FakeChat("A kettle."), TurnAccount(Limits())).complete(ask()).cost is None


def test_a_failure_before_any_answer_costs_a_call_and_nothing_else() -> None:
    turn = TurnAccount(Limits())
    with pytest.raises(ModelUnavailable):
        budgeted(FakeChat(ModelUnavailable("away")), turn, price=PRICE).complete(ask())
    assert turn.spent == Spent(calls=1)


def test_an_answer_that_is_no_use_has_to_be_paid() -> None:
    turn = TurnAccount(Limits())
    failure = Unusable("junk", Usage(prompt=3, completion=4))
    with pytest.raises(Unusable):
        budgeted(FakeChat(failure), turn, price=PRICE).complete(ask())
    assert turn.spent == Spent(calls=1, tokens=7, cost=11)


def test_an_abandoned_call_is_charged_its_most_for_nobody_knows_its_cost() -> None:
    turn = TurnAccount(Limits())
    with pytest.raises(Abandoned):
        budgeted(FakeChat(Abandoned("late")), turn, price=PRICE).complete(ask())
    assert turn.spent == Spent(calls=1, tokens=15, cost=25)


def test_a_stream_that_is_left_early_is_charged_its_most() -> None:
    turn = TurnAccount(Limits())
    pieces = budgeted(FakeChat("A red kettle."), turn).stream(ask())
    next(pieces)
    pieces.close()
    assert turn.spent == Spent(calls=1, tokens=15)


def test_a_day_outlives_the_process_and_is_shared(tmp_path: Path) -> None:
    path = tmp_path / "spent.sqlite"
    first, second = (DayAccount(path, Limits(calls=3)) for _ in range(2))
    budgeted(FakeChat("A kettle."), first).complete(ask())
    budgeted(FakeChat("A kettle."), second).complete(ask())
    first.close()
    third = DayAccount(path, Limits(calls=3))
    budgeted(FakeChat("A kettle."), third).complete(ask())
    with pytest.raises(
        ModelUnavailable, match=r"today's budget of calls is spent; raise AISLE_LLM_DAY_CALLS"
    ):
        budgeted(FakeChat("A kettle."), second).complete(ask())
    second.close()
    third.close()


def test_a_new_day_is_a_new_budget_and_nothing_is_given_back_to_it(tmp_path: Path) -> None:
    now = [datetime(2026, 11, 21, 23, 59, tzinfo=UTC)]
    day = DayAccount(tmp_path / "spent.sqlite", Limits(tokens=15), now=lambda: now[0])
    pieces = budgeted(FakeChat("A kettle."), day).stream(ask())
    next(pieces)
    with pytest.raises(ModelUnavailable, match="budget of tokens is spent"):
        budgeted(FakeChat("A kettle."), day).complete(ask())
    now[0] += timedelta(minutes=2)
    list(pieces)
    with pytest.raises(ModelUnavailable, match="budget of tokens is spent"):
        budgeted(FakeChat("A kettle."), day).complete(ask("one two three four"))
    budgeted(FakeChat("A kettle."), day).complete(ask())
    day.close()


def test_what_the_day_refuses_is_not_charged_to_the_turn(tmp_path: Path) -> None:
    turn, day = TurnAccount(Limits()), DayAccount(tmp_path / "spent.sqlite", Limits(cost=24))
    with pytest.raises(ModelUnavailable, match="AISLE_LLM_DAY_COST"):
        budgeted(FakeChat("A kettle."), turn, day, price=PRICE).complete(ask())
    assert turn.spent == Spent()
    day.close()


def test_a_damaged_account_gives_no_second_budget(tmp_path: Path) -> None:
    path = tmp_path / "spent.sqlite"
    path.write_bytes(b"this is no database" * 1_000)
    with pytest.raises(ModelUnavailable, match=r"spent\.sqlite is damaged; delete it"):
        DayAccount(path, Limits(calls=1))
