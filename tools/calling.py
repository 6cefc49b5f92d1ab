"""What a model or another program may call: typed functions, their arguments checked against the shop.

A mistake is a `TryAgain` that says what is allowed. Knows no protocol, and changes nothing in the shop.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, get_type_hints

from pydantic import Field, ValidationError

from catalog.price import parse_money
from catalog.product import Product
from catalog.vocabulary import Vocabulary
from catalog.where import Where, Without
from core.errors import InvalidQuery
from core.record import Record
from ranking.pipeline import rank
from ranking.records import Results, Search, Sort
from tools import names
from tools.arguments import Listed, Names, Pairs, checked, schema
from tools.comparison import compare as compared
from tools.quoting import brief, found, in_full, listed, quotable, quoted
from tools.quoting import compared as side_by_side
from tools.reranking import in_order_of
from tools.shop import Shop

LONGEST_QUERY = 200
MOST_IDS = 20

Narrow = Callable[[Search], Search]  # what every search must satisfy besides

Ids = Annotated[tuple[str, ...], Listed, Field(min_length=1, max_length=MOST_IDS)]
Price = Annotated[float | None, Field(ge=0, le=1e9)]


class SearchCatalog(Record):
    """What to search for. Several values of one list mean that any of them will do."""

    query: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_QUERY, description="one kind of product, in a few words"),
    ]
    price_min: Price = None
    price_max: Price = None
    brands: Names = ()
    exclude: Annotated[Names, Field(description="what it must not be or have: brands, materials, parts")] = ()
    categories: Annotated[Names, Field(description="one, where the words alone could mean another")] = ()
    attributes: Pairs = ()
    sort: Sort = Sort.RELEVANCE
    limit: Annotated[int, Field(ge=1, le=20)] = 5


class Rerank(Record):
    """Products to put in order, and for what."""

    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)]
    ids: Ids


class OneProduct(Record):
    """The id of a product."""

    id: str


class SeveralProducts(Record):
    """The ids of products."""

    ids: Ids


class Outcome(Record):
    """What a call came to: `text` is for who called; a search brings what it asked and found."""

    text: str
    search: Search | None = None
    results: Results | None = None
    products: tuple[Product, ...] = ()


@dataclass(frozen=True)
class Capability:
    """A function by name, with the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    call: Callable[[Mapping[str, Any]], Outcome]


def search_catalog(shop: Shop, asked: SearchCatalog, narrow: Narrow) -> Outcome:
    """Search the shop for one kind of product. Each comes with checks that prove what it satisfies."""
    search = narrow(_search(shop, asked))
    results = rank(shop.index, search, shop.ranker)
    return Outcome(text=quoted(found(results)), search=search, results=results)


def rerank(shop: Shop, asked: Rerank, _: Narrow) -> Outcome:
    """Put products in the order in which they suit some words, the best first."""
    products = [product for product, _ in in_order_of(shop, asked.query, _products(shop, asked.ids))]
    return Outcome(text=quoted(listed(products)), products=tuple(products))


def get_product(shop: Shop, asked: OneProduct, _: Narrow) -> Outcome:
    """Read everything that the shop says about one product."""
    [product] = _products(shop, (asked.id,))
    return Outcome(text=quoted(in_full(product)), products=(product,))


def compare(shop: Shop, asked: SeveralProducts, _: Narrow) -> Outcome:
    """Compare two to four products: the facts in which they differ."""
    comparison = compared(_products(shop, asked.ids))
    return Outcome(text=quoted(side_by_side(comparison)), products=comparison.products)


def lookup(shop: Shop, asked: SeveralProducts, _: Narrow) -> Outcome:
    """Look up several products by id: price, rating and stock as they are now."""
    products = _products(shop, asked.ids)
    return Outcome(text=quoted({"products": [brief(p) for p in products]}), products=tuple(products))


FUNCTIONS: tuple[Callable[[Shop, Any, Narrow], Outcome], ...] = (
    search_catalog,
    rerank,
    get_product,
    compare,
    lookup,
)


def capabilities(shop: Shop, narrow: Narrow = lambda search: search) -> tuple[Capability, ...]:
    """What can be called in this shop; `narrow` is applied to every search, whoever asks."""
    vocabulary = shop.index.vocabulary()
    return tuple(_capability(shop, function, narrow, vocabulary) for function in FUNCTIONS)


def _capability(
    shop: Shop,
    function: Callable[[Shop, Any, Narrow], Outcome],
    narrow: Narrow,
    vocabulary: Vocabulary,
) -> Capability:
    asked: type[Record] = get_type_hints(function)["asked"]
    parameters = names.with_names(schema(asked), vocabulary, only=True)
    return Capability(
        name=function.__name__,
        description=function.__doc__ or "",
        parameters=parameters,
        call=lambda arguments: function(shop, checked(asked, arguments), narrow),
    )


def _search(shop: Shop, asked: SearchCatalog) -> Search:
    """The search that is asked for, with names as the shop spells them."""
    vocabulary = shop.index.vocabulary()
    brands, terms = names.refused(vocabulary, asked.exclude)
    try:
        where = Where(
            brands=names.brands(vocabulary, asked.brands),
            categories=names.categories(vocabulary, asked.categories),
            price_min=_money(asked.price_min, shop.currency),
            price_max=_money(asked.price_max, shop.currency),
            attributes=names.attributes(vocabulary, asked.attributes),
        )
    except ValidationError as error:
        raise InvalidQuery(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    return Search(
        query=asked.query,
        where=where,
        without=Without(brands=brands, terms=terms),
        sort=asked.sort,
        relevant_only=True,
        limit=asked.limit,
    )


def _money(amount: float | None, currency: str) -> Any:
    return None if amount is None else parse_money(Decimal(str(amount)), currency)


def _products(shop: Shop, ids: Iterable[str]) -> list[Product]:
    """The products in the order of their ids, none twice."""
    known, missing = names.products(shop.index, ids)
    if missing := [*missing, *(product.id for product in known if not quotable(product))]:
        raise InvalidQuery(f"no product {', '.join(missing)}; use ids that a search returned")
    return known
