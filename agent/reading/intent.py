"""What a turn wants done, from its wording alone. Whether it refines what came before, the dialogue knows."""

import re
import tomllib
from functools import cache
from pathlib import Path

from agent.plan import Intent
from agent.reading.parse import Reading

_TRIED = (Intent.COMPARE, Intent.SIMILAR, Intent.BUNDLE, Intent.ASK)


def intent_of(reading: Reading) -> Intent:
    """The intent of a reading; chat where nothing is left to look for."""
    text = reading.text.replace("\u2019", "'").strip()
    if _patterns()[Intent.CHAT].fullmatch(text.strip(" .!?")):
        return Intent.CHAT
    for intent in _TRIED:
        if _patterns()[intent].search(text):
            return intent
    required = not (reading.where.is_empty and reading.without.is_empty)
    asks = required or reading.wishes or reading.conflicts or re.search(r"\w", reading.query)
    return Intent.FIND if asks else Intent.CHAT


@cache
def _patterns() -> dict[Intent, re.Pattern[str]]:
    tables = tomllib.loads(Path(__file__).with_name("intent.toml").read_text(encoding="utf-8"))
    return {Intent(name): re.compile("|".join(patterns), re.IGNORECASE) for name, patterns in tables.items()}
