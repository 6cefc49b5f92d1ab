"""What the terminal shows of a comparison: which run is best, which differences and slices count."""

from rich.console import Console

from eval.compare import compare
from ui.compare_view import comparison_table

QUERIES = [f"q{i}" for i in range(20)]
RUNS = {
    "bm25": dict.fromkeys(QUERIES, 0.5),
    "hybrid": {query: 0.6 + 0.01 * place for place, query in enumerate(QUERIES)},
}
SLICES = {"brand": frozenset(QUERIES[:12]), "negation": frozenset(QUERIES[:4])}


def lines(*, ansi: bool = False) -> list[str]:
    console = Console(width=110, force_terminal=ansi, color_system="standard" if ansi else None)
    with console.capture() as capture:
        console.print(comparison_table(compare(RUNS, slices=SLICES, metric="nDCG@10")))
    return [line.rstrip() for line in capture.get().splitlines()]


def row(start: str, *, ansi: bool = False) -> str:
    return next(line for line in lines(ansi=ansi)[4:] if start in line)


def test_the_claim_comes_first() -> None:
    assert lines()[0] == "hybrid is better than bm25"


def test_the_best_run_stands_first_and_bold() -> None:
    assert row("hybrid").split()[:2] == ["hybrid", "0.6950"]
    assert "\x1b[1mhybrid" in row("hybrid", ansi=True)
    assert "\x1b[1m" not in row("bm25   ", ansi=True)


def test_a_certain_difference_is_marked() -> None:
    found = row("hybrid minus bm25")
    assert "✓ +0.1950" in found
    assert "p < 0.001" in found
    assert found.endswith("20/0/0")


def test_a_small_slice_says_so_instead_of_a_result() -> None:
    assert row("brand").endswith("✓ hybrid minus bm25 +0.1550")
    assert row("negation").endswith("too small to judge")
