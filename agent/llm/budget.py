"""What calls may cost, in a turn and in a day: calls, tokens, money. Prices are the settings' to know.

A call is charged its most before it is made and settled after, so that no two together can overdraw.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Protocol

from pydantic import Field

from agent.llm.chat import Abandoned, Ask, Cancel, ChatModel, Pieces, Reply, Unusable, Usage
from agent.llm.storage import open_database, using
from core.errors import ModelUnavailable
from core.record import Record

TABLE = "CREATE TABLE IF NOT EXISTS spent (day TEXT PRIMARY KEY, calls INTEGER, tokens INTEGER, cost REAL)"
SHORTEST_TOKEN = 3  # characters of English text per token; most tokenizers have four


class Price(Record):
    """Of a million tokens. Cached tokens count in full: what is off for them differs everywhere."""

    prompt: float = Field(ge=0)
    completion: float = Field(ge=0)

    def of(self, usage: Usage) -> float:
        """Return what an answer cost."""
        return (usage.prompt * self.prompt + usage.completion * self.completion) / 1e6


class Spent(Record):
    """An amount of use; a difference may be negative."""

    calls: int = 0
    tokens: int = 0
    cost: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            calls=self.calls + other.calls, tokens=self.tokens + other.tokens, cost=self.cost + other.cost
        )

    def __neg__(self) -> "Spent":
        return Spent(calls=-self.calls, tokens=-self.tokens, cost=-self.cost)

    def at_least_nothing(self) -> "Spent":
        """Return it without what is below zero: a call that was charged yesterday is settled today."""
        return Spent(calls=max(0, self.calls), tokens=max(0, self.tokens), cost=max(0.0, self.cost))


class Limits(Record):
    """The most of each; `None` is no limit."""

    calls: int | None = None
    tokens: int | None = None
    cost: float | None = None

    def first_over(self, spent: Spent) -> str | None:
        """Return the name of the first limit that `spent` goes over."""
        limits, amounts = dict(self), dict(spent)
        return next(
            (name for name, most in limits.items() if most is not None and amounts[name] > most), None
        )


class Account(Protocol):
    """Where use is charged."""

    def charge(self, amount: Spent) -> None:
        """Add the amount, or raise `ModelUnavailable` and add nothing if that goes over a limit."""

    def settle(self, difference: Spent) -> None:
        """Correct what was charged; never refused."""


class TurnAccount:
    """What one turn of a conversation uses."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lock = Lock()
        self._spent = Spent()

    @property
    def spent(self) -> Spent:
        """What has been used so far."""
        return self._spent

    def charge(self, amount: Spent) -> None:
        """Add the amount if the turn may still use it."""
        with self._lock:
            if over := self._limits.first_over(self._spent + amount):
                raise ModelUnavailable(
                    f"this turn's budget of {over} is spent; raise AISLE_LLM_TURN_{over.upper()}"
                )
            self._spent += amount

    def settle(self, difference: Spent) -> None:
        """Correct what was charged."""
        with self._lock:
            self._spent += difference


class DayAccount:
    """What a day uses, in UTC: on disk, so that a restart or a second process gives no second budget."""

    def __init__(
        self, path: Path, limits: Limits, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._path = path
        self._limits = limits
        self._now = now
        self._lock = Lock()
        self._database = open_database(path, TABLE)

    def charge(self, amount: Spent) -> None:
        """Add the amount if the day may still use it."""
        if over := self._add(amount, self._limits):
            raise ModelUnavailable(
                f"today's budget of {over} is spent; "
                f"raise AISLE_LLM_DAY_{over.upper()}, or wait until 0:00 UTC"
            )

    def settle(self, difference: Spent) -> None:
        """Correct what was charged."""
        self._add(difference, Limits())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def _add(self, amount: Spent, limits: Limits) -> str | None:
        """Add within the limits, or return the first that is in the way."""
        day = self._now().date().isoformat()
        with self._lock, using(self._path), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            row = self._database.execute(
                "SELECT calls, tokens, cost FROM spent WHERE day = ?", (day,)
            ).fetchone()
            before = Spent(calls=row[0], tokens=row[1], cost=row[2]) if row else Spent()
            after = (before + amount).at_least_nothing()
            if over := limits.first_over(after):
                return over
            self._database.execute(
                "INSERT OR REPLACE INTO spent VALUES (?, ?, ?, ?)",
                (day, after.calls, after.tokens, after.cost),
            )
        return None


class Budgeted:
    """A `ChatModel` whose calls are charged to some accounts; it writes the cost into the replies."""

    def __init__(self, model: ChatModel, price: Price | None, accounts: tuple[Account, ...]) -> None:
        self.name = model.name
        self._model = model
        self._price = price
        self._accounts = accounts

    def complete(self, ask: Ask, cancel: Cancel | None = None) -> Reply:
        """Return the whole answer."""
        with self._charged(ask) as settle:
            reply = self._model.complete(ask, cancel)
            settle(reply.usage)
        return self._priced(reply)

    def stream(self, ask: Ask, cancel: Cancel | None = None) -> Pieces:
        """Yield the answer's text as it comes, then the reply."""
        with self._charged(ask) as settle, closing(self._model.stream(ask, cancel)) as pieces:
            for piece in pieces:
                if isinstance(piece, Reply):
                    settle(piece.usage)
                    yield self._priced(piece)
                else:
                    yield piece

    @contextmanager
    def _charged(self, ask: Ask) -> Iterator[Callable[[Usage | None], None]]:
        """Charge the most that a call can use; what is known afterwards settles it.

        Where that is not known, because the call was abandoned or the server does not count, it stands.
        """
        most = self._amount(_most(ask))
        charged: list[Account] = []

        def settle(used: Spent) -> None:
            for account in charged:
                account.settle(used + -most)

        try:
            for account in self._accounts:
                account.charge(most)
                charged.append(account)
            yield lambda usage: settle(self._amount(usage)) if usage else None
        except Abandoned:
            raise
        except Unusable as error:
            if error.usage:
                settle(self._amount(error.usage))
            raise
        except ModelUnavailable:  # nothing was answered
            settle(Spent(calls=1 if len(charged) == len(self._accounts) else 0))
            raise

    def _amount(self, usage: Usage) -> Spent:
        cost = self._price.of(usage) if self._price else 0.0
        return Spent(calls=1, tokens=usage.prompt + usage.completion, cost=cost)

    def _priced(self, reply: Reply) -> Reply:
        if self._price is None or reply.usage is None:
            return reply
        return reply.model_copy(update={"cost": self._price.of(reply.usage)})


def _most(ask: Ask) -> Usage:
    said = [message.content for message in ask.messages]
    said += [call.arguments for message in ask.messages for call in message.calls]
    said += [tool.model_dump_json() for tool in ask.tools]
    characters = sum(map(len, said))
    return Usage(prompt=characters // SHORTEST_TOKEN + 1, completion=ask.max_tokens)
