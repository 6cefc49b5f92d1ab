from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.conversations import Conversations
from agent.reading.lexis import Lexis, compile_lexis
from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.index import ProductIndex
from catalog.indexing import build_index
from tests.fakes import WordEncoder


@pytest.fixture(scope="session")
def lexis(tmp_path_factory: pytest.TempPathFactory) -> Lexis:
    """The words of the demo catalogue."""
    home = EdgeHome(tmp_path_factory.mktemp("agent") / "demo.index")
    build_index(products, home, WordEncoder())
    index = ProductIndex(home, home.live(), WordEncoder())
    try:
        return compile_lexis(index.vocabulary(), index.lexicon())
    finally:
        index.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Conversations]:
    """Conversations of this test alone."""
    opened = Conversations(tmp_path / "kept.sqlite")
    yield opened
    opened.close()
