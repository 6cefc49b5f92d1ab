"""Which question is worth asking, and that its counts are true, over the demo catalogue."""

import pytest

from catalog.product import Money, Product
from catalog.where import Where
from ranking.pipeline import rank
from ranking.records import Facet, Hit, Search
from tools.counts import counted
from tools.facets import COVERED, DOMINANT, OPTIONS, dividing
from tools.shop import Shop

UNDER_20 = Where(price_max=Money(amount=2000, currency="USD"))


def question(shop: Shop, search: Search, *asked: str) -> Facet | None:
    return dividing(shop, search, rank(shop.index, search, shop.ranker), asked)


@pytest.mark.parametrize("query", ["shoes", "dog"])
def test_a_broad_query_is_divided_by_kind_first(shop: Shop, query: str) -> None:
    facet = question(shop, Search(query=query, planned=True))
    assert facet is not None
    assert facet.name == "category"
    assert 2 <= len(facet.options) <= OPTIONS


def test_every_option_leads_to_products_of_that_kind(shop: Shop) -> None:
    facet = question(shop, Search(query="shoes", planned=True))
    assert facet is not None
    for option in facet.options:
        where = Where(categories=(option.label,))
        found = rank(shop.index, Search(query="shoes", where=where, planned=True), shop.ranker)
        assert all(option.label in hit.product.categories for hit in found.hits[: found.fitting])
        assert len(found.hits) >= option.count


def test_no_option_dominates_and_most_hits_have_one(shop: Shop) -> None:
    facet = question(shop, Search(where=UNDER_20, planned=True))
    assert facet is not None
    counts = [option.count for option in facet.options]
    assert max(counts) <= DOMINANT * sum(counts) / COVERED


@pytest.mark.parametrize(
    "query",
    ["red trail running shoes for women", "Brevik gooseneck kettle stainless steel", "chainsaw", "umbrella"],
)
def test_a_specific_or_hopeless_query_is_not_asked_about(shop: Shop, query: str) -> None:
    assert question(shop, Search(query=query, planned=True)) is None


def test_nobody_is_asked_twice(shop: Shop) -> None:
    for query in ("shoes", "dog"):
        again = question(shop, Search(query=query, planned=True), "category")
        assert again is None or again.name not in ("category", "type")


def test_what_is_required_already_is_not_asked(shop: Shop) -> None:
    facet = question(shop, Search(query="dog", where=UNDER_20, planned=True), "category")
    assert facet is None or facet.name != "price"


def test_who_requires_much_knows_what_he_wants(shop: Shop) -> None:
    where = UNDER_20.model_copy(update={"brands": ("Tailhollow",)})
    assert question(shop, Search(query="dog", where=where, planned=True)) is None


def hit(number: int, price: int, color: str, *variants: str) -> Hit:
    product = Product(
        id=f"mug-{number}",
        title="Mug",
        brand="Acme",
        categories=("Kitchen", "Mugs"),
        price=Money(amount=price * 100, currency="USD"),
        attributes={"color": (color,)},
    )
    return Hit(product=product, score=1.0, variants=variants)


def options(facets: tuple[Facet, ...], name: str) -> list[tuple[str, int]]:
    return [(o.label, o.count) for facet in facets if facet.name == name for o in facet.options]


def test_a_hit_counts_once_for_every_value_that_a_variant_has() -> None:
    blue = hit(9, 10, "blue").product
    facets = counted([hit(1, 10, "red", "mug-9"), hit(2, 12, "red")], {"mug-9": blue})
    assert options(facets, "color") == [("red", 2), ("blue", 1)]
    assert options(facets, "category") == [("Kitchen", 2), ("Kitchen > Mugs", 2)]
    assert options(facets, "brand") == [("Acme", 2)]


def test_prices_become_three_bands_with_round_limits() -> None:
    hits = [hit(n, price, "red") for n, price in enumerate((5, 8, 18, 22, 41, 90))]
    assert options(counted(hits, {}), "price") == [("under $20", 3), ("$20 to $45", 2), ("over $45", 1)]


def test_prices_close_together_are_no_choice() -> None:
    hits = [hit(n, price, "red") for n, price in enumerate((20, 21, 22, 23, 24, 25))]
    assert options(counted(hits, {}), "price") == []
