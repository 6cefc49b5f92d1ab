"""Executing a system: complete, taken up again after a kill, answered from the cache only when it may be."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import ir_measures
import pytest
from typer.testing import CliRunner, Result

from catalog.index import ProductIndex, open_home
from catalog.indexing import build_index
from catalog.product import Product
from core.errors import AisleError, InvalidQuery, StorageFull
from core.settings import load_settings
from eval.datasets import dataset_of
from eval.records import Conventions, Dataset
from eval.runs import code_version, execute, stored
from eval.trec import read_run
from ranking.pipeline import Ranker
from ranking.records import Search
from ranking.systems import search
from tests.fakes import WordEncoder
from ui.eval_commands import eval_app

THEIRS: Any = ir_measures  # its readers are not typed
ROOT = Path(__file__).parent.parent.parent
TITLES = ["Red electric kettle", "Blue stovetop kettle", "Desk lamp", "Floor lamp in brass", "Mug with a lid"]
SHOP = [Product(id=f"p{n}", title=title) for n, title in enumerate(TITLES)]
TEXTS = {"q1": "red kettle", "q2": "lamp", "q3": "zither", "q4": "brass floor lamp", "q5": "mug without lid"}

RERANK = ("--system", "rerank")


def dataset(texts: Mapping[str, str] = TEXTS) -> Dataset:
    return Dataset(name="shop", queries=texts, qrels={}, conventions=Conventions(gains={0: 0, 1: 1}))


def opened(folder: Path) -> ProductIndex:
    home = open_home(load_settings(index=str(folder)))
    return ProductIndex(home, home.live(), WordEncoder())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop") / "shop.index"
    build_index(lambda: SHOP, open_home(load_settings(index=str(folder))), WordEncoder())
    return folder


@pytest.fixture
def index(built: Path) -> Iterator[ProductIndex]:
    index = opened(built)
    yield index
    index.close()


@pytest.mark.parametrize("system", ["bm25", "dense", "hybrid"])
def test_a_run_is_what_the_system_answers(index: ProductIndex, system: str) -> None:
    run = execute(index, dataset(), system)
    assert (run.name, list(run.rankings)) == (system, list(TEXTS))
    for query_id, text in TEXTS.items():
        hits = search(index, Search(query=text, limit=100), system).hits
        assert run.rankings[query_id] == tuple((hit.product.id, hit.score) for hit in hits)


def test_a_query_that_finds_nothing_stays_in_the_run(index: ProductIndex) -> None:
    assert execute(index, dataset(), "bm25").rankings["q3"] == ()


def test_every_query_has_its_time_per_stage(index: ProductIndex) -> None:
    for ms in execute(index, dataset(), "hybrid").timings.values():
        assert set(ms) == {"encode", "recall", "fuse", "fetch", "total"}
        assert 0 < sum(ms.values()) - ms["total"] <= ms["total"]


def test_progress_is_told_after_each_query(index: ProductIndex) -> None:
    told: list[tuple[int, int]] = []
    execute(index, dataset(), "bm25", on_progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 5) for n in range(1, 6)]


def test_the_limit_is_kept(index: ProductIndex) -> None:
    assert [len(ranking) for ranking in execute(index, dataset(), "dense", limit=2).rankings.values()] == [
        2
    ] * 5


def test_an_unknown_system_names_the_known_ones(index: ProductIndex) -> None:
    with pytest.raises(InvalidQuery, match="bm25, dense, hybrid"):
        execute(index, dataset(), "magic")


def test_a_second_run_comes_from_the_cache_with_the_times_of_the_first(
    index: ProductIndex, tmp_path: Path
) -> None:
    first = execute(index, dataset(), "hybrid", cache=tmp_path)
    assert execute(index, dataset(), "hybrid", cache=tmp_path) == first
    again = execute(index, dataset(), "hybrid", cache=tmp_path, fresh=True)
    assert again.rankings == first.rankings
    assert again.timings != first.timings
    assert execute(index, dataset(), "hybrid", cache=tmp_path) == again
    (file,) = tmp_path.iterdir()
    assert len(file.read_text().splitlines()) == 5


def test_what_decides_the_results_decides_the_cache(index: ProductIndex, tmp_path: Path) -> None:
    settings = load_settings(index="a.index")
    execute(index, dataset(), "hybrid", cache=tmp_path, settings=settings)
    execute(index, dataset(), "dense", cache=tmp_path, settings=settings)
    execute(index, dataset(), "hybrid", cache=tmp_path, settings=settings, limit=3)
    execute(index, dataset(), "hybrid", cache=tmp_path, settings=load_settings(index="b.index"))
    execute(index, dataset(), "hybrid", cache=tmp_path, settings=load_settings(index="a.index", on_disk=True))
    assert len(list(tmp_path.iterdir())) == 5
    execute(index, dataset(), "hybrid", cache=tmp_path, settings=load_settings(index="a.index", hf_token="x"))
    assert len(list(tmp_path.iterdir())) == 5


def test_a_product_more_makes_a_new_run(tmp_path: Path) -> None:
    folder = tmp_path / "grown.index"
    build_index(lambda: SHOP, open_home(load_settings(index=str(folder))), WordEncoder())
    index = opened(folder)
    execute(index, dataset(), "bm25", cache=tmp_path / "runs")
    index.upsert([Product(id="new", title="Zither")])
    assert execute(index, dataset(), "bm25", cache=tmp_path / "runs").rankings["q3"][0].product_id == "new"
    index.close()


def test_a_query_that_was_reworded_is_asked_again_and_only_that(index: ProductIndex, tmp_path: Path) -> None:
    first = execute(index, dataset(), "bm25", cache=tmp_path)
    second = execute(index, dataset({**TEXTS, "q3": "mug"}), "bm25", cache=tmp_path)
    assert second.rankings["q3"][0].product_id == "p4"
    assert {q: second.timings[q] for q in TEXTS if q != "q3"} == {
        q: first.timings[q] for q in TEXTS if q != "q3"
    }


def test_an_interrupted_run_goes_on_where_it_stopped(index: ProductIndex, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if (done, total) == (2, 5):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(index, dataset(), "hybrid", cache=tmp_path, on_progress=stop)
    (file,) = tmp_path.iterdir()
    kept = stored(file)
    assert list(kept) == ["q1", "q2"]
    run = execute(index, dataset(), "hybrid", cache=tmp_path)
    assert list(run.rankings) == list(TEXTS)
    assert [run.timings[q] for q in kept] == [answer.ms for answer in kept.values()]


KILLED = """
import os, signal, sys
from pathlib import Path
from eval.runs import execute
from tests.eval.test_runs import dataset, opened

