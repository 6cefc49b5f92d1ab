"""A feed's bytes as readable text: which file, gzip or not, which encoding. Knows nothing of products."""

import codecs
import io
import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from catalog.feeds.text import UNDECODABLE
from core.errors import InvalidSource

SAMPLE = 1 << 20
_CHUNK = 1 << 16

codecs.register_error("mark", lambda error: (UNDECODABLE, cast(UnicodeDecodeError, error).end))

_NOT_TEXT = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a picture, sound or video",
    b"PK\x03\x04": "a ZIP archive or an Excel workbook (unpack it, or export the sheet as CSV)",
    b"\xd0\xcf\x11\xe0": "an old Excel or Word file (export the sheet as CSV)",
    b"%PDF": "a PDF",
    b"SQLite format 3": "an SQLite database",
    b"BZh": "compressed with bzip2 (unpack it first)",
    b"\xfd7zXZ": "compressed with xz (unpack it first)",
    b"(\xb5/\xfd": "compressed with zstd (unpack it first)",
    b"7z\xbc\xaf": "a 7-Zip archive (unpack it first)",
    b"Rar!": "a RAR archive (unpack it first)",
    b"\x7fELF": "a program",
}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DECLARED = re.compile(
    rb"<\?xml[^>]{0,80}encoding=[\"']([\w.-]+)|<meta[^>]{0,80}charset=[\"']?([\w-]+)", re.I
)
_DECLARABLE = re.compile(
    r"(?:iso-8859-\d+|latin-?1|(?:windows-|cp)12\d\d|shift.jis|euc-.*|gb\w+|big5|koi8-[ru])"
)
# The encodings shops' exports really come in; left to itself the detector also offers Mac and DOS pages.
_PLAUSIBLE = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256"]
_PLAUSIBLE += ["cp932", "gb18030", "big5", "euc_kr", "euc_jp", "koi8_r"]
_CONTROL = bytes(range(9)) + bytes(range(14, 32))


class Source:
    """One feed file, opened as often as needed. `damage` says what cut the last reading short."""

    def __init__(self, path: Path) -> None:
        """Find the file and look at its first bytes; raises InvalidSource when it cannot be a feed."""
        self.path = _product_file(path)
        self.damage: str | None = None
        try:
            with self.path.open("rb") as raw:
                self.gzipped = raw.read(2) == b"\x1f\x8b"
            with self.bytes() as stream:
                self.head = stream.read(SAMPLE)
        except OSError as error:
            raise InvalidSource(f"cannot read {self.path}: {error.strerror or error}") from error
        if not self.head.strip():
            cut = f" ({self.damage})" if self.damage else ""
            raise InvalidSource(f"{self.path} is empty{cut}; give a product feed")
        self.encoding = _encoding(self.head)
        self._refuse_binary()

    @contextmanager
    def bytes(self) -> Iterator[BinaryIO]:
        """The content, unpacked. A damaged gzip stream ends early and says so in `damage`."""
        self.damage = None
        with self.path.open("rb") as raw:
            if self.gzipped:
                yield cast(BinaryIO, io.BufferedReader(_Gunzip(raw, self._note), _CHUNK))
            else:
                yield raw

    @contextmanager
    def text(self) -> Iterator[TextIO]:
        """The content as text with its own line ends; what cannot be decoded is marked `UNDECODABLE`."""
        with self.bytes() as stream:
            yield io.TextIOWrapper(stream, encoding=self.encoding, errors="mark", newline="")

    def opening(self, characters: int = 1 << 16) -> str:
        """The first characters, for deciding what this is."""
        return self.head.decode(self.encoding, "mark")[:characters]

    def _note(self, damage: str) -> None:
        self.damage = damage

    def _refuse_binary(self) -> None:
        if self.head.startswith(b"PAR1"):
            return
        for magic, what in _NOT_TEXT.items():
            if self.head.startswith(magic):
                raise InvalidSource(f"{self.path} is {what}, not a product feed")
        if not self.encoding.startswith(("utf-16", "utf-32")):
            controls = len(self.head) - len(self.head.translate(None, _CONTROL))
            if controls > len(self.head) // 10:
                raise InvalidSource(f"{self.path} is not text; give a feed as CSV, JSON, XML or Parquet")


def _product_file(path: Path) -> Path:
    if path.is_file():
        return path
    if not path.exists():
        raise InvalidSource(f"no file at {path}")
    if not path.is_dir():
        raise InvalidSource(f"{path} is not a regular file")
    try:
        names = sorted(child.name for child in path.iterdir() if child.is_file())
    except OSError as error:
        raise InvalidSource(f"cannot read {path}: {error.strerror or error}") from error
    obvious = [name for name in names if name.lower().split(".")[0] in ("products", "product")]
    if len(obvious) == 1:
        return path / obvious[0]
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "") if names else "nothing"
    raise InvalidSource(f"{path} is a folder without one products.* file; name the file (it holds {shown})")


def _encoding(head: bytes) -> str:
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    text = codecs.getincrementaldecoder("utf-8")("mark").decode(head, final=False)
    broken = text.count(UNDECODABLE)
    if not broken or sum(not char.isascii() for char in text) > 2 * broken:
        return "utf-8"  # or nearly: its broken rows are rejected one by one
    if declared := _DECLARED.search(head[:1024]):
        name = (declared[1] or declared[2]).decode().lower()
        if _DECLARABLE.fullmatch(name) and _known(name):
            return name
    return _guess(head)


def _known(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _guess(head: bytes) -> str:
    from charset_normalizer import from_bytes

    lines = [line for line in head.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:_CHUNK]
    if sum(byte > 0x7F for byte in sample) < 12:
        return "cp1252"  # too few to tell apart; the web's own default
    matches = from_bytes(sample, cp_isolation=_PLAUSIBLE)
    best = matches.best()
    if best is None:
        return "cp1252"
    tied = {match.encoding for match in matches if match.chaos <= best.chaos}
    return "cp1252" if "cp1252" in tied else best.encoding


class _Gunzip(io.RawIOBase):
    """Inflates gzip members one by one and keeps everything before a damage, unlike gzip.GzipFile."""

    def __init__(self, raw: BinaryIO, note: Callable[[str], None]) -> None:
        self._raw = raw
        self._note = note
        self._member = zlib.decompressobj(31)
        self._over = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        room = len(buffer)
        while not self._over:
            packed = self._packed()
            if packed is None:
                break
            try:
                data = self._member.decompress(packed, room)
            except zlib.error:
                self._end("the gzip data is damaged here")
                break
            if data:
                buffer[: len(data)] = data
                return len(data)
            if not packed and not self._member.eof:
                self._end("the gzip file is cut off here")
        return 0

    def _packed(self) -> bytes | None:
        """The next compressed bytes; empty when the file has ended, None when there is no further member."""
        if not self._member.eof:
            return self._member.unconsumed_tail or self._raw.read(_CHUNK)
        rest = self._member.unused_data.lstrip(b"\0") or self._raw.read(_CHUNK).lstrip(b"\0")
        if not rest:
            self._over = True
            return None
        self._member = zlib.decompressobj(31)
        return rest

    def _end(self, damage: str) -> None:
        self._over = True
        self._note(damage)
