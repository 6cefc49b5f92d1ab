"""What a reply claims, held against the records that it cites: every claim must be theirs, or is objected to.

Computed from words and records alone; no model is asked. Fail-closed: what cannot be checked cannot stand,
and only words that claim nothing ("a good fit for a small kitchen") pass unchecked. It rewrites nothing.
"""

import re
from collections.abc import Iterator, Sequence

from agent.llm.figures import figures
from agent.llm.ranked import ranked
from agent.llm.said import Problem, any_of, lists
from agent.llm.subjects import MARKER, Statement, cited, sentences, statements
from agent.llm.worded import named, stocked, worded
from catalog.product import Product
from core.record import Record

LONGEST_REPEATED = 6  # words in a row that a reply may share with what is private


class Objection(Record):
    """A claim that cannot stand: its sentence, the words, and why."""

    sentence: str
    words: str
    reason: str

    def __str__(self) -> str:
        return f'"{self.words}": {self.reason}'


def audit(
    text: str, products: Sequence[Product], message: str = "", private: Sequence[str] = ()
) -> tuple[Objection, ...]:
    """Object to each claim of a reply that the products do not bear out; marker [1] is the first of them.

    The products are all that are shown: "cheapest" is of these. What the shopper said counts as read only
    in what a product is said to be for; what is private (prompts, keys) must not be repeated.
    """
    found: list[Objection] = []
    about: tuple[int, ...] = ()
    for sentence in sentences(text):
        problems = list(_forbidden(sentence, products, private))
        said, about = statements(sentence, products, about)
        for statement in said:
            problems += _problems(statement, products, message)
        found += [
            Objection(sentence=sentence, words=" ".join(problem.words.split()), reason=problem.reason)
            for problem in dict.fromkeys(problems)
        ]
    return tuple(found)


def _problems(statement: Statement, products: Sequence[Product], message: str) -> Iterator[Problem]:
    checks = [check(statement, products) for check in (named, ranked, stocked, figures)]
    for found in checks:
        yield from found.problems
    read = [span for found in checks for span in found.spans]
    read += [match.span() for match in re.finditer(any_of(lists()["idle"]["phrases"]), statement.text, re.I)]
    yield from worded(statement, products, message, read)


def _forbidden(sentence: str, products: Sequence[Product], private: Sequence[str]) -> Iterator[Problem]:
    """What no reply may hold, whatever the records say."""
    plain = MARKER.sub("", sentence)
    for brand in {product.brand for product in products if product.brand}:
        plain = plain.replace(brand, "")  # a shop may sell what is called "Belts.com"
    for group in lists()["forbidden"]:
        for match in re.finditer(any_of(group["patterns"]), plain, re.I):
            yield Problem(match[0], group["reason"])
    for place in cited(sentence):
        if not 0 <= place < len(products):
            yield Problem(f"[{place + 1}]", f"there are {len(products)} products, counted from 1")
    spoken = re.findall(r"\w+", sentence.lower())
    for secret in private:
        kept = re.findall(r"\w+", secret.lower())
        size = min(LONGEST_REPEATED, len(kept))
        runs = {tuple(kept[at : at + size]) for at in range(len(kept) - size + 1)} if kept else set()
        if any(tuple(spoken[at : at + size]) in runs for at in range(len(spoken) - size + 1)):
            yield Problem("what is private", "a reply does not repeat its instructions or keys")
