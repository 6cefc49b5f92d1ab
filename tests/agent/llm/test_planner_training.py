"""The planner's lessons, and a real training of a few steps that llama.cpp then serves."""

import json
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

from agent.llm.embedded import MODEL, open_embedded
from agent.llm.proposing import ADAPTER, ask, searches
from agent.llm.training import planner_training
from agent.llm.training.export import Change, write_adapter
from agent.llm.training.generation import epoch, extra
from agent.llm.training.held_out import answers, scores, thing
from agent.llm.training.lessons import Lesson, parted, read_file, read_lessons
from agent.llm.training.planner_training import Progress, Recipe, Tokenizer, adapted, example_of, train
from agent.llm.training.session import train_planner
from agent.llm.training.weights import from_llama_cpp, heads_of, load_base, to_llama_cpp
from core.artifacts import resolve
from core.errors import InvalidSource
from core.manifest import manifest
from core.settings import Settings, load_settings
from ranking.training.lora import LowRank
from ui.cli import main

FEW = (
    Lesson(said="my ears freeze on the bike", searches=("ear warmers", "helmet liner")),
    Lesson(said="the pan handle burns me", searches=("silicone handle cover", "oven mitts")),
    Lesson(said="are you awake", searches=()),
)


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load_settings(device="cpu", threads=1)


@pytest.fixture(scope="module")
def gguf(settings: Settings) -> Path:
    return resolve(MODEL, settings) / manifest()[MODEL].files[0].path


@pytest.fixture(scope="module")
def tokenizer(gguf: Path) -> Any:
    return AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name)


def arrays(changes: Mapping[str, LowRank]) -> dict[str, Change]:
    return {name: (c.lora_A.detach().numpy(), c.lora_B.detach().numpy()) for name, c in changes.items()}


def test_every_lesson_can_be_read_and_calls_for_searches_of_a_few_words_or_for_none() -> None:
    lessons = [*chain.from_iterable(read_lessons().values()), *extra()]
    assert len(lessons) > 2_000
    assert all(searches(lesson.answer) == lesson.searches for lesson in lessons)
    assert all(len(query) < 80 for lesson in lessons for query in lesson.searches)
    assert 50 < sum(not lesson.searches for lesson in lessons) < 1_000


def test_a_line_that_is_no_lesson_is_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "odd.tsv"
    path.write_text("hello\t-\nsomething for my desk\n")
    with pytest.raises(InvalidSource, match=r"odd\.tsv, line 2: write it as MESSAGE<TAB>QUERY"):
        read_file(path)


def test_a_tenth_of_every_file_is_held_out_and_stays_so_when_lessons_are_added() -> None:
    lessons = read_lessons()
    kept, held = parted(lessons, seed=7)
    for name, group in lessons.items():
        assert {*kept[name], *held[name]} == {*group}
        assert not {*kept[name]} & {*held[name]}
        assert 0.05 < len(held[name]) / len(group) < 0.16
    fewer = {name: group[: len(group) // 2] for name, group in lessons.items()}
    assert all({*group} <= {*held[name]} for name, group in parted(fewer, seed=7)[1].items())
    assert parted(lessons, seed=8)[1] != held


def test_an_epoch_varies_the_words_and_never_the_searches() -> None:
    kept, held = parted(read_lessons(), seed=7)
    unseen = {lesson.said.lower() for lesson in chain.from_iterable(held.values())}
    lessons = [*chain.from_iterable(kept.values()), *extra()]
    lessons = [lesson for lesson in lessons if lesson.said.lower() not in unseen]
    made = epoch(lessons, seed=1)
    assert made == epoch(lessons, seed=1)
    assert {lesson.said for lesson in made} != {lesson.said for lesson in epoch(lessons, seed=2)}
    answered = {lesson.answer for lesson in made}
    assert {lesson.answer for lesson in lessons} <= answered
    assert 0.12 < sum(bool(lesson.so_far) for lesson in made) / len(made) < 0.18
    assert all(lesson.said for lesson in made)
    assert not unseen & {lesson.said.lower() for lesson in made}
    assert not any("{" in lesson.said for lesson in made)


def test_what_was_looked_for_comes_before_the_message() -> None:
    assert ask("in  red", "wool hat").messages[-1].content == "so far: wool hat\nin red"
    assert ask("a wool\nhat").messages[-1].content == "a wool hat"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("bread box; bread bags", ("bread box", "bread bags")),
        (" mop ;; mop; - ;bucket\nand more", ("mop", "bucket")),
        ("-", ()),
        ("", ()),
        ("a; b; c; d; e; f; g", ("a", "b", "c", "d", "e", "f")),
    ],
)
def test_searches_are_read_from_the_first_line_none_twice(answer: str, expected: tuple[str, ...]) -> None:
    assert searches(answer) == expected


