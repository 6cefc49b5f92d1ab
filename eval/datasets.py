"""Data sets for measuring: queries and judgments from a folder, in our own layout, WANDS' or ESCI's.

Reads and checks; it neither fetches (`catalog.datasets` does) nor scores.
"""

import csv
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from catalog.index import ProductIndex
from catalog.product import Product
from core.errors import InvalidQuery, InvalidSource
from eval.conventions import ESCI, PUBLIC, WANDS, read_conventions, scheme
from eval.judge.provenance import judged_in, provenance_of
from eval.records import Conventions, Dataset
from eval.trec import Judgment, by_query, judgments, lines
from ranking.records import LONGEST_QUERY

EXAMPLES = "shopping_queries_dataset_examples.parquet"
PRODUCTS = "shopping_queries_dataset_products.parquet"
ESCI_GRADES = {"E": 3, "S": 2, "C": 1, "I": 0}
WANDS_GRADES = {"Exact": 2, "Partial": 1, "Irrelevant": 0}


def load_dataset(name_or_folder: str | Path, split: str = "all", *, data: Path = Path("data")) -> Dataset:
    """A data set by folder, or by name from `data`, where `aisle datasets get` puts it.

    A folder of one's own holds products.*, queries.tsv, qrels.txt and perhaps dataset.toml. A split is
    queries-SPLIT.tsv with qrels-SPLIT.txt; where only one of the two is split, it says what belongs to it.
    """
    folder = Path(name_or_folder)
    if not folder.is_dir():
        folder = data / name_or_folder
    if not folder.is_dir():
        if str(name_or_folder) in PUBLIC:
            raise InvalidSource(f"no folder {folder}; get it with: aisle datasets get {name_or_folder}")
        raise InvalidQuery(f"no folder and no data set {str(name_or_folder)!r}; known: {', '.join(PUBLIC)}")
    if (folder / "label.csv").is_file():
        return _wands(folder, split)
    if (folder / EXAMPLES).is_file():
        return _esci(folder, split)
    return _folder(folder, split)


def dataset_of(queries: Path, qrels: Path | None = None, gains: str = "linear") -> Dataset:
    """A data set from one file of queries and, if there is one, one of judgments."""
    texts = read_queries(queries)
    judged = [] if qrels is None else list(judgments(qrels))
    conventions = scheme(gains, {judgment.grade for judgment in judged})
    _check(judged, texts, conventions)
    return Dataset(
        name=queries.stem,
        queries=texts,
        qrels=by_query(judged),
        conventions=conventions,
        judged=None if qrels is None else provenance_of(qrels),
    )


def read_queries(*paths: Path) -> dict[str, str]:
    """Query texts by id, from lines of id, tab, text."""
    queries: dict[str, str] = {}
    for path in paths:
        for number, line in lines(path):
            place = f"{path}:{number}"
            columns = [column.strip() for column in line.split("\t")]
            if len(columns) != 2:
                raise InvalidSource(f"{place}: {len(columns)} columns; a query has 2: id, tab, text")
            _add_query(queries, columns[0], columns[1], place)
    return queries


def judged_products(dataset: Dataset, index: ProductIndex) -> dict[str, Product]:
    """The judged products by id, as far as the index has them."""
    ids = list(dict.fromkeys(chain.from_iterable(dataset.qrels.values())))
    found: dict[str, Product] = {}
    for start in range(0, len(ids), 1000):
        found.update(index.get(ids[start : start + 1000]))
    return found


def missing_products(dataset: Dataset, found: Collection[str]) -> tuple[str, ...]:
    """The judged products that are not among those found in the index: no system can return them."""
    return tuple(sorted({i for grades in dataset.qrels.values() for i in grades if i not in found}))


def _folder(folder: Path, split: str) -> Dataset:
    query_files, queries_split = _files(folder, "queries", ".tsv", split)
    qrels_files, qrels_split = _files(folder, "qrels", ".txt", split)
    if split != "all" and not (queries_split or qrels_split):
        here = sorted({p.stem.split("-", 1)[1] for p in (*folder.glob("queries-*"), *folder.glob("qrels-*"))})
        raise InvalidQuery(f"no split {split!r} in {folder}; choose from: {', '.join(['all', *here])}")
    queries = read_queries(*query_files)
    judged = [judgment for path in qrels_files for judgment in judgments(path)]
    conventions = _conventions(folder, {judgment.grade for judgment in judged})
    if queries_split and not qrels_split:
        _check(judged, read_queries(*_files(folder, "queries", ".tsv", "all")[0]), conventions)
        judged = [judgment for judgment in judged if judgment.query_id in queries]
    else:
        _check(judged, queries, conventions)
    if qrels_split and not queries_split:
        chosen = {judgment.query_id for judgment in judged}
        queries = {query_id: text for query_id, text in queries.items() if query_id in chosen}
    return Dataset(
        name=folder.absolute().name,
        split=split,
        products=_products(folder),
        queries=queries,
        qrels=by_query(judged),
        conventions=conventions,
        judged=judged_in(qrels_files),
    )


def _files(folder: Path, stem: str, suffix: str, split: str) -> tuple[list[Path], bool]:
    """The files that hold a split, and whether they are named after it."""
    own, whole = folder / f"{stem}-{split}{suffix}", folder / f"{stem}{suffix}"
    if split != "all" and own.is_file():
        return [own], True
    if whole.is_file():
        return [whole], False
    parts = sorted(folder.glob(f"{stem}-*{suffix}"))
    if split != "all" and parts:
        here = ", ".join(path.stem.removeprefix(f"{stem}-") for path in parts)
        raise InvalidQuery(f"no split {split!r} in {folder}; choose from: all, {here}")
    if not parts:
        raise InvalidSource(f"no {stem}{suffix} in {folder}")
    return parts, False


