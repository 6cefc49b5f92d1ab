"""What an undertaking takes, read off the catalogue: kinds of product, or one plain search."""

import pytest

from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.index import ProductIndex
from catalog.indexing import build_index
from catalog.product import Money, Product
from catalog.where import Where, Without
from ranking.pipeline import Ranker
from ranking.records import Search
from tools.mission import searches_for
from tools.shop import Shop

CAMPING = "a weekend of camping for two"


def kinds(shop: Shop, mission: str, **more: int) -> list[str]:
    return [label for label, _ in searches_for(shop, mission, Where(), Without(), **more)]


def test_camping_takes_shelter_sleep_a_kitchen_and_light(shop: Shop) -> None:
    assert {"Shelter", "Sleep", "Camp Kitchen", "Lighting"} <= set(kinds(shop, CAMPING))


def test_each_search_keeps_to_its_kind_and_to_what_is_required_of_all(shop: Shop) -> None:
    where = Where(price_max=Money(amount=10_000, currency="USD"), available_only=True)
    without = Without(terms=("leather",))
    searches = searches_for(shop, CAMPING, where, without)
    assert len(searches) > 2
    for label, search in searches:
        assert search.query == CAMPING
        assert search.planned
        assert search.without == without
        assert search.where.categories[0].endswith(label)
        assert search.where.model_copy(update={"categories": ()}) == where
        assert shop.index.count(search.where)


@pytest.mark.parametrize(
    ("mission", "department"),
    [("a newborn", "Baby"), ("a puppy", "Pets"), ("gardening on my balcony", "Garden & Outdoor")],
)
def test_what_lies_in_one_department_is_divided_inside_it(shop: Shop, mission: str, department: str) -> None:
    searches = searches_for(shop, mission, Where(), Without())
    assert len(searches) > 2
    assert all(search.where.categories[0].startswith(f"{department} > ") for _, search in searches)


def test_what_spans_departments_takes_from_several(shop: Shop) -> None:
    searches = searches_for(shop, "a home office", Where(), Without())
    departments = {search.where.categories[0].split(" > ")[0] for _, search in searches}
    assert {"Office & School", "Home & Furniture"} <= departments


def test_no_more_kinds_than_asked_for_and_no_label_twice(shop: Shop) -> None:
    for mission in (CAMPING, "a new kitchen", "gardening on my balcony"):
        labels = kinds(shop, mission, limit=3)
        assert 2 <= len(labels) <= 3
        assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("mission", ["quantum tunneling", ""])
def test_what_speaks_of_nothing_in_the_shop_is_one_plain_search(shop: Shop, mission: str) -> None:
    ((label, search),) = searches_for(shop, mission, Where(), Without())
    assert label == mission
    assert search == Search(query=mission, planned=True)


def test_a_catalogue_without_categories_gets_one_plain_search(
    encoder: Encoder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = EdgeHome(tmp_path_factory.mktemp("flat") / "flat.index")
    names = ("Tent for two", "Warm sleeping bag", "Gas camping stove", "Camping lantern")
    flat = [Product(id=name, title=name) for name in names]
    build_index(lambda: flat, home, encoder)
    index = ProductIndex(home, home.live(), encoder)
    try:
        ((_, search),) = searches_for(Shop(index, Ranker(None)), CAMPING, Where(), Without())
    finally:
        index.close()
    assert search.where.is_empty
