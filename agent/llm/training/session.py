"""One training of the planner from lessons to adapter, and what it is worth on the lessons held out."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.llm.embedded import MODEL, open_embedded
from agent.llm.training.export import write_adapter
from agent.llm.training.held_out import Scores, answers, by_file
from agent.llm.training.lessons import Lesson
from agent.llm.training.planner_training import Progress, Recipe, adapted, train
from agent.llm.training.weights import heads_of, load_base
from catalog.device import accelerator
from core.artifacts import resolve
from core.errors import InvalidSource
from core.manifest import manifest
from core.settings import Settings


def train_planner(
    taught: Sequence[Lesson],
    held_out: Sequence[Lesson],
    recipe: Recipe,
    out: Path,
    settings: Settings,
    checkpoint: Path | None = None,
    on_progress: Callable[[str], None] = lambda line: None,
) -> None:
    """Train, with the loss on held-out lessons told now and then, and write the adapter to `out`.

    What is held out is not taught, even if another file says the same.
    """
    unseen = {lesson.said.lower() for lesson in held_out}
    taught = [lesson for lesson in taught if lesson.said.lower() not in unseen]
    if not taught:
        raise InvalidSource("no lessons are left to train on; install aisle anew")
    import torch
    from transformers import AutoTokenizer

    if settings.threads:
        torch.set_num_threads(settings.threads)
    [file] = manifest()[MODEL].files
    folder = resolve(MODEL, settings)
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=file.path)
    model = load_base(folder / file.path)
    changes = adapted(model, recipe)

    def say(progress: Progress) -> None:
        held = "" if progress.held_out is None else f", held out {progress.held_out:.3f}"
        on_progress(f"step {progress.step} of {progress.steps}: loss {progress.loss:.3f}{held}")

    train(
        model,
        changes,
        tokenizer,
        taught,
        recipe,
        held_out=held_out,
        device=accelerator(settings.device) or "cpu",
        checkpoint=checkpoint,
        on_progress=say,
    )
    learned = {
        name: (change.lora_A.detach().float().cpu().numpy(), change.lora_B.detach().float().cpu().numpy())
        for name, change in changes.items()
    }
    write_adapter(out, learned, recipe.alpha, heads_of(model.config))


def measured(
    held_out: Mapping[str, Sequence[Lesson]],
    settings: Settings,
    adapter: Path | None,
    examples: Sequence[Lesson] = (),
) -> dict[str, Scores]:
    """How held-out lessons are answered, by file; a base without an adapter is shown `examples` each time."""
    model = open_embedded(settings, adapter)
    try:
        return by_file(held_out, lambda asked: answers(model, asked, examples))
    finally:
        model.close()
