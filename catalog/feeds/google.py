"""Google Merchant product data: RSS 2.0 or Atom with the g: namespace, and its tab-separated form."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalog.feeds.columns import fields_of, pairs
from catalog.feeds.draft import Fields, Reject
from catalog.feeds.rows import Row
from catalog.feeds.source import Source
from core.errors import InvalidSource

_RECORDS = frozenset(["item", "entry", "product"])
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_CHUNK = 1 << 16
_DEEPEST = 100


def google_fields(row: Mapping[str, Any], columns: Mapping[str, str]) -> Fields:
    """Google's names are mostly everyone's names; what differs is written here."""
    row = {
        name.strip().lower().removeprefix("g:").replace(" ", "_"): value for name, value in row.items()
    } | {column: row[column] for column in columns.values() if column in row}
    details = _details(row.pop("product_detail", None))
    category = row.pop("google_product_category", None)
    if (
        category and "product_type" not in row and not str(category).isdigit()
    ):  # "2271" names nothing to a shopper
        row["product_type"] = category
    fields = fields_of(row, columns)
    fields["attributes"].extend(details)
    return fields


def _details(value: Any) -> list[tuple[str, Any]]:
    """`section:name:value` in text, {section_name, attribute_name, attribute_value} in XML."""
    found: list[tuple[str, Any]] = []
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            name, told = item.get("attribute_name"), item.get("attribute_value")
            found.extend([(name, told)] if isinstance(name, str) else pairs(item))
        elif isinstance(item, str):
            for detail in re.split(r",(?=[^,:]*:[^,:]*:)", item):
                parts = detail.split(":", 2)
                if len(parts) >= 2:
                    found.append((parts[-2].strip(' "'), parts[-1].strip(' "')))
    return found


def xml_rows(source: Source) -> Iterator[Row | Reject]:
    """One row per item, entry or product element, keyed by local tag names; repeated tags become lists."""
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    collector = _Collector()
    # What is decoded here is handed on as UTF-8, whatever encoding the XML declaration claims.
    parser = DefusedXMLParser(target=collector, encoding="utf-8", forbid_entities=True, forbid_external=True)
    number = 0
    with source.text() as text:
        finished = False
        while not finished:
            chunk = _ILLEGAL.sub("", text.read(_CHUNK))
            complaint = ""
            try:
                if chunk:
                    parser.feed(chunk)
                else:
                    finished = True
                    parser.close()
            except DefusedXmlException as error:
                raise InvalidSource(
                    f"{source.path} declares XML entities, which feeds do not need; refused"
                ) from error
            except ParseError as error:
                finished, complaint = True, _complaint(error, bool(chunk))
            for values in collector.take():
                number += 1
                yield Row(number, values)
            if complaint or (finished and source.damage):
                yield Reject(line=number + 1, id=None, reason=source.damage or complaint)


def _complaint(error: Exception, inside: bool) -> str:
    if not inside:
        return "the file is cut off in the middle of this record"
    return f"not valid XML from here on: {error}"


class _Collector:
    """Receives the parser's events and keeps only the record being read, so that memory stays small."""

    def __init__(self) -> None:
        self._done: list[dict[str, Any]] = []
        self._open: list[tuple[str, dict[str, Any], list[str]]] = []
        self._skipped = 0

    def take(self) -> list[dict[str, Any]]:
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rsplit("}", 1)[-1]
        if self._open or name in _RECORDS:
            if len(self._open) == _DEEPEST:
                self._skipped += 1
                return
            given = {key.rsplit("}", 1)[-1]: value for key, value in attributes.items()}
            self._open.append((name, given, []))

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1][2].append(text)

    def end(self, _tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
            return
        if not self._open:
            return
        name, children, texts = self._open.pop()
        if not self._open:
            self._done.append(children)
            return
        text = "".join(texts)
        value: Any = children if children and not text.strip() else text
        if name == "link" and isinstance(value, dict):  # Atom writes <link href="..."/>
            value = value.get("href") if value.get("rel", "alternate") == "alternate" else None
        parent = self._open[-1][1]
        if value is None:
            return
        if name in parent:
            known = parent[name]
            parent[name] = [*known, value] if isinstance(known, list) else [known, value]
        else:
            parent[name] = value

    def close(self) -> None:
        self._open.clear()
