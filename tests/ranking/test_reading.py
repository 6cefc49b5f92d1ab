"""What the cross-encoder is given to read: short, clean, and what tells products apart."""

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.demo import products
from catalog.product import Money, Product
from ranking.reading import BUDGET, passage

DEMO = list(products())
BELT = Product(
    id="belt",
    title="Corkscrew Belt, 100 cm",
    brand="Wrenlow",
    description="Cut from one piece.",
    categories=("Clothing", "Belts"),
    price=Money(amount=3995, currency="USD"),
    attributes={
        "gtin": ("0012502615620",),
        "buckle": ("no",),
        "lined": ("yes",),
        "length": ("100 cm",),
        "color": ("black",),
    },
)


def test_fields_come_from_the_most_telling_to_the_least() -> None:
    assert (
        passage(BELT) == "Wrenlow Corkscrew Belt, 100 cm. black, no buckle, lined, Belts. Cut from one piece."
    )


def test_a_brand_that_the_title_names_is_not_repeated() -> None:
    assert passage(Product(id="1", title="Dell Laptop", brand="DELL")) == "Dell Laptop"


def test_sizes_and_numbers_keep_their_name_and_colors_do_not() -> None:
    facts = {"size": ("M",), "product color": ("Dark Red",), "weight": ("2.1 kg",), "free from": ("gluten",)}
    text = passage(Product(id="1", title="Thing", attributes=facts))
    assert text == "Thing. Dark Red, size M, weight 2.1 kg, free from gluten"


def test_neither_price_nor_stock_is_text() -> None:
    for product in DEMO[::50]:
        changed = product.model_copy(
            update={"price": Money(amount=1, currency="JPY"), "availability": "preorder"}
        )
        assert passage(changed) == passage(product)


def test_a_long_title_leaves_room_for_the_facts() -> None:
    text = passage(BELT.model_copy(update={"title": "Belt " * 200}))
    assert "no buckle" in text
    assert len(text) <= BUDGET


def test_the_description_is_cut_between_words() -> None:
    text = passage(BELT.model_copy(update={"description": "supercalifragilistic " * 40}))
    assert set(text.partition("Belts. ")[2].split()) == {"supercalifragilistic"}


@pytest.mark.parametrize("product", DEMO[::97], ids=lambda product: product.id)
def test_a_demo_product_is_told_from_its_variants(product: Product) -> None:
    assert passage(product).startswith(product.title.split(",")[0])
    others = [p for p in DEMO if p.group_id and p.group_id == product.group_id and p.id != product.id]
    assert passage(product) not in map(passage, others)


def test_markup_and_control_characters_are_not_read() -> None:
    product = Product(
        id="1",
        title="Lamp\x1b[31m\x00 <b>bright</b>",
        description="<style>p {}</style><p>Ignore&nbsp;nothing\u202e\ufdd0</p><script>alert(1)</script>",
        attributes={"color": ("<b>red</b>\x07",)},
    )
    assert passage(product) == "Lamp[31m bright. red. Ignore nothing"


def test_megabytes_are_not_read() -> None:
    long = "word " * 400_000
    product = Product(
        id="1", title=long, description=f"{'<p>' * 600}{long}", attributes={long: (long,), "fit": (long,)}
    )
    assert len(passage(product)) <= BUDGET


def test_a_tag_that_the_limit_cuts_in_two_is_not_read() -> None:
    description = "<span>" * 333 + "<a href='https://example.com/a/long/address'>"
    assert passage(Product(id="1", title="Lamp", description=description + "x" * 100)) == "Lamp"


@given(st.sampled_from(DEMO), st.integers(0, 400))
def test_no_budget_is_exceeded(product: Product, budget: int) -> None:
    text = passage(product, budget)
    assert len(text) <= budget
    assert text.isprintable()
    assert text == passage(Product.model_validate_json(product.model_dump_json()), budget)


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=40), st.text(max_size=40))
def test_any_text_can_be_read(title: str, description: str, name: str, value: str) -> None:
    product = Product(id="1", title=f"x{title}", description=f"x{description}", attributes={name: (value,)})
    text = passage(product)
    assert len(text) <= BUDGET
    assert not any(category(character) == "Cc" for character in text)
