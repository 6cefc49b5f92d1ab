import pytest

from agent.dialogue.moves import Compared, Whole, moves, stripped


@pytest.mark.parametrize(
    ("said", "move"),
    [
        ("start over", Whole.RESTART),
        ("New search, please", Whole.RESTART),
        ("forget everything", Whole.RESTART),
        ("go back", Whole.BACK),
        ("undo that", Whole.BACK),
        ("show me the previous results", Whole.BACK),
        ("back to the kettles", Whole.BACK),
        ("show me more", Whole.MORE),
        ("more please", Whole.MORE),
        ("what else do you have?", Whole.MORE),
        ("next", Whole.MORE),
    ],
)
def test_a_whole_message_can_be_a_move(said: str, move: Whole) -> None:
    assert moves(said).whole is move


@pytest.mark.parametrize(
    "said",
    [
        "back support belt",
        "more than 4 stars",
        "start kit for knitting",
        "next to me crib",
        "more wool socks",
        "undo kit",
        "reset button cover",
    ],
)
def test_products_that_sound_like_moves_are_searched(said: str) -> None:
    assert moves(said).whole is None


def test_going_back_names_what_to_go_back_to() -> None:
    assert moves("let's go back to the kettles again").what == "kettles"


@pytest.mark.parametrize(
    ("said", "rest"),
    [
        ("sorry, for men", "for men"),
        ("oops, I meant a kettle", "a kettle"),
        ("no wait, a fitbit charge 3", "a fitbit charge 3"),
        ("No, red ones", "red ones"),
        ("actually my budget is 50", "my budget is 50"),
        ("make it 60", "60"),
        ("red instead", "red"),
        ("a kettle instead of a toaster", "a kettle"),
    ],
)
def test_a_correction_is_told_from_what_it_says(said: str, rest: str) -> None:
    found = moves(said)
    assert found.corrects
    assert found.rest == rest


@pytest.mark.parametrize(
    "said", ["no gelatin", "no buckle, I have my own", "wait staff apron", "sorry card game"]
)
def test_an_exclusion_or_a_name_is_no_correction(said: str) -> None:
    assert not moves(said).corrects or moves(said).rest == said


@pytest.mark.parametrize(
    "said",
    [
        "forget that, I want flip flops",
        "never mind, show me toasters",
        "now I need a backpack",
        "something else: garden hoses",
        "scrap that and show me tents",
    ],
)
def test_a_change_of_topic_is_heard(said: str) -> None:
    assert moves(said).switches


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("any brand is fine", "brand"),
        ("forget the colour", "colour"),
        ("the price doesn't matter", "price"),
        ("I don't care about the brand", "brand"),
        ("no price limit", "price"),
        ("it doesn't have to be waterproof", "waterproof"),
        ("batteries are fine after all", "batteries"),
        ("remove Nestaloo", "nestaloo"),
        ("never mind the budget", "budget"),
    ],
)
def test_what_is_no_longer_required_is_named(said: str, what: str) -> None:
    assert what in [drop.what for drop in moves(said).drops]


@pytest.mark.parametrize(
    ("said", "compared"),
    [
        ("cheaper than the first", Compared.CHEAPER),
        ("something a bit cheaper", Compared.CHEAPER),
        ("show me more expensive ones", Compared.DEARER),
        ("better rated ones", Compared.BETTER),
    ],
)
def test_a_comparison_with_what_is_shown_is_heard(said: str, compared: Compared) -> None:
    assert moves(said).compared is compared


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("a thin one", "thin"),
        ("has to be vegan", "vegan"),
        ("what about red?", "red"),
        ("mini ones, for adults", "mini ones, for adults"),
        ("do you have it in size 9", "size 9"),
        ("but wireless please", "wireless"),
        ("made in the USA", "made in the USA"),
    ],
)
def test_the_words_around_a_refinement_are_not_searched_for(said: str, left: str) -> None:
    assert stripped(said) == left


def test_a_long_description_is_no_move() -> None:
    assert moves("start over " + "a " * 200).whole is None


@pytest.mark.parametrize("said", ["too expensive", "hm, that's way too expensive", "they're all too pricey"])
def test_too_expensive_asks_for_something_cheaper(said: str) -> None:
    assert moves(said).compared is Compared.CHEAPER
    start, end = moves(said).compared_at
    assert stripped(said[:start] + said[end:]) == ""


def test_not_too_expensive_is_a_wish() -> None:
    assert moves("not too expensive").compared is None


def test_the_longest_wording_of_a_drop_is_tried_first() -> None:
    assert moves("any price is fine").drops[0].what == "price"
    drop = moves("any price is fine").drops[0]
    assert (drop.start, drop.end) == (0, len("any price is fine"))
