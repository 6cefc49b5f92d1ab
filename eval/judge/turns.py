"""What must hold of any turn of any conversation, checked without a model: nobody is asked for an opinion.

Receipts: what is shown violates nothing that was asked for. References: what is spoken of was shown.
Relaxations: what is offered exists. Claims: every price in the answer is somewhere in the records.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from itertools import chain
from typing import Literal

from agent.dialogue.state import State
from agent.plan import Plan
from agent.steps import Answered, Failed, Searched, Step, Understood
from catalog.price import major_units
from catalog.product import Money, Product
from core.record import Record
from ranking.exclusions import classifier
from ranking.receipts import known_to_violate, receipt
from ranking.records import Hit, Results, Search

Kind = Literal["receipts", "references", "relaxations", "claims"]
Lookup = Callable[[Sequence[str]], Mapping[str, Product]]  # of products by id, as far as there are any

_MONEY = re.compile(r"[$€£]\s?(\d[\d,]*(?:\.\d+)?)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class Checked(Record):
    """How many things of a kind were looked at in a turn, and what is wrong with them."""

    kind: Kind
    looked_at: int
    wrong: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """A turn as it was held: what was said, the state before it, and the steps that came of it."""

    utterance: str
    before: State
    steps: Sequence[Step]

    @cached_property
    def plan(self) -> Plan | None:
        """What was understood at last."""
        return next((step.plan for step in reversed(self.steps) if isinstance(step, Understood)), None)

    @cached_property
    def results(self) -> Results | None:
        """What was found at last."""
        return next((step.results for step in reversed(self.steps) if isinstance(step, Searched)), None)

    @property
    def end(self) -> Answered | Failed | None:
        """The step that ended it; None for a turn that did not end."""
        last = self.steps[-1] if self.steps else None
        return last if isinstance(last, Answered | Failed) else None

    @property
    def answer(self) -> str:
        """What the shopper reads."""
        return self.end.text if isinstance(self.end, Answered) else self.end.problem if self.end else ""

    @property
    def after(self) -> State:
        """The state that it left."""
        return self.end.state if self.end else self.before


def check_turn(held: Held, products: Lookup) -> tuple[Checked, ...]:
    """Look at one turn; what there was nothing of is not reported as right."""
    return (_receipts(held), _references(held), _relaxations(held, products), _claims(held, products))


def _receipts(held: Held) -> Checked:
    searched = groups(held)
    wrong = [found for search, hits in searched for found in violations(search, hits)]
    return Checked(kind="receipts", looked_at=sum(len(hits) for _, hits in searched), wrong=tuple(wrong))


def groups(held: Held) -> list[tuple[Search, Sequence[Hit]]]:
    """What was found at last, each with the search that found it."""
    if held.results is None:
        return []
    if held.results.groups:
        return [(group.search, group.hits) for group in held.results.groups]
    searches = held.plan.searches if held.plan else ()
    return [(searches[0], held.results.hits)] if searches else []


def violations(search: Search, hits: Iterable[Hit]) -> Iterator[str]:
    """What is shown in spite of a requirement, or of being turned down."""
    classify = classifier(search.without)
    for hit in hits:
        for check in receipt(hit.product, search.where, classify(hit.product)):
            if check.verdict.value == "violated":
                yield f"{hit.product.id} violates {check.requirement!r} ({check.evidence})"
        if hit.product.id in search.without.products:
            yield f"{hit.product.id} was turned down and is shown"


def _references(held: Held) -> Checked:
    named = held.plan.refers_to if held.plan else ()
    shown = {*held.before.shown, *held.before.focus, *held.after.shown}
    shown |= {product_id for said in held.before.history for product_id in said.shown}
    shown |= {hit.product.id for hit in _hits(held)}
    cited = held.end.cites if isinstance(held.end, Answered) else ()
    spoken = (*named, *cited)
    wrong = [f"speaks of {i}, which was never shown" for i in dict.fromkeys(spoken) if i not in shown]
    return Checked(kind="references", looked_at=len(spoken), wrong=tuple(wrong))


def _relaxations(held: Held, products: Lookup) -> Checked:
    offered = held.results.relaxations if held.results else ()
    wrong: list[str] = []
    for one in offered:
        if one.count < 1 or not one.example_ids:
            wrong.append(f"{one.dropped!r} leads nowhere")
        classify, known = classifier(one.search.without), products(one.example_ids)
        for product_id in one.example_ids:
            if product_id not in known:
                wrong.append(f"{one.dropped!r} names {product_id}, which does not exist")
                continue
            product = known[product_id]
            if known_to_violate(receipt(product, one.search.where, classify(product))):
                wrong.append(f"{one.dropped!r} does not find its own example {product_id}")
    return Checked(kind="relaxations", looked_at=len(offered), wrong=tuple(wrong))


def _claims(held: Held, products: Lookup) -> Checked:
    """Prices may be those of products and bounds, sums of picks, and differences of any two of these."""
    written = _MONEY.findall(held.answer)
    if not written:
        return Checked(kind="claims", looked_at=0, wrong=())
    items = {amount for product in _spoken_of(held, products) for amount in amounts(product)}
    items |= set(_totals(held))
    plans = [said.plan for said in held.after.history if said.plan]
    searches = [relaxation.search for relaxation in held.results.relaxations] if held.results else []
    bounds = set(
        chain.from_iterable(map(amounts, (*plans, held.after.wanted, held.before.wanted, *searches)))
    )
    said = {decimal(number) for number in _NUMBER.findall(held.utterance)}
    known = items | bounds | said | {abs(a - b) for a in items for b in items | bounds}
    wrong = tuple(
        f"the price {price} is nowhere in the records" for price in written if decimal(price) not in known
    )
    return Checked(kind="claims", looked_at=len(written), wrong=wrong)


def _hits(held: Held) -> list[Hit]:
    if held.results is None:
        return []
    return [*held.results.hits, *(hit for group in held.results.groups for hit in group.hits)]


def _spoken_of(held: Held, products: Lookup) -> list[Product]:
    ids = {*held.before.shown, *held.after.shown, *held.before.focus, *held.after.focus}
    if isinstance(held.end, Answered):
        ids |= set(held.end.cites)
    if held.results:
        ids |= {i for relaxation in held.results.relaxations for i in relaxation.example_ids}
    return [*products(sorted(ids)).values(), *(hit.product for hit in _hits(held))]


def _totals(held: Held) -> Iterator[Decimal]:
    """What the picks of a bundle cost together."""
    groups = [group for group in held.results.groups if group.hits] if held.results else []
    picks = [
        next((hit for hit in group.hits if hit.product.id == group.pick), group.hits[0]) for group in groups
    ]
    prices = [hit.product.price for hit in picks]
    if prices and all(prices):
        yield sum((decimal(str(major_units(price))) for price in prices if price), Decimal(0)).normalize()


def amounts(record: Record) -> list[Decimal]:
    """Every amount of money in a record, however deep."""
    found: list[Decimal] = []
    for value in record.__dict__.values():
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Money):
                found.append(decimal(str(major_units(part))))
            elif isinstance(part, Record):
                found += amounts(part)
    return found


def decimal(written: str) -> Decimal:
    """A number as it is written in a text; of several points, as in "1.2.3", the first counts."""
    whole, point, rest = written.replace(",", "").partition(".")
    return Decimal(f"{whole}{point}{rest.replace('.', '')}").normalize()
