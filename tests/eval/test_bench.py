"""What the benchmark counts and bounds, on a small real index; how long anything took is not asserted."""

import sys
from collections import Counter
from pathlib import Path

import pytest

from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.indexing import build_index
from catalog.product import Product
from core.errors import Blocked, IndexMissing, InvalidQuery
from core.settings import Settings, load_settings
from core.trace import Stage, Trace
from eval.bench import Bench, bench, by_stage, cold_start, measure, percentiles, size_on_disk
from eval.plain_stack import PlainStack
from ui.bench_view import bench_report

SHOP = [
    Product(id="kettle", title="Electric kettle"),
    Product(id="couch", title="Two-seat sofa in grey wool"),
    Product(id="lamp", title="Desk lamp"),
]
QUERIES = ["kettle", "somewhere to sit"]
NOTHING = Trace(total_ms=1.0)


@pytest.fixture(scope="module")
def settings(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("shop") / "shop.index"
    build_index(lambda: SHOP, EdgeHome(folder), encoder)
    return load_settings(index=str(folder), device="cpu", encoder="minilm")


@pytest.fixture(scope="module")
def measured(settings: Settings) -> Bench:
    return bench(settings, QUERIES, "hybrid", concurrency=2)


def test_percentiles_by_hand() -> None:
    """Of 1..101 the 50th percentile is the 51st value, the 95th is the 96th, the 99th is the 100th."""
    found = percentiles(range(1, 102))
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (51, 96, 100)


def test_a_stage_that_ran_twice_in_a_request_counts_its_sum() -> None:
    twice = Trace(stages=(Stage(name="recall", ms=1), Stage(name="recall", ms=2)), total_ms=4)
    once = Trace(stages=(Stage(name="recall", ms=5), Stage(name="fetch", ms=7)), total_ms=13)
    found = by_stage([twice, once])
    assert found["recall"].p50_ms == 4  # halfway between 3 and 5
    assert found["fetch"].p50_ms == 7


@pytest.mark.parametrize("concurrency", [1, 8, 32])
def test_every_query_is_asked_equally_often_at_any_concurrency(concurrency: int) -> None:
    asked: list[str] = []

    def answer(query: str) -> Trace:
        asked.append(query)
        return NOTHING

    found = measure(answer, QUERIES, concurrency)
    assert Counter(asked) == dict.fromkeys(QUERIES, 5)
    assert len(found.traces) == 10
    assert found.qps == pytest.approx(10 / found.seconds)


def test_a_measurement_is_bounded_in_count() -> None:
    assert len(measure(lambda query: NOTHING, ["x"] * 1000, 4).traces) == 2000


def test_a_query_that_fails_stops_the_measurement() -> None:
    def answer(query: str) -> Trace:
        raise InvalidQuery(f"cannot read {query}")

    with pytest.raises(InvalidQuery, match="cannot read"):
        measure(answer, QUERIES, 4)


def test_the_size_of_an_index_is_what_its_files_occupy(tmp_path: Path) -> None:
    (tmp_path / "shard").mkdir()
    (tmp_path / "shard" / "vectors").write_bytes(b"x" * (1 << 20))
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(1 << 30)  # a gigabyte that occupies nothing
    assert size_on_disk(str(tmp_path)) == pytest.approx(1.05, abs=0.05)
    assert size_on_disk("http://localhost:6333/shop") is None


def test_a_benchmark_reports_every_stage_and_every_level(measured: Bench) -> None:
    assert (measured.system, measured.products, measured.queries, measured.requests) == ("hybrid", 3, 2, 10)
    assert set(measured.stages) == {"encode", "recall", "fuse", "fetch"}
    assert list(measured.throughput) == [1, 2, 8, 32]
    assert measured.throughput_qps == measured.throughput[2]
    assert 0 < measured.total.p50_ms <= measured.total.p95_ms <= measured.total.p99_ms
    assert measured.cold_start_s > 0
    assert measured.peak_memory_mb > 50, "no process that holds the encoder is smaller"
    assert measured.index_mb is not None
    assert measured.plain is None


def test_the_report_shows_what_was_measured(measured: Bench) -> None:
    from rich.console import Console

    console = Console(width=120)
    with console.capture() as shown:
        console.print(bench_report(measured))
    assert "hybrid over 3 products" in shown.get()
    assert "throughput, 32 at a time" in shown.get()


def test_a_fresh_process_that_fails_says_why(settings: Settings) -> None:
    with pytest.raises(Blocked, match=r"a fresh process could not answer: .*no system 'magic'"):
        cold_start(settings, QUERIES, "magic")


@pytest.mark.parametrize(
    ("queries", "system", "concurrency", "message"),
    [
        (QUERIES, "magic", 1, "choose from: bm25, dense, hybrid"),
        ([], "hybrid", 1, "no queries"),
        (QUERIES, "hybrid", 0, "choose one from 1 to 256"),
    ],
)
def test_wrong_arguments_say_what_is_allowed(
    settings: Settings, queries: list[str], system: str, concurrency: int, message: str
) -> None:
    with pytest.raises(InvalidQuery, match=message):
        bench(settings, queries, system, concurrency=concurrency)


def test_without_an_index_nothing_is_started(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match="aisle index"):
        bench(load_settings(index=str(tmp_path / "none")), QUERIES, "hybrid")


def test_a_missing_extra_is_said_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(
        sys.modules, "sentence_transformers", None
    )  # how Python marks what cannot be imported
    with pytest.raises(Blocked, match=r"pip install 'aisle\[plain\]'"):
        bench(load_settings(index=str(tmp_path / "none")), QUERIES, "hybrid", against_plain=True)


@pytest.fixture(scope="module")
def compared(settings: Settings) -> Bench:
    pytest.importorskip("sentence_transformers", reason="the extra `plain` is not installed")
    return bench(settings, QUERIES, "hybrid", against_plain=True)


@pytest.mark.slow
def test_the_plain_stack_answers_the_same_queries_in_turn(compared: Bench) -> None:
    assert compared.plain is not None
    assert compared.plain.queries == len(QUERIES)
    assert set(compared.plain.stages) == {"encode", "search", "rerank"}
    assert compared.plain.ratio == compared.plain.total.p50_ms / compared.plain.ours.p50_ms
    assert compared.plain.ratio_without_reranking < compared.plain.ratio
    assert "untrained head" in compared.plain.stack


@pytest.mark.slow
def test_the_plain_stack_scores_every_candidate(settings: Settings, encoder: Encoder) -> None:
    pytest.importorskip("sentence_transformers", reason="the extra `plain` is not installed")
    live = EdgeHome(Path(settings.index)).live()
    try:
        trace = PlainStack(live, settings).answer("kettle")
    finally:
        live.close()
    assert {stage.name: stage.n_in for stage in trace.stages}["rerank"] == len(SHOP)
    assert encoder.dimension == 384, "the vectors it searches are those of the index"
