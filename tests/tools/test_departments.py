"""Where the shop would have what it has not, over the demo catalogue."""

import pytest

from catalog.product import Money
from catalog.where import Where
from ranking.records import Search
from tools.departments import nearest_department
from tools.shop import Shop


@pytest.mark.parametrize(
    ("query", "department"),
    [("chainsaw", "Tools & DIY"), ("lawn mower", "Garden & Outdoor"), ("printer", "Office & School")],
)
def test_what_is_lacking_is_sent_to_the_department_where_it_would_be(
    shop: Shop, query: str, department: str
) -> None:
    path = nearest_department(shop, Search(query=query, planned=True))
    assert path is not None
    assert path[0] == department
    assert len(path) <= 2


def test_requirements_do_not_lead_elsewhere(shop: Shop) -> None:
    cheap = Where(price_max=Money(amount=300, currency="USD"))
    path = nearest_department(shop, Search(query="chainsaw", where=cheap, planned=True))
    assert path == nearest_department(shop, Search(query="chainsaw", planned=True))


def test_the_department_exists(shop: Shop) -> None:
    known = {category.path for category in shop.index.vocabulary().categories}
    for query in ("television", "perfume", "trampoline", "motor oil", "beehive"):
        path = nearest_department(shop, Search(query=query, planned=True))
        assert path is None or path in known


def test_who_names_nothing_is_sent_nowhere(shop: Shop) -> None:
    assert nearest_department(shop, Search(where=Where(brands=("Kopparo",)), planned=True)) is None
