"""Texts that others wrote, as quoted data for a prompt: cut, cleaned, and unable to end their quotes.

It makes a text harmless to the form of a prompt. That a model does not obey it is for the prompt and the
audit to see to.
"""

import json
import re
import unicodedata

# Brackets make markers, tags, templates and the control tokens of chat formats; each has a tame likeness.
_TAME = str.maketrans("[]{}<>`|\\", "()()\u2039\u203a'//")
_INVISIBLE = frozenset(["Cc", "Cf", "Co", "Cs", "Cn"])
_SELECTORS = re.compile("[\ufe00-\ufe0f\u115f\u1160\u3164\uffa0\u034f\u2800]")
_RULES = re.compile(r"([#=*_~\-.!])\1{2,}")  # "###", "---": section marks
_STACKED = re.compile(
    r"([\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]{2})[\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]+"
)


def tamed(text: str, longest: int) -> str:
    """One line of visible text without the signs that prompts are built of, cut between words."""
    text = unicodedata.normalize("NFKC", text[: 4 * longest])  # first: full-width brackets are brackets
    return _cut(_RULES.sub(r"\1", _shown(text).translate(_TAME)), longest)


def visible(text: str, longest: int) -> str:
    """One line of visible text with every sign it has, cut between words: for names that are used again."""
    if len(text) <= longest and text.isascii() and text.isprintable():  # as nearly all names are
        return " ".join(text.split())
    return _cut(_shown(text[: 4 * longest]), longest)


def quoted(text: str, longest: int) -> str:
    """The tamed text as a string in quotes that it cannot close."""
    return json.dumps(tamed(text, longest), ensure_ascii=False)


def _shown(text: str) -> str:
    """The text without what cannot be seen. Python's own test, in C, spares nearly all texts the rest."""
    text = " ".join(text.split())
    if not text.isprintable():
        text = "".join(c if _is_visible(c) else _space_for(c) for c in text)
    return text if text.isascii() else _SELECTORS.sub("", text)


def _cut(text: str, longest: int) -> str:
    line = " ".join((text if text.isascii() else _STACKED.sub(r"\1", text)).split())
    if len(line) <= longest:
        return line
    return line[: longest + 1].rsplit(" ", 1)[0][:longest] + "\u2026"


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE


def _space_for(character: str) -> str:
    """A line end or tab parts words; what cannot be seen parts nothing."""
    return " " if character.isspace() else ""
