import pytest

from catalog.index import ProductIndex
from core.settings import load_settings
from ranking.pipeline import open_ranker
from tests.journeys.held import Talks
from tools.shop import Shop


@pytest.fixture(scope="session")
def assistant(demo_index: ProductIndex) -> Talks:
    """Return an assistant over the whole demo catalogue, with the shipped ranker and no language model."""
    from agent.loop import Assistant

    return Assistant(Shop(demo_index, open_ranker(load_settings(device="cpu"))))
