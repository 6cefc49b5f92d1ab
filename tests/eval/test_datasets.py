"""Data sets as folders: ours, Wayfair's and Amazon's; splits, conventions, and what is refused where."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from catalog.index import ProductIndex, open_home
from catalog.indexing import build_index
from catalog.product import Product
from core.errors import InvalidQuery, InvalidSource
from core.settings import load_settings
from eval.conventions import ESCI, ICECAT, scheme
from eval.datasets import dataset_of, judged_products, load_dataset, missing_products
from eval.metrics import answerable
from tests.fakes import WordEncoder

Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Writes files, by name with _ for -, into a folder called shop, or as `name` says."""

    def write(files: dict[str, str], name: str = "shop") -> Path:
        target = tmp_path / name
        target.mkdir()
        for file, text in files.items():
            (target / file).write_text(text, encoding="utf-8", newline="")
        return target

    return write


QUERIES, QRELS = "q1\tred kettle\nq2\tlamp\n", "q1 0 a 2\nq1 0 b 0\nq2 0 c 1\n"


def test_a_folder_of_ones_own_is_a_data_set(folder: Folder) -> None:
    path = folder({"queries.tsv": QUERIES, "qrels.txt": QRELS, "products.csv": "id,title\n"})
    found = load_dataset(path)
    assert (found.name, found.split, found.products) == ("shop", "all", path / "products.csv")
    assert found.queries == {"q1": "red kettle", "q2": "lamp"}
    assert found.qrels == {"q1": {"a": 2, "b": 0}, "q2": {"c": 1}}
    assert found.conventions.gains == {0: 0, 1: 1, 2: 2}


def test_mixed_line_ends_and_a_byte_order_mark_are_fine(folder: Folder) -> None:
    path = folder(
        {"queries.tsv": "\ufeffq1\tred kettle\r\nq2\tlamp\rq3\tmug\n", "qrels.txt": "\ufeffq1 0 a 2\r\n"}
    )
    assert load_dataset(path).queries == {"q1": "red kettle", "q2": "lamp", "q3": "mug"}


def test_a_query_without_judgments_belongs_all_the_same(folder: Folder) -> None:
    found = load_dataset(folder({"queries.tsv": QUERIES + "q3\tmug\n", "qrels.txt": QRELS}))
    assert set(found.queries) == {"q1", "q2", "q3"}
    assert answerable(found) == {"q1", "q2"}


SPLIT = {
    "queries-dev.tsv": "q1\tred kettle\n",
    "queries-test.tsv": "q2\tlamp\n",
    "qrels-dev.txt": "q1 0 a 2\n",
    "qrels-test.txt": "q2 0 c 1\n",
}


def test_a_split_is_its_two_files_and_all_is_every_split(folder: Folder) -> None:
    path = folder(SPLIT)
    assert load_dataset(path, "dev").queries == {"q1": "red kettle"}
    assert load_dataset(path, "test").qrels == {"q2": {"c": 1}}
    assert load_dataset(path).queries == {"q1": "red kettle", "q2": "lamp"}
    assert load_dataset(path).qrels == {"q1": {"a": 2}, "q2": {"c": 1}}


def test_one_qrels_file_may_serve_all_splits_of_the_queries(folder: Folder) -> None:
    path = folder({"queries-dev.tsv": "q1\tkettle\n", "queries-test.tsv": "q2\tlamp\n", "qrels.txt": QRELS})
    assert load_dataset(path, "dev").qrels == {"q1": {"a": 2, "b": 0}}


def test_split_judgments_choose_from_one_file_of_queries(folder: Folder) -> None:
    path = folder({"queries.tsv": QUERIES, "qrels-dev.txt": "q2 0 c 1\n", "qrels-test.txt": "q1 0 a 1\n"})
    assert load_dataset(path, "dev").queries == {"q2": "lamp"}


