"""The formats other people already speak, each by a small feed written as its documentation shows it."""

import json
import os
from pathlib import Path
from textwrap import dedent

import pytest

from catalog.feeds import Reject, detect_format, read_feed
from catalog.product import Availability, Money, Product, Rating


def read(folder: Path, content: str | object, format: str) -> list[Product]:
    """The products of the feed, which must be recognised as `format` and give no rejects."""
    path = folder / "feed"
    path.write_text(dedent(content).lstrip() if isinstance(content, str) else json.dumps(content) + "\n")
    assert detect_format(path) == format
    rows = list(read_feed(path))
    products = [row for row in rows if isinstance(row, Product)]
    assert len(products) == len(rows), rows
    return products


def dollars(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def test_google_merchant_rss(tmp_path: Path) -> None:
    rss = """
        <?xml version="1.0" encoding="ISO-8859-1"?>
        <rss xmlns:g="http://base.google.com/ns/1.0" version="2.0"><channel><title>Example store</title>
        <item>
          <g:id>TV_1</g:id><title>LG 22" TV &amp; stand</title><link>https://x.example/tv</link>
          <description><![CDATA[<p>Sharp.</p><p>Bright.</p>]]></description>
          <g:image_link>https://x.example/1.png</g:image_link>
          <g:additional_image_link>https://x.example/2.png</g:additional_image_link>
          <g:additional_image_link>https://x.example/3.png</g:additional_image_link>
          <g:price>159.00 USD</g:price><g:sale_price>129.00 USD</g:sale_price>
          <g:availability>in stock</g:availability><g:google_product_category>404</g:google_product_category>
          <g:product_type>Electronics &gt; TV</g:product_type><g:brand>LG</g:brand>
          <g:item_group_id>TV</g:item_group_id><g:color>Black/Silver</g:color>
          <g:shipping><g:country>US</g:country><g:price>5 USD</g:price></g:shipping>
          <g:product_detail>
            <g:attribute_name>Diagonal</g:attribute_name><g:attribute_value>22 in</g:attribute_value>
          </g:product_detail>
        </item></channel></rss>"""
    (tv,) = read(tmp_path, rss, "google_merchant")
    assert tv.title == 'LG 22" TV & stand'
    assert tv.description == "Sharp.\nBright."
    assert (tv.price, tv.list_price) == (dollars(12900), dollars(15900))
    assert tv.availability is Availability.IN_STOCK
    assert tv.categories == ("Electronics", "TV")
    assert [image[-5] for image in tv.images] == ["1", "2", "3"]
    assert tv.group_id == "TV"
    assert tv.attributes == {"color": ("Black", "Silver"), "diagonal": ("22 in",)}


def test_google_merchant_atom(tmp_path: Path) -> None:
    atom = """
        <feed xmlns="http://www.w3.org/2005/Atom" xmlns:g="http://base.google.com/ns/1.0">
        <entry><g:id>7</g:id><title>Wool sock</title><link href="https://x.example/7"/>
        <g:price>5.00 EUR</g:price><g:availability>preorder</g:availability></entry></feed>"""
    (sock,) = read(tmp_path, atom, "google_merchant")
    assert (sock.url, sock.price) == ("https://x.example/7", Money(amount=500, currency="EUR"))
    assert sock.availability is Availability.PREORDER


def test_google_merchant_tsv_and_a_sale_that_is_over(tmp_path: Path) -> None:
    names = [
        "id",
        "title",
        "link",
        "image link",
        "price",
        "sale price",
        "sale price effective date",
        "availability",
    ]
    over = [
        "1",
        "Shoe",
        "https://x.example",
        "https://x.example/1",
        "20 USD",
        "9 USD",
        "2001-01-01/2001-02-01",
        "out_of_stock",
    ]
    running = [*over[:6], "2001-01-01T13:00-0800/2999-01-01T13:00-0800", "in_stock"]
    text = "\n".join(
        "\t".join(line) for line in ([*names, "product detail"], [*over, "General:Sole:rubber"], running)
    )
    first, second = read(tmp_path, text + "\n", "google_merchant")
    assert (first.price, first.list_price) == (dollars(2000), None)
    assert first.availability is Availability.OUT_OF_STOCK
    assert first.attributes == {"sole": ("rubber",)}
    assert (second.price, second.list_price) == (dollars(900), dollars(2000))


OPENAI = {
    "is_eligible_search": "true",
    "item_id": "SKU1",
    "title": "Trail shoe",
    "description": "Dry feet.",
    "url": "https://x.example/1",
    "brand": "Acme",
    "image_url": "https://x.example/1.jpg",
    "additional_image_urls": "https://x.example/2.jpg,https://x.example/3.jpg",
    "price": "79.99 USD",
    "availability": "in_stock",
    "group_id": "G1",
    "variant_dict": {"color": "Blue", "size": "10"},
    "seller_name": "Example Store",
    "seller_url": "https://x.example/",
    "star_rating": "4.6",
    "review_count": "254",
    "product_category": "Apparel > Shoes",
    "return_policy": "https://x.example/returns",
}


def test_openai_as_specified_now(tmp_path: Path) -> None:
    (shoe,) = read(tmp_path, OPENAI, "openai")
    assert (shoe.id, shoe.group_id, shoe.seller) == ("SKU1", "G1", "Example Store")
    assert shoe.rating == Rating(value=4.6, count=254)
    assert shoe.categories == ("Apparel", "Shoes")
    assert len(shoe.images) == 3
    assert shoe.attributes == {"color": ("Blue",), "size": ("10",)}


def test_openai_as_first_specified_in_csv(tmp_path: Path) -> None:
    text = """
        enable_search,id,title,link,image_link,price,sale_price,quantity,item_group_id,product_review_rating,product_review_count,custom_variant1_category,custom_variant1_option,color
        true,1,Shoe,https://x.example/1,https://x.example/1.jpg,99.99 USD,79.99 USD,0,G1,4.5,12,Fit,Slim,Red
        """
    (shoe,) = read(tmp_path, text, "openai")
    assert (shoe.price, shoe.list_price) == (dollars(7999), dollars(9999))
    assert shoe.availability is Availability.OUT_OF_STOCK
    assert shoe.rating == Rating(value=4.5, count=12)
    assert shoe.attributes == {"color": ("Red",), "fit": ("Slim",)}


def test_acp_gives_one_product_per_variant(tmp_path: Path) -> None:
    product = {
        "id": "tee",
        "title": "Classic Tee",
        "description": {"html": "<p>Soft.</p>"},
        "media": [{"type": "image", "url": "https://x.example/tee.jpg"}],
        "variants": [
            {
                "id": "tee-red-s",
                "title": "Classic Tee - Red / Small",
                "price": {"amount": 1999, "currency": "USD"},
                "list_price": {"amount": 2499, "currency": "USD"},
                "availability": {"available": True, "status": "backorder"},
                "categories": [{"value": "Apparel > Shirts", "taxonomy": "merchant"}],
                "variant_options": [{"name": "Color", "value": "Red"}, {"name": "Size", "value": "Small"}],
                "media": [
                    {"type": "video", "url": "https://x.example/v.mp4"},
                    {"type": "image", "url": "https://x.example/r.jpg"},
                ],
                "barcodes": [{"type": "GTIN", "value": "00012345600012"}],
                "seller": {"name": "Example Merchant"},
            },
            {"id": "tee-blue-s", "title": "Classic Tee - Blue / Small", "availability": {"available": False}},
        ],
    }
    red, blue = read(tmp_path, product, "acp")
    assert (red.group_id, blue.group_id) == ("tee", "tee")
    assert (red.price, red.list_price) == (dollars(1999), dollars(2499))
    assert red.availability is Availability.BACKORDER
    assert red.categories == ("Apparel", "Shirts")
    assert red.images == ("https://x.example/r.jpg", "https://x.example/tee.jpg")
    assert red.attributes == {"color": ("Red",), "size": ("Small",), "gtin": ("00012345600012",)}
    assert red.seller == "Example Merchant"
    assert (blue.description, blue.price) == ("Soft.", None)
    assert blue.availability is Availability.OUT_OF_STOCK


SHOPIFY = """
    Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,\
    Option2 Value,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,\
    Variant Inventory Policy,Variant Price,\
    Variant Compare At Price,Image Src,Variant Image,Status
    tee,Tee,<p>Soft</p>,Acme,Shirts,"summer, cotton",true,Color,Red,Size,S,\
    T-RS,shopify,3,deny,19.00,25.00,https://x.example/1.jpg,https://x.example/red.jpg,active
    tee,,,,,,,,Blue,,M,,shopify,0,continue,21.00,0.00,https://x.example/2.jpg,,
    tee,,,,,,,,,,,,,,,,,https://x.example/3.jpg,,
    mug,Mug,,Acme,Cups,,true,Title,Default Title,,,,,,deny,8.00,,,,active
    """.replace(",    ", ",")


def test_shopify_csv_gathers_the_lines_of_a_handle(tmp_path: Path) -> None:
    red, blue, mug = read(tmp_path, SHOPIFY, "shopify")
    assert (red.id, red.title, red.group_id) == ("T-RS", "Tee - Red / S", "tee")
    assert (red.price, red.list_price) == (dollars(1900), dollars(2500))
    assert red.images[0] == "https://x.example/red.jpg"
    assert len(red.images) == 4
    assert (blue.id, blue.description, blue.tags) == ("tee-blue-m", "Soft", ("summer", "cotton"))
    assert (blue.price, blue.list_price, blue.availability) == (dollars(2100), None, Availability.BACKORDER)
    assert blue.attributes == {"color": ("Blue",), "size": ("M",)}
    assert (mug.id, mug.title, mug.group_id, mug.attributes) == ("mug", "Mug", None, {})
    assert mug.availability is Availability.IN_STOCK


def test_shopify_drafts_are_not_for_sale(tmp_path: Path) -> None:
    path = tmp_path / "products.csv"
    path.write_text(dedent(SHOPIFY).lstrip().replace(",active", ",draft"))
    rejects = list(read_feed(path))
    assert {row.reason for row in rejects if isinstance(row, Reject)} == {
        "not for sale: the shop has not published it"
    }
    assert [row.id for row in rejects] == ["tee", "mug"]


def test_shopify_products_json(tmp_path: Path) -> None:
    product = {
        "id": 1,
        "title": "Tee",
        "handle": "tee",
        "body_html": "<p>Soft</p>",
        "vendor": "Acme",
        "product_type": "Shirts",
        "tags": ["summer"],
        "options": [{"name": "Color", "values": ["Red", "Blue"]}],
        "images": [{"src": "https://x.example/1.jpg"}],
        "variants": [
            {
                "id": 11,
                "title": "Red",
                "option1": "Red",
                "price": "19.00",
                "compare_at_price": "25.00",
                "available": True,
            },
            {
                "id": 12,
                "title": "Blue",
                "option1": "Blue",
                "price": "19.00",
                "compare_at_price": None,
                "available": False,
            },
        ],
    }
    red, blue = read(tmp_path, {"products": [product]}, "shopify")
    assert (red.id, red.title, red.group_id, red.brand) == ("11", "Tee - Red", "tee", "Acme")
    assert red.list_price == dollars(2500)
    assert blue.availability is Availability.OUT_OF_STOCK
    assert blue.attributes == {"color": ("Blue",)}


MUG = {
    "@context": "https://schema.org/",
    "@type": "Product",
    "sku": "M1",
    "name": "Mug",
    "image": ["https://x.example/1.jpg", {"@type": "ImageObject", "url": "https://x.example/2.jpg"}],
    "brand": {"@type": "Brand", "name": "Acme"},
    "category": "Kitchen > Cups",
    "offers": {
        "@type": "Offer",
        "price": "8.500",
        "priceCurrency": "EUR",
        "availability": "https://schema.org/InStock",
        "seller": {"name": "Example"},
    },
    "aggregateRating": {"ratingValue": "9.0", "bestRating": "10", "reviewCount": "31"},
    "additionalProperty": [{"@type": "PropertyValue", "name": "Volume", "value": 300, "unitText": "ml"}],
    "material": "stoneware",
}


def test_schema_org_product(tmp_path: Path) -> None:
    (mug,) = read(tmp_path, MUG, "schema_org")
    assert (mug.id, mug.brand, mug.seller) == ("M1", "Acme", "Example")
    assert mug.price == Money(amount=850, currency="EUR")
    assert mug.rating == Rating(value=4.5, count=31)
    assert len(mug.images) == 2
    assert mug.attributes["volume"] == ("300 ml",)
    assert mug.attributes["material"] == ("stoneware",)


def test_schema_org_graph_list_and_group(tmp_path: Path) -> None:
    offers = {"@type": "AggregateOffer", "lowPrice": 8, "highPrice": 12, "priceCurrency": "USD"}
    group = {
        "@type": "ProductGroup",
        "productGroupID": "G",
        "name": "Cup",
        "brand": "Acme",
        "hasVariant": [
            {"@type": "Product", "sku": "c1", "name": "Cup red", "color": "red", "offers": offers},
            {"@type": "Product", "sku": "c2", "color": "blue"},
        ],
    }
    listed = {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "position": 1, "item": MUG}]}
    found = read(
        tmp_path,
        {"@context": "https://schema.org", "@graph": [{"@type": "WebSite"}, group, listed]},
        "schema_org",
    )
    assert [(product.id, product.title, product.group_id) for product in found] == [
        ("c1", "Cup red", "G"),
        ("c2", "Cup", "G"),
        ("M1", "Mug", None),
    ]
    assert found[0].price == dollars(800)


