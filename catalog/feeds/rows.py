"""Records out of files: delimited text, JSON, JSON lines, Parquet. Streams; knows no product fields.

What cannot be read is a `Reject` with its line, and reading goes on where the file form allows it.
"""

import csv
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, TextIO, cast

from catalog.feeds.draft import Reject
from catalog.feeds.source import Source
from catalog.feeds.text import UNDECODABLE
from core.errors import InvalidSource

LONGEST_LINE = 32_000_000  # characters; beyond it a line is skipped unread
_CHUNK = 1 << 16
_DELIMITERS = (",", "\t", ";", "|")
_CUT = "the file is cut off in the middle of this row"

# Objects that hold the products rather than describe one, and arrays inside one product.
WRAPPERS = frozenset(
    ["products", "items", "data", "results", "entries", "records", "docs", "documents", "rows"]
)
WRAPPERS |= {"catalog", "feed", "hits", "entry", "item", "product", "@graph", "itemListElement"}
_PARTS = frozenset(["variants", "offers", "images", "image", "options", "media", "hasVariant"])
_PARTS |= {"review", "reviews", "additionalProperty"}
_NAMES = frozenset(["title", "name", "product_name"])
# yajl2_c of ijson 3.6 dies with a segmentation fault on integers beyond Python's 4,300 digits, and its time
# grows with the square of the depth.
_HOSTILE = re.compile(r'(?<!\d)\d{1000}|(?:[\[{]\s*(?:"[^"]{0,40}"\s*:\s*)?){200}')


class Row(NamedTuple):
    """One record and where it stood: a line for text files, a running number elsewhere."""

    line: int
    values: dict[str, Any]


def table_rows(source: Source) -> Iterator[Row | Reject]:
    """Rows of delimited text with a header line; the delimiter is found out."""
    csv.field_size_limit(LONGEST_LINE)
    delimiter = delimiter_of(source.opening())
    with source.text() as text:
        lines = _Lines(text)
        reader = csv.reader(lines, delimiter=delimiter)
        header: list[str] = []
        while True:
            line = lines.number + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield Reject(line=line, id=None, reason=f"not a readable row: {error}")
                continue
            if lines.oversize:
                yield Reject(line=lines.number, id=None, reason=lines.oversize)
                lines.oversize = ""
            elif cells is None:
                break
            elif not any(cells):
                continue
            elif not header:
                header = _header(cells)
            elif lines.ended:
                reason = source.damage or "a quote opened in this row is never closed; rows after it are lost"
                yield Reject(line=line, id=None, reason=reason)
            elif lines.torn and (source.damage or len(cells) < len(header)):
                yield Reject(line=line, id=None, reason=source.damage or _CUT)
            elif len(cells) > len(header) and any(cells[len(header) :]):
                reason = f"{len(cells)} cells where the header has {len(header)} columns"
                yield Reject(line=line, id=None, reason=reason)
            else:
                yield Row(line, _cells(header, cells))
        if source.damage and not lines.torn:
            yield Reject(line=lines.number + 1, id=None, reason=source.damage)


def line_rows(source: Source) -> Iterator[Row | Reject]:
    """Rows of JSON lines."""
    with source.text() as text:
        lines = _Lines(text)
        told = False
        for line in lines:
            if lines.oversize:
                yield Reject(line=lines.number, id=None, reason=lines.oversize)
                lines.oversize = ""
            elif not line.isspace():
                row = _parsed(line, lines, source)
                told = isinstance(row, Reject) and row.reason == source.damage
                yield row
        if source.damage and not told:
            yield Reject(line=lines.number + 1, id=None, reason=source.damage)


def array_rows(source: Source) -> Iterator[Row | Reject]:
    """Records of one JSON document: its array of objects wherever it lies, or the document itself."""
    import ijson

    prefix = _array_prefix(source)
    found = ijson.sendable_list()
    parser = ijson.items_coro(found, prefix)
    number = 0
    with source.text() as text:
        stream = _Utf8(text)
        broken = ""
        while not broken:
            chunk = stream.read(_CHUNK)
            try:
                if stream.unreadable:
                    broken = (
                        "a number of a thousand digits or nesting of hundreds of levels; the rest is not read"
                    )
                elif chunk:
                    parser.send(chunk)
                else:
                    parser.close()
                    broken = "end"
            except ijson.IncompleteJSONError as error:
                broken = source.damage or _json_complaint(error, chunk)
            except ijson.JSONError as error:
                broken = _json_complaint(error, chunk)
            for value in found:
                number += 1
                yield _record(number, value)
            del found[:]
        if broken != "end" or source.damage:
            yield Reject(line=number + 1, id=None, reason=source.damage or broken)