def test_an_unknown_split_names_those_there_are(folder: Folder) -> None:
    with pytest.raises(InvalidQuery, match=r"no split 'train' .* all, dev, test"):
        load_dataset(folder(SPLIT), "train")
    with pytest.raises(InvalidQuery, match=r"no split 'dev' .* choose from: all$"):
        load_dataset(folder({"queries.tsv": QUERIES, "qrels.txt": QRELS}, "other"), "dev")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"queries.tsv": ""}, r"queries\.tsv is empty"),
        ({"queries.tsv": "q1\tkettle\nq2 lamp\n"}, r"queries\.tsv:2: 1 columns; a query has 2"),
        ({"queries.tsv": "q1\tkettle\tred\n"}, r"queries\.tsv:1: 3 columns"),
        ({"queries.tsv": "q1\tkettle\n\nq1\tlamp\n"}, r"queries\.tsv:3: query id q1 occurs again"),
        ({"queries.tsv": "q1\tkettle\nq1\tkettle\n"}, r"queries\.tsv:2: query id q1 occurs again"),
        ({"queries.tsv": "q1\t  \n"}, r"queries\.tsv:1: query q1 has no text"),
        ({"queries.tsv": "q 1\tkettle\n"}, r"queries\.tsv:1: query id 'q 1' is not one word"),
        ({"queries.tsv": "q1\t" + "a" * 10_001}, r"queries\.tsv:1: query q1 is longer than 10,000"),
        ({"qrels.txt": ""}, r"qrels\.txt is empty"),
        ({"qrels.txt": "q1 0 a 2\nq9 0 a 2\n"}, r"qrels\.txt:2: no query 'q9' in the queries"),
        ({"qrels.txt": "q1 0 a 2\nq1 0 a 1\n"}, r"qrels\.txt:2: product a is judged again"),
        ({"qrels.txt": "q1 0 a 2.0\n"}, r"qrels\.txt:1: grade '2\.0' is not a whole number"),
        (
            {"dataset.toml": "[gains]\n0 = 0\n1 = 1\n"},
            r"qrels\.txt:1: grade 2 has no gain; known grades: 0, 1",
        ),
        ({"dataset.toml": "gains = \n"}, r"cannot read .*dataset\.toml: .*line 1"),
        (
            {"dataset.toml": "gain = 3\n"},
            r"dataset\.toml: unknown entry 'gain'; known are gains and relevant",
        ),
        (
            {"dataset.toml": "gains = 'log'\n"},
            r"dataset\.toml: no gains 'log'; choose from: exp, esci, linear",
        ),
        ({"dataset.toml": "gains = 3\n"}, r"dataset\.toml: gains must be a table"),
        ({"dataset.toml": "[gains]\n2 = -1\n"}, r"dataset\.toml: gain -1 of grade 2"),
        ({"dataset.toml": "[gains]\n2 = nan\n"}, r"dataset\.toml: gain nan of grade 2"),
        ({"dataset.toml": "[gains]\nbest = 1\n"}, r"dataset\.toml: grade 'best' is not a whole number"),
        ({"dataset.toml": "[gains]\n0 = 0\n2 = 0\n"}, r"dataset\.toml: every gain is 0"),
        (
            {"dataset.toml": "[gains]\n1 = 1e-9\n2 = 1\n"},
            r"dataset\.toml: gains 1e-09, 1 are not in a proportion",
        ),
        ({"dataset.toml": "relevant = 3\n"}, r"dataset\.toml: relevant = 3 is not a grade; the highest is 2"),
    ],
)
def test_bad_input_is_refused_with_file_and_line(folder: Folder, files: dict[str, str], message: str) -> None:
    path = folder({"queries.tsv": QUERIES, "qrels.txt": QRELS, **files})
    with pytest.raises(InvalidSource, match=message):
        load_dataset(path)


def test_a_pair_judged_in_two_splits_is_refused_with_both_places(folder: Folder) -> None:
    path = folder(
        {"queries.tsv": QUERIES, "qrels-a.txt": "q1 0 a 2\n", "qrels-b.txt": "q2 0 a 2\nq1 0 a 2\n"}
    )
    with pytest.raises(InvalidSource, match=r"qrels-b\.txt:2: judged before, at .*qrels-a\.txt:1"):
        load_dataset(path)


def test_text_that_is_not_utf8_is_named(folder: Folder) -> None:
    path = folder({"queries.tsv": QUERIES, "qrels.txt": QRELS})
    (path / "queries.tsv").write_bytes(b"q1\tkettle\nq2\tcaf\xe9\n")
    with pytest.raises(InvalidSource, match=r"queries\.tsv:2: not UTF-8"):
        load_dataset(path)


def test_a_missing_file_is_named(folder: Folder) -> None:
    with pytest.raises(InvalidSource, match=r"no qrels\.txt in .*shop"):
        load_dataset(folder({"queries.tsv": QUERIES}))