def _conventions(folder: Path, grades: set[int]) -> Conventions:
    stated = folder / "dataset.toml"
    if stated.is_file():
        return read_conventions(stated, grades)
    return PUBLIC.get(folder.absolute().name) or scheme("linear", grades)


def _products(folder: Path) -> Path | None:
    return next(iter(sorted([*folder.glob("products.*"), *folder.glob("product.*")])), None)


def _check(judged: list[Judgment], queries: Mapping[str, str], conventions: Conventions) -> None:
    first: dict[tuple[str, str], str] = {}
    for judgment in judged:
        if judgment.query_id not in queries:
            raise InvalidSource(f"{judgment.place}: no query {judgment.query_id!r} in the queries")
        if judgment.grade not in conventions.gains:
            known = ", ".join(str(grade) for grade in sorted(conventions.gains))
            raise InvalidSource(
                f"{judgment.place}: grade {judgment.grade} has no gain; known grades: {known}"
            )
        pair = (judgment.query_id, judgment.product_id)
        if first.setdefault(pair, judgment.place) != judgment.place:
            raise InvalidSource(f"{judgment.place}: judged before, at {first[pair]}")


def _add_query(queries: dict[str, str], query_id: str, text: str, place: str) -> None:
    if len(query_id.split()) != 1:
        raise InvalidSource(f"{place}: query id {query_id!r} is not one word")
    if not text:
        raise InvalidSource(f"{place}: query {query_id} has no text")
    if len(text) > LONGEST_QUERY:
        raise InvalidSource(f"{place}: query {query_id} is longer than {LONGEST_QUERY:,} characters")
    if query_id in queries:
        raise InvalidSource(f"{place}: query id {query_id} occurs again")
    queries[query_id] = text


def _wands(folder: Path, split: str) -> Dataset:
    if split != "all":
        raise InvalidQuery(f"wands has no split {split!r}; choose from: all")
    queries: dict[str, str] = {}
    for place, row in _table(folder / "query.csv", ("query_id", "query")):
        _add_query(queries, row["query_id"].strip(), row["query"].strip(), place)
    qrels: dict[str, dict[str, int]] = {}
    for place, row in _table(folder / "label.csv", ("query_id", "product_id", "label")):
        _add_label(qrels, queries, row["query_id"], row["product_id"], row["label"], WANDS_GRADES, place)
    return Dataset(name="wands", products=_products(folder), queries=queries, qrels=qrels, conventions=WANDS)


def _table(path: Path, wanted: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a table with a header, separated by tabs (as Wayfair does) or commas."""
    (_, header), *rows = lines(path)
    delimiter = "\t" if "\t" in header else ","
    names = next(csv.reader([header], delimiter=delimiter))
    if absent := [name for name in wanted if name not in names]:
        raise InvalidSource(f"{path}:1: no column {absent[0]!r}; it has {', '.join(names)}")
    for number, line in rows:
        values = next(csv.reader([line], delimiter=delimiter))
        if len(values) != len(names):
            raise InvalidSource(f"{path}:{number}: {len(values)} columns, the header has {len(names)}")
        yield f"{path}:{number}", dict(zip(names, values, strict=True))


def _esci(folder: Path, split: str) -> Dataset:
    """The US part of the reduced version, on which the ranking task of the paper is measured."""
    if split not in ("all", "train", "test"):
        raise InvalidQuery(f"esci has no split {split!r}; choose from: all, train, test")
    filters: list[tuple[str, str, Any]] = [("product_locale", "==", "us"), ("small_version", "==", 1)]
    if split != "all":
        filters.append(("split", "==", split))
    path = folder / EXAMPLES
    queries: dict[str, str] = {}
    qrels: dict[str, dict[str, int]] = {}
    for row in _parquet(path, ("example_id", "query_id", "query", "product_id", "esci_label"), filters):
        place, query_id = f"{path}, example {row['example_id']}", str(row["query_id"])
        if query_id not in queries:
            _add_query(queries, query_id, " ".join(row["query"].split()), place)
        _add_label(qrels, queries, query_id, row["product_id"], row["esci_label"], ESCI_GRADES, place)
    products = folder / PRODUCTS
    return Dataset(
        name="esci",
        split=split,
        products=products if products.is_file() else None,
        queries=queries,
        qrels=qrels,
        conventions=ESCI,
    )


def _parquet(path: Path, columns: tuple[str, ...], filters: list[tuple[str, str, Any]]) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        names = parquet.read_schema(path).names
        if absent := [name for name in (*columns, *(f[0] for f in filters)) if name not in names]:
            raise InvalidSource(f"{path}: no column {absent[0]!r}; it has {', '.join(names)}")
        table = parquet.read_table(path, columns=list(columns), filters=filters)
    except (pa.ArrowException, OSError) as error:
        raise InvalidSource(f"cannot read {path}: {error}") from error
    if not table.num_rows:
        raise InvalidSource(f"{path} has no rows of this split")
    for batch in table.to_batches():
        yield from batch.to_pylist()


def _add_label(
    qrels: dict[str, dict[str, int]],
    queries: Mapping[str, str],
    query_id: str,
    product_id: str,
    label: str,
    grades: Mapping[str, int],
    place: str,
) -> None:
    """Public files repeat some pairs; a repetition that agrees is harmless, a contradiction is not."""
    if query_id not in queries:
        raise InvalidSource(f"{place}: no query {query_id!r} in the queries")
    if label not in grades:
        raise InvalidSource(f"{place}: label {label!r}; known labels: {', '.join(grades)}")
    if qrels.setdefault(query_id, {}).setdefault(product_id, grades[label]) != grades[label]:
        raise InvalidSource(f"{place}: product {product_id} has another label for query {query_id} already")
