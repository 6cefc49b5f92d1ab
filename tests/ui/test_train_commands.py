"""`aisle train blend` as people type it, on the demo catalogue with judgments from its own records."""

import json
from pathlib import Path

import pytest

from catalog.demo import products
from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.indexing import build_index
from ranking.blend import load_blend
from ui.cli import main


@pytest.fixture
def shop(tmp_path: Path, encoder: Encoder) -> Path:
    """A folder with an index of some kettles and belts, and judged queries over it."""
    some = [p for p in products() if {"Electric Kettles", "Belts"} & set(p.categories)]
    build_index(lambda: some, EdgeHome(tmp_path / "shop.index"), encoder)
    judged = tmp_path / "data" / "shop"
    judged.mkdir(parents=True)
    queries = {
        "q1": ("kettle", "Electric Kettles"),
        "q2": ("leather belt", "Belts"),
        "q3": ("boil water", "Electric Kettles"),
    }
    (judged / "queries-dev.tsv").write_text("".join(f"{q}\t{text}\n" for q, (text, _) in queries.items()))
    lines = [f"{q} 0 {p.id} {int(leaf in p.categories)}\n" for q, (_, leaf) in queries.items() for p in some]
    (judged / "qrels-dev.txt").write_text("".join(lines))
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["aisle", *arguments])
    try:
        main()
    except SystemExit as done:
        return int(done.code or 0)
    return 0


def test_training_a_blend_writes_weights_that_load_and_reports_held_out_scores(
    shop: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = shop / "blend.json"
    status = run(
        monkeypatch,
        *("train", "blend", "--on", f"shop={shop / 'shop.index'}", "--data", str(shop / "data")),
        *("--folds", "3", "--out", str(out), "--json"),
    )
    assert status == 0
    report = json.loads(capsys.readouterr().out)
    assert report["path"] == str(out)
    assert report["held_out"]["shop"] > 0.9
    assert load_blend(out).trained_on == "shop"


@pytest.mark.parametrize("on", ["shop", "=x.index", "shop="])
def test_a_malformed_pair_is_wrong_usage(
    on: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "train", "blend", "--on", on) == 2
    assert "DATASET=INDEX" in capsys.readouterr().err