def test_names_are_looked_up_where_data_sets_are_kept(folder: Folder, tmp_path: Path) -> None:
    folder({"queries.tsv": QUERIES, "qrels.txt": QRELS}, "icecat")
    assert load_dataset("icecat", data=tmp_path).conventions == ICECAT
    with pytest.raises(InvalidSource, match="get it with: aisle datasets get wands"):
        load_dataset("wands", data=tmp_path)
    with pytest.raises(InvalidQuery, match="no folder and no data set 'nothing'; known: esci_us, icecat"):
        load_dataset("nothing", data=tmp_path)


def test_dataset_toml_states_the_conventions(folder: Folder) -> None:
    toml = "relevant = 2\n[gains]\n0 = 0\n1 = 0.25\n2 = 1\n"
    found = load_dataset(folder({"queries.tsv": QUERIES, "qrels.txt": QRELS, "dataset.toml": toml}, "icecat"))
    assert found.conventions.gains == {0: 0, 1: 0.25, 2: 1}
    assert found.conventions.relevant == 2
    assert answerable(found) == {"q1"}


def test_gains_by_name() -> None:
    assert scheme("linear", {0, 2, 4, -1}).gains == {-1: 0, 0: 0, 2: 2, 4: 4}
    assert scheme("exp", {1, 2, 3, -1}).gains == {-1: 0, 0: 0, 1: 1, 2: 3, 3: 7}
    assert scheme("esci", {1}) == ESCI
    assert ESCI.gains == {0: 0, 1: 0.01, 2: 0.1, 3: 1}
    with pytest.raises(InvalidQuery, match="no gains 'log'; choose from: exp, esci, linear"):
        scheme("log", {1})


def test_two_files_are_a_data_set_and_one_is_enough_to_run(folder: Folder) -> None:
    path = folder({"q.tsv": QUERIES, "r.txt": QRELS, "bad.txt": "q1 0 a 4\n"})
    assert dataset_of(path / "q.tsv", path / "r.txt", "exp").conventions.gains == {0: 0, 1: 1, 2: 3}
    assert dataset_of(path / "q.tsv").qrels == {}
    with pytest.raises(InvalidSource, match=r"bad\.txt:1: grade 4 has no gain"):
        dataset_of(path / "q.tsv", path / "bad.txt", "esci")


WANDS = {
    "query.csv": 'query_id\tquery\tquery_class\n0\tsalon chair\tChairs\n1\t"48"" round table"\tTables\n',
    "label.csv": "id\tquery_id\tproduct_id\tlabel\n"
    "0\t0\t25434\tExact\n1\t0\t12088\tIrrelevant\n2\t1\t42931\tPartial\n",
    "product.csv": "product_id\tproduct_name\n",
}


def test_wands_is_read_as_wayfair_writes_it(folder: Folder) -> None:
    found = load_dataset(folder(WANDS))
    assert (found.name, found.queries) == ("wands", {"0": "salon chair", "1": '48" round table'})
    assert found.qrels == {"0": {"25434": 2, "12088": 0}, "1": {"42931": 1}}
    assert found.conventions.gains == {0: 0, 1: 0.5, 2: 1}
    assert answerable(found) == {"0"}
    assert found.products
    assert found.products.name == "product.csv"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("3\t9\t25434\tExact\n", r"label\.csv:5: no query '9'"),
        ("3\t1\t25434\tGreat\n", r"label\.csv:5: label 'Great'; known labels: Exact, Partial, Irrelevant"),
        ("3\t1\t25434\n", r"label\.csv:5: 3 columns, the header has 4"),
        ("3\t0\t25434\tPartial\n", r"label\.csv:5: product 25434 has another label for query 0 already"),
    ],
)
def test_bad_labels_are_refused_with_file_and_line(folder: Folder, more: str, message: str) -> None:
    with pytest.raises(InvalidSource, match=message):
        load_dataset(folder({**WANDS, "label.csv": WANDS["label.csv"] + more}))


def test_a_label_repeated_alike_is_harmless(folder: Folder) -> None:
    found = load_dataset(folder({**WANDS, "label.csv": WANDS["label.csv"] + "3\t0\t25434\tExact\n"}))
    assert found.qrels["0"] == {"25434": 2, "12088": 0}


