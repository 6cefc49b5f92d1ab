"""Bad input: whatever is in the file, the good rows are kept and the rest is said in one sentence."""

import gzip
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from catalog.feeds import FORMATS, Reject, read_feed
from catalog.product import Product
from core.errors import AisleError, InvalidSource

LINES = [json.dumps({"id": str(n), "title": f"Walking shoe {n}"}) for n in range(200)]


def read(folder: Path, content: bytes | str, format: str = "auto") -> tuple[list[str], list[Reject]]:
    path = folder / "feed"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows = list(read_feed(path, format=format))
    return [row.id for row in rows if isinstance(row, Product)], [
        row for row in rows if isinstance(row, Reject)
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match="no file at"):
        read_feed(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b" \n\n",
        b'{"products": []}',
        pytest.param(gzip.compress(b"", mtime=0), id="gzip"),  # its own id: no bytes of chance
        b"id,title\n",
    ],
)
def test_an_empty_source_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidSource, match=r"is empty|holds no products"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "PNG"),
        (b"PK\x03\x04" + bytes(100), "ZIP"),
        (bytes(range(256)) * 9, "not text"),
    ],
)
def test_a_binary_file_is_refused_by_its_kind(tmp_path: Path, content: bytes, what: str) -> None:
    with pytest.raises(InvalidSource, match=what) as error:
        read(tmp_path, content)
    assert "\n" not in str(error.value)


def test_json_lines_cut_mid_row_keep_the_rows_before(tmp_path: Path) -> None:
    ids, rejects = read(tmp_path, "\n".join(LINES)[:-9])
    assert ids == [str(n) for n in range(199)]
    assert [(reject.line, "cut off" in reject.reason) for reject in rejects] == [(200, True)]


def test_a_table_cut_mid_row_keeps_the_rows_before(tmp_path: Path) -> None:
    ids, rejects = read(tmp_path, "id,title,price\n1,Shoe,5\n2,Boo")
    assert ids == ["1"]
    assert [(reject.line, "cut off" in reject.reason) for reject in rejects] == [(3, True)]


def test_a_json_array_cut_mid_record_keeps_the_records_before(tmp_path: Path) -> None:
    ids, rejects = read(tmp_path, ("[" + ",".join(LINES) + "]")[:-20])
    assert ids == [str(n) for n in range(199)]
    assert [(reject.line, "cut off" in reject.reason) for reject in rejects] == [(200, True)]


def test_xml_cut_mid_item_keeps_the_items_before(tmp_path: Path) -> None:
    item = "<item><g:id>{0}</g:id><title>Shoe {0}</title></item>"
    xml = '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>' + "".join(
        item.format(n) for n in range(50)
    )
    ids, rejects = read(tmp_path, xml[:-15])
    assert ids == [str(n) for n in range(49)]
    assert [(reject.line, "cut off" in reject.reason) for reject in rejects] == [(50, True)]


@pytest.mark.parametrize("opening", ["", "[", "id,title\n"])
def test_a_truncated_gzip_keeps_the_rows_before_it(tmp_path: Path, opening: str) -> None:
    lines = [f"{n},Shoe {n}" for n in range(200)] if opening.startswith("id") else LINES
    text = opening + (",\n" if opening == "[" else "\n").join(lines)
    ids, rejects = read(tmp_path, gzip.compress(text.encode())[:-60])
    assert ids == [str(n) for n in range(len(ids))]
    assert len(ids) > 20
    assert ["gzip" in reject.reason for reject in rejects] == [True]


def test_several_gzip_members_are_one_feed(tmp_path: Path) -> None:
    content = b"".join(gzip.compress(f"{line}\n".encode()) for line in LINES)
    ids, rejects = read(tmp_path, content)
    assert (len(ids), rejects) == (200, [])


def test_a_row_with_undecodable_bytes_is_rejected_with_its_line(tmp_path: Path) -> None:
    rows = ["id,title", "1,Café crème für Señor Müller", "2,Bro\udcff\udcfeken", "3,Jalapeño"]
    ids, rejects = read(tmp_path, "\n".join(rows).encode("utf-8", "surrogateescape"))
    assert ids == ["1", "3"]
    assert [(reject.line, reject.id) for reject in rejects] == [(3, "2")]


def test_a_bad_line_costs_only_itself(tmp_path: Path) -> None:
    bad = ['{"id": 1,}', "[1, 2]", "nonsense", "[" * 100_000, '{"id": ' + "9" * 5_000 + "}"]
    ids, rejects = read(tmp_path, "\n".join([LINES[0], *bad, LINES[1]]) + "\n")
    assert ids == ["0", "1"]
    assert [reject.line for reject in rejects] == [2, 3, 4, 5, 6]


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 20_000, '{"a":' * 20_000])
def test_what_crashes_or_stalls_the_json_parser_does_not_reach_it(tmp_path: Path, value: str) -> None:
    ids, rejects = read(tmp_path, f'[{LINES[0]}, {{"id": {value}, "title": "x"}}]', format="json")
    assert len(rejects) == 1
    assert "digits" in rejects[0].reason
    assert ids in ([], ["0"])


