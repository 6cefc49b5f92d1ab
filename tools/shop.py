"""A shop that is open: its products, how they are ranked, and its currency. Does nothing by itself."""

from collections.abc import Callable
from dataclasses import dataclass

from catalog.index import ProductIndex, open_index
from core.settings import Settings
from ranking.pipeline import Ranker, open_ranker


@dataclass(frozen=True)
class Shop:
    """What every capability receives. Close it, and its index is free for other processes."""

    index: ProductIndex
    ranker: Ranker
    currency: str = "USD"

    def close(self) -> None:
        """Release the index."""
        self.index.close()


def open_shop(settings: Settings, on_progress: Callable[[str], None] = lambda line: None) -> Shop:
    """The shop of the settings."""
    index = open_index(settings)
    try:
        return Shop(index, open_ranker(settings, on_progress), settings.currency)
    except BaseException:
        index.close()
        raise
