"""What single relaxations would give, over the demo catalogue."""

from catalog.product import Money
from catalog.where import Where, Without
from ranking.pipeline import rank
from ranking.receipts import known_to_fit
from ranking.records import Relaxation, Search
from tools.relaxation import FEW, MOST, relaxations
from tools.shop import Shop


def usd(dollars: int) -> Money:
    return Money(amount=dollars * 100, currency="USD")


def offered(shop: Shop, search: Search) -> tuple[Relaxation, ...]:
    return relaxations(shop, search, rank(shop.index, search, shop.ranker))


KETTLE = Search(query="kettle", where=Where(price_max=usd(10)), planned=True)


def test_no_kettle_under_10_offers_the_next_round_price_that_has_one(shop: Shop) -> None:
    (offer,) = offered(shop, KETTLE)
    assert offer.dropped == "price at most $10.00"
    assert offer.search.where.price_max == usd(25)
    assert offer.count == 1


def test_what_is_offered_is_found_by_its_search_and_fits_it(shop: Shop) -> None:
    searches = (
        KETTLE,
        Search(query="kettle", where=Where(rating_min=4.8, price_max=usd(60)), planned=True),
        Search(query="belt", where=Where(attributes={"color": ("purple",)}), planned=True),
        Search(where=Where(brands=("Kopparo",), price_max=usd(4)), planned=True),
    )
    for search in searches:
        offers = offered(shop, search)
        assert offers
        for offer in offers:
            found = rank(shop.index, offer.search.model_copy(update={"limit": 100}), shop.ranker)
            assert found.fitting == offer.count
            first = [hit for hit in found.hits if hit.product.id in offer.example_ids]
            assert len(first) == len(offer.example_ids) > 0
            assert all(known_to_fit(hit.receipt) for hit in first)


def test_only_one_requirement_is_given_up_at_a_time(shop: Shop) -> None:
    search = Search(query="kettle", where=Where(brands=("Brevik",), price_max=usd(30)), planned=True)
    price, brand = offered(shop, search)
    assert price.search.where.brands == ("Brevik",)
    assert price.search.where.price_max == usd(70)
    assert brand.dropped == "brand Brevik"
    assert brand.search.where == Where(price_max=usd(30))


def test_an_exclusion_is_offered_last_and_named(shop: Shop) -> None:
    where = Where(price_max=usd(15))
    search = Search(query="belt", where=where, without=Without(terms=("buckle", "leather")), planned=True)
    found = rank(shop.index, search, shop.ranker)
    offers = relaxations(shop, search, found.model_copy(update={"fitting": 0}))
    dropped = [offer.dropped for offer in offers]
    assert any(name.startswith("without ") for name in dropped)
    assert dropped == sorted(dropped, key=lambda name: name.startswith("without "))
    kept = [offer.search.without.terms for offer in offers if offer.dropped == "without buckle"]
    assert all(terms == ("leather",) for terms in kept)


def test_nothing_is_offered_where_enough_fits(shop: Shop) -> None:
    search = Search(query="kettle", where=Where(price_max=usd(90)), planned=True)
    assert rank(shop.index, search, shop.ranker).fitting >= FEW
    assert offered(shop, search) == ()


def test_nothing_is_offered_that_gains_nothing(shop: Shop) -> None:
    chainsaw = Search(query="chainsaw", where=Where(price_max=usd(50), rating_min=4), planned=True)
    assert offered(shop, chainsaw) == ()


def test_a_search_without_words_can_be_loosened_too(shop: Shop) -> None:
    (offer,) = offered(shop, Search(where=Where(price_max=Money(amount=50, currency="USD")), planned=True))
    assert offer.search.where.price_max == usd(1)
    assert offer.count >= 1


def test_no_more_than_a_handful_is_offered(shop: Shop) -> None:
    where = Where(
        price_max=usd(20),
        rating_min=4.9,
        reviews_min=5000,
        brands=("Brevik", "Kopparo"),
        attributes={"color": ("black",), "material": ("stainless steel",)},
        available_only=True,
    )
    assert len(offered(shop, Search(query="kettle", where=where, planned=True))) <= MOST


def test_any_price_is_offered_once_and_is_without_either_bound(shop: Shop) -> None:
    pounds = [Money(amount=amount, currency="GBP") for amount in (2000, 4000)]
    where = Where(price_min=pounds[0], price_max=pounds[1])
    (offer,) = offered(shop, Search(query="kettle", where=where, planned=True))
    assert offer.search.where == Where()


def test_any_price_is_not_offered_beside_a_round_limit(shop: Shop) -> None:
    where = Where(price_min=usd(20), price_max=usd(30))
    offers = offered(shop, Search(query="kettle", where=where, planned=True))
    assert [offer.search.where for offer in offers] == [Where(price_min=usd(20), price_max=usd(60))]
