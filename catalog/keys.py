"""How names and values are compared: the one normal form that the index, filters and vocabulary share."""

import unicodedata
from functools import lru_cache

PATH = " > "  # between the levels of a category path


@lru_cache(maxsize=50_000)  # the same names and values come with every product
def key(text: str) -> str:
    """The form under which `text` is stored in a filter field: "  Crème  BRÛLÉE " -> "crème brûlée"."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def attribute_key(name: str, value: str) -> str:
    """One filterable fact about a product: ("Color", "Red") -> "color=red"."""
    return f"{key(name)}={key(value)}"


def category_keys(path: tuple[str, ...]) -> list[str]:
    """Every name a category path answers to: each level alone, and each prefix of the path."""
    levels = [key(level) for level in path]
    prefixes = [PATH.join(levels[:depth]) for depth in range(2, len(levels) + 1)]
    return list(dict.fromkeys(levels + prefixes))