@pytest.mark.parametrize("format", ["csv", "jsonl", "json"])
def test_ten_megabytes_in_one_field_reject_that_row_with_its_size(tmp_path: Path, format: str) -> None:
    rows = [("1", "x"), ("2", "y" * 10_000_000), ("3", "z")]
    dicts = [{"id": key, "title": "Shoe", "description": text} for key, text in rows]
    content = {
        "csv": "id,title,description\n" + "\n".join(f"{key},Shoe,{text}" for key, text in rows) + "\n",
        "jsonl": "\n".join(map(json.dumps, dicts)) + "\n",
        "json": json.dumps(dicts),
    }[format]
    ids, rejects = read(tmp_path, content)
    assert ids == ["1", "3"]
    assert "10,000,000" in rejects[0].reason
    assert "100,000" in rejects[0].reason


def test_a_quote_that_is_never_closed_is_reported_where_it_opens(tmp_path: Path) -> None:
    ids, rejects = read(tmp_path, 'id,title\n1,Shoe\n2,"Boot\n3,Sock\n')
    assert ids == ["1"]
    assert [(reject.line, "quote" in reject.reason) for reject in rejects] == [(3, True)]


def test_a_row_wider_than_its_header_is_rejected(tmp_path: Path) -> None:
    ids, rejects = read(tmp_path, "id,title\n1,Shoe\n2,Boot, brown\n3,Sock,\n")
    assert ids == ["1", "3"]
    assert "3 cells where the header has 2" in rejects[0].reason


def test_nul_bytes_are_dropped(tmp_path: Path) -> None:
    ids, rejects = read(tmp_path, b"id,title\n1,Sh\0oe\n2,Boot\n")
    assert (ids, rejects) == (["1", "2"], [])


def test_an_entity_bomb_is_refused(tmp_path: Path) -> None:
    entities = '<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">'
    bomb = f'<?xml version="1.0"?><!DOCTYPE r [{entities}]><rss><item><title>&b;</title></item></rss>'
    with pytest.raises(InvalidSource, match="entities"):
        read(tmp_path, bomb)


def test_a_row_without_title_is_rejected_with_its_id(tmp_path: Path) -> None:
    _, rejects = read(tmp_path, "id,title\n1,Shoe\n2,N/A\n")
    assert rejects == [Reject(line=3, id="2", reason="no title")]


def test_a_validation_error_reads_like_a_sentence(tmp_path: Path) -> None:
    product = Product(id="1", title="Shoe").model_dump(mode="json") | {
        "price": {"amount": -5, "currency": "USD"}
    }
    _, rejects = read(tmp_path, json.dumps(product) + "\n", format="aisle")
    assert [(reject.id, reject.reason) for reject in rejects] == [
        ("1", "price amount: should be greater than or equal to 0, not -5")
    ]


def test_reading_does_not_keep_the_feed_in_memory(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "feed.jsonl"
    path.write_text(
        "".join(
            json.dumps({"id": n, "title": f"Shoe {n}", "description": "x " * 500}) + "\n"
            for n in range(20_000)
        )
    )
    tracemalloc.start()
    count = sum(1 for _ in read_feed(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 20_000
    assert peak < path.stat().st_size / 2


PIECES = [
    b"id,title,price\n",
    b'{"id":1,"title":"x","price":',
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b",",
    b"\n",
    b"\t",
]
PIECES += [b";", b"\0", b"\xff\xfe", b"\xe9", b"null", b"1e999999999", b"9" * 5_000, b'"\\ud800"', b"PAR1"]
PIECES += [b"<rss><item><title>x</title>", b"</item>", b"<?xml version='1.0' encoding='cp037'?>", b"&#55357;"]
PIECES += [b"<html><script type='application/ld+json'>", b"</script>", b'"@type":"Product"', b'"variants":[{']
PIECES += [
    b"\x1f\x8b\x08\x00",
    b"Handle,Variant Price,Title\n",
    b'"attributes":' + b"[" * 2_000,
    b'"name":[{',
]
ANY_BYTES = st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join))


@settings(deadline=None, max_examples=300)
@given(ANY_BYTES, st.sampled_from(["auto", *FORMATS]))
@example(b"PAR1" + bytes(20) + b"PAR1", "auto")
@example(b'{"id":1,"title":"x","price":1e999999999,"stock":1e999999999,"weight":1e999999999}', "jsonl")
@example(b'[{"id":1,"title":"x","price":1e999999999,"rating":1e999999999,"weight":1e-999999999}]', "json")
def test_no_byte_string_makes_reading_raise_anything_but_our_errors(content: bytes, format: str) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            outcome = [getattr(row, "reason", "") for row in read_feed(Path(file.name), format=format)]
        except AisleError as error:
            outcome = [str(error)]
    assert outcome
    assert not any("\n" in sentence for sentence in outcome)
