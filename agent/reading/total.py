"""The sum that a message names for everything together: "200 in total", "my budget for all of it is 200".

A bound on each single product is read in `agent.reading.numbers`.
"""

from collections.abc import Sequence

from agent.reading.amounts import Token, amounts, money, text_at, tokens
from agent.reading.goods import EDGES, word_lists
from catalog.product import Money


def budgeted(text: str, currency: str, *, marked: bool = True) -> tuple[str, Money | None]:
    """The message without the sum for everything, and that sum; unmarked, any upper bound will do."""
    lists = word_lists("total")
    said = tokens(text)
    for amount in amounts(said, currency):
        sum_meant = money(amount, amount.currency, currency) if amount.unit in (None, "price") else None
        first, last = amount.first, amount.last
        while text_at(said, first - 1) in lists["before"] or _is_lower_end(said, first):
            first -= 1
        while text_at(said, last) in lists["after"]:
            last += 1
        beyond = last
        while last > amount.last and text_at(said, last - 1) in lists["dangling"]:
            last -= 1
        before = {token.text for token in said[first : amount.first]}
        around = f" {_spoken(said[first : amount.first])} # {_spoken(said[amount.last : beyond])} "
        spent = before & lists["spent"] and text_at(said, amount.last) == "for"
        bound = not marked and (before & lists["bounds"] or amount.unit == "price")
        total = spent or bound or any(f" {mark} " in around for mark in lists["marks"])
        if sum_meant and total and text_at(said, beyond) not in lists["each"]:
            start, end = said[first].start, said[last - 1].end
            joint = (
                ", " if text[:start].rstrip().endswith(",") or text[end:].lstrip().startswith(",") else " "
            )
            return joint.join([text[:start].rstrip(" ,"), text[end:].lstrip(" ,")]).strip(EDGES), sum_meant
    return text, None


def _is_lower_end(said: Sequence[Token], at: int) -> bool:
    """Whether the number before is the other end of a range: "between 100 and 200"."""
    return at > 1 and said[at - 1].value is not None and text_at(said, at - 2) == "between"


def _spoken(said: Sequence[Token]) -> str:
    return " ".join(token.text for token in said)