def test_schema_org_in_an_html_page(tmp_path: Path) -> None:
    page = f"""
        <!DOCTYPE html><html><head><script>var a = "<p>";</script>
        <script type="application/ld+json">{json.dumps(MUG)}</script></head><body>Mug</body></html>"""
    (mug,) = read(tmp_path, page, "schema_org")
    assert mug.id == "M1"


def test_icecat_prices_are_cents_and_attributes_get_readable_names(tmp_path: Path) -> None:
    row = {
        "id": "1",
        "name": "X-1",
        "title": "Acme X-1 toner",
        "ean": ["0042"],
        "short_description": "Toner",
        "img_500x500": "http://x.example/1.jpg",
        "date_released": "2009-12-10T00:00:00Z",
        "supplier": "Acme",
        "price": 4995,
        "attr_t_product_colour": "Black,Grey",
        "attr_b_colour": False,
        "attr_n_quantity_per_pack": 6.0,
        "attr_t_product_type": "Toner",
    }
    (toner,) = read(tmp_path, row, "icecat")
    assert toner.price == dollars(4995)
    assert toner.categories == ("Toner",)
    assert toner.updated_at is not None
    assert toner.attributes == {
        "model": ("X-1",),
        "gtin": ("0042",),
        "color": ("Black", "Grey"),
        "prints in color": ("no",),
        "quantity per pack": ("6",),
        "product type": ("Toner",),
    }