def die(done, total):
    if done == 3:
        os.kill(os.getpid(), signal.SIGKILL)

execute(opened(Path(sys.argv[1])), dataset(), "hybrid", cache=Path(sys.argv[2]), on_progress=die)
"""


def test_a_killed_run_goes_on_where_it_stopped(built: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, built, tmp_path],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    (file,) = tmp_path.iterdir()
    kept = stored(file)
    assert list(kept) == ["q1", "q2", "q3"]
    index = opened(built)
    run = execute(index, dataset(), "hybrid", cache=tmp_path)
    assert run.rankings == execute(index, dataset(), "hybrid").rankings
    assert [run.timings[q] for q in kept] == [answer.ms for answer in kept.values()]
    index.close()


@pytest.mark.parametrize("bytes_lost", [1, 2, 40])
def test_an_answer_that_was_cut_off_is_asked_again(
    index: ProductIndex, tmp_path: Path, bytes_lost: int
) -> None:
    whole = execute(index, dataset(), "hybrid", cache=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-bytes_lost])
    assert execute(index, dataset(), "hybrid", cache=tmp_path).rankings == whole.rankings
    assert list(stored(file)) == list(TEXTS)


def test_a_cache_that_cannot_be_written_is_named(index: ProductIndex, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageFull, match=r"cannot write .*file"):
        execute(index, dataset(), "bm25", cache=tmp_path / "file")


def test_the_code_belongs_to_the_key() -> None:
    assert code_version() == code_version()
    assert code_version().startswith("0.")


# The command, with an encoder that needs no model


@pytest.fixture
def shop(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with queries and judgments, in which commands run; its index is the setting."""
    (tmp_path / "q.tsv").write_text("".join(f"{query_id}\t{text}\n" for query_id, text in TEXTS.items()))
    (tmp_path / "r.txt").write_text("q1 0 p0 3\nq1 0 p1 2\nq2 0 p2 3\nq2 0 gone 3\nq5 0 p4 0\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AISLE_INDEX", str(built))
    monkeypatch.setenv("AISLE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("catalog.encoder.open_encoder", lambda settings: WordEncoder())
    return tmp_path


def aisle_eval(*arguments: str) -> Result:
    return CliRunner().invoke(eval_app, list(arguments))


@pytest.mark.usefixtures("shop")
def test_the_command_scores_a_run_as_trec_eval_scores_its_file() -> None:
    told = aisle_eval(
        "run",
        "--queries",
        "q.tsv",
        "--qrels",
        "r.txt",
        "--gains",
        "esci",
        "--run",
        "o.trec",
        "--json",
        *RERANK,
    )
    assert told.exception is None
    found = json.loads(told.stdout)
    measure = ir_measures.nDCG(gains={0: 0, 1: 1, 2: 10, 3: 100}) @ 10
    rows = THEIRS.read_trec_run("o.trec"), THEIRS.read_trec_qrels("r.txt")
    values = [metric.value for metric in ir_measures.iter_calc([measure], rows[1], rows[0])]
    assert found["metrics"]["nDCG@10"] == pytest.approx(sum(values) / 5, abs=5e-5)
    assert found["queries"] == 5
    assert found["answerable"]["queries"] == 2
    assert found["slices"]["negation"] == {
        "queries": 1,
        "metrics": {**dict.fromkeys(found["metrics"], 0.0), "Judged@10": 0.2, "AUC": None},
    }
    assert found["missing_products"] == 1
    assert "1 of 5 judged products are not in " in told.stderr
    assert set(read_run(Path("o.trec")).timings) == set(TEXTS)


@pytest.mark.usefixtures("shop")
def test_queries_alone_are_just_run() -> None:
    told = aisle_eval("run", "--queries", "q.tsv", "--system", "bm25", "--run", "runs/o.trec", "--json")
    assert json.loads(told.stdout)["metrics"] == {}
    assert list(read_run(Path("runs/o.trec")).rankings) == list(TEXTS)


def test_a_data_set_is_run_by_folder_and_split(shop: Path) -> None:
    (shop / "set").mkdir()
    (shop / "q.tsv").rename(shop / "set" / "queries-dev.tsv")
    (shop / "r.txt").rename(shop / "set" / "qrels-dev.txt")
    told = aisle_eval("run", "--dataset", "set", "--split", "dev", "--gains", "exp")
    assert "full on set, split dev: 5 queries" in told.stdout
    assert "nDCG@10" in told.stdout
    assert "negation" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "give --queries FILE"),
        (["run", "--queries", "q.tsv", "--dataset", "esci_us"], "give --queries FILE"),
        (["run", "--dataset", "esci_us", "--qrels", "r.txt"], "leave out --qrels"),
        (["run", "--queries", "none.tsv"], r"no file at none\.tsv"),
        (
            ["run", "--queries", "q.tsv", "--qrels", "r.txt", "--gains", "log"],
            "choose from: exp, esci, linear",
        ),
        (["run", "--queries", "q.tsv", "--system", "magic"], "bm25, dense, hybrid"),
    ],
)
@pytest.mark.usefixtures("shop")
def test_wrong_arguments_are_explained(arguments: list[str], message: str) -> None:
    told = aisle_eval(*arguments)
    assert isinstance(told.exception, AisleError)
    with pytest.raises(AisleError, match=message):
        raise told.exception


def test_ctrl_c_says_how_to_go_on(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[str] = []

    def interrupted(index: ProductIndex, request: Search, system: str, ranker: Ranker | None) -> object:
        if len(searched) == 2:
            raise KeyboardInterrupt
        searched.append(request.query)
        return search(index, request, system, ranker)

    monkeypatch.setattr("eval.runs.search", interrupted)
    told = aisle_eval("run", "--queries", "q.tsv", "--json")
    assert told.exit_code == 130
    assert "the same command goes on from here" in told.stderr
    monkeypatch.setattr("eval.runs.search", search)
    assert aisle_eval("run", "--queries", "q.tsv", "--json").exit_code == 0
    (file,) = (shop / "cache" / "runs").iterdir()
    assert [stored(file)[q].query for q in ("q1", "q2")] == searched
    assert len(file.read_text().splitlines()) == len(dataset_of(shop / "q.tsv").queries)
