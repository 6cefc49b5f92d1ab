"""Scripted dialogues over the demo catalogue, answered by the two baselines and by one with a memory."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.index import ProductIndex
from catalog.indexing import build_index
from core.errors import InvalidSource
from core.record import Record
from eval.conversations import (
    AllTurns,
    Conversation,
    Dialogue,
    LastTurn,
    Turn,
    hold,
    read_dialogues,
    run_conversations,
    run_single_queries,
)
from eval.records import Ranked
from ranking.records import Search
from ranking.systems import search

DEPARTMENTS = {"Kitchen & Dining", "Home & Furniture"}
DIALOGUES = (
    Dialogue(id="d1", turns=("electric kettle", "in red"), query="red electric kettle"),
    Dialogue(id="d2", turns=("desk lamp",)),
)


@pytest.fixture(scope="module")
def index(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductIndex]:
    home = EdgeHome(tmp_path_factory.mktemp("demo") / "demo.index")
    build_index(lambda: (p for p in products() if DEPARTMENTS & {*p.categories}), home, encoder)
    opened = ProductIndex(home, home.live(), encoder)
    yield opened
    opened.close()


def answer(index: ProductIndex, query: str, system: str = "hybrid") -> tuple[Ranked, ...]:
    return tuple(
        Ranked(hit.product.id, hit.score)
        for hit in search(index, Search(query=query, limit=100), system).hits
    )


def test_the_last_turn_baseline_hears_only_the_last_turn(index: ProductIndex) -> None:
    run = run_conversations(DIALOGUES, LastTurn(index), "last turn")
    assert run.name == "last turn"
    assert run.rankings == {"d1": answer(index, "in red"), "d2": answer(index, "desk lamp")}


def test_the_all_turns_baseline_searches_everything_that_was_said(index: ProductIndex) -> None:
    run = run_conversations(DIALOGUES, AllTurns(index, "bm25"), "all turns")
    assert run.rankings["d1"] == answer(index, "electric kettle in red", "bm25")
    (best, *_) = run.rankings["d1"]
    assert "kettle" in index.get([best.product_id])[best.product_id].title.lower()


def test_the_single_query_run_has_the_dialogues_that_know_their_query(index: ProductIndex) -> None:
    run = run_single_queries(DIALOGUES, index)
    assert run.rankings == {"d1": answer(index, "red electric kettle")}


def test_the_last_turn_is_timed_apart_from_the_dialogue(index: ProductIndex) -> None:
    run = run_conversations(DIALOGUES, AllTurns(index), "all turns")
    assert set(run.timings) == {"d1", "d2"}
    assert all(0 < ms["total"] <= ms["dialogue"] for ms in run.timings.values())


class Wishes(Record):
    said: tuple[str, ...]


class Rememberer:
    """A conversation that keeps its own state, as an agent does."""

    def reply(self, history: Sequence[Turn], utterance: str) -> Turn:
        before = history[-1].state if history else None
        said = (*(before.said if isinstance(before, Wishes) else ()), utterance)
        ranked = tuple(Ranked(word, 1.0) for word in said)
        return Turn(
            utterance=utterance, results=ranked, answer=f"{len(said)} wishes", state=Wishes(said=said)
        )


def test_a_conversation_finds_its_own_state_in_the_history() -> None:
    agent: Conversation = Rememberer()
    turns = hold(agent, ("a belt", "brown", "no buckle"))
    assert [turn.answer for turn in turns] == ["1 wishes", "2 wishes", "3 wishes"]
    assert '"said":["a belt","brown"]' in turns[1].model_dump_json()
    run = run_conversations([Dialogue(id="d", turns=("a belt", "brown", "no buckle"))], agent, "agent")
    assert [hit.product_id for hit in run.rankings["d"]] == ["a belt", "brown", "no buckle"]


def test_dialogues_are_read_from_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.jsonl"
    one = '{"id": "a", "turns": ["lamp", "red\u2028one"], "query": "red lamp"}'
    path.write_text(one + '\r\n\n{"id": "b", "turns": ["x"]}\n', encoding="utf-8", newline="")
    first, second = read_dialogues(path)
    assert first == Dialogue(id="a", turns=("lamp", "red\u2028one"), query="red lamp")
    assert second.query is None


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ('{"id": "a", "turns": ["x"]', "not JSON"),
        ('{"id": "a", "turns": []}', "turns"),
        ('{"id": "a"}', "turns"),
        ("[1, 2]", "dialogue"),
        ('{"id": "first", "turns": ["x"]}', "twice"),
    ],
)
def test_a_wrong_line_is_named_by_file_and_line(tmp_path: Path, row: str, problem: str) -> None:
    path = tmp_path / "dialogues.jsonl"
    path.write_text(f'{{"id": "first", "turns": ["lamp"]}}\n{row}\n')
    with pytest.raises(InvalidSource, match=rf"dialogues\.jsonl:2: .*{problem}"):
        read_dialogues(path)


def test_a_missing_or_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match=r"none\.jsonl"):
        read_dialogues(tmp_path / "none.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(InvalidSource, match="is empty"):
        read_dialogues(tmp_path / "empty.jsonl")


def test_the_measuring_dialogues_all_name_a_judged_query() -> None:
    data = os.environ.get("AISLE_TEST_DATA")
    if not data:
        pytest.skip("AISLE_TEST_DATA names no folder with measuring data")
    from eval.trec import read_qrels

    dialogues = read_dialogues(Path(data) / "conversations" / "conversations-dev.jsonl")
    qrels = read_qrels(Path(data) / "esci_us" / "qrels-dev.txt")
    assert len(dialogues) == 30
    assert all(dialogue.id in qrels and dialogue.query for dialogue in dialogues)
