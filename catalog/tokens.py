"""The tokenizer of a model's folder, and how much of a text it is given. Knows no model and no batch."""

import json
from pathlib import Path
from typing import Any

from core.errors import ModelDamaged

# Tokenising a megabyte takes 0.9 s to keep 256 tokens of it. No token a model was trained on needs more
# characters than this; only text that is mostly blanks or unbroken runs would be cut short by it.
CHARACTERS_PER_TOKEN = 100


def open_tokenizer(folder: Path) -> tuple[Any, int]:
    """Return the tokenizer of a folder, without padding or truncation, and the padding id.

    The id matters: position-counting models (RoBERTa) skip exactly this one.
    """
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    except Exception as error:
        raise ModelDamaged(f"{folder / 'tokenizer.json'} cannot be read: {error}") from error
    padding = tokenizer.padding
    tokenizer.no_padding()
    tokenizer.no_truncation()
    pad_id = padding["pad_id"] if padding else read_json(folder / "config.json").get("pad_token_id") or 0
    return tokenizer, int(pad_id)


def readable(text: str, tokens: int, *, lower_case: bool = False) -> str:
    """Return what of a text a tokenizer should be given to keep `tokens` of it."""
    text = text[: tokens * CHARACTERS_PER_TOKEN]
    text = text.encode("utf-8", "replace").decode("utf-8")  # JSON feeds do contain half an emoji
    return text.lower() if lower_case else text


def token_limit(folder: Path) -> int:
    """Return how many tokens a transformer can read, by its own files."""
    config = read_json(folder / "config.json")
    positions = config.get("max_position_embeddings", 512)
    if config.get("model_type") in ("roberta", "xlm-roberta", "camembert", "mpnet"):
        positions -= 2  # they count positions from after the padding id
    stated = read_json(folder / "sentence_bert_config.json").get("max_seq_length")
    return int(
        min(
            stated or read_json(folder / "tokenizer_config.json").get("model_max_length") or positions,
            positions,
        )
    )


def read_json(path: Path) -> Any:
    """Return the content of a JSON file; an empty dict if there is no such file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise ModelDamaged(f"{path} is not JSON: {error}") from error
