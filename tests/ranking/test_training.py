"""Queries made from the demo catalogue; an adapter that learns from them, stops, goes on and is served."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from catalog.demo import products
from catalog.index import ProductIndex
from core.artifacts import resolve
from core.settings import load_settings
from ranking.adapter import AdapterConfig, base_digest, save_adapter
from ranking.reranker import Tokenise, open_reranker, pair_tokeniser
from ranking.training.examples import Example
from ranking.training.lora import CrossEncoder
from ranking.training.reranker_training import Recipe, held_out_loss, lessons, scores, train
from ranking.training.synthesis import GROUP, Task, queries, tasks

SMALL = Recipe(rank=4, alpha=8.0, rate=1e-3, head_rate=1e-3, epochs=3, queries_per_step=4, seed=1)


@pytest.fixture(scope="module")
def folder() -> Path:
    return resolve("minilm", load_settings(device="cpu"))


@pytest.fixture(scope="module")
def tokenise(folder: Path) -> Tokenise:
    return pair_tokeniser(folder, 32)


@pytest.fixture(scope="module")
def made(demo_index: ProductIndex) -> list[Task]:
    return list(tasks(demo_index, 60, seed=5))


def model(folder: Path) -> CrossEncoder:
    torch.manual_seed(0)
    return CrossEncoder(folder, SMALL.rank, SMALL.alpha)


def test_made_queries_repeat_themselves_and_their_source_is_worth_most(
    demo_index: ProductIndex, made: list[Task]
) -> None:
    again = list(tasks(demo_index, 10, seed=5))
    assert [task.query for task in again] == [task.query for task in made[:10]]
    for task in made:
        assert len(task.passages) == len(task.target) <= GROUP
        assert task.target.sum() == pytest.approx(1, abs=1e-5)
    assert np.mean([task.target.argmax() == 0 for task in made]) > 0.8


def test_a_query_about_a_category_may_hide_it_from_the_passage() -> None:
    rng = random.Random(3)
    product = next(p for p in products() if p.attributes.get("buckle") == ("no",))
    written = [pair for _ in range(40) for pair in queries(product, rng)]
    assert any(not shown.categories for _, shown in written)
    assert any(shown.description is None for _, shown in written)
    assert any("without buckle" in query for query, _ in written)
    assert all(query.strip() for query, _ in written)


def test_lessons_show_what_gains_beside_what_does_not() -> None:
    gains = np.array([1.0, 0.1, 0.0, 0.0, 0.0, 0.0])
    one = Example("made", "q", "kettle", tuple("abcdef"), {}, tuple("abcdef"), gains)
    for lesson in lessons([one], rounds=3, seed=1):
        assert lesson.target.sum() == pytest.approx(1)
        assert 0 < (lesson.target > 0).sum() < len(lesson.passages)


@pytest.mark.slow
def test_training_learns_stops_and_goes_on_as_if_it_had_not_stopped(
    folder: Path, tokenise: Tokenise, made: list[Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ranking.training.reranker_training.CHECKPOINT", 4)
    lessons_ = made[:24]
    whole = model(folder)
    before = held_out_loss(whole, lessons_, tokenise, 0, "cpu")
    train(whole, tokenise, lessons_, SMALL)
    assert held_out_loss(whole, lessons_, tokenise, 0, "cpu") < before - 0.05

    class Killed(BaseException):
        pass

    def kill(progress: object) -> None:
        if getattr(progress, "step", 0) == 8:
            raise Killed

    halves = model(folder)
    path = tmp_path / "checkpoint.pt"
    steps: list[int] = []
    with pytest.raises(Killed):
        train(halves, tokenise, lessons_, SMALL, checkpoint=path, on_progress=kill)
    halves = model(folder)
    train(
        halves,
        tokenise,
        lessons_,
        SMALL,
        checkpoint=path,
        on_progress=lambda progress: steps.append(progress.step),
    )
    assert steps[0] == 8  # the checkpoint before the kill was that of step 4
    for name, tensor in whole.trainable().items():
        assert torch.allclose(tensor, halves.trainable()[name], atol=2e-2), name


@pytest.mark.slow
def test_what_was_trained_is_what_is_served(folder: Path, made: list[Task], tmp_path: Path) -> None:
    trained = model(folder)
    wide = pair_tokeniser(folder, 64)
    train(trained, wide, made[:16], SMALL)
    tensors = {name: tensor.detach().numpy() for name, tensor in trained.trainable().items()}
    modules = tuple(sorted({name.rpartition(".")[0] for name in tensors if ".lora_" in name}))
    config = AdapterConfig(
        base="minilm",
        base_sha256=base_digest("minilm"),
        rank=SMALL.rank,
        alpha=SMALL.alpha,
        modules=modules,
        head="mean",
        max_tokens=64,
    )
    save_adapter(tmp_path / "adapter", tensors, config)
    served = open_reranker(
        load_settings(device="cpu", reranker=str(tmp_path / "adapter"), reranker_max_tokens=64)
    )
    assert served is not None
    task = made[0]
    expected = scores(trained, wide, task.query, task.passages)
    assert served.score(task.query, task.passages) == pytest.approx(expected, abs=0.05)
