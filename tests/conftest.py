import signal
from collections.abc import Iterator

import pytest

from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder, open_encoder
from catalog.index import ProductIndex
from catalog.indexing import build_index
from core.settings import load_settings
from ranking.blend import load_blend
from ranking.pipeline import Ranker
from tools.shop import Shop


def pytest_configure() -> None:
    """Hear Ctrl-C, and let what tests start hear it: whoever runs them in the background had it ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """Return the default encoder on the CPU; its files come through pip into the normal cache once."""
    return open_encoder(load_settings(device="cpu", encoder="minilm"))


@pytest.fixture(scope="session")
def demo_index(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProductIndex]:
    """Open the whole demo catalogue, indexed with the real encoder; not to be changed."""
    home = EdgeHome(tmp_path_factory.mktemp("demo") / "demo.index")
    build_index(products, home, encoder)
    opened = ProductIndex(home, home.live(), encoder)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def shop(demo_index: ProductIndex) -> Shop:
    """Return the demo catalogue, ranked by the blend alone: the cross-encoder would only take time."""
    return Shop(demo_index, Ranker(load_blend()))
