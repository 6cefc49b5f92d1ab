from agent.llm.budget import Budgeted, Limits, Price, TurnAccount
from agent.llm.chat import Ask, Message
from agent.llm.metering import Metered, Use
from core.errors import ModelUnavailable
from tests.fakes import FakeChat

ASK = Ask(messages=(Message(role="user", content="two words"),))


def test_every_reply_is_added_up_with_its_cost() -> None:
    price = Price(prompt=1_000_000, completion=2_000_000)  # 1 and 2 a token
    model = Metered(Budgeted(FakeChat("one", "two words"), price, (TurnAccount(Limits()),)))
    model.complete(ASK)
    list(model.stream(ASK))
    assert model.use == Use(model="fake", calls=2, prompt=4, completion=3, cost=10.0, ms=2.0)


def test_a_call_that_fails_is_counted_without_tokens() -> None:
    model = Metered(FakeChat(ModelUnavailable("asleep")))
    try:
        model.complete(ASK)
    except ModelUnavailable:
        assert model.use == Use(model="fake", calls=1)
    else:
        raise AssertionError("the failure was swallowed")