def test_scores_of_a_case_done_by_hand() -> None:
    lessons = [
        Lesson(said="a", searches=("heated clothes airer", "dehumidifier")),
        Lesson(said="b", searches=("bread boxes",)),
        Lesson(said="c", searches=()),
        Lesson(said="d", searches=()),
    ]
    proposed = [("clothes airers for balconies", "drying rack"), (), (), ("lamp",)]
    found = scores(lessons, proposed)
    assert found.intent == 0.5  # a and c
    assert found.right == 0.5  # the airer, not the rack; the lamp was not asked for at all
    assert found.first_right == 0.5  # a, not b
    assert found.covered == 0.333  # the airer of three


def test_a_thing_is_the_last_word_before_what_it_is_for() -> None:
    assert thing("led collars for dogs") == thing("dog collar") != thing("dog")
    assert thing("for") == "for"


def test_rows_go_to_the_order_of_llama_cpp_and_back() -> None:
    rows = np.arange(2 * 6 * 3).reshape(12, 3).astype(np.float32)  # two heads of six
    theirs = to_llama_cpp(rows, heads=2)
    assert theirs[:6, 0].tolist() == [0, 9, 3, 12, 6, 15]  # each row of the first half, then its partner
    assert (from_llama_cpp(theirs, heads=2) == rows).all()


def tiny(vocabulary: int) -> LlamaForCausalLM:
    torch.manual_seed(3)
    size: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    return LlamaForCausalLM(
        LlamaConfig(vocab_size=vocabulary, num_attention_heads=4, num_key_value_heads=2, **size)
    ).requires_grad_(requires_grad=False)


def test_a_training_cut_off_goes_on_where_it_was(
    tokenizer: Tokenizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planner_training, "CHECKPOINT", 2)
    recipe, checkpoint = Recipe(rank=2, alpha=4, batch=2, epochs=2), tmp_path / "checkpoint"

    def trained(fall_at: int = 0, checkpoint: Path | None = None) -> tuple[dict[str, Change], list[int]]:
        model, seen = tiny(49_152), []

        def told(progress: Progress) -> None:
            seen.append(progress.step)
            if progress.step == fall_at:
                raise KeyboardInterrupt

        changes = adapted(model, recipe)
        train(model, changes, tokenizer, FEW * 2, recipe, checkpoint=checkpoint, on_progress=told)
        return arrays(changes), seen

    whole, steps = trained()
    with pytest.raises(KeyboardInterrupt):
        trained(fall_at=4, checkpoint=checkpoint)
    resumed, seen = trained(checkpoint=checkpoint)
    assert seen == [step for step in steps if step > 2]
    for name, (a, b) in whole.items():
        np.testing.assert_array_equal(a, resumed[name][0])
        np.testing.assert_array_equal(b, resumed[name][1])
        assert b.any()


