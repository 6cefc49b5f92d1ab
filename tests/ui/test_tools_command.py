"""`aisle tools schema` prints what a developer pastes into their agent."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.indexing import build_index
from tests.tools.ucp.odd_shop import MUGS
from ui.tools_command import tools_app


@pytest.fixture(scope="module")
def folder(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tools") / "mugs.index"
    build_index(lambda: iter(MUGS), EdgeHome(path), encoder)
    return path


def printed(*arguments: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(tools_app, ["schema", *arguments], catch_exceptions=False)
    told: list[dict[str, object]] = json.loads(done.stdout)
    return told


def test_the_functions_are_printed_with_both_schemas_and_examples(folder: Path) -> None:
    told = printed("--index", str(folder))
    assert told[0]["name"] == "search_catalog"
    assert all({"description", "inputSchema", "outputSchema", "examples"} <= set(one) for one in told)


def test_openai_gets_strict_functions(folder: Path) -> None:
    told = printed("--index", str(folder), "--openai")
    assert all(one["type"] == "function" for one in told)
    assert "Kitchen" in json.dumps(told[0])
