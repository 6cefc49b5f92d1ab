"""Teaches the planner its lessons: low-rank changes to a frozen SmolLM2, loss on the answer alone.

Seeded; taken up from its last checkpoint after a kill.
"""

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch.nn.functional import cross_entropy
from transformers import LlamaForCausalLM

from agent.llm.proposing import ask
from agent.llm.training.generation import epoch
from agent.llm.training.lessons import Lesson
from agent.llm.training.weights import PROJECTIONS
from core.record import Record
from ranking.training.checkpoints import resume, save_checkpoint
from ranking.training.lora import LowRank

CHECKPOINT = 50  # steps between checkpoints
WARM_UP = 0.06  # of the steps
LAST_RATE = 0.02  # of the learning rate
SORTED = 24  # batches among which lessons of one length are brought together, to save padding
UNTAUGHT = -100  # tokens of the question


class Recipe(Record):
    """How the adapter is trained."""

    rank: int = 8
    alpha: float = 16.0
    rate: float = 8e-4
    epochs: int = 3
    batch: int = 16
    seed: int = 7


class Tokenizer(Protocol):
    """What is used of a tokenizer of transformers."""

    def apply_chat_template(self, conversation: list[dict[str, str]], **options: Any) -> Any:
        """A chat as ids of tokens."""

    def encode(self, text: str, **options: Any) -> list[int]:
        """A text as ids of tokens."""


@dataclass(frozen=True)
class Example:
    """A lesson in tokens: the question, and the answer with its end."""

    question: tuple[int, ...]
    answer: tuple[int, ...]


@dataclass(frozen=True)
class Progress:
    """Where the training is: steps, the mean loss since the last report, and that on held-out lessons."""

    step: int
    steps: int
    loss: float
    held_out: float | None


def adapted(base: LlamaForCausalLM, recipe: Recipe) -> dict[str, LowRank]:
    """Put a change on every projection of `base`, in place; the changes by the projection's name."""
    torch.manual_seed(recipe.seed)
    changes = {}
    for number, layer in enumerate(base.model.layers):
        for name in PROJECTIONS:
            holder = layer.get_submodule(name.partition(".")[0])
            changed = LowRank(layer.get_submodule(name), recipe.rank, recipe.alpha)
            setattr(holder, name.partition(".")[2], changed)
            changes[f"model.layers.{number}.{name}"] = changed
    return changes


def train(
    model: LlamaForCausalLM,
    changes: dict[str, LowRank],
    tokenizer: Tokenizer,
    lessons: Sequence[Lesson],
    recipe: Recipe,
    *,
    held_out: Sequence[Lesson] = (),
    device: str = "cpu",
    checkpoint: Path | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> None:
    """Train `changes`, which lie on `model`, in place."""
    if _halves(device):
        model.to(torch.bfloat16)  # type: ignore[arg-type]
        for change in changes.values():
            change.lora_A.data, change.lora_B.data = change.lora_A.data.float(), change.lora_B.data.float()
    model.to(device).train()  # type: ignore[arg-type]
    learned = {
        f"{name}.{half}": getattr(c, half) for name, c in changes.items() for half in ("lora_A", "lora_B")
    }
    batches = _batches(lessons, tokenizer, recipe)
    measured = _in_batches([example_of(lesson, tokenizer) for lesson in held_out], recipe.batch)
    optimizer = torch.optim.AdamW(learned.values(), lr=recipe.rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, len(batches)))
    taught = _digest(batches, recipe)
    first = resume(checkpoint, learned, optimizer, schedule, taught)
    total = 0.0
    for step in range(first, len(batches)):
        loss = _loss(model, batches[step], device)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(learned.values(), 1.0)
        optimizer.step()
        schedule.step()
        total += loss.item()
        if (step + 1) % CHECKPOINT == 0 or step + 1 == len(batches):
            since = min((step % CHECKPOINT) + 1, step + 1 - first)
            held = held_out_loss(model, measured, device) if measured else None
            on_progress(Progress(step + 1, len(batches), total / since, held))
            total = 0.0
            if checkpoint:
                save_checkpoint(checkpoint, learned, optimizer, schedule, step + 1, taught)
    model.eval()  # type: ignore[no-untyped-call]


def example_of(lesson: Lesson, tokenizer: Tokenizer) -> Example:
    """The lesson as the model is shown it when it serves."""
    messages = [message.model_dump() for message in ask(lesson.said, lesson.so_far).messages]
    question = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    return Example(tuple(question), tuple(tokenizer.encode(f"{lesson.answer}<|im_end|>")))


@torch.no_grad()
def held_out_loss(model: LlamaForCausalLM, batches: Sequence[Sequence[Example]], device: str) -> float:
    """The mean loss over batches that are not trained on."""
    model.eval()  # type: ignore[no-untyped-call]
    losses = [float(_loss(model, batch, device)) for batch in batches]
    model.train()
    return sum(losses) / len(losses)


def _loss(model: LlamaForCausalLM, batch: Sequence[Example], device: str) -> torch.Tensor:
    """Only the answer's tokens are scored: 49,152 words for each of the others would take as long again."""
    longest = max(len(example.question) + len(example.answer) for example in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.long)
    mask, labels = torch.zeros_like(ids), torch.full_like(ids, UNTAUGHT)
    for row, example in enumerate(batch):
        start, end = len(example.question), len(example.question) + len(example.answer)
        ids[row, :end] = torch.tensor([*example.question, *example.answer])
        mask[row, :end] = 1
        labels[row, start - 1 : end - 1] = torch.tensor(example.answer)  # what each place foretells
    taught = labels != UNTAUGHT
    with torch.autocast(device, dtype=torch.bfloat16) if _halves(device) else nullcontext():
        states = model.model(input_ids=ids.to(device), attention_mask=mask.to(device)).last_hidden_state
        scores = model.lm_head(states[taught.to(device)]).float()
    return cross_entropy(scores, labels[taught].to(device))


def _halves(device: str) -> bool:
    """Whether half precision is fast: three times the steps on a CPU with AVX-512 bf16."""
    return device != "cpu" or bool(torch.cpu.get_capabilities().get("avx512_bf16", False))


def _batches(lessons: Sequence[Lesson], tokenizer: Tokenizer, recipe: Recipe) -> list[list[Example]]:
    found: list[list[Example]] = []
    for number in range(recipe.epochs):
        rng = random.Random(f"{recipe.seed} {number}")  # noqa: S311
        shown = [example_of(lesson, tokenizer) for lesson in epoch(lessons, recipe.seed * 1_000 + number)]
        for at in range(0, len(shown), SORTED * recipe.batch):
            chunk = _in_batches(shown[at : at + SORTED * recipe.batch], recipe.batch)
            rng.shuffle(chunk)
            found += chunk
    return found


def _in_batches(examples: Sequence[Example], size: int) -> list[list[Example]]:
    ordered = sorted(examples, key=lambda example: len(example.question) + len(example.answer))
    return [ordered[at : at + size] for at in range(0, len(ordered), size)]


def _rate(step: int, steps: int) -> float:
    warm = min(1.0, (step + 1) / (WARM_UP * steps + 1))
    return warm * max(LAST_RATE, 0.5 + 0.5 * math.cos(math.pi * step / steps))


def _digest(batches: Sequence[Sequence[Example]], recipe: Recipe) -> str:
    digest = hashlib.sha256(recipe.model_dump_json().encode())
    for batch in batches:
        digest.update(str([(example.question, example.answer) for example in batch]).encode())
    return digest.hexdigest()
