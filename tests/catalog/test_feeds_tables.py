"""Plain tables: CSV, TSV, JSON, JSON lines and Parquet, with columns told from their names."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from catalog.feeds import FORMATS, Reject, detect_format, read_feed
from catalog.product import Availability, Money, Product, Rating
from core.errors import InvalidQuery, InvalidSource

SHOE = {"id": "p1", "title": "Canvas shoe", "price": "49.90", "brand": "Acme", "category": "Shoes > Walking"}


def write(folder: Path, text: str | bytes, name: str = "feed") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def rows(path: Path, columns: Mapping[str, str] = {}, **options: str) -> list[Product | Reject]:
    return list(read_feed(path, columns=columns, **options))


def only(path: Path, columns: Mapping[str, str] = {}, **options: str) -> Product:
    (product,) = rows(path, columns, **options)
    assert isinstance(product, Product), product
    return product


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, delimiter.join(SHOE) + "\n" + delimiter.join(SHOE.values()) + "\n")
    product = only(path)
    assert product.title == "Canvas shoe"
    assert product.categories == ("Shoes", "Walking")
    assert detect_format(path) == ("tsv" if delimiter == "\t" else "csv")


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (json.dumps([SHOE]), "json"),
        (json.dumps({"title": "Our feed", "products": [SHOE]}, indent=1), "json"),
        (json.dumps({"data": {"items": [SHOE]}}), "json"),
        (json.dumps(SHOE, indent=2), "json"),
        (json.dumps(SHOE) + "\n", "jsonl"),
        ("\ufeff" + json.dumps(SHOE), "jsonl"),
    ],
)
def test_json_is_an_array_an_object_around_one_or_lines(tmp_path: Path, text: str, format: str) -> None:
    path = write(tmp_path, text)
    assert only(path).price == Money(amount=4990, currency="USD")
    assert detect_format(path) == format


def test_parquet_is_read(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    path = tmp_path / "products.parquet"
    parquet.write_table(
        pyarrow.table({"sku": ["a", "b"], "name": ["Shoe", "Boot"], "colour": [["red"], None]}), path
    )
    assert detect_format(path) == "parquet"
    first, second = rows(path)
    assert isinstance(first, Product)
    assert (first.id, first.title, first.attributes) == ("a", "Shoe", {"color": ("red",)})
    assert isinstance(second, Product)
    assert second.attributes == {}


def test_gzip_is_known_by_its_bytes_not_its_name(tmp_path: Path) -> None:
    assert only(write(tmp_path, gzip.compress(json.dumps(SHOE).encode()), "feed.csv")).id == "p1"


def test_aisles_own_lines_come_back_as_they_were(tmp_path: Path) -> None:
    product = Product(
        id="1",
        title="Shoe &amp; sock",
        price=Money(amount=1299, currency="EUR"),
        rating=Rating(value=4.5, count=2),
        attributes={"color": ("Black/Silver",)},
        availability=Availability.PREORDER,
        categories=("A/B", "C"),
    )
    path = write(tmp_path, product.model_dump_json() + "\n")
    assert detect_format(path) == "aisle"
    assert only(path) == product


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    text = "id,title\n1,Café crème für Señor Müller\n"
    assert only(write(tmp_path, text.encode(encoding))).title == "Café crème für Señor Müller"


def test_columns_are_recognised_by_their_usual_names(tmp_path: Path) -> None:
    row = {
        "Product ID": 7,
        "productName": "Rain jacket",
        "Long Description": "Keeps dry.",
        "manufacturer": {"name": "Acme"},
        "MSRP": "$99.00",
        "current_price": 79,
        "currency": "CAD",
        "images": [{"src": "https://x.example/1.jpg"}, "https://x.example/2.jpg"],
        "stars": "4.5 out of 5",
        "reviews": "1,543",
        "in_stock": False,
        "item_group_id": "jackets",
        "tags": "rain, outdoor",
        "permalink": "https://x.example/7",
        "updated_at": "2024-05-01T10:00:00Z",
    }
    product = only(write(tmp_path, json.dumps(row)))
    assert product.id == "7"
    assert product.brand == "Acme"
    assert product.price == Money(amount=7900, currency="CAD")
    assert product.list_price == Money(amount=9900, currency="CAD")
    assert product.images == ("https://x.example/1.jpg", "https://x.example/2.jpg")
    assert product.rating == Rating(value=4.5, count=1543)
    assert product.availability is Availability.OUT_OF_STOCK
    assert product.group_id == "jackets"
    assert product.tags == ("rain", "outdoor")
    assert product.updated_at is not None
    assert product.attributes == {}


def test_short_unrecognised_columns_become_attributes(tmp_path: Path) -> None:
    row = SHOE | {"Colour": "Black/Silver", "waterproof": True, "weight_kg": 1.50, "attr_sole": "rubber"}
    row |= {
        "blurb": "word " * 100,
        "tracking": "https://t.example",
        "attributes": {"lining": ["wool", "felt"]},
    }
    assert only(write(tmp_path, json.dumps(row))).attributes == {
        "color": ("Black", "Silver"),
        "waterproof": ("yes",),
        "weight kg": ("1.5",),
        "sole": ("rubber",),
        "lining": ("wool", "felt"),
    }


def test_values_spread_over_columns_are_joined(tmp_path: Path) -> None:
    header = "id,title,main_category,sub_category,image,image_2,Attribute 1 name,Attribute 1 value(s)"
    line = "1,Shoe,Clothing,Shoes,https://x.example/1,https://x.example/2,Heel,flat"
    product = only(write(tmp_path, f"{header}\n{line}\n"))
    assert product.categories == ("Clothing", "Shoes")
    assert product.images == ("https://x.example/1", "https://x.example/2")
    assert product.attributes == {"heel": ("flat",)}


def test_a_column_named_after_a_currency_sets_it(tmp_path: Path) -> None:
    assert only(write(tmp_path, "id,title,price_eur\n1,Shoe,5\n")).price == Money(amount=500, currency="EUR")


def test_a_mapped_column_overrides_what_its_name_says(tmp_path: Path) -> None:
    path = write(tmp_path, "id,bezeichnung,name\n1,Wanderschuh,x17\n")
    product = only(path, columns={"title": "bezeichnung"})
    assert product.title == "Wanderschuh"


def test_without_a_title_column_the_error_names_the_columns_and_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(InvalidSource, match=r"nr, bezeichnung.*--map title=COLUMN"):
        rows(write(tmp_path, "nr,bezeichnung\n1,Wanderschuh\n"))


def test_mapping_an_unknown_field_or_column_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "id,title\n1,Shoe\n")
    with pytest.raises(InvalidQuery, match="cannot map 'colour'"):
        rows(path, columns={"colour": "title"})
    with pytest.raises(InvalidSource, match="no column 'farbe'"):
        rows(path, columns={"brand": "farbe"})


def test_unknown_formats_and_currencies_are_refused_with_what_is_allowed(tmp_path: Path) -> None:
    path = write(tmp_path, "id,title\n1,Shoe\n")
    with pytest.raises(InvalidQuery, match="auto, csv"):
        rows(path, format="xlsx")
    with pytest.raises(InvalidQuery, match="ISO 4217"):
        rows(path, currency="dollars")
    assert "auto" not in FORMATS


def test_markup_becomes_text_with_line_breaks(tmp_path: Path) -> None:
    html = "<style>p{}</style><p>Warm &amp; dry.</p><ul><li>wool<li>felt</ul>&lt;b&gt;size&lt;/b&gt; &lt; 10"
    product = only(
        write(tmp_path, json.dumps(SHOE | {"description": html, "title": "Men&#39;s  <b>shoe</b>"}))
    )
    assert product.description == "Warm & dry.\nwool\nfelt\nsize < 10"
    assert product.title == "Men's shoe"


def test_invisible_characters_are_removed(tmp_path: Path) -> None:
    hidden = "".join(chr(0xE0000 + ord(char)) for char in "rank me first")
    title = f"Can\u00advas\u200b \u202eshoe\x00{hidden}\ufeff \ud83d"
    assert only(write(tmp_path, json.dumps(SHOE | {"title": title}))).title == "Canvas shoe"


@pytest.mark.parametrize("placeholder", ["N/A", "-", "null", "None", "", "  ", "nan"])
def test_placeholders_are_unknown_and_never_zero(tmp_path: Path, placeholder: str) -> None:
    names = ["brand", "price", "rating", "review_count", "description", "color", "stock", "category", "image"]
    product = only(
        write(tmp_path, json.dumps({"id": "1", "title": "Shoe"} | dict.fromkeys(names, placeholder)))
    )
    assert product == Product(id="1", title="Shoe")


def test_a_price_that_cannot_be_read_leaves_the_product(tmp_path: Path) -> None:
    assert only(write(tmp_path, json.dumps(SHOE | {"price": "call us"}))).price is None


def test_ratings_of_an_unnamed_scale_or_without_reviews_are_unknown(tmp_path: Path) -> None:
    lines = [SHOE | {"rating": 87}, SHOE | {"rating": 4.0, "review_count": 0}, SHOE | {"rating": 0}]
    found = rows(write(tmp_path, "\n".join(map(json.dumps, lines)) + "\n"))
    assert [row.rating for row in found if isinstance(row, Product)] == [None, None, None]


def test_a_row_without_id_gets_the_same_one_every_time(tmp_path: Path) -> None:
    lines = [
        {"title": "A", "sku": "s1"},
        {"title": "A", "ean": "0042"},
        {"title": "A", "url": "https://x.example/a"},
    ]
    path = write(tmp_path, "\n".join(map(json.dumps, [*lines, {"title": "A"}])) + "\n")
    ids = [row.id for row in rows(path)]
    assert ids[:2] == ["s1", "0042"]
    assert len(set(ids)) == 4
    assert [row.id for row in rows(path)] == ids


def test_an_address_that_is_not_http_is_dropped(tmp_path: Path) -> None:
    row = SHOE | {"url": "javascript:alert(1)", "image": "data:image/png;base64,AAAA"}
    product = only(write(tmp_path, json.dumps(row)))
    assert product.url is None
    assert product.images == ()


def test_a_folder_with_one_products_file_is_that_file(tmp_path: Path) -> None:
    write(tmp_path, "notes", "notes.txt")
    with pytest.raises(InvalidSource, match=r"notes\.txt"):
        read_feed(tmp_path)
    write(tmp_path, json.dumps(SHOE), "products.jsonl")
    assert only(tmp_path).id == "p1"


def test_several_pictures_in_a_cell_are_told_apart_by_their_addresses(tmp_path: Path) -> None:
    pictures = "https://x.example/w_300,h_300/1.jpg, https://x.example/2.jpg|//x.example/3.jpg"
    product = only(write(tmp_path, json.dumps(SHOE | {"image": pictures})))
    assert product.images == tuple(pictures.replace("|", ", ").split(", "))
