"""What a message is about that looks for no product: a greeting, an order, an insult, another language.

It reads the wording alone. Whether a message looks for a product is not decided here.
"""

import re
import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

LONGEST_READ = 1_000  # characters; what follows is pasted text
LAST_LATIN = "\u024f"


class Topic(StrEnum):
    """What a message is about; the phrases that answer it are named alike."""

    GREETING = "greeting"
    THANKS = "thanks"
    GOODBYE = "goodbye"
    IDENTITY = "identity"
    ABILITIES = "abilities"
    SELLING = "selling"
    SERVICE = "service"
    ABUSE = "abuse"
    INSTRUCTIONS = "instructions"
    LANGUAGE = "language"
    OFF_TOPIC = "off_topic"
    EMPTY = "empty"
    UNCLEAR = "unclear"


def topic(text: str) -> Topic:
    """The topic of a message; unclear where none is recognised, gibberish included."""
    said = " ".join(text[:LONGEST_READ].replace("\u2019", "'").lower().split())
    if not said:
        return Topic.EMPTY
    for name, pattern in _patterns("part").items():
        if pattern.search(said):
            return name
    bare = said.strip(" .,!?;:)(")
    for name, pattern in _patterns("whole").items():
        if pattern.fullmatch(bare):
            return name
    return Topic.LANGUAGE if _is_foreign(said) else Topic.UNCLEAR


def _is_foreign(said: str) -> bool:
    """Whether most letters are of another script, or the words make a sentence of another language."""
    letters = [letter for letter in said if letter.isalpha()]
    beyond_latin = sum(letter > LAST_LATIN for letter in letters)
    if beyond_latin * 2 > len(letters):
        return True
    words = re.findall(r"[^\W\d_]+", said)
    asking = sum(word in _foreign("asking") for word in words)
    small = sum(word in _foreign("words") for word in words)
    return bool(asking and asking + small >= min(2, len(words))) or (
        small >= 3 and small * 5 >= len(words) * 2
    )


@cache
def _tables() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@cache
def _patterns(section: str) -> dict[Topic, re.Pattern[str]]:
    return {Topic(name): re.compile("|".join(listed)) for name, listed in _tables()[section].items()}


@cache
def _foreign(listed: str) -> frozenset[str]:
    return frozenset(_tables()["foreign"][listed])
