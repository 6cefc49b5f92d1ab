"""Transformers from a folder of weights: the one seam to the library, and never to code found there."""

from pathlib import Path
from typing import Any

import torch

from core.errors import InvalidSettings, ModelDamaged


def load_pretrained(auto_class: Any, folder: Path) -> tuple[Any, list[str]]:
    """Load a model in float32 and return it with the names of weights that its folder does not hold."""
    from safetensors import SafetensorError
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    try:
        model, loading = auto_class.from_pretrained(
            folder,
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except SafetensorError as error:
        raise ModelDamaged(f"the weights in {folder} are damaged: {error}; fetch the model again") from error
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise InvalidSettings(f"model {folder} cannot be loaded: {reason}") from error
    return model.eval(), sorted(loading["missing_keys"])
