"""The table of functions for other agents: each with what a model must know to call it, and its schemas.

What they do is written in their own modules; how they are carried (MCP, REST) is not known here. `ask_shop`,
which needs a dialogue, is added by whoever has one.
"""

import json
import tomllib
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from catalog.product import Product
from catalog.vocabulary import Vocabulary
from core.record import Record
from tools import names
from tools.arguments import checked, given, schema
from tools.comparing import ComparedProducts, CompareProducts, compare_products
from tools.describing import DescribeCatalog, Described, describe_catalog
from tools.functions import Caller, Function
from tools.reranking import Reranked, RerankProducts, rerank_products
from tools.shop import Shop
from tools.similar import FindSimilar, SimilarProducts, find_similar
from tools.ucp import EXTENSION
from tools.ucp.catalog import get_product, lookup_catalog, search_catalog
from tools.ucp.requests import LookupRequest, ProductRequest, SearchRequest
from tools.ucp.shapes import LookupAnswer, ProductAnswer, Refusal, SearchAnswer

EXAMPLES = 4  # products that the examples speak of
AMONG = 50  # the most reviewed, of which as many have the same number in any order

Asked = TypeVar("Asked", bound=Record)
Arguments = Mapping[str, Any]


def functions(shop: Shop, secret: bytes) -> tuple[Function, ...]:
    """What can be called in this shop. Whoever keeps the secret can seal cursors: another one ends them."""
    vocabulary = shop.index.vocabulary()
    known = shop.index.products(shop.index.matching(limit=AMONG)).values()
    products = sorted(known, key=lambda product: (-_reviews(product), product.id))[:EXAMPLES]
    make = partial(_function, shop, vocabulary)
    return (
        make(
            SearchRequest,
            SearchAnswer,
            lambda shop, asked, caller: search_catalog(shop, secret, asked, caller),
            _searches(vocabulary),
            name="search_catalog",
            is_ucp=True,
        ),
        make(
            LookupRequest,
            LookupAnswer,
            lookup_catalog,
            _ids(products[:2]),
            name="lookup_catalog",
            is_ucp=True,
        ),
        make(
            ProductRequest,
            ProductAnswer | Refusal,
            get_product,
            tuple({"id": product.id} for product in products[:1]),
            name="get_product",
            is_ucp=True,
        ),
        make(
            CompareProducts,
            ComparedProducts,
            compare_products,
            _ids(products[:2]) if len(products) > 1 else (),
            name="compare_products",
        ),
        make(
            FindSimilar,
            SimilarProducts,
            find_similar,
            tuple({"ids": [product.id], "limit": 3} for product in products[:1]),
            name="find_similar",
        ),
        make(
            RerankProducts,
            Reranked,
            rerank_products,
            ({"query": "something to boil water in", "texts": ["Garden hose", "Electric kettle, 1.7 L"]},),
            name="rerank_products",
        ),
        make(
            DescribeCatalog,
            Described,
            describe_catalog,
            ({},),
            name="describe_catalog",
        ),
    )


def _function(
    shop: Shop,
    vocabulary: Vocabulary,
    takes: type[Asked],
    returns: Any,
    call: Callable[[Shop, Asked, Caller], Record],
    examples: tuple[Arguments, ...],
    *,
    name: str,
    is_ucp: bool = False,
) -> Function:
    said = _texts()[name]
    shown = f" Example: {json.dumps(examples[0], ensure_ascii=False)}" if examples else ""
    return Function(
        name=name,
        title=said["title"],
        description=" ".join(said["description"].split()) + shown,
        takes=names.with_names(schema(takes), vocabulary, only=False),
        returns=schema(returns, mode="serialization"),
        call=lambda arguments, caller: _plain(call(shop, checked(takes, given(arguments)), caller)),
        examples=examples,
        is_ucp=is_ucp,
    )


def _plain(answer: Record) -> dict[str, Any]:
    """The answer as JSON; what is not known is left out."""
    return answer.model_dump(mode="json", by_alias=True, exclude_none=True)


def _searches(vocabulary: Vocabulary) -> tuple[Arguments, ...]:
    """Searches that find something in any shop that has products: its commonest kind."""
    leaves = sorted(vocabulary.categories, key=lambda one: (-len(one.path), -one.count))
    words = leaves[0].path[-1] if leaves else "gift"
    found: list[Arguments] = [{"query": words, "pagination": {"limit": 3}}]
    if vocabulary.prices:
        prices = max(vocabulary.prices, key=lambda one: one.count)
        median = dict(prices.quantiles)[0.5].amount
        price = {"price": {"max": median}}
        found.append({"query": words, "filters": price, "context": {"currency": prices.currency}})
    if departments := names.departments(vocabulary):
        filters = {"categories": departments[:1]}
        found.append({"filters": filters, EXTENSION: {"sort": "rating"}, "pagination": {"limit": 3}})
    return tuple(found)


def _reviews(product: Product) -> int:
    return (product.rating.count or 0) if product.rating else 0


def _ids(products: list[Product]) -> tuple[Arguments, ...]:
    return ({"ids": [product.id for product in products]},) if products else ()


@cache
def _texts() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
