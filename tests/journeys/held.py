"""One turn as it was held: the state before and after, the steps between, and what is read off them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from agent.dialogue.state import State
from agent.plan import Plan
from agent.steps import Answered, Asked, Failed, Searched, Step, Understood
from catalog.price import major_units
from catalog.product import Money
from ranking.records import Group, Results


class Talks(Protocol):
    """Whoever holds a conversation: all that it remembers is in the state."""

    def run(self, state: State, message: str) -> Iterator[Step]:
        """Answer one message."""
        ...


@dataclass(frozen=True)
class Held:
    """What was said and what came of it."""

    message: str
    before: State
    steps: Sequence[Step]

    @cached_property
    def plan(self) -> Plan | None:
        """What was understood at last."""
        return next((step.plan for step in reversed(self.steps) if isinstance(step, Understood)), None)

    @cached_property
    def searched(self) -> Searched | None:
        """The final search, if there was one."""
        found = [step for step in self.steps if isinstance(step, Searched)]
        return found[-1] if found and found[-1].final else None

    @property
    def results(self) -> Results | None:
        """What the final search found."""
        return self.searched.results if self.searched else None

    @cached_property
    def asked(self) -> Asked | None:
        """The question beside the results."""
        return next((step for step in self.steps if isinstance(step, Asked)), None)

    @property
    def answered(self) -> Answered | None:
        """The reply, where the turn did not fail."""
        last = self.steps[-1] if self.steps else None
        return last if isinstance(last, Answered) else None

    @property
    def answer(self) -> str:
        """What the shopper reads last."""
        last = self.steps[-1] if self.steps else None
        return last.text if isinstance(last, Answered) else last.problem if isinstance(last, Failed) else ""

    @property
    def after(self) -> State:
        """The state that the turn left."""
        last = self.steps[-1] if self.steps else None
        return last.state if isinstance(last, Answered | Failed) else self.before

    @property
    def total(self) -> Decimal | None:
        """What the picks of a bundle cost together; none where there is no bundle or a price is unknown."""
        if self.results is None or not self.results.groups:
            return None
        prices = [price(group) for group in self.results.groups if group.hits]
        return sum((Decimal(str(major_units(p))) for p in prices if p), Decimal(0)) if all(prices) else None


def price(group: Group) -> Money | None:
    """What the pick of a group costs; its first hit where nothing was picked."""
    picked = next((hit for hit in group.hits if hit.product.id == group.pick), group.hits[0])
    return picked.product.price
