"""Data sets fetched from a server (a local one) or taken from a folder."""

import gzip
import io
import json
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from catalog.datasets import DATASETS, Dataset, copy, dataset, fetch
from catalog.feeds import read_feed
from catalog.product import Product
from core.errors import InvalidQuery, InvalidSource


def zipped(name: str, text: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, text)
    return buffer.getvalue()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the address at which it is served."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_zipped_arrays_become_one_file_of_products(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    rows = [{"id": "1", "title": "Toner", "supplier": "Xerox", "price": 4995, "attr_t_type": "Original"}]
    (folder / "1.json.zip").write_bytes(zipped("1.json", json.dumps(rows)))
    (folder / "2.json.zip").write_bytes(zipped("2.json", json.dumps([{**rows[0], "id": "2"}])))
    found = Dataset(name="icecat", about="", licence="", merge=(f"{url}/1.json.zip", f"{url}/2.json.zip"))
    counted: list[int] = []
    fetch(found, tmp_path / "icecat", counted.append)
    products = list(read_feed(tmp_path / "icecat"))
    assert [p.id for p in products if isinstance(p, Product)] == ["1", "2"]
    assert sum(counted) == sum(p.stat().st_size for p in folder.iterdir())


def test_opensearch_bulk_lines_lose_their_actions(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    lines = ['{"index": {"_id": "A"}}', '{"asin": "A", "title": "Lamp"}', ""]
    (folder / "esci.ndjson.zip").write_bytes(zipped("esci.ndjson", "\n".join(lines)))
    fetch(Dataset(name="x", about="", licence="", merge=(f"{url}/esci.ndjson.zip",)), tmp_path / "x")
    with gzip.open(tmp_path / "x/products.jsonl.gz", "rt") as file:
        assert [json.loads(line) for line in file] == [{"asin": "A", "title": "Lamp"}]


def test_plain_files_are_kept(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    (folder / "product.csv").write_text("product_id\tproduct_name\n1\tsolid wood bed\n")
    fetch(Dataset(name="wands", about="", licence="", keep=(f"{url}/product.csv",)), tmp_path / "wands")
    assert (tmp_path / "wands/product.csv").read_text().endswith("1\tsolid wood bed\n")


@pytest.mark.parametrize("damage", ["missing", "not a zip", "cut short"])
def test_a_failed_download_leaves_no_folder(site: tuple[Path, str], tmp_path: Path, damage: str) -> None:
    folder, url = site
    whole = zipped("1.json", json.dumps([{"id": str(n), "title": "Thing"} for n in range(1000)]))
    if damage != "missing":
        (folder / "1.json.zip").write_bytes(b"<html>" if damage == "not a zip" else whole[:-40])
    with pytest.raises(InvalidSource, match=r"cannot fetch|damaged"):
        fetch(Dataset(name="x", about="", licence="", merge=(f"{url}/1.json.zip",)), tmp_path / "x")
    assert [p.name for p in tmp_path.iterdir()] == ["site"]


def test_a_second_fetch_replaces_the_first(site: tuple[Path, str], tmp_path: Path) -> None:
    folder, url = site
    (folder / "product.csv").write_text("old")
    found = Dataset(name="x", about="", licence="", keep=(f"{url}/product.csv",))
    fetch(found, tmp_path / "x")
    (folder / "product.csv").write_text("new")
    fetch(found, tmp_path / "x")
    assert (tmp_path / "x/product.csv").read_text() == "new"


def test_a_folder_of_data_sets_or_the_set_itself_will_do(tmp_path: Path) -> None:
    source = tmp_path / "sets" / "icecat"
    source.mkdir(parents=True)
    (source / "products.jsonl").write_text("{}")
    copy("icecat", tmp_path / "sets", tmp_path / "one")
    copy("icecat", source, tmp_path / "two")
    assert (tmp_path / "one/products.jsonl").exists()
    assert (tmp_path / "two/products.jsonl").exists()


def test_a_folder_without_products_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match="no products file"):
        copy("icecat", tmp_path, tmp_path / "out")


def test_names_are_those_of_the_list() -> None:
    assert dataset("wands") == DATASETS["wands"]
    with pytest.raises(InvalidQuery, match="icecat, esci_us, esci, wands"):
        dataset("nothing")
