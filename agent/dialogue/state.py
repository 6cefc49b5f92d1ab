"""What a conversation remembers: what is wanted now, what was shown, and what was said. Decides nothing.

One record, small enough to be stored with every turn; it survives a restart as JSON.
"""

from typing import Annotated, Any

from pydantic import Field, model_validator

from agent.plan import Plan
from catalog.product import Money
from catalog.where import Where, Without
from core.record import Record
from ranking.records import Sort, Wish

LONGEST_HISTORY = 50  # turns
MOST_EARLIER = 10  # wants to go back to


class Phrase(Record):
    """Words to search for, with what they are about, so that a later turn can replace them."""

    text: str
    slot: str = "words"  # "audience", "brand", an attribute such as "color", or plain words


class Need(Record):
    """One thing a shopper is looking for, as all turns together describe it."""

    phrases: tuple[Phrase, ...] = ()
    where: Where = Where()
    without: Without = Without()
    like: tuple[str, ...] = ()  # ids of products that what is wanted resembles
    sort: Sort = Sort.RELEVANCE
    wishes: tuple[Wish, ...] = ()
    by_meaning: bool = False  # the words tell of a need and name nothing
    label: str = ""  # what it is called where there are several


class Wanted(Record):
    """All that is looked for at a time: one need, several of a bundle, or none yet."""

    needs: tuple[Need, ...] = ()
    budget: Money | None = None  # for all of them together
    alternatives: bool = False  # any one of them will do
    mission: bool = False  # the need is an undertaking, and takes products of several kinds
    seen: tuple[str, ...] = ()  # ids shown for it before more was asked for


class Said(Record):
    """One turn of the history: what was said, what was understood, shown and answered."""

    utterance: str
    plan: Plan | None = None  # none where the turn failed
    shown: tuple[str, ...] = ()
    answer: str = ""


class State(Record):
    """A conversation up to now. `shown` are ids in the order the shopper sees them."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    wanted: Wanted = Wanted()
    shown: tuple[str, ...] = ()
    focus: tuple[str, ...] = ()  # products that were spoken of last: what "it" means
    asked: tuple[str, ...] = ()  # facets that were asked about while looking for this
    earlier: tuple[Wanted, ...] = ()
    history: tuple[Said, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _of_before(cls, kept: Any) -> Any:
        """States used to keep a language, which nothing read; those kept on disk are still good."""
        return {name: kept[name] for name in kept if name != "language"} if isinstance(kept, dict) else kept
