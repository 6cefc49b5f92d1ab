"""The house: which room may import which, who may touch what, and how every module introduces itself."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "core": set(),
    "catalog": {"core"},
    "behavior": {"core", "catalog"},
    "ranking": {"core", "catalog"},
    "tools": {"core", "catalog", "behavior", "ranking"},
    "agent": {"core", "catalog", "behavior", "ranking", "tools"},
    "eval": {"core", "catalog", "behavior", "ranking", "tools", "agent"},
    "ui": {"core", "catalog", "behavior", "ranking", "tools", "agent", "eval"},
}
ROOMS = [room for room in MAY_IMPORT if (ROOT / room).is_dir()]
MODULES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
HEAVY = {
    "torch",
    "transformers",
    "openvino",
    "langchain",
    "langchain_core",
    "langchain_openai",
    "openai",
    "gradio",
    "lightgbm",
    "xllamacpp",
    "qdrant_client",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide which room is meant"
            yield node.module or ""


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_point_one_way(path: Path) -> None:
    room = path.relative_to(ROOT).parts[0]
    found = {name.split(".")[0] for name in imports(ast.parse(path.read_text()))}
    assert found & set(MAY_IMPORT) <= MAY_IMPORT[room] | {room}


def test_only_the_catalogue_knows_qdrant() -> None:
    for path in MODULES:
        name = name_of(path)
        if not name.startswith("catalog/") and name != "eval/plain_stack.py":  # the stack to compare with
            used = {module for module in imports(ast.parse(path.read_text())) if module.startswith("qdrant")}
            assert not used, name


def test_only_settings_reads_the_environment() -> None:
    readers = [name_of(p) for p in MODULES if "os.environ" in p.read_text() or "getenv" in p.read_text()]
    assert readers == ["core/settings.py"]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), "a module opens with what it is and is not"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_stay_small_enough_to_hold_in_the_head(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 450


def test_the_command_line_loads_nothing_heavy() -> None:
    """What `aisle --help` imports; a heavy library there would be paid for by every command."""
    import subprocess

    script = "import sys, ui.cli; print(' '.join(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert not HEAVY & set(done.stdout.split())
