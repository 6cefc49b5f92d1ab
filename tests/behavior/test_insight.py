"""What the owner is shown, each figure worked out by hand."""

from datetime import UTC, date, datetime, timedelta

import pytest

from behavior.insight import Asked, Day, Insight, Latency, Required, Unsatisfied, insight, percentile
from behavior.records import Action, Event, LlmUse, Query, QueryAttributes, SubQuery, event, query

NOON = datetime(2026, 8, 22, 12, tzinfo=UTC)


def asked(
    words: str,
    query_id: str,
    after_s: float = 0,
    *,
    hits: tuple[str, ...] = ("p1",),
    session: str | None = "s1",
    intent: str = "find",
    **about: object,
) -> Query:
    attributes = QueryAttributes.model_validate({"session_id": session, "intent": intent, **about})
    return query(words, query_id, hits=hits, about=attributes, at=NOON + timedelta(seconds=after_s))


def did(action: Action, query_id: str) -> Event:
    return event(action, query_id, product="p1", position=1, at=NOON)


def unsatisfied(*records: Query | Event) -> list[str]:
    return [one.query for one in insight(records).unsatisfied]


def test_an_empty_log_shows_nothing_and_no_rate() -> None:
    assert insight([]) == Insight(
        searches=0,
        days=(),
        nothing_found=(),
        unsatisfied=(),
        constraints=(),
        seen=0,
        zero_click_rate=None,
    )


def test_days_are_counted_in_utc_with_their_latency_and_what_the_model_took() -> None:
    day = 86_400
    found = insight(
        [
            asked("mug", "q4", day, timings_ms={"total": 7.0}, hits=()),
            asked("kettle", "q1", timings_ms={"total": 10.0}, llm=LlmUse(calls=1, tokens=100, cost=0.25)),
            asked("kettle", "q2", timings_ms={"total": 30.0}, llm=LlmUse(calls=2, tokens=50, cost=0.5)),
            asked("kettle", "q3", timings_ms={"total": 20.0}, llm=LlmUse(calls=1, tokens=1)),
            asked("kettle", "q5", 3 * day, failed=True, hits=()),
        ]
    )
    nothing = LlmUse()
    assert found.days == (
        Day(
            day=date(2026, 8, 22),
            searches=3,
            nothing_found=0,
            failed=0,
            latency=Latency(p50=20.0, p95=30.0, p99=30.0),
            llm=LlmUse(calls=4, tokens=151, cost=0.75),
        ),
        Day(
            day=date(2026, 8, 23),
            searches=1,
            nothing_found=1,
            failed=0,
            latency=Latency(p50=7.0, p95=7.0, p99=7.0),
            llm=nothing,
        ),
        Day(day=date(2026, 8, 25), searches=1, nothing_found=0, failed=1, latency=None, llm=nothing),
    )
    assert found.searches == 5


@pytest.mark.parametrize(
    ("share", "value"), [(0.0, 1.0), (0.01, 1.0), (0.5, 5.0), (0.51, 6.0), (0.95, 10.0), (1.0, 10.0)]
)
def test_a_percentile_is_one_of_the_values_and_covers_its_share(share: float, value: float) -> None:
    assert percentile([float(n) for n in range(1, 11)], share) == value


def test_queries_that_found_nothing_are_counted_whatever_their_case() -> None:
    found = insight(
        [
            asked("Unicorn  saddle", "q1", hits=()),
            asked("unicorn saddle", "q2", hits=()),
            asked("dragon egg", "q3", astray=True),
            asked("dragon egg", "q4", hits=(), failed=True),
            asked("kettle", "q5"),
        ]
    )
    assert found.nothing_found == (
        Asked(query="Unicorn saddle", searches=2),
        Asked(query="dragon egg", searches=1),
    )


def test_asking_again_in_other_words_tells_that_the_first_did_not_satisfy() -> None:
    assert unsatisfied(asked("kettle red", "q1"), asked("red electric kettle", "q2", 120)) == ["kettle red"]


@pytest.mark.parametrize(
    ("why", "then"),
    [
        ("too late", asked("red kettle", "q2", 121)),
        ("a refinement", asked("red kettle", "q2", 10, intent="refine")),
        ("something else", asked("a mug", "q2", 10)),
        ("the same again", asked("Kettle", "q2", 10)),
        ("another conversation", asked("red kettle", "q2", 10, session="s2")),
        ("no conversation", asked("red kettle", "q2", 10, session=None)),
    ],
)
def test_what_follows_is_no_sign_where_it_has_another_reason(why: str, then: Query) -> None:
    assert unsatisfied(asked("kettle", "q1"), then) == [], why


@pytest.mark.parametrize("action", [Action.CLICK, Action.VIEW, Action.SHORTLIST, Action.PURCHASE])
def test_asking_again_after_a_look_at_a_product_is_no_sign(action: Action) -> None:
    assert unsatisfied(asked("kettle", "q1"), did(action, "q1"), asked("red kettle", "q2", 10)) == []


def test_a_thumb_down_counts_whatever_else_was_done() -> None:
    found = insight(
        [
            did(Action.THUMBS_DOWN, "q1"),  # another writer's file may come first
            asked("kettle", "q1"),
            did(Action.CLICK, "q1"),
            asked("kettle", "q2", 500),
            asked("red kettle", "q3", 510),
            asked("kettle", "q4", 900),
        ]
    )
    assert found.unsatisfied == (
        Unsatisfied(query="kettle", searches=3, unsatisfied=2, thumbs_down=1, asked_again=1),
    )


def test_searches_that_nobody_saw_do_not_count_as_searches_without_a_click() -> None:
    records: list[Query | Event] = [asked("kettle", f"q{n}", session=None) for n in range(6)]
    for seen in ("q0", "q1", "q2", "q3"):
        records += [did(Action.IMPRESSION, seen), did(Action.IMPRESSION, seen)]
    records += [did(Action.CLICK, "q0"), did(Action.THUMBS_DOWN, "q1"), did(Action.CLICK, "not here")]
    found = insight(records)
    assert (found.seen, found.zero_click_rate) == (4, 0.75)


def test_constraints_are_counted_once_a_search_with_the_most_frequent_first() -> None:
    color = {"attributes": {"color": ("red",)}}
    found = insight(
        [
            asked("a", "q1", constraints={"price_max": 50.0, "brands": ("Bosch", "Braun")}),
            asked("b", "q2", constraints={"price_max": 49.99, **color}),
            asked("c", "q3", sub_queries=(SubQuery(query="x", constraints=color),) * 2),
            asked("d", "q4", constraints={"available_only": True}),
        ]
    )
    assert found.constraints == (
        Required(name="color", value="red", searches=2),
        Required(name="available_only", value="True", searches=1),
        Required(name="brands", value="Bosch", searches=1),
        Required(name="brands", value="Braun", searches=1),
        Required(name="price_max", value="49.99", searches=1),
        Required(name="price_max", value="50", searches=1),
    )


def test_lists_are_as_long_as_was_asked() -> None:
    records = [
        asked(f"unicorn {n}", f"q{n}", n, hits=(), constraints={"brands": (f"b{n}",)}) for n in range(9)
    ]
    found = insight(records, top=3)
    assert [len(found.nothing_found), len(found.unsatisfied), len(found.constraints)] == [3, 3, 3]