def parquet_rows(source: Source) -> Iterator[Row | Reject]:
    """Rows of a Parquet file, a batch at a time."""
    import pyarrow
    from pyarrow import parquet

    if source.gzipped:
        raise InvalidSource(f"{source.path} is Parquet inside gzip; unpack it first")
    number = 0
    try:
        with parquet.ParquetFile(source.path) as file:
            for batch in file.iter_batches(batch_size=1024):
                for values in batch.to_pylist():
                    number += 1
                    yield Row(number, {str(key): value for key, value in values.items()})
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError, ValueError) as error:
        message = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        if not number:
            raise InvalidSource(f"{source.path} is not a readable Parquet file: {message}") from error
        yield Reject(line=number + 1, id=None, reason=f"the Parquet file is damaged here: {message}")


def delimiter_of(opening: str) -> str:
    """The delimiter that gives the first lines the most even, then the widest rows."""
    lines = [line for line in opening.splitlines(keepends=True) if line.strip()][:21]
    if len(lines) > 2 and not lines[-1].endswith(("\n", "\r")):
        lines.pop()
    return max(_DELIMITERS, key=lambda delimiter: _evenness(lines, delimiter))


def _evenness(lines: list[str], delimiter: str) -> tuple[float, int]:
    try:
        rows = [row for row in islice(csv.reader(lines, delimiter=delimiter), 20) if row]
    except csv.Error:
        return 0.0, 0
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, width
    return sum(len(row) == width for row in rows) / len(rows) + 0.02 * width, width


class _Lines:
    """Physical lines with their number, none longer than the limit. `torn`: the last has no line end."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.number = 0
        self.oversize = ""
        self.torn = False
        self.ended = False

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_LINE)
        if not line:
            self.ended = True
            raise StopIteration
        self.number += 1
        self.torn = not line.endswith(("\n", "\r"))
        if self.torn and len(line) >= LONGEST_LINE:
            size = len(line)
            while self.torn and (more := self._text.readline(LONGEST_LINE)):
                size += len(more)
                self.torn = not more.endswith(("\n", "\r"))
            self.oversize = f"the line is {size:,} characters long; the limit is {LONGEST_LINE:,}"
            return "\n"
        return line


class _Utf8:
    """Decoded text as UTF-8 bytes again, for the JSON parser. Stops before what would crash or stall it."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._tail = ""
        self.unreadable = False

    def read(self, size: int) -> bytes:
        chunk = self._text.read(size)
        seen = self._tail + chunk
        if _HOSTILE.search(seen):
            self.unreadable = True
            return b""
        self._tail = seen[-1000:]
        return chunk.encode("utf-8", "replace")


def _header(cells: Iterable[str]) -> list[str]:
    return [" ".join(cell.split()).removeprefix("\ufeff") for cell in cells]


def _cells(header: list[str], cells: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = dict(zip(header, cells, strict=False))
    if len(values) < min(len(header), len(cells)):  # a column may come several times: additional_image_link
        values = {}
        for name, cell in zip(header, cells, strict=False):
            if name in values and cell:
                known = values[name]
                values[name] = [*known, cell] if isinstance(known, list) else [known, cell] if known else cell
            else:
                values.setdefault(name, cell)
    values.pop("", None)
    return values


def _parsed(line: str, lines: _Lines, source: Source) -> Row | Reject:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        if lines.torn:
            return Reject(line=lines.number, id=None, reason=source.damage or _CUT)
        if UNDECODABLE in line:
            return Reject(line=lines.number, id=None, reason=f"bytes that are not {source.encoding} text")
        told = (
            error.msg
            if isinstance(error, json.JSONDecodeError)
            else "nested too deeply, or a number too long"
        )
        return Reject(line=lines.number, id=None, reason=f"not valid JSON: {told[:1].lower()}{told[1:]}")
    return _record(lines.number, value)


def _record(number: int, value: Any) -> Row | Reject:
    if isinstance(value, dict):
        return Row(number, value)
    return Reject(line=number, id=None, reason="not a JSON object")


def _json_complaint(error: Exception, chunk: bytes) -> str:
    if not chunk or "premature EOF" in str(error):
        return "the file is cut off in the middle of this record"
    told = str(error).splitlines()[0].rstrip(". ")
    return f"not valid JSON from here on: {told}"


def _array_prefix(source: Source) -> str:
    """Where the records lie, as ijson writes it: "item", "products.item"; "" for the document itself."""
    import ijson

    array: str | None = None
    named = False
    with source.text() as text:
        events = ijson.parse(cast(BinaryIO, _Utf8(text)))
        try:
            for prefix, event, value in islice(events, 200_000):
                if event == "start_array":
                    array = prefix
                elif (
                    event == "start_map"
                    and array is not None
                    and prefix == (f"{array}." if array else "") + "item"
                ):
                    last = array.rsplit(".", 1)[-1]
                    if last in WRAPPERS or not array or (last not in _PARTS and not named):
                        return str(prefix)
                elif event == "map_key" and prefix == "":
                    named = named or value in _NAMES
                elif event == "string" and prefix == "@type" and value.startswith("Product"):
                    return ""
        except ijson.JSONError:
            pass  # reading the records will meet the same fault and report it
    if array is not None and (not array or (not named and array.rsplit(".", 1)[-1] in WRAPPERS)):
        return f"{array}.item".lstrip(".")  # an empty list of products
    return ""
