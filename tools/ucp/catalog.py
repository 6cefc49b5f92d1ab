"""The three functions of the protocol's catalogue: search, lookup of several ids, one product in full.

Each takes a request and answers in the protocol's shapes. Transports, keys and limits are not its business.
"""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

from catalog.product import Money, Product
from catalog.vocabulary import Vocabulary
from catalog.where import Where, Without
from core.errors import InvalidQuery
from ranking.receipts import known_to_violate, receipt
from ranking.records import Hit, Search
from tools import names
from tools.arguments import Open
from tools.functions import Caller
from tools.messages import Message, ignored, not_found
from tools.relaxation import requirements
from tools.searching import DEEPEST, Found, find, instead
from tools.shop import Shop
from tools.ucp import LOOKUP, SEARCH, shapes
from tools.ucp.cursors import Place, opened, sealed
from tools.ucp.envelope import envelope, refusal
from tools.ucp.listings import FULL, listing, unpriced
from tools.ucp.requests import (
    LARGEST_PAGE,
    Context,
    Filters,
    LookupRequest,
    PriceFilter,
    ProductRequest,
    SearchRequest,
)
from tools.ucp.variants import axes, choices, effective, label, matching, members, options, selection
from tools.untrusted import tamed

MOST_VARIANTS = 4  # of one product of a page; `get_product` has the rest
LONGEST_SHOWN = 200


def search_catalog(shop: Shop, secret: bytes, asked: SearchRequest, caller: Caller) -> shapes.SearchAnswer:
    """A page of the products that satisfy a request, each with its receipt."""
    where, messages = _where(shop, asked.filters, asked.context)
    request = _identity(asked)
    cursor = asked.pagination.cursor
    place = opened(secret, request, cursor) if cursor else Place(start=0, plain=False)
    brands, terms = names.refused(shop.index.vocabulary(), asked.extension.exclude)
    search = Search(
        query=asked.query or "",
        where=where,
        without=Without(brands=brands, terms=terms),
        sort=asked.extension.sort,
    )
    further = replace(caller, query_id="", found=Caller().found)  # another page is no other search
    found = find(shop, search, further if cursor else caller, plain=place.plain)
    size = min(asked.pagination.limit, LARGEST_PAGE)
    page, end = found.hits[place.start : place.start + size], place.start + size
    more = end < len(found.hits)
    offers = () if place.start else instead(shop, found, caller)
    products, unsold = _listed(shop, page)
    following = Place(start=end, plain=found.plain)
    return shapes.SearchAnswer(
        ucp=envelope(SEARCH),
        products=products,
        pagination=shapes.Page(
            has_next_page=more,
            cursor=sealed(secret, request, following) if more else None,
            total_count=len(found.hits) if len(found.hits) < DEEPEST else None,
        ),
        messages=(
            *_unread(asked),
            *messages,
            *found.messages,
            *_remarks(found, unsold, reordered=bool(cursor) and found.plain != place.plain),
            *_last(found, more=more),
        ),
        explained=shapes.Explained(
            query_id=None if cursor else caller.query_id or None,
            query=tamed(found.search.query, LONGEST_SHOWN),
            requirements=tuple(tamed(one, LONGEST_SHOWN) for one in requirements(found.search)),
            fitting=found.results.fitting,
            nothing_fits=found.astray,
            relaxations=tuple(
                shapes.Relaxed(
                    dropped=tamed(one.dropped, LONGEST_SHOWN), count=one.count, example_ids=one.example_ids
                )
                for one in offers
            ),
            repair=_repaired(found),
            unpriced=unsold,
        ),
    )


