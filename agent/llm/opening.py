"""Wires the model that the settings name with its budget and its kept answers. Decides nothing else."""

from pathlib import Path

from agent.llm.budget import Account, Budgeted, DayAccount, Limits, Price, TurnAccount
from agent.llm.cache import Cached, Replies
from agent.llm.chat import ChatModel
from agent.llm.client import OpenAIChat
from agent.llm.embedded import EmbeddedChat, open_embedded
from agent.llm.failures import Endpoint
from core.artifacts import Progress
from core.errors import InvalidSettings
from core.settings import Settings

FREE = Price(prompt=0, completion=0)

Opened = OpenAIChat | EmbeddedChat


class Llm:
    """A model that is open, for as long as the application runs; every turn gets its own budget."""

    def __init__(
        self,
        model: Opened,
        price: Price | None,
        limits: Limits,
        day: DayAccount | None,
        replies: Replies | None,
    ) -> None:
        self.name = model.name
        self._model = model
        self._price = price
        self._limits = limits
        self._day = day
        self._replies = replies

    def turn(self) -> ChatModel:
        """Return the model with the budget of one turn."""
        turn = TurnAccount(self._limits)
        accounts: tuple[Account, ...] = (turn, self._day) if self._day else (turn,)
        budgeted = Budgeted(self._model, self._price, accounts)
        return Cached(budgeted, self._replies) if self._replies else budgeted

    def close(self) -> None:
        """End all calls and close everything that was opened."""
        self._model.close()
        if self._day:
            self._day.close()
        if self._replies:
            self._replies.close()


def open_llm(
    settings: Settings, adapter: Path | None = None, on_progress: Progress | None = None
) -> Llm | None:
    """Open the model that the settings name, `None` if they name none; `adapter` is for the embedded one."""
    if settings.llm == "none":
        return None
    turn = Limits(calls=settings.llm_turn_calls, tokens=settings.llm_turn_tokens, cost=settings.llm_turn_cost)
    day = Limits(calls=settings.llm_day_calls, tokens=settings.llm_day_tokens, cost=settings.llm_day_cost)
    price = price_of(settings)
    if price is None and (turn.cost is not None or day.cost is not None):
        raise InvalidSettings(f"{settings.llm} has no price to limit its cost by; add it to AISLE_LLM_PRICES")
    folder = settings.cache / "llm"
    account = DayAccount(folder / "spent.sqlite", day) if day != Limits() else None
    replies = (
        Replies(folder / "replies.sqlite", settings.llm_cache_mb << 20) if settings.llm_cache_mb else None
    )
    return Llm(_model(settings, adapter, on_progress), price, turn, account, replies)


def _model(settings: Settings, adapter: Path | None, on_progress: Progress | None) -> Opened:
    if settings.llm == "embedded":
        return open_embedded(settings, adapter, on_progress)
    url, _, model = settings.llm.partition("#")
    return OpenAIChat(Endpoint(url, model, settings.llm_api_key), settings.llm_timeout_s)


def price_of(settings: Settings) -> Price | None:
    """What a million tokens of the model cost; nothing is known of one without a price in the settings."""
    if settings.llm == "embedded":
        return FREE
    price = settings.llm_prices.get(settings.llm.partition("#")[2])
    return Price(prompt=price[0], completion=price[1]) if price else None
