"""Public product data sets by name: where they come from and how they become a folder of ours.

A folder holds `products.*` and whatever else the source has (queries, judgments); what those mean is
the business of the evaluation, not of the catalogue.
"""

import errno
import gzip
import json
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx2
import ijson

from core.errors import InvalidQuery, InvalidSource, StorageFull
from core.record import Record

CHORUS = "https://raw.githubusercontent.com/querqy/chorus/main/data-encoder/ecommerce/vectors/data"
ESCI = "https://raw.githubusercontent.com/opensearch-project/search-relevance/main/src/test/data-esci"
ESCI_FULL = "https://github.com/amazon-science/esci-data/raw/main/shopping_queries_dataset"
WANDS = "https://raw.githubusercontent.com/wayfair/WANDS/main/dataset"


class Dataset(Record):
    """A public data set; files are either kept as they are or merged into products.jsonl.gz."""

    name: str
    about: str
    licence: str
    keep: tuple[str, ...] = ()
    merge: tuple[str, ...] = ()


DATASETS = {
    found.name: found
    for found in (
        Dataset(
            name="icecat",
            about="19,406 consumer electronics products with typed attributes",
            licence="Icecat Open Content",
            merge=tuple(f"{CHORUS}/{n}.json.zip" for n in (1, 2, 3, 4)),
        ),
        Dataset(
            name="esci_us",
            about="6,764 products of every department, sampled from Amazon ESCI",
            licence="Apache-2.0",
            merge=(f"{ESCI}/esci_us_ecommerce_shrunk.ndjson.zip",),
        ),
        Dataset(
            name="esci",
            about="Amazon ESCI, the whole Shopping Queries data set: 1.8 million products, 130,000 queries",
            licence="Apache-2.0",
            keep=(
                f"{ESCI_FULL}/shopping_queries_dataset_examples.parquet",
                f"{ESCI_FULL}/shopping_queries_dataset_products.parquet",
            ),
        ),
        Dataset(
            name="wands",
            about="42,994 pieces of furniture and home goods from Wayfair",
            licence="MIT",
            keep=(f"{WANDS}/product.csv", f"{WANDS}/query.csv", f"{WANDS}/label.csv"),
        ),
    )
}


def dataset(name: str) -> Dataset:
    """The data set of that name."""
    if name not in DATASETS:
        raise InvalidQuery(f"no data set {name!r}; choose from: {', '.join([*DATASETS, 'demo'])}")
    return DATASETS[name]


def copy(name: str, source: Path, target: Path) -> Path:
    """Take the data set from a folder that holds it already."""
    folder = source / name if (source / name).is_dir() else source
    if not any(folder.glob("*product*")):
        raise InvalidSource(f"no products file in {folder}; give the folder that holds {name}/products.*")
    if folder.resolve() != target.resolve():
        with writing(target):
            shutil.copytree(folder, target, dirs_exist_ok=True)
    return target


def fetch(found: Dataset, target: Path, on_bytes: Callable[[int], None] = lambda count: None) -> Path:
    """Download the data set; the folder appears only when it is complete."""
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with (
        writing(target),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch,
    ):
        folder = Path(scratch) / target.name
        folder.mkdir()
        for url in found.keep:
            _download(url, folder / url.rsplit("/", 1)[1], on_bytes)
        if found.merge:
            with gzip.open(folder / "products.jsonl.gz", "wt", encoding="utf-8") as merged:
                for url in found.merge:
                    part = Path(scratch) / "part"
                    _download(url, part, on_bytes)
                    merged.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in _rows(part))
        if target.exists():
            target.rename(Path(scratch) / "earlier")
        folder.rename(target)
    return target


@contextmanager
def writing(target: Path) -> Iterator[None]:
    """Say in one line why a folder cannot be written."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise StorageFull(f"the disk is full at {target}; free some space and try again") from error
        raise InvalidQuery(f"cannot write {target} ({error.strerror}); choose another with --to") from error


def _download(url: str, path: Path, on_bytes: Callable[[int], None]) -> None:
    try:
        with (
            httpx2.stream("GET", url, follow_redirects=True, timeout=60) as response,
            path.open("wb") as file,
        ):
            response.raise_for_status()
            for chunk in response.iter_bytes():
                file.write(chunk)
                on_bytes(len(chunk))
    except httpx2.HTTPError as error:
        raise InvalidSource(
            f"cannot fetch {url} ({error}); if you have it already: aisle datasets get NAME --from FOLDER"
        ) from error


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a zipped JSON array or of zipped JSON lines in OpenSearch bulk form."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                with archive.open(name) as file:
                    yield from _array(file) if file.read(1) == b"[" else _lines(archive.open(name))
    except (zipfile.BadZipFile, zlib.error, EOFError, ijson.JSONError, json.JSONDecodeError) as error:
        raise InvalidSource(f"the download is damaged ({error}); run the same command again") from error


def _array(file: Any) -> Iterator[dict[str, Any]]:
    file.seek(0)
    yield from ijson.items(file, "item", use_float=True)


def _lines(file: BinaryIO | Any) -> Iterator[dict[str, Any]]:
    with file:
        for line in file:
            row = json.loads(line) if line.strip() else {}
            if row and "index" not in row:
                yield row
