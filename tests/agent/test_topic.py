import pytest

from agent.dialogue.moves import stripped
from agent.dialogue.needs import need_of
from agent.dialogue.topic import goes_on, names_a_shelf, products_named
from agent.reading.lexis import Lexis
from agent.reading.parse import parse


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("sleeping bag", "Sleeping Bags"),
        ("a warm sleeping bag for two", "Sleeping Bags"),
        ("27 inch monitor", "Monitors"),
        ("1.7 liter electric kettle", "Electric Kettles"),
    ],
)
def test_a_product_is_named_by_the_head_of_its_phrase(lexis: Lexis, said: str, kind: str) -> None:
    assert any(name.endswith(kind) for name in products_named(said, lexis))


@pytest.mark.parametrize("said", ["with a lid", "for adults", "cordless", "slip on", "something nice", ""])
def test_what_describes_names_no_product(lexis: Lexis, said: str) -> None:
    assert not products_named(said, lexis)


def test_a_department_is_a_name_too(lexis: Lexis) -> None:
    assert names_a_shelf("toys for a 4 year old", lexis)
    assert not names_a_shelf("something for a 4 year old", lexis)


@pytest.mark.parametrize(
    ("first", "then", "on"),
    [
        ("tent", "sleeping bag", False),
        ("tent", "for four people", True),
        ("tent", "a bigger one", True),
        ("tent", "the family tent", True),
        ("boots", "hiking boots", True),
        ("something for my garden", "garden hose", True),
        ("winter tires for my car", "an umbrella then", False),
        ("travel mug", "my feet get wet on the way to work", False),
        ("trail shoes", "she runs in the rain so waterproof would be good", True),
        ("desk", "has to fit under the window in my tiny bedroom", True),
        ("tea", "the bags should be plastic free", True),
    ],
)
def test_a_turn_goes_on_unless_it_names_another_product(
    lexis: Lexis, first: str, then: str, on: bool
) -> None:
    need = need_of(parse(first, lexis))
    assert goes_on(need, stripped(parse(then, lexis).query), lexis, then) is on
