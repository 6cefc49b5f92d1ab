import pytest

from agent.reading.lexis import Lexis
from agent.reading.parse import parse


@pytest.mark.parametrize(
    ("utterance", "query"),
    [
        ("my boss gave me a 250 budget, we need a monitor", "monitor"),
        ("earbuds without bluetooth, it makes me dizzy", "earbuds"),
        ("a rug, my dog ate the last one", "rug"),
        ("coffee maker because mornings start at five", "coffee maker"),
    ],
)
def test_a_story_is_not_searched_for(utterance: str, query: str, lexis: Lexis) -> None:
    assert parse(utterance, lexis).query == query


@pytest.mark.parametrize(
    "utterance",
    [
        "running shoes, i have wide feet",  # says which
        "a tent, it should sleep four",
        "my feet get wet every time it rains",  # is all that is said
        "my dog ate the last ones",
        "I Capture the Castle",
    ],
)
def test_what_may_describe_is_searched_for(utterance: str, lexis: Lexis) -> None:
    said = utterance.lower().split()
    kept = parse(utterance, lexis).query.lower().split()
    assert kept[-1] == said[-1]
    assert len(kept) >= len(said) - 1  # but for an article
