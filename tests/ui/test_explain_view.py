"""What a terminal shows of a search whose every part has something to say, at 80 columns and at 120."""

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from catalog.demo import products
from core.trace import Stage, Trace
from ranking.records import Check, Hit, Repair, Results, Verdict
from ui.console import results_table
from ui.explain_view import SHOWN_VARIANTS, explanation

KETTLES = [product for product in products() if product.categories[-1] == "Electric Kettles"]
FIRST, *OTHERS = KETTLES
RECEIPT = (
    Check(requirement="no whistle", verdict=Verdict.MET, evidence="Boils without a whistle."),
    Check(requirement="material steel", verdict=Verdict.UNKNOWN),
)
STAGES = {"bm25": 9.5512, "dense": 0.4417, "rrf": 0.03252, "cross": 2.718281, "blend": 1.41421, "final": 1.5}
RESULTS = Results(
    hits=(
        Hit(
            product=FIRST,
            score=1.5,
            stages=STAGES,
            variants=tuple(p.id for p in OTHERS[: SHOWN_VARIANTS + 2]),
            receipt=RECEIPT,
        ),
    ),
    repair=Repair(query="kettle", changes=(("ketle", "kettle"),)),
    trace=Trace(
        stages=(Stage(name="recall", n_out=1234, ms=5.25), Stage(name="cross", n_in=50, n_out=50, ms=44)),
        total_ms=50,
    ),
)


def drawn(what: RenderableType, width: int = 120) -> str:
    console = Console(file=StringIO(), width=width, highlight=False, color_system=None)
    console.print(what)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_stage_scores_are_in_the_order_of_the_pipeline_and_whole(width: int) -> None:
    words = " ".join(drawn(explanation(RESULTS), width).split())
    assert "bm25=9.551 → dense=0.4417 → rrf=0.03252 → cross=2.718 → blend=1.414 → final=1.5" in words


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, drawn(explanation(RESULTS), width).splitlines())) <= width


def test_a_proof_has_its_verdict_and_its_evidence() -> None:
    text = drawn(explanation(RESULTS))
    assert "✓ no whistle  Boils without a whistle." in text
    assert "? material steel  not stated" in text


def test_many_variants_are_counted_rather_than_listed() -> None:
    text = " ".join(drawn(explanation(RESULTS)).split())
    assert f"{OTHERS[SHOWN_VARIANTS - 1].id} and 2 more" in text
    assert f"{SHOWN_VARIANTS + 2} more variants" in " ".join(drawn(results_table(RESULTS, "ketle")).split())


def test_stages_say_what_went_in_and_came_out() -> None:
    lines = [line.split() for line in drawn(explanation(RESULTS)).splitlines()]
    assert ["recall", "-", "1,234", "5.2"] in lines
    assert ["cross", "50", "50", "44.0"] in lines
    assert ["total", "50.0"] in lines


def test_a_repaired_query_is_said_with_the_way_back() -> None:
    table = drawn(results_table(RESULTS, "ketle"))
    assert "Searched for 'kettle'; search instead for 'ketle' with --no-repair" in table
    assert "'ketle' → 'kettle'" in drawn(explanation(RESULTS))
    as_written = RESULTS.model_copy(update={"repair": None})
    assert "instead" not in drawn(results_table(as_written, "kettle"))
    assert "Repaired" not in drawn(explanation(as_written))


def test_a_repaired_query_that_finds_nothing_still_says_so() -> None:
    nothing = RESULTS.model_copy(update={"hits": ()})
    text = drawn(results_table(nothing, "ketle"))
    assert "--no-repair" in text
    assert "Nothing in the index fits" in text
    assert "recall" in drawn(explanation(nothing))


def test_square_brackets_in_a_title_are_text() -> None:
    product = FIRST.model_copy(update={"title": "Kettle [bold]red[/bold]"})
    hit = RESULTS.hits[0].model_copy(update={"product": product})
    assert "[bold]red[/bold]" in drawn(explanation(RESULTS.model_copy(update={"hits": (hit,)})))
