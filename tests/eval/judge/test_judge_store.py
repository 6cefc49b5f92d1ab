from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog.product import Money
from eval.judge.records import Case, Judgment
from eval.judge.store import Judgments, content_hash
from tests.eval.judge.made_up import case, pair

MUG = case("q1", "p1", "Red mug")
SAID = Judgment(pair=MUG.pair, grade=2, reason="red", judge="words", prompt="esci-1")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Judgments]:
    opened = Judgments(tmp_path / "judge" / "judgments.sqlite")
    yield opened
    opened.close()


def test_a_judgment_is_known_again_whole(store: Judgments) -> None:
    store.keep(MUG, SAID, 5.0)
    assert store.known("words", [MUG]) == {("q1", "p1"): SAID}
    assert store.pace("words") == 5.0


def test_another_judge_query_or_text_is_another_pair(store: Judgments) -> None:
    store.keep(MUG, SAID, 5.0)
    asked_otherwise = Case(pair=pair("q1", "p1", query="blue mug"), product=MUG.product)
    assert store.known("others", [MUG]) == {}
    assert store.known("words", [asked_otherwise]) == {}
    assert store.known("words", [case("q1", "p1", "Red mug, new edition")]) == {}
    assert store.pace("others") is None


def test_the_same_query_by_another_id_is_the_same_pair(store: Judgments) -> None:
    store.keep(MUG, SAID, 5.0)
    renamed = Case(pair=pair("q9", "p1"), product=MUG.product)
    assert store.known("words", [renamed])["q9", "p1"].pair == renamed.pair


def test_what_could_not_be_read_is_known_until_it_is_forgotten(store: Judgments) -> None:
    store.keep(MUG, SAID.model_copy(update={"grade": None}), 5.0)
    assert store.known("words", [MUG])["q1", "p1"].grade is None
    store.forget("words", [MUG])
    assert store.known("words", [MUG]) == {}


def test_a_new_price_is_no_new_text_and_a_new_title_is() -> None:
    dearer = MUG.product.model_copy(update={"price": Money(amount=999, currency="USD")})
    assert content_hash(dearer) == content_hash(MUG.product)
    assert content_hash(case("q1", "p1", "Blue mug").product) != content_hash(MUG.product)