def lookup_catalog(shop: Shop, asked: LookupRequest, caller: Caller) -> shapes.LookupAnswer:
    """Products by id as they are now, those of one group as variants of one; unknown ids are reported."""
    caller.progress("looking up")
    where, messages = _where(shop, asked.filters, asked.context)
    known, missing = names.products(shop.index, asked.ids)
    kept = [product for product in known if not known_to_violate(receipt(product, where))]
    priced = [product for product in kept if product.price]
    unsold = tuple(unpriced(product) for product in kept if product.price is None)
    groups: dict[tuple[str, str], list[Product]] = {}
    for product in priced:
        same = ("group", product.group_id) if product.group_id else ("product", product.id)
        groups.setdefault(same, []).append(product)
    inputs = {product.id: (shapes.Input(id=product.id, match="exact"),) for product in priced}
    return shapes.LookupAnswer(
        ucp=envelope(LOOKUP),
        products=tuple(listing(group, inputs=inputs) for group in groups.values()),
        messages=(
            *_unread(asked),
            *messages,
            *map(not_found, missing),
            *(_filtered(product) for product in known if product not in kept),
            *_without_price(unsold),
        ),
        unsold=shapes.Unsold(unpriced=unsold) if unsold else None,
    )


def get_product(shop: Shop, asked: ProductRequest, caller: Caller) -> shapes.ProductAnswer | shapes.Refusal:
    """One product in full, with the versions that suit a selection; or why there is none."""
    caller.progress("looking up")
    where, messages = _where(shop, asked.filters, asked.context)
    product = shop.index.get([asked.id]).get(asked.id)
    if product is None:
        return refusal("not_found", f"Product not found: {tamed(asked.id, LONGEST_SHOWN)}", "unrecoverable")
    group = [one for one in members(shop.index, product) if one.price]
    fits = [one for one in group if not known_to_violate(receipt(one, where))]
    if not group:
        return refusal("price_unknown", f"The price of {asked.id} is not known", "unrecoverable")
    if not fits:
        return refusal("filtered_out", f"No version of {asked.id} satisfies the filters", "recoverable")
    differ = axes(fits)
    wanted, unknown = selection(((one.name, one.label) for one in asked.selected), differ)
    if not asked.selected:
        wanted, _ = selection(((name, label(fits[0], name) or "") for name in differ), differ)
    chosen = effective(fits, wanted, asked.preferences)
    shown = matching(fits, chosen)
    return shapes.ProductAnswer(
        ucp=envelope(LOOKUP),
        product=listing(
            [*shown, *(one for one in fits if one not in shown)],
            longest=FULL,
            shown=shown,
            options=options(fits, differ, chosen),
            selected=choices(chosen, fits),
        ),
        messages=(*_unread(asked), *messages, *_dropped(unknown, wanted, chosen)),
    )


def _identity(asked: SearchRequest) -> dict[str, object]:
    """What a cursor is bound to: all that decides which products are found, and nothing else."""
    return {
        "query": asked.query or "",
        "filters": asked.filters.model_dump(mode="json", include=set(Filters.model_fields)),
        "extension": asked.extension.model_dump(mode="json"),
        "currency": asked.context.currency,
    }


def _where(shop: Shop, filters: Filters, context: Context) -> tuple[Where, tuple[Message, ...]]:
    """The filters as requirements, with names as the shop spells them."""
    if filters == Filters():
        return Where(), ()
    vocabulary = shop.index.vocabulary()
    currency, messages = _currency(shop, vocabulary, filters.price, context)
    price = filters.price if currency and filters.price else PriceFilter()
    try:
        where = Where(
            brands=names.brands(vocabulary, filters.brands),
            categories=names.categories(vocabulary, filters.categories),
            price_min=None if price.min is None else Money(amount=price.min, currency=currency),
            price_max=None if price.max is None else Money(amount=price.max, currency=currency),
            rating_min=filters.rating_min,
            reviews_min=filters.reviews_min,
            attributes=names.attributes(vocabulary, filters.attributes),
            available_only=filters.available_only,
        )
    except ValidationError as error:
        raise InvalidQuery(f"filters: {error.errors()[0]['msg'].removeprefix('Value error, ')}") from error
    return where, messages


