"""Where a model runs: the torch device the settings ask for, or the CPU, which is OpenVINO's."""

import shutil
import sys

from core.errors import InvalidSettings


def accelerator(device: str) -> str | None:
    """Return the torch device to use, or None for the CPU. Only where a GPU is likely is torch asked."""
    if device == "cpu":
        return None
    likely = {"cuda": shutil.which("nvidia-smi") is not None, "mps": sys.platform == "darwin"}
    if device == "auto" and not any(likely.values()):
        return None
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next((name for name, usable in present.items() if usable), None)
    if not present[device]:
        raise InvalidSettings(f"device is {device}, but torch finds none here; set AISLE_DEVICE=auto")
    return device