def test_esci_bullets_follow_the_description_and_unknown_prices_stay_unknown(tmp_path: Path) -> None:
    row: dict[str, object] = {"asin": "B1", "_id": "B1", "title": "Belt", "brand": None, "color": "Black"}
    row |= {"description": "", "bullet_points": "No buckle.\nSlim.", "image": "https://x.example/1.jpg"}
    row |= {
        "price": 29.97,
        "category": ["Clothing", "Belts"],
        "rating": 4.2,
        "rating_count": 724,
        "is_book": False,
    }
    path = tmp_path / "products.jsonl"
    path.write_text(json.dumps(row) + "\n" + json.dumps(row | {"asin": "B2", "price": None}) + "\n")
    assert detect_format(path) == "esci_us"
    first, second = (row for row in read_feed(path) if isinstance(row, Product))
    assert first.description == "No buckle.\nSlim."
    assert (first.price, first.categories) == (dollars(2997), ("Clothing", "Belts"))
    assert first.rating == Rating(value=4.2, count=724)
    assert second.price is None


def test_wands_features_become_attributes(tmp_path: Path) -> None:
    names = ["product_id", "product_name", "product_class", "category hierarchy", "product_description"]
    names += ["product_features", "rating_count", "average_rating", "review_count"]
    features = "material:wood|material : metal|finish:oak"
    values = [
        "0",
        "solid wood bed",
        "Beds",
        "Furniture / Bedroom / Beds",
        "good",
        features,
        "15.0",
        "4.5",
        "15.0",
    ]
    (bed,) = read(tmp_path, "\t".join(names) + "\n" + "\t".join(values) + "\n", "wands")
    assert bed.categories == ("Furniture", "Bedroom", "Beds")
    assert bed.rating == Rating(value=4.5, count=15)
    assert bed.attributes == {"material": ("wood", "metal"), "finish": ("oak",), "product class": ("Beds",)}


@pytest.mark.slow
@pytest.mark.parametrize(("name", "count"), [("icecat", 19_406), ("esci_us", 6_764)])
def test_the_measuring_sets_are_read_whole(name: str, count: int) -> None:
    folder = os.environ.get("AISLE_TEST_DATA")
    if not folder:
        pytest.skip("AISLE_TEST_DATA is not set to the folder of the measuring data")
    rows = list(read_feed(Path(folder) / name))
    assert detect_format(Path(folder) / name) == name
    assert sum(isinstance(row, Product) for row in rows) == len({row.id for row in rows}) == count
