"""Rules as the reader of a search: what system `full` adds to the ranking. Holds no conversation."""

from collections.abc import Callable
from dataclasses import replace

from agent.reading.lexis import Lexis, compile_lexis
from agent.reading.parse import parse
from catalog.index import ProductIndex
from catalog.vocabulary import Vocabulary
from core.settings import Settings
from ranking import systems
from ranking.pipeline import Ranker
from ranking.records import Search


class Lexes:
    """The lexis of an index, compiled again when its vocabulary has changed."""

    def __init__(self) -> None:
        self._last: tuple[Vocabulary, Lexis] | None = None

    def of(self, index: ProductIndex) -> Lexis:
        """The lexis as of now."""
        vocabulary = index.vocabulary()
        last = self._last
        if last is None or last[0] is not vocabulary:
            last = self._last = (vocabulary, compile_lexis(vocabulary, index.lexicon()))
        return last[1]


class Rules:
    """Reads a bare query as a shopper's only turn."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._lexes = Lexes()

    def __call__(self, index: ProductIndex, query: str) -> Search:
        """The search that a query asks for; what no rule reads stays its text."""
        reading = parse(query, self._lexes.of(index), currency=self._currency)
        return Search(
            query=reading.query,
            where=reading.where,
            without=reading.without,
            sort=reading.sort,
            prefer=reading.wishes,
            planned=True,
        )


def ranker_for(
    system: str, settings: Settings, on_progress: Callable[[str], None] = lambda line: None
) -> Ranker | None:
    """What the system needs beside the index; None where it needs nothing."""
    ranker = systems.ranker_for(system, settings, on_progress)
    if ranker and systems.system_of(system).understanding:
        return replace(ranker, reader=Rules(settings.currency))
    return ranker
