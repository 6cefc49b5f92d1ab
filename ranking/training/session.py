"""One training of the cross-encoder from beginning to end: made-up queries, judged ones, held-out scores.

Learning from made-up queries, which takes longest, is taken up from the checkpoint in the work folder.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random

import numpy as np
import torch

from catalog.device import accelerator
from catalog.index import ProductIndex
from core.artifacts import resolve
from core.errors import InvalidSource
from core.record import Record
from core.settings import Settings
from ranking.adapter import AdapterConfig, base_digest, save_adapter
from ranking.features import Column
from ranking.reranker import Tokenise, pair_tokeniser
from ranking.training.crossed import write_crossed
from ranking.training.examples import Example
from ranking.training.lora import CrossEncoder
from ranking.training.reranker_training import (
    Progress,
    Recipe,
    crossed_out_of_fold,
    fine_tuned,
    scores,
    train,
)
from ranking.training.synthesis import Task, tasks

BASE = "minilm"
HELD_OUT = 200  # made-up queries that only measure
FINE = {"rate": 2e-4, "head_rate": 3e-4, "queries_per_step": 4}


class Session(Record):
    """What to train, and where to keep it."""

    work: Path
    out: Path
    tasks: int
    rounds: int
    folds: int
    seed: int


def train_reranker(
    session: Session,
    found: Sequence[Example],
    catalogues: Sequence[Callable[[], ProductIndex]],
    settings: Settings,
    on_progress: Callable[[str], None] = lambda line: None,
) -> list[Column]:
    """Train, write the adapter to `session.out`, and return the held-out scores of every example.

    The held-out scores are those of models that never saw the query's judgments; they are kept in the work
    folder for the blend. With rounds, the adapter itself has seen them all.
    """
    session.work.mkdir(parents=True, exist_ok=True)
    device = accelerator(settings.device) or "cpu"
    torch.manual_seed(session.seed)
    folder = resolve(BASE, settings)
    tokenise = pair_tokeniser(folder, settings.reranker_max_tokens)
    recipe = Recipe(seed=session.seed)
    made = _made(session, catalogues, on_progress)
    if len(made) <= HELD_OUT:
        raise InvalidSource(
            f"{len(made)} queries could be made, and {HELD_OUT} are held out; ask for more with --tasks, or "
            "give a catalogue with more products"
        )
    model = CrossEncoder(folder, recipe.rank, recipe.alpha)

    def say(progress: Progress) -> None:
        held = "" if progress.held_out is None else f", held out {progress.held_out:.3f}"
        on_progress(f"step {progress.step} of {progress.steps}: loss {progress.loss:.3f}{held}")

    train(
        model,
        tokenise,
        made[HELD_OUT:],
        recipe,
        device=device,
        held_out=made[:HELD_OUT],
        checkpoint=session.work / "checkpoint.pt",
        on_progress=say,
    )
    crossed = _judged(session, model, tokenise, found, recipe, device, on_progress)
    write_crossed(session.work / "crossed.json", found, crossed)
    tensors = {name: tensor.detach().cpu().numpy() for name, tensor in model.trainable().items()}
    modules = tuple(sorted({name.rpartition(".")[0] for name in tensors if ".lora_" in name}))
    config = AdapterConfig(
        base=BASE,
        base_sha256=base_digest(BASE),
        rank=recipe.rank,
        alpha=recipe.alpha,
        modules=modules,
        head="mean",
        max_tokens=settings.reranker_max_tokens,
    )
    save_adapter(session.out, tensors, config)
    return crossed


def _judged(
    session: Session,
    model: CrossEncoder,
    tokenise: Tokenise,
    found: Sequence[Example],
    recipe: Recipe,
    device: str,
    on_progress: Callable[[str], None],
) -> list[Column]:
    """Teach the model the judged queries, if it is to learn them; the scores are held out either way."""
    if session.rounds == 0:
        return [scores(model, tokenise, e.text, e.passages, device=device).astype(np.float64) for e in found]
    start = {name: tensor.detach().clone() for name, tensor in model.trainable().items()}
    fine = recipe.model_copy(update=FINE)
    crossed = crossed_out_of_fold(
        model,
        start,
        tokenise,
        found,
        fine,
        session.rounds,
        count=session.folds,
        device=device,
        on_fold=lambda done, total: on_progress(f"held-out scores: fold {done} of {total}"),
    )
    fine_tuned(model, start, tokenise, found, fine, session.rounds, device=device)
    return crossed


def _made(
    session: Session, catalogues: Sequence[Callable[[], ProductIndex]], on_progress: Callable[[str], None]
) -> list[Task]:
    """Tasks from every catalogue in turn, as many from each, shuffled."""
    made: list[Task] = []
    for number, catalogue in enumerate(catalogues):
        index = catalogue()
        try:
            made += tasks(index, session.tasks // len(catalogues), session.seed + number)
        finally:
            index.close()
        on_progress(f"{len(made)} queries made")
    Random(session.seed).shuffle(made)  # noqa: S311  chooses examples, not secrets
    return made