def test_a_table_without_the_column_names_it(folder: Folder) -> None:
    with pytest.raises(InvalidSource, match=r"query\.csv:1: no column 'query'; it has query_id, text"):
        load_dataset(folder({**WANDS, "query.csv": "query_id\ttext\n0\tsalon chair\n"}))


def test_wands_has_no_splits(folder: Folder) -> None:
    with pytest.raises(InvalidQuery, match="wands has no split 'dev'; choose from: all"):
        load_dataset(folder(WANDS), "dev")


def esci(folder: Path, **changes: list[Any]) -> Path:
    """Seven examples; two of another locale, or of the large version only."""
    columns: dict[str, list[Any]] = {
        "example_id": [0, 1, 2, 3, 4, 5, 6],
        "query_id": [10, 10, 10, 10, 11, 12, 13],
        "query": ["red\tkettle"] * 4 + ["lampe", "mug", "lamp"],
        "product_id": ["A", "B", "C", "D", "E", "F", "A"],
        "product_locale": ["us", "us", "us", "us", "es", "us", "us"],
        "esci_label": ["E", "S", "C", "I", "E", "E", "S"],
        "small_version": [1, 1, 1, 1, 1, 0, 1],
        "split": ["train"] * 6 + ["test"],
    }
    parquet.write_table(
        pa.table({**columns, **changes}), folder / "shopping_queries_dataset_examples.parquet"
    )
    return folder


def test_full_esci_is_the_us_part_of_the_reduced_version(tmp_path: Path) -> None:
    found = load_dataset(esci(tmp_path))
    assert (found.name, found.conventions, found.products) == ("esci", ESCI, None)
    assert found.queries == {"10": "red kettle", "13": "lamp"}
    assert found.qrels == {"10": {"A": 3, "B": 2, "C": 1, "D": 0}, "13": {"A": 2}}


def test_full_esci_comes_in_its_own_splits(tmp_path: Path) -> None:
    assert set(load_dataset(esci(tmp_path), "train").queries) == {"10"}
    assert set(load_dataset(tmp_path, "test").queries) == {"13"}
    with pytest.raises(InvalidQuery, match="esci has no split 'dev'; choose from: all, train, test"):
        load_dataset(tmp_path, "dev")


def test_damaged_esci_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match="example 6: label 'X'; known labels: E, S, C, I"):
        load_dataset(esci(tmp_path, esci_label=[*"ESCIEE", "X"]))
    with pytest.raises(InvalidSource, match="has no rows of this split"):
        load_dataset(esci(tmp_path, product_locale=["jp"] * 7))
    (tmp_path / "shopping_queries_dataset_examples.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InvalidSource, match=r"cannot read .*examples\.parquet"):
        load_dataset(tmp_path)
    parquet.write_table(pa.table({"query": ["a"]}), tmp_path / "shopping_queries_dataset_examples.parquet")
    with pytest.raises(InvalidSource, match="no column 'example_id'; it has query"):
        load_dataset(tmp_path)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[ProductIndex]:
    home, words = open_home(load_settings(index=str(tmp_path / "shop.index"))), WordEncoder()
    build_index(lambda: [Product(id="a", title="Red kettle"), Product(id="c", title="Lamp")], home, words)
    opened = ProductIndex(home, home.live(), words)
    yield opened
    opened.close()


def test_judged_products_that_the_index_lacks_are_named(folder: Folder, index: ProductIndex) -> None:
    found = load_dataset(folder({"queries.tsv": QUERIES, "qrels.txt": QRELS + "q2 0 b 0\n"}))
    judged = judged_products(found, index)
    assert {i: p.title for i, p in judged.items()} == {"a": "Red kettle", "c": "Lamp"}
    assert missing_products(found, judged) == ("b",)


@pytest.mark.parametrize(("name", "queries", "can_score"), [("esci_us", 75, 75), ("icecat", 67, 57)])
def test_the_measuring_data_reads_as_documented(name: str, queries: int, can_score: int) -> None:
    data = os.environ.get("AISLE_TEST_DATA")
    if not data:
        pytest.skip("AISLE_TEST_DATA names no folder with esci_us/ and icecat/")
    found = load_dataset(name, "dev", data=Path(data))
    assert (len(found.queries), len(answerable(found))) == (queries, can_score)