def _currency(
    shop: Shop, vocabulary: Vocabulary, price: PriceFilter | None, context: Context
) -> tuple[str, tuple[Message, ...]]:
    """The currency of the price filter; none where the shop has no prices in it: nothing is converted."""
    if price is None:
        return "", ()
    sold = [prices.currency for prices in vocabulary.prices]
    if context.currency is None:
        return (shop.currency if shop.currency in sold or not sold else sold[0]), ()
    if context.currency.upper() in sold:
        return context.currency.upper(), ()
    content = (
        f"the price filter in {tamed(context.currency, 8)} was ignored: prices here are in "
        f"{' and '.join(sold) or shop.currency}, and are not converted"
    )
    return "", (Message(type="warning", code="price_filter_ignored", content=content, path="$.products"),)


def _listed(
    shop: Shop, page: Sequence[Hit]
) -> tuple[tuple[shapes.Listing, ...], tuple[shapes.Unpriced, ...]]:
    """The products of a page; those without a price apart."""
    others = shop.index.get([id for hit in page for id in hit.variants[: MOST_VARIANTS - 1]])
    listings, unsold = [], []
    for hit in page:
        group = [hit.product, *(others[id] for id in hit.variants[: MOST_VARIANTS - 1] if id in others)]
        priced = [product for product in group if product.price]
        if priced:
            listings.append(listing(priced, receipt=hit.receipt))
        else:
            unsold.append(unpriced(hit.product, hit.receipt))
    return tuple(listings), tuple(unsold)


def _remarks(found: Found, unsold: Sequence[shapes.Unpriced], *, reordered: bool) -> list[Message]:
    said = []
    if found.repair:
        changes = ", ".join(f"{tamed(a, 60)} → {tamed(b, 60)}" for a, b in found.repair.changes)
        said.append(Message(code="query_repaired", content=f"searched with: {changes}"))
    if found.astray and found.hits:
        content = "nothing here is what was asked for; the products are merely the nearest"
        said.append(Message(type="warning", code="nothing_fits", content=content, path="$.products"))
    if reordered:
        content = "this page is ordered otherwise than the one before; products may repeat"
        said.append(Message(type="warning", code="order_changed", content=content))
    return [*said, *_without_price(unsold)]


def _last(found: Found, *, more: bool) -> list[Message]:
    """That a list ends before all is listed."""
    if more or len(found.hits) < DEEPEST:
        return []
    content = f"only the best {DEEPEST} are listed; ask for less to see others"
    return [Message(code="depth_limited", content=content)]


def _without_price(unsold: Sequence[shapes.Unpriced]) -> list[Message]:
    if not unsold:
        return []
    content = f"the price of {len(unsold)} is not known: see unpriced in the extension"
    return [Message(code="price_unknown", content=content)]


def _filtered(product: Product) -> Message:
    return Message(code="filtered_out", content=product.id)


def _dropped(unknown: Sequence[str], wanted: dict[str, str], chosen: dict[str, str]) -> list[Message]:
    """What of a selection is not in the answer."""
    said = [
        Message(code="unknown_option", content=f"{tamed(name, 60)} is no option of this product")
        for name in unknown
    ]
    gone = [name for name in wanted if name not in chosen]
    if gone:
        content = f"no version has all that was selected; given up: {', '.join(tamed(n, 60) for n in gone)}"
        said.append(Message(code="selection_relaxed", content=content, path="$.product.selected"))
    return said


def _repaired(found: Found) -> shapes.Repaired | None:
    if found.repair is None:
        return None
    changes = tuple((tamed(a, 60), tamed(b, 60)) for a, b in found.repair.changes)
    return shapes.Repaired(query=tamed(found.repair.query, LONGEST_SHOWN), changes=changes)


def _unread(asked: SearchRequest | LookupRequest | ProductRequest) -> tuple[Message, ...]:
    """The fields of a request that are not known here; the protocol's hints about a buyer are none."""
    parts: list[tuple[str, Open]] = [("", asked), ("filters.", asked.filters)]
    if asked.filters.price:
        parts.append(("filters.price.", asked.filters.price))
    if isinstance(asked, SearchRequest):
        parts.append(("pagination.", asked.pagination))
    found: list[Message] = []
    for where, part in parts:
        known = [field.alias or name for name, field in type(part).model_fields.items()]
        found += ignored(part.unknown, where, known)
    return tuple(found)
