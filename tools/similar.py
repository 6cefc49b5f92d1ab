"""Products that resemble given ones, the given ones and their own versions left out.

Resemblance is the ranking's, by text and vectors; it does not look at pictures.
"""

from typing import Annotated

from pydantic import Field

from catalog.product import Money
from catalog.where import Where, Without
from core.errors import InvalidQuery
from core.record import Record
from ranking.records import Search
from tools import names
from tools.arguments import Id, Listed, Names
from tools.functions import Caller
from tools.messages import Message, not_found
from tools.searching import find
from tools.shop import Shop
from tools.ucp.listings import listing, unpriced
from tools.ucp.shapes import Listing, Unpriced

MOST_LIKED, MOST_FOUND = 5, 20


class FindSimilar(Record):
    """What it is to resemble, and how it may differ."""

    ids: Annotated[tuple[Id, ...], Listed, Field(min_length=1, max_length=MOST_LIKED)]
    query: Annotated[
        str, Field(max_length=200, description="what is to be different, in a few words: in blue")
    ] = ""
    price_max: Annotated[
        int | None, Field(strict=True, ge=0, le=2**53 - 1, description="in minor units: 4999 is $49.99")
    ] = None
    exclude: Annotated[Names, Field(description="what it must not be or have")] = ()
    available_only: bool = False
    limit: Annotated[int, Field(strict=True, ge=1, le=MOST_FOUND)] = 5


class SimilarProducts(Record):
    """Products as `search_catalog` shows them, the nearest first."""

    products: tuple[Listing, ...]
    unpriced: tuple[Unpriced, ...] = ()
    messages: tuple[Message, ...] = ()


def find_similar(shop: Shop, asked: FindSimilar, caller: Caller) -> SimilarProducts:
    """What resembles these products and satisfies the rest."""
    liked, missing = names.products(shop.index, asked.ids)
    if not liked:
        raise InvalidQuery("ids: no such product; use ids that a search returned")
    brands, terms = names.refused(shop.index.vocabulary(), asked.exclude)
    ids = tuple(product.id for product in liked)
    limit = asked.price_max
    currency = next((product.price.currency for product in liked if product.price), shop.currency)
    search = Search(
        query=asked.query,
        like=ids,
        where=Where(
            price_max=None if limit is None else Money(amount=limit, currency=currency),
            available_only=asked.available_only,
        ),
        without=Without(brands=brands, terms=terms, products=ids),
    )
    found = find(shop, search, caller)
    groups = {product.group_id for product in liked if product.group_id}
    hits = [hit for hit in found.hits if hit.product.group_id not in groups][: asked.limit]
    return SimilarProducts(
        products=tuple(listing([hit.product], receipt=hit.receipt) for hit in hits if hit.product.price),
        unpriced=tuple(unpriced(hit.product, hit.receipt) for hit in hits if not hit.product.price),
        messages=(*map(not_found, missing), *found.messages),
    )
