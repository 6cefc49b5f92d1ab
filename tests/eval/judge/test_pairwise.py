from agent.llm.chat import Unusable
from eval.judge.pairwise import LlmPairwiseJudge, settled
from tests.eval.judge.made_up import case
from tests.fakes import FakeChat

MUG, HOSE = case("q1", "p1", "Red mug"), case("q1", "p2", "Garden hose")


def test_both_orders_have_to_agree_on_the_product() -> None:
    chat = FakeChat("A", "B")
    assert settled(LlmPairwiseJudge(chat), MUG, HOSE) == "first"
    forth, back = (ask.messages[-1].content for ask in chat.asked)
    assert forth.index("Red mug") < forth.index("Garden hose")
    assert back.index("Garden hose") < back.index("Red mug")


def test_a_judge_that_prefers_what_stands_first_abstains() -> None:
    assert settled(LlmPairwiseJudge(FakeChat("A", "A")), MUG, HOSE) is None
    assert settled(LlmPairwiseJudge(FakeChat("B", "B")), MUG, HOSE) is None


def test_the_same_both_ways_is_an_answer() -> None:
    assert settled(LlmPairwiseJudge(FakeChat("S", "S")), MUG, HOSE) == "same"
    assert settled(LlmPairwiseJudge(FakeChat("S", "A")), MUG, HOSE) is None


def test_what_cannot_be_read_is_no_preference_and_is_not_asked_twice() -> None:
    chat = FakeChat("Both are nice")
    assert settled(LlmPairwiseJudge(chat), MUG, HOSE) is None
    assert len(chat.asked) == 1
    assert LlmPairwiseJudge(FakeChat(Unusable("refused", None))).prefer(MUG, HOSE) is None


def test_the_answer_of_a_grammar_is_read_out_of_its_quotes() -> None:
    chat = FakeChat('"B"')
    assert LlmPairwiseJudge(chat, held=True).prefer(MUG, HOSE) == "second"
    assert chat.asked[0].returns is not None
