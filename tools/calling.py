"""What a model or another program may call: typed functions, their arguments checked against the shop.

A mistake is a `TryAgain` that says what is allowed. Knows no protocol, and changes nothing in the shop.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, TypeVar, get_type_hints

import numpy as np
from pydantic import BeforeValidator, Field, ValidationError

from catalog.keys import PATH, key
from catalog.points import DENSE, point_id
from catalog.price import parse_money
from catalog.product import Product
from catalog.vocabulary import Attribute, Vocabulary
from catalog.where import Where, Without
from core.errors import InvalidQuery
from core.record import Record
from ranking.pipeline import rank
from ranking.reading import passage
from ranking.records import Results, Search, Sort
from ranking.values import fits
from tools.comparison import compare as compared
from tools.quoting import brief, found, in_full, listed, quotable, quoted
from tools.quoting import compared as side_by_side
from tools.shop import Shop

MOST_NAMED = 12  # values that a mistake lists
OFFERED = 40  # attributes that the schema names, the commonest; others may be used too
LONGEST_QUERY = 200
MOST_NAMES, MOST_IDS = 8, 20  # of one argument

R = TypeVar("R", bound=Record)
Narrow = Callable[[Search], Search]  # what every search must satisfy besides


def _names(value: Any) -> Any:
    """One name without its list, as small models write it, and null for none."""
    return () if value is None else (value,) if isinstance(value, str) else value


def _pairs(value: Any) -> Any:
    """An object by attribute instead of a list of pairs."""
    if isinstance(value, Mapping) and not {"name", "value"} <= set(value):
        return [{"name": name, "value": one} for name, given in value.items() for one in _names(given)]
    return [value] if isinstance(value, Mapping) else _names(value)


Names = Annotated[tuple[str, ...], BeforeValidator(_names), Field(max_length=MOST_NAMES)]
Ids = Annotated[tuple[str, ...], BeforeValidator(_names), Field(min_length=1, max_length=MOST_IDS)]
Price = Annotated[float | None, Field(ge=0, le=1e9)]


class Having(Record):
    """An attribute and the value that a product must have of it."""

    name: str
    value: str


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
    attributes: Annotated[tuple[Having, ...], BeforeValidator(_pairs), Field(max_length=MOST_NAMES)] = ()
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
    products = _products(shop, asked.ids)
    if shop.ranker.reranker:
        scores = shop.ranker.reranker.score(asked.query, [passage(product) for product in products])
        products = [products[place] for place in np.argsort(-scores, kind="stable")]
    else:
        near = shop.index.search(
            shop.index.vectors(asked.query, [DENSE]), among=[point_id(product.id) for product in products]
        )
        scored = dict(near.get(DENSE, ()))
        products.sort(key=lambda product: -scored.get(point_id(product.id), 0.0))
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


def checked(record: type[R], arguments: Mapping[str, Any]) -> R:
    """The arguments as a record, or a mistake that names what is wrong and what is allowed."""
    try:
        return record.model_validate(arguments)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(map(str, problem["loc"])) or "arguments"
        allowed = ", ".join(record.model_fields)
        raise InvalidQuery(f"{where}: {problem['msg']}; the arguments are {allowed}") from error


def schema(record: type[Record]) -> dict[str, Any]:
    """The JSON schema of a record, without the titles that cost tokens and say nothing."""
    slim: dict[str, Any] = _untitled(record.model_json_schema())
    slim.pop("description", None)
    return slim


def _capability(
    shop: Shop,
    function: Callable[[Shop, Any, Narrow], Outcome],
    narrow: Narrow,
    vocabulary: Vocabulary,
) -> Capability:
    asked: type[Record] = get_type_hints(function)["asked"]
    parameters = schema(asked)
    if asked is SearchCatalog:
        properties = parameters["properties"]
        if departments := list(dict.fromkeys(category.path[0] for category in vocabulary.categories)):
            properties["categories"]["items"]["enum"] = departments
        else:
            del properties["categories"]
        if attributes := _commonest(vocabulary):
            parameters["$defs"]["Having"]["properties"]["name"]["enum"] = attributes
        else:
            del properties["attributes"]
    return Capability(
        name=function.__name__,
        description=function.__doc__ or "",
        parameters=parameters,
        call=lambda arguments: function(shop, checked(asked, arguments), narrow),
    )


def _commonest(vocabulary: Vocabulary) -> list[str]:
    by_count = sorted(vocabulary.attributes, key=lambda attribute: -attribute.count)
    return [attribute.name for attribute in by_count[:OFFERED]]


def _untitled(part: Any) -> Any:
    if isinstance(part, list):
        return [_untitled(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {name: value for name, value in part.items() if name != "title" or not isinstance(value, str)}
    return {name: _untitled(value) for name, value in kept.items()}


def _search(shop: Shop, asked: SearchCatalog) -> Search:
    """The search that is asked for, with names as the shop spells them."""
    vocabulary = shop.index.vocabulary()
    brands = {key(brand.label): brand.label for brand in vocabulary.brands}
    paths = {PATH.join(category.path) for category in vocabulary.categories}
    categories = {key(name): name for path in sorted(paths) for name in (*path.split(PATH), path)}
    refused = [(term, brands.get(key(term))) for term in asked.exclude]
    try:
        where = Where(
            brands=tuple(_known("brands", name, brands) for name in asked.brands),
            categories=tuple(_known("categories", name, categories) for name in asked.categories),
            price_min=_money(asked.price_min, shop.currency),
            price_max=_money(asked.price_max, shop.currency),
            attributes=_attributes(asked.attributes, vocabulary),
        )
    except ValidationError as error:
        raise InvalidQuery(error.errors()[0]["msg"].removeprefix("Value error, ")) from error
    return Search(
        query=asked.query,
        where=where,
        without=Without(
            brands=tuple(brand for _, brand in refused if brand),
            terms=tuple(term for term, brand in refused if not brand and term.strip()),
        ),
        sort=asked.sort,
        relevant_only=True,
        limit=asked.limit,
    )


def _money(amount: float | None, currency: str) -> Any:
    return None if amount is None else parse_money(Decimal(str(amount)), currency)


def _attributes(given: Iterable[Having], vocabulary: Vocabulary) -> dict[str, tuple[str, ...]]:
    known = {key(attribute.name): attribute for attribute in vocabulary.attributes}
    names = {name: attribute.name for name, attribute in known.items()}
    wanted: dict[str, tuple[str, ...]] = {}
    for one in given:
        name = _known("attributes", one.name, names)
        wanted[name] = (*wanted.get(name, ()), _value(known[key(name)], one.value))
    return wanted


def _value(attribute: Attribute, value: str) -> str:
    """A value that the shop counts, or one that includes some of these: "blue" where there is navy."""
    labels = {key(term.label): term.label for term in attribute.values}
    if not labels or any(fits(attribute.name, label, value) for label in labels.values()):
        return labels.get(key(value), value)
    return _known(f"attributes: {attribute.name}", value, labels)


def _known(what: str, name: str, known: Mapping[str, str]) -> str:
    """The name as the shop spells it."""
    if key(name) in known:
        return known[key(name)]
    near = [known[one] for one in difflib.get_close_matches(key(name), known, n=3)]
    if near:
        raise InvalidQuery(f"{what}: the shop has no {name!r}; did you mean {', '.join(near)}?")
    some = ", ".join(list(dict.fromkeys(known.values()))[:MOST_NAMED])
    raise InvalidQuery(
        f"{what}: the shop has no {name!r}; leave it out, put it into the query, or use one of: {some}"
    )


def _products(shop: Shop, ids: Iterable[str]) -> list[Product]:
    """The products in the order of their ids, none twice."""
    wanted = list(dict.fromkeys(ids))
    known = shop.index.get(wanted)
    if missing := [id for id in wanted if id not in known or not quotable(known[id])]:
        raise InvalidQuery(f"no product {', '.join(missing)}; use ids that a search returned")
    return [known[id] for id in wanted]
