"""Trains the cross-encoder's adapter: each step shows some queries with their candidates and moves the
softmax of the scores towards the target. Seeded; taken up from its last checkpoint after a kill.
"""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.record import Record
from ranking.features import Column
from ranking.reranker import Tokenise
from ranking.training.checkpoints import resume, save_checkpoint
from ranking.training.examples import Example, folds
from ranking.training.lora import CrossEncoder, padded
from ranking.training.synthesis import Task

CHECKPOINT = 200  # steps between checkpoints
SHOWN = 12  # candidates of a judged query that are shown at once
MOST_SHOWN = 48  # per round
WARM_UP = 0.06  # of the steps
LAST_RATE = 0.02  # of the learning rate


class Recipe(Record):
    """How an adapter is trained."""

    rank: int = 32
    alpha: float = 32.0
    rate: float = 6e-4
    head_rate: float = 1e-3
    epochs: int = 1
    queries_per_step: int = 6
    seed: int = 7


@dataclass(frozen=True)
class Progress:
    """Where the training is: steps, the mean loss since the last report, and that on held-out tasks."""

    step: int
    steps: int
    loss: float
    held_out: float | None


def train(
    model: CrossEncoder,
    tokenise: Tokenise,
    tasks: Sequence[Task],
    recipe: Recipe,
    *,
    device: str = "cpu",
    pad: int = 0,
    held_out: Sequence[Task] = (),
    checkpoint: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Train `model` in place."""
    if not tasks:
        return
    model.to(device).train()
    learned = model.trainable()
    head = [p for name, p in learned.items() if name.startswith("head.")]
    body = [p for name, p in learned.items() if not name.startswith("head.")]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": recipe.rate}, {"params": head, "lr": recipe.head_rate}], weight_decay=0.01
    )
    order = _order(len(tasks), recipe)
    steps = max(1, len(order) // recipe.queries_per_step)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, steps))
    lesson = _digest(tasks, recipe)
    first = resume(checkpoint, learned, optimizer, schedule, lesson)
    total = 0.0
    for step in range(first, steps):
        chosen = order[step * recipe.queries_per_step : (step + 1) * recipe.queries_per_step]
        loss = _loss(model, [tasks[i] for i in chosen], tokenise, pad, device)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_([*body, *head], 1.0)
        optimizer.step()
        schedule.step()
        total += loss.item()
        if (step + 1) % CHECKPOINT == 0 or step + 1 == steps:
            since = (step % CHECKPOINT) + 1
            held = held_out_loss(model, held_out, tokenise, pad, device) if held_out else None
            on_progress(Progress(step + 1, steps, total / min(since, step + 1 - first), held))
            total = 0.0
            if checkpoint:
                save_checkpoint(checkpoint, learned, optimizer, schedule, step + 1, lesson)
    model.eval()


def lessons(found: Sequence[Example], rounds: int, seed: int) -> list[Task]:
    """Judged queries as tasks: each round shows the candidates of every query once, in small groups.

    Candidates nobody judged come along as worthless, as many as there are judged ones.
    """
    rng = random.Random(seed)  # noqa: S311  chooses examples, not secrets
    made: list[Task] = []
    for _ in range(rounds):
        for example in found:
            good = [i for i, gain in enumerate(example.gains) if gain > 0]
            other = [i for i, gain in enumerate(example.gains) if gain == 0]
            kept = [*good, *rng.sample(other, min(len(other), max(len(good), SHOWN)))]
            rng.shuffle(kept)
            kept = kept[:MOST_SHOWN]
            for at in range(0, len(kept), SHOWN):
                group = kept[at : at + SHOWN]
                gains = example.gains[group]
                if len(group) > 2 and gains.sum() > 0 and gains.std() > 0:
                    passages = tuple(example.passages[i] for i in group)
                    made.append(Task(example.text, passages, (gains / gains.sum()).astype(np.float32)))
    rng.shuffle(made)
    return made


@torch.no_grad()
def scores(
    model: CrossEncoder,
    tokenise: Tokenise,
    query: str,
    passages: Sequence[str],
    pad: int = 0,
    device: str = "cpu",
) -> NDArray[np.float32]:
    """A score per passage by the model under training."""
    model.eval()
    with _fast(device):
        found = model(*(part.to(device) for part in padded(list(tokenise(query, passages)), pad)))
    result: NDArray[np.float32] = found.float().cpu().numpy()
    return result


@torch.no_grad()
def held_out_loss(
    model: CrossEncoder, tasks: Sequence[Task], tokenise: Tokenise, pad: int, device: str
) -> float:
    """The mean loss over tasks that are not trained on."""
    model.eval()
    losses = [
        float(_loss(model, tasks[at : at + 8], tokenise, pad, device)) for at in range(0, len(tasks), 8)
    ]
    model.train()
    return sum(losses) / len(losses)


def _loss(
    model: CrossEncoder, tasks: Sequence[Task], tokenise: Tokenise, pad: int, device: str
) -> torch.Tensor:
    pairs = list(chain.from_iterable(tokenise(task.query, task.passages) for task in tasks))
    with _fast(device):
        found = model(*(part.to(device) for part in padded(pairs, pad))).float()
    loss, at = torch.zeros((), device=device), 0
    for task in tasks:
        size = len(task.passages)
        target = torch.from_numpy(task.target).to(device)
        loss = loss - (target * torch.log_softmax(found[at : at + size], 0)).sum()
        at += size
    return loss / len(tasks)


def _fast(device: str) -> Any:
    """Half precision where the hardware multiplies it: 2.5 times the steps on a CPU with AVX-512 bf16."""
    able = device != "cpu" or torch.cpu.get_capabilities().get("avx512_bf16", False)
    return torch.autocast(device, dtype=torch.bfloat16) if able else nullcontext()


def _order(count: int, recipe: Recipe) -> list[int]:
    rng = random.Random(recipe.seed)  # noqa: S311
    order: list[int] = []
    for _ in range(recipe.epochs):
        epoch = list(range(count))
        rng.shuffle(epoch)
        order += epoch
    return order


def _rate(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / (WARM_UP * steps + 1)) * max(LAST_RATE, 1 - step / steps)


def _digest(tasks: Sequence[Task], recipe: Recipe) -> str:
    digest = hashlib.sha256(recipe.model_dump_json().encode())
    for task in tasks:
        digest.update("\0".join([task.query, *task.passages]).encode())
        digest.update(task.target.tobytes())
    return digest.hexdigest()


def fine_tuned(
    model: CrossEncoder,
    start: Mapping[str, torch.Tensor],
    tokenise: Tokenise,
    found: Sequence[Example],
    recipe: Recipe,
    rounds: int,
    **training: Any,
) -> None:
    """Set `model` back to `start` and teach it the judged queries."""
    with torch.no_grad():
        for name, parameter in model.trainable().items():
            parameter.copy_(start[name])
    train(model, tokenise, lessons(found, rounds, recipe.seed), recipe, **training)


def crossed_out_of_fold(
    model: CrossEncoder,
    start: Mapping[str, torch.Tensor],
    tokenise: Tokenise,
    found: Sequence[Example],
    recipe: Recipe,
    rounds: int,
    *,
    count: int,
    pad: int = 0,
    device: str = "cpu",
    on_fold: Callable[[int, int], None] = lambda done, total: None,
) -> list[Column]:
    """Every example's candidates scored by a model that was fine-tuned without its query."""
    fold = folds(found, count)
    crossed: dict[int, Column] = {}
    for held in range(count):
        kept = [example for example, f in zip(found, fold, strict=True) if f != held]
        fine_tuned(model, start, tokenise, kept, recipe, rounds, pad=pad, device=device)
        for i, f in enumerate(fold):
            if f == held:
                scored = scores(model, tokenise, found[i].text, found[i].passages, pad, device)
                crossed[i] = scored.astype(np.float64)
        on_fold(held + 1, count)
    return [crossed[i] for i in range(len(found))]
