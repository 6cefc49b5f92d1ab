"""Missions over the demo catalogue: a scripted model calls the real tools, and what comes of it."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from agent.dialogue.state import State
from agent.dialogue.understand import understand
from agent.dialogue.understanding import Desk
from agent.experience import Experience
from agent.llm.chat import Abandoned, Ask, Call, Cancel, ChatModel, Reply
from agent.llm.client import OpenAIChat
from agent.llm.failures import Endpoint
from agent.llm.missions import Allowance, CannotCall, Mission, run_mission
from agent.plan import Intent
from agent.reader import Lexes
from agent.steps import Searched, Understood
from agent.wording.phrases import phrases
from catalog.product import Availability, Money
from core.errors import ModelUnavailable
from ranking.records import Verdict
from tests.agent.llm.remote import PATIENCE_S, Answer, Remote
from tests.fakes import FakeChat
from tools.bundles import total
from tools.calling import capabilities
from tools.shop import Shop

OFFICE = "furnish a home office for 800"
ENGLISH = phrases("en")
TOLD = Experience()  # that furnishing an office is an undertaking

Steps = list[Understood | Searched]


def search(query: str, **arguments: Any) -> Call:
    return Call(id=f"s-{query}", name="search_catalog", arguments=json.dumps({"query": query, **arguments}))


def finish(*ids: str, budget: float | None = None) -> tuple[Call, ...]:
    return (Call(id="end", name="finish", arguments=json.dumps({"ids": ids, "budget": budget})),)


def ids(shop: Shop, query: str, **arguments: Any) -> list[str]:
    results = capabilities(shop)[0].call({"query": query, **arguments}).results
    assert results is not None
    return [h.product.id for h in results.hits if h.product.availability is Availability.IN_STOCK]


def run(
    shop: Shop, model: ChatModel, message: str = OFFICE, steps: Steps | None = None, **options: Any
) -> Mission:
    desk = Desk(Lexes().of(shop.index), shop.index.lexicon(), told=partial(TOLD.told, shop.index))
    understood = understand(message, State(), desk)
    mission = run_mission(shop, model, message, understood, ENGLISH, lambda: 1.0, **options)
    ended: list[Mission] = []

    def steps_of() -> Iterator[Understood | Searched]:
        ended.append((yield from mission))

    for step in steps_of():
        if steps is not None:
            steps.append(step)
    return ended[0]


def told(model: FakeChat, name: str) -> list[str]:
    """What the model was told by a tool, as its last ask has it."""
    asked = model.asked[-1].messages
    ids = {call.id for message in asked for call in message.calls if call.name == name}
    return [message.content for message in asked if message.call_id in ids]


def test_a_mission_is_several_searches_and_ends_with_what_the_model_took(shop: Shop) -> None:
    lamp, chair = ids(shop, "desk lamp", price_max=100)[0], ids(shop, "office chair", price_max=300)[0]
    model = FakeChat(
        (search("desk lamp", price_max=100), search("office chair", price_max=300)),
        finish(lamp, chair, budget=800),
    )
    steps: Steps = []
    mission = run(shop, model, steps=steps)
    assert [type(step) for step in steps] == [Understood, Searched, Searched, Understood, Searched]
    assert [step.final for step in steps if isinstance(step, Searched)] == [False, False, True]
    assert mission.picks == (lamp, chair)
    assert [group.pick for group in mission.results.groups] == [lamp, chair]
    assert [group.hits[0].product.id for group in mission.results.groups] == [lamp, chair]
    plan = mission.understood.plan
    assert (plan.intent, plan.source, plan.budget) == (
        Intent.BUNDLE,
        "llm",
        Money(amount=80000, currency="USD"),
    )
    assert [one.query for one in plan.searches] == ["desk lamp", "office chair"]
    titles = [group.hits[0].product.title for group in mission.results.groups]
    assert all(title in mission.text for title in titles)


def test_what_was_done_is_told_in_plain_words(shop: Shop) -> None:
    first, second = ids(shop, "office chair", price_max=300)[:2]
    model = FakeChat(
        (search("office chair", price_max=300),),
        (Call(id="c", name="compare", arguments=json.dumps({"ids": [first, second]})),),
        finish(first),
    )
    steps: Steps = []
    looks = run(shop, model, steps=steps).looks
    assert looks[0].startswith("searched for office chair under $300: ")
    assert looks[0].endswith(" found")
    assert looks[1].startswith("compared ")
    assert [len(step.looks) for step in steps if isinstance(step, Searched)] == [1, 2]


def test_every_product_comes_with_the_receipt_of_its_search(shop: Shop) -> None:
    taken = ids(shop, "office chair", price_max=300)[0]
    mission = run(shop, FakeChat((search("office chair", price_max=300),), finish(taken)))
    for hit in mission.results.hits:
        assert [check.requirement for check in hit.receipt] == ["price at most $300.00"]
        assert hit.receipt[0].verdict is Verdict.MET


def test_what_no_search_returned_cannot_be_taken(shop: Shop) -> None:
    known = ids(shop, "desk lamp")[0]
    other = ids(shop, "tent")[0]
    model = FakeChat((search("desk lamp"),), finish(other, "made-up"), finish(known))
    assert run(shop, model).picks == (known,)
    [answer] = told(model, "finish")
    assert answer.startswith("try again differently: ids: no search returned")
    assert "made-up" in answer


def test_what_costs_too_much_together_cannot_be_taken(shop: Shop) -> None:
    dear = ids(shop, "office chair", sort="price_down")[0]
    cheap = ids(shop, "desk lamp", sort="price_up")[0]
    model = FakeChat(
        (search("office chair", sort="price_down"), search("desk lamp", sort="price_up")),
        finish(dear, cheap),
        finish(cheap),
    )
    mission = run(shop, model, "a chair and a lamp for my office, 60 in total")
    assert "and the budget is $60.00; take cheaper ones, or fewer" in told(model, "finish")[0]
    assert mission.picks == (cheap,)


def test_a_budget_that_the_shopper_did_not_name_is_none(shop: Shop) -> None:
    lamp = ids(shop, "desk lamp")[0]
    mission = run(shop, FakeChat((search("desk lamp"),), finish(lamp, budget=5)), "furnish a home office")
    assert mission.understood.plan.budget is None
    assert mission.picks == (lamp,)


def test_the_sum_within_which_everything_was_searched_is_for_all_together(shop: Shop) -> None:
    model = FakeChat((search("desk lamp", price_max=150), search("office chair", price_max=150)), "")
    mission = run(shop, model, "furnish a home office for 150")
    assert mission.understood.plan.budget == Money(amount=15000, currency="USD")
    cost = total(mission.results.groups)
    assert cost is not None
    assert cost.amount <= 15000


def test_exclusions_that_the_shopper_named_hold_for_every_search(shop: Shop) -> None:
    lamp = ids(shop, "desk lamp", exclude=["black"])[0]
    model = FakeChat((search("desk lamp"),), finish(lamp))
    mission = run(shop, model, "a desk lamp, not black")
    assert all(hit.receipt for hit in mission.results.hits)
    assert all(c.verdict is not Verdict.VIOLATED for hit in mission.results.hits for c in hit.receipt)
    [need] = mission.understood.wanted.needs
    assert not need.without.is_empty


def test_how_the_model_searched_binds_no_later_turn(shop: Shop) -> None:
    taken = ids(shop, "office chair", price_max=300)[0]
    mission = run(shop, FakeChat((search("office chair", price_max=300),), finish(taken)))
    assert mission.understood.plan.searches[0].where.price_max is not None
    [need] = mission.understood.wanted.needs
    assert need.where.is_empty
    assert need.label == "office chair"


def test_a_model_that_only_searches_leaves_the_choice_to_computation(shop: Shop) -> None:
    model = FakeChat((search("desk lamp"), search("office chair")), "Here you are!")
    mission = run(shop, model, "a lamp and a chair for 250 in total")
    assert len(mission.picks) == 2
    cost = total(mission.results.groups)
    assert cost is not None
    assert cost.amount <= 25000


def test_the_same_words_again_replace_what_they_found(shop: Shop) -> None:
    model = FakeChat((search("desk lamp", price_max=20),), (search("Desk lamp", price_max=60),), "")
    mission = run(shop, model)
    [group] = mission.results.groups
    assert group.search.where.price_max == Money(amount=6000, currency="USD")
    assert len(mission.looks) == 2


@pytest.mark.parametrize(
    "script",
    [
        ("I suggest a nice desk.",),
        ('{"name": "buy", "arguments": {}} {"name": "search_catalog", "arguments": "desk"} {"a": {',),
        ((Call(id="1", name="buy", arguments="{}"),), (Call(id="2", name="pay", arguments="{}"),)),
        ((Call(id="1", name="search_catalog", arguments='{"query": "de'),),) * 2,
        ((Call(id="1", name="search_catalog", arguments='["desk"]'),),) * 2,
        ((Call(id="1", name="search_catalog", arguments='{"query":' * 100_000),),) * 2,
        ((search("zeppelin engine qwxz", price_max=0.01),), "Sorry."),
    ],
    ids=[
        "only talks",
        "writes no call",
        "unknown tools",
        "broken arguments",
        "no object",
        "endless",
        "finds nothing",
    ],
)
def test_a_model_that_cannot_call_tools_is_left_to_the_planner(shop: Shop, script: tuple[Any, ...]) -> None:
    steps: Steps = []
    with pytest.raises(CannotCall, match="fake found nothing by calling tools; set AISLE_LLM"):
        run(shop, FakeChat(*script), steps=steps)
    assert not [step for step in steps if isinstance(step, Searched) and step.final]


def test_one_unheard_call_is_told_and_forgiven(shop: Shop) -> None:
    lamp = ids(shop, "desk lamp")[0]
    broken = Call(id="1", name="search_catalog", arguments="{query: lamp}")
    with pytest.raises(CannotCall):
        run(shop, FakeChat((broken, Call(id="2", name="buy", arguments="{}")), finish(lamp)))
    patient = FakeChat((Call(id="1", name="buy", arguments="{}"),), (search("desk lamp"),), finish(lamp))
    assert run(shop, patient).picks == (lamp,)
    assert "not a valid tool" in told(patient, "buy")[0]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "search_catalog", "arguments": {"query": "desk lamp"}}',
        'Sure!\n```json\n{"name": "search_catalog", "arguments": {"query": "desk lamp"}}\n```\n\n',
        '<tool_call>\n{{"name": "search_catalog", "arguments": {"query": "desk lamp"}}\n</tool_call>',
    ],
)
def test_a_call_that_is_written_out_is_made(shop: Shop, text: str) -> None:
    lamp = ids(shop, "desk lamp")[0]
    model = FakeChat(text, finish(lamp))
    assert run(shop, model).picks == (lamp,)
    said = model.asked[-1].messages[2]
    assert [call.name for call in said.calls] == ["search_catalog"]


def test_who_writes_the_same_call_on_and_on_is_heard_once(shop: Shop) -> None:
    written = '{"name": "search_catalog", "arguments": {"query": "desk lamp"}}\n'
    other = '{"name": "search_catalog", "arguments": {"query": "kettle %d"}}'
    model = FakeChat(written * 50, "\n".join(other % place for place in range(50)), "")
    looks = run(shop, model).looks
    assert [look.split(":")[0] for look in looks[:2]] == ["searched for desk lamp", "searched for kettle 0"]
    assert len(looks) == 1 + 6


def test_a_model_that_fails_midway_costs_the_rest_and_not_what_was_found(shop: Shop) -> None:
    model = FakeChat((search("desk lamp"),), ModelUnavailable("gone"))
    mission = run(shop, model)
    assert mission.results.hits
    assert mission.text.endswith("The search ended early.")
    assert mission.broken == "gone"
    with pytest.raises(ModelUnavailable, match="gone"):
        run(shop, FakeChat(ModelUnavailable("gone")))


def test_a_mission_ends_with_its_allowance(shop: Shop) -> None:
    looking = [(search(f"desk lamp {color}"),) for color in ("black", "white", "red", "green")]
    for allowance in (Allowance(answers=2), Allowance(calls=2), Allowance(tokens=1), Allowance(seconds=1e-9)):
        model = FakeChat(*looking)
        assert run(shop, model, allowance=allowance).results.hits
        assert len(model.asked) == (1 if allowance.tokens == 1 or allowance.seconds < 1 else 2)


def test_all_calls_of_the_last_answer_are_still_made(shop: Shop) -> None:
    model = FakeChat((search("desk lamp"), search("office chair"), search("desk organizer")))
    assert len(run(shop, model, allowance=Allowance(answers=1)).results.groups) == 3


def test_a_shopper_who_goes_on_ends_the_mission(shop: Shop) -> None:
    cancel = Cancel()

    class Cancelling(FakeChat):
        def complete(self, ask: Ask, cancel_: Cancel | None = None) -> Reply:
            if self.asked:
                cancel.set()
            return super().complete(ask, cancel_)

    model = Cancelling((search("desk lamp"),), (search("office chair"),), (search("desk organizer"),))
    steps: Steps = []
    with pytest.raises(Abandoned, match="cancelled"):
        run(shop, model, steps=steps, cancel=cancel)
    assert len(model.asked) == 2
    assert not [step for step in steps if isinstance(step, Searched) and step.final]


def test_product_text_reaches_the_model_as_data_of_a_tool_and_nowhere_else(shop: Shop) -> None:
    model = FakeChat((search("desk lamp"),), "")
    run(shop, model)
    system, user, *rest = model.asked[-1].messages
    assert (system.role, user.role) == ("system", "user")
    [data] = [message for message in rest if message.role == "tool"]
    title = json.loads(data.content)["products"][0]["title"]
    assert title not in system.content + user.content


def test_only_a_search_is_offered_at_first_and_a_tool_has_to_be_called(shop: Shop, remote: Remote) -> None:
    lamp = ids(shop, "desk lamp")[0]
    remote.answers = [
        calling(("buy", "{}"), ("search_catalog", '{"query": "desk lamp"}')),
        calling(("search_catalog", '{"query": "office ch')),
        calling(("finish", json.dumps({"ids": [lamp], "budget": None}))),
    ]
    mission = with_remote(remote, lambda chat: run(shop, chat))
    assert mission.picks == (lamp,)
    first, second, third = remote.asked
    assert [tool["function"]["name"] for tool in first["tools"]] == ["search_catalog"]
    offered = [tool["function"]["name"] for tool in second["tools"]]
    assert offered == ["search_catalog", "rerank", "get_product", "compare", "lookup", "finish"]
    assert first["tool_choice"] == second["tool_choice"] == "required"
    assert [message["role"] for message in second["messages"]] == [
        "system",
        "user",
        "assistant",
        "tool",
        "tool",
    ]
    called = second["messages"][2]["tool_calls"]
    answers = {message["tool_call_id"]: message["content"] for message in second["messages"][3:]}
    assert "not a valid tool" in answers[called[0]["id"]]
    assert lamp in answers[called[1]["id"]]
    assert third["messages"][-2]["tool_calls"][0]["function"]["arguments"] == "{}"
    assert third["messages"][-1]["content"] == "try again differently: the arguments are no JSON object"


def test_a_server_that_refuses_tools_is_no_mission(shop: Shop, remote: Remote) -> None:
    remote.answers = [Answer(status=400, body=b'{"error":{"message":"tools are not supported"}}')]
    with pytest.raises(ModelUnavailable, match="tools are not supported"):
        with_remote(remote, lambda chat: run(shop, chat))


def calling(*calls: tuple[str, str]) -> Answer:
    made = [
        {"id": f"{name}-{place}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for place, (name, arguments) in enumerate(calls)
    ]
    return Answer("", message={"tool_calls": made}, finish="tool_calls")


def with_remote(remote: Remote, use: Callable[[OpenAIChat], Mission]) -> Mission:
    chat = OpenAIChat(Endpoint(remote.url, "big-model"), timeout_s=PATIENCE_S)
    try:
        return use(chat)
    finally:
        chat.close()