@pytest.mark.slow
def test_a_lesson_is_shown_as_llama_cpp_will_read_it_and_a_change_of_attention_means_the_same_there(
    gguf: Path, tokenizer: Any, settings: Settings, tmp_path: Path
) -> None:
    model: Any = load_base(gguf)
    changes = adapted(model, Recipe(rank=4, alpha=8))
    torch.manual_seed(1)
    for name, change in changes.items():
        if name.endswith(("q_proj", "k_proj")):
            change.lora_B.data = torch.randn(change.lora_B.shape) * 0.5
    example = example_of(Lesson(said="Tell me about the sea.", searches=()), tokenizer)
    question = torch.tensor([example.question])
    with torch.no_grad():
        said = model.generate(
            question, attention_mask=torch.ones_like(question), max_new_tokens=8, do_sample=False
        )
    expected = tokenizer.decode(said[0, len(example.question) :])
    adapter = tmp_path / "planner.gguf"

    def served(heads: Mapping[str, int]) -> tuple[str, int]:
        write_adapter(adapter, arrays(changes), alpha=8, heads=heads)
        chat = open_embedded(settings, adapter)
        try:
            reply = chat.complete(ask("Tell me about the sea.").model_copy(update={"max_tokens": 8}))
        finally:
            chat.close()
        assert reply.usage
        return reply.text, reply.usage.prompt

    assert served(heads_of(model.config)) == (expected.strip(), len(example.question))
    assert served({})[0] != expected.strip()  # rows left as they were say something else


@pytest.mark.slow
def test_a_model_that_was_taught_answers_as_it_was_taught(settings: Settings, tmp_path: Path) -> None:
    adapter = tmp_path / "planner.gguf"
    lines: list[str] = []
    apart = Lesson(said="what a day", searches=())
    recipe = Recipe(rank=4, alpha=8, rate=5e-3, epochs=12, batch=4)
    train_planner([*FEW, apart], [apart], recipe, adapter, settings, on_progress=lines.append)
    assert adapter.stat().st_size < 5_000_000
    assert "held out" in lines[-1]
    untaught, taught = open_embedded(settings), open_embedded(settings, adapter)
    try:
        assert answers(taught, FEW) == [lesson.searches for lesson in FEW]
        assert answers(untaught, FEW) != answers(taught, FEW)
    finally:
        untaught.close()
        taught.close()


@pytest.mark.slow
def test_the_command_trains_on_what_is_kept_and_reports_on_what_is_held_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "small.gguf"
    small = {name: group[:24] for name, group in read_lessons().items() if name in ("chat", "plain")}
    monkeypatch.setattr("agent.llm.training.lessons.read_lessons", lambda: small)
    monkeypatch.setattr("agent.llm.training.generation.extra", list)
    monkeypatch.setenv("AISLE_THREADS", "1")
    monkeypatch.setattr(
        "sys.argv", ["aisle", "train", "planner", "--out", str(out), "--epochs", "1", "--untaught", "--json"]
    )
    with pytest.raises(SystemExit) as done:
        main()
    assert not done.value.code
    report = json.loads(capsys.readouterr().out)
    held = parted(small, seed=7)[1]
    assert report["held_out"]["all"]["lessons"] == sum(map(len, held.values())) > 0
    assert report["without"]["all"].keys() == report["held_out"]["all"].keys()
    assert out.is_file()
    assert [*tmp_path.iterdir()] == [out]


@pytest.mark.slow
def test_the_planner_that_comes_along_knows_wishes_named_and_unnamed_and_small_talk(
    settings: Settings,
) -> None:
    chat = open_embedded(settings, ADAPTER)
    try:
        asked = ["show me a red kettle", "good evening, how are you?", "my hands get so cold at the bus stop"]
        named, talk, need = (searches(chat.complete(ask(said)).text) for said in asked)
    finally:
        chat.close()
    assert named == ("red kettle",)
    assert talk == ()
    assert {thing("gloves"), thing("hand warmer")} & {thing(query) for query in need}
