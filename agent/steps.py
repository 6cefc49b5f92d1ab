"""What happens in a turn, as the records that a page, a stream, a terminal and a log all read.

`ms` is the time since the turn began. The last step of a turn is `Answered` or `Failed`, and only these
carry the conversation's next state.
"""

from agent.dialogue.state import State
from agent.llm.metering import Use
from agent.plan import Plan
from core.record import Record
from ranking.records import Results
from tools.comparison import Comparison
from tools.facts import Fact


class Option(Record):
    """A choice that is offered: what it is called, how many products it leaves, and what to say for it."""

    label: str
    count: int
    say: str


class Understood(Record):
    """The plan of the turn, and in phrases what it changes: "brand: any", "under $50 now"."""

    plan: Plan
    changes: tuple[str, ...] = ()
    ms: float


class Searched(Record):
    """What was found; the last of these in a turn is final, and what is shown."""

    results: Results
    final: bool
    looks: tuple[str, ...] = ()  # what was done for a mission so far, in plain words
    ms: float


class Asked(Record):
    """A question beside the results, with counted options."""

    question: str
    facet: str
    options: tuple[Option, ...]
    ms: float


class Replying(Record):
    """The reply as far as it is written and audited; what `Answered` says replaces it."""

    text: str
    ms: float


class Answered(Record):
    """The reply. `cites` are the ids of the products it speaks of; `use` is what a model took for it."""

    text: str
    state: State
    cites: tuple[str, ...] = ()
    comparison: Comparison | None = None
    facts: tuple[Fact, ...] = ()
    offers: tuple[Option, ...] = ()  # relaxations, each with what to say for it
    use: Use | None = None
    unhelped: str = ""  # why no model has helped, for whoever runs the shop: not for shoppers
    ms: float


class Failed(Record):
    """The turn could not be answered: why, and what to do. The state is as it was, but for the history."""

    problem: str
    state: State
    ms: float


Step = Understood | Searched | Asked | Replying | Answered | Failed
