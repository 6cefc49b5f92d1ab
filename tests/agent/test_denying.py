import pytest

from agent.plan import constraints
from agent.reading.lexis import Lexis
from agent.reading.parse import parse
from ranking.records import Search


@pytest.mark.parametrize(
    ("utterance", "query", "excluded"),
    [
        ("shampoo thats not full of sulfates", "shampoo", ["sulfates"]),
        ("i dont want a kettle made of plastic", "kettle", ["plastic"]),
        ("i don't want a kettle with a cord", "kettle", ["cord"]),
        ("i can't stand polyester, show me a shirt", "shirt", ["polyester"]),
        ("skillet, nonstick coating is a no go for me", "skillet", ["nonstick coating"]),
        ("any brand of face cream but Saelune", "brand of face cream", ["Saelune"]),
        ("sweatshirt, not grey tho", "sweatshirt", ["grey"]),
        ("shampoo without parabens and stuff", "shampoo", ["parabens"]),
        ("pillow no feathers, allergic", "pillow", ["feathers"]),
    ],
)
def test_a_refusal_is_read_in_other_words_too(
    utterance: str, query: str, excluded: list[str], lexis: Lexis
) -> None:
    reading = parse(utterance, lexis)
    search = Search(query=reading.query, where=reading.where, without=reading.without)
    assert (reading.query, constraints(search)) == (query, {"exclude": excluded})


@pytest.mark.parametrize("utterance", ["money is no object, a sofa", "i dont want a kettle", "7up zero"])
def test_what_is_no_refusal_of_a_thing_stays_as_it_was(utterance: str, lexis: Lexis) -> None:
    excluded = constraints(Search(query="x", without=parse(utterance, lexis).without)).get("exclude", [])
    assert excluded == (["kettle"] if "kettle" in utterance else [])
