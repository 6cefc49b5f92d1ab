from pathlib import Path

from catalog.index import ProductIndex
from ranking.pipeline import Ranker
from tools.shop import Shop
from ui.serving.reference import reference
from ui.tools_command import described

PRINTED = Path(__file__).parents[3] / "docs" / "API.md"


def test_the_printed_reference_is_current(demo_index: ProductIndex) -> None:
    """Print it anew with: aisle tools reference --index demo.index > docs/API.md"""
    assert PRINTED.read_text() == reference(described(Shop(demo_index, Ranker(None))))
