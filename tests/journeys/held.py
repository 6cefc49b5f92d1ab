"""One turn as it was held: the state before and after, the steps between, and what is read off them."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from agent.dialogue.state import State
from agent.steps import Answered, Asked, Searched, Step
from catalog.price import major_units
from catalog.product import Money
from eval.judge.turns import Held as Turn
from ranking.records import Group, Results


class Talks(Protocol):
    """Whoever holds a conversation: all that it remembers is in the state."""

    def run(self, state: State, message: str) -> Iterator[Step]:
        """Answer one message."""
        ...


@dataclass(frozen=True)
class Held(Turn):
    """What was said and what came of it."""

    @cached_property
    def searched(self) -> Searched | None:
        """The final search, if there was one."""
        found = [step for step in self.steps if isinstance(step, Searched)]
        return found[-1] if found and found[-1].final else None

    @cached_property
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
        return self.end if isinstance(self.end, Answered) else None

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
