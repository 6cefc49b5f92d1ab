"""A training's state on disk, so that one that was killed goes on where it was. Trains nothing itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def save_checkpoint(
    path: Path, learned: Mapping[str, torch.Tensor], optimizer: Any, schedule: Any, step: int, lesson: str
) -> None:
    """Keep everything that the steps so far have changed; `lesson` says of which training they are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    state = {
        "step": step,
        "lesson": lesson,
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
    }
    torch.save({**state, "learned": {name: part.detach().cpu() for name, part in learned.items()}}, partial)
    partial.replace(path)


def resume(
    path: Path | None, learned: Mapping[str, torch.Tensor], optimizer: Any, schedule: Any, lesson: str
) -> int:
    """The step to go on from: 0 without a checkpoint, or with one of another training."""
    if path is None or not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    if state.get("lesson") != lesson or set(state["learned"]) != set(learned):
        return 0
    with torch.no_grad():
        for name, part in learned.items():
            part.copy_(state["learned"][name])
    optimizer.load_state_dict(state["optimizer"])
    schedule.load_state_dict(state["schedule"])
    return int(state["step"])
