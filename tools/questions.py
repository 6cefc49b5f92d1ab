"""A question made bare: lower case, without small talk, and with "it" for whatever names the product."""

import re
from collections.abc import Sequence

from catalog.product import Product
from ranking.words import words
from tools.claims import tables

LONGEST_QUESTION = 300  # characters
LONGEST_SUBJECT = 8  # words

# Verbs that a question about a product begins with.
BE = r"(?:is|are|was|isn't|aren't)"
DO = r"(?:does|do|doesn't|don't|did)"
CAN = r"(?:can|could|will|would|should|may)"


def bare_question(question: str, product: Product) -> str:
    """The bare question in lower case, with "it" for whatever names the product."""
    text = " ".join(question[:LONGEST_QUESTION].lower().replace("\u2019", "'").split()).strip(" ?.!,")
    text = re.split(r"\?\s", text)[0]
    lists = tables()["words"]
    openings, closings = any_of(lists["openings"]), any_of(lists["closings"])
    text = re.sub(rf"^(?:(?:{openings})\b[\s,]*)+(?=\S)", "", text)
    text = re.sub(rf"(?:\s+(?:{closings}))+$", "", text)
    text = re.sub(r"^(?:what|how) about\s+(?=\S)", "", text)
    return _with_it(text, product)


def _with_it(text: str, product: Product) -> str:
    """ "Is the second one waterproof" and "is the Cityfold waterproof" as "is it waterproof"."""
    ordinals = any_of(tables()["words"]["ordinals"])
    text = re.sub(r"\b(?:this|that|these|those|the [\w' -]{1,40}?) ones?\b", "it", text, count=1)
    text = re.sub(rf"\bthe (?:{ordinals}|\d+(?:st|nd|rd|th))\b", "it", text, count=1)
    text = re.sub(r"\b(?:number|option|item) (?:\d+|one|two|three|four|five)\b|#\d+", "it", text, count=1)
    names = {*words(product.title), *words(product.brand or "")}
    nouns = {
        s for t in (*product.attributes.get("type", ()), *product.categories[-1:]) for s in words(t)[-1:]
    }
    found = re.search(
        rf"\b(?:{BE}|{DO}|{CAN}|has|have|of|about) (?P<said>(?:the|this|that|these|those) [^?]*)", text
    )
    if found is None:
        return _with_pronoun(text)
    tokens = found["said"].split()
    size = 1
    while size < min(len(tokens) - 1, LONGEST_SUBJECT) and set(words(tokens[size])) <= names:
        size += 1
        if set(words(tokens[size - 1])) & nouns:
            break
    if size == len(tokens) - 1 and set(words(tokens[size])) <= nouns:
        size += 1  # "how heavy is the kettle"
    if size == 1:
        return _with_pronoun(text)
    start = found.start("said")
    return " ".join([text[:start].rstrip(), "it", *tokens[size:]])


def _with_pronoun(text: str) -> str:
    verbs = rf"{BE}|{DO}|{CAN}|has|have"
    return re.sub(rf"^((?:.*? )?(?:{verbs}) )(?:they|this|that|these|those)\b", r"\1it", text)


def bare(what: str) -> str:
    """What is asked about without its articles."""
    articles = any_of(tables()["words"]["articles"])
    return re.sub(rf"^(?:(?:{articles})\b\s*)+", "", what).strip(" ,-")


def any_of(phrases: Sequence[str]) -> str:
    """A pattern for any of the phrases, the longest first."""
    return "|".join(map(re.escape, sorted(phrases, key=len, reverse=True)))
