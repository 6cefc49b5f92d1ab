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
    text = _SELECTORS.sub("", "".join(c if _is_visible(c) else _space_for(c) for c in text))
    line = " ".join(_STACKED.sub(r"\1", _RULES.sub(r"\1", text.translate(_TAME))).split())
    if len(line) <= longest:
        return line
    return line[: longest + 1].rsplit(" ", 1)[0][:longest] + "\u2026"


def quoted(text: str, longest: int) -> str:
    """The tamed text as a string in quotes that it cannot close."""
    return json.dumps(tamed(text, longest), ensure_ascii=False)


def _is_visible(character: str) -> bool:
    return unicodedata.category(character) not in _INVISIBLE


def _space_for(character: str) -> str:
    """A line end or tab parts words; what cannot be seen parts nothing."""
    return " " if character.isspace() else ""
