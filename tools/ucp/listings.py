"""Products of the catalogue in the protocol's shapes. Facts come from records alone; text is cleaned and cut.

It says nothing of order, and nothing that no record says.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from catalog.keys import PATH
from catalog.product import Availability, Money, Product, Rating
from catalog.where import OBTAINABLE
from ranking.records import Check
from tools.ucp import shapes
from tools.ucp.variants import axes, label
from tools.untrusted import tamed, visible

LONGEST_TITLE = 200  # characters
LONGEST_VALUE = 60
LONGEST_EVIDENCE = 200
BRIEF, FULL = 300, 3_000  # of a description
MOST_ATTRIBUTES, MOST_IMAGES, MOST_TAGS = 20, 8, 10

_WEB = re.compile(r"https?://[a-z0-9][!#-;=?-\[\]_a-z~]*", re.I)


def listing(
    members: Sequence[Product],
    *,
    longest: int = BRIEF,
    receipt: Iterable[Check] | None = None,
    inputs: Mapping[str, Sequence[shapes.Input]] | None = None,
    shown: Sequence[Product] | None = None,
    options: Sequence[shapes.Option] | None = None,
    selected: Sequence[shapes.Choice] | None = None,
) -> shapes.Listing:
    """One product of its members that have a price, the featured one first; `shown` are its variants."""
    face, names = members[0], axes(members)
    prices = [member.price for member in members if member.price]
    lists = [member.list_price for member in members if member.list_price]
    return shapes.Listing(
        id=face.id,
        title=tamed(face.title, LONGEST_TITLE) or "untitled",
        description=_description(face, longest),
        url=_link(face.url),
        categories=_categories(face),
        price_range=_range(prices),
        list_price_range=_range(lists) if lists else None,
        media=_media(face),
        options=tuple(_options(members, names) if options is None else options),
        selected=None if selected is None else tuple(selected),
        variants=tuple(_variant(one, names, inputs) for one in (shown or members)),
        rating=_stars(face.rating),
        tags=tuple(visible(tag, LONGEST_VALUE) for tag in face.tags[:MOST_TAGS]),
        metadata=_metadata(face),
        proof=None if receipt is None else shapes.Proof(receipt=proofs(receipt)),
    )


def unpriced(product: Product, receipt: Iterable[Check] = ()) -> shapes.Unpriced:
    """A product that the protocol has no place for."""
    return shapes.Unpriced(
        id=product.id,
        title=tamed(product.title, LONGEST_TITLE),
        url=_link(product.url),
        availability=_stock(product.availability),
        receipt=proofs(receipt),
    )


def proofs(receipt: Iterable[Check]) -> tuple[Check, ...]:
    """Checks with the words of a product as data."""
    return tuple(
        Check(
            requirement=tamed(check.requirement, LONGEST_EVIDENCE),
            verdict=check.verdict,
            evidence=check.evidence and tamed(check.evidence, LONGEST_EVIDENCE),
        )
        for check in receipt
    )


def _variant(
    product: Product, names: Sequence[str], inputs: Mapping[str, Sequence[shapes.Input]] | None
) -> shapes.Variant:
    if product.price is None:
        raise ValueError(f"{product.id} has no price")  # callers part these from the rest
    choices = tuple(
        shapes.Choice(name=visible(name, LONGEST_VALUE), label=visible(value, LONGEST_VALUE))
        for name in names
        if (value := label(product, name)) is not None
    )
    title = tamed(product.title, LONGEST_TITLE) or "untitled"
    return shapes.Variant(
        id=product.id,
        title=" / ".join(choice.label for choice in choices) or title,
        description=shapes.Text(plain=title),
        url=_link(product.url),
        price=product.price,
        list_price=product.list_price,
        availability=_stock(product.availability),
        options=choices,
        media=_media(product)[:1],
        rating=_stars(product.rating),
        seller=shapes.Seller(name=visible(product.seller, LONGEST_VALUE)) if product.seller else None,
        inputs=None if inputs is None else tuple(inputs[product.id]),
    )


def _description(product: Product, longest: int) -> shapes.Text:
    """Its description; the protocol wants one of every product, and where there is none its title is it."""
    said = tamed(product.description or "", longest) or tamed(product.title, LONGEST_TITLE)
    return shapes.Text(plain=said or "untitled")


def _categories(product: Product) -> tuple[shapes.CategoryValue, ...]:
    return (shapes.CategoryValue(value=PATH.join(product.categories)),) if product.categories else ()


def _range(prices: Sequence[Money]) -> shapes.PriceRange:
    """In the currency of the first: amounts in others do not compare."""
    alike = [price for price in prices if price.currency == prices[0].currency]
    return shapes.PriceRange(
        min=min(alike, key=lambda price: price.amount), max=max(alike, key=lambda price: price.amount)
    )


def _options(members: Sequence[Product], names: Sequence[str]) -> list[shapes.Option]:
    found = []
    for name in names:
        labels = dict.fromkeys(value for one in members if (value := label(one, name)) is not None)
        values = tuple(shapes.OptionValue(label=visible(one, LONGEST_VALUE)) for one in labels)
        found.append(shapes.Option(name=visible(name, LONGEST_VALUE), values=values))
    return found


def _metadata(product: Product) -> dict[str, object]:
    known = list(product.attributes.items())[:MOST_ATTRIBUTES]
    attributes = {
        visible(name, LONGEST_VALUE): [visible(value, LONGEST_VALUE) for value in values]
        for name, values in known
        if values
    }
    brand = {"brand": visible(product.brand, LONGEST_VALUE)} if product.brand else {}
    return brand | ({"attributes": attributes} if attributes else {})


def _stars(rating: Rating | None) -> shapes.Stars | None:
    return None if rating is None else shapes.Stars(value=rating.value, count=rating.count)


def _stock(availability: Availability) -> shapes.Stock | None:
    if availability is Availability.UNKNOWN:
        return None
    return shapes.Stock(available=availability in OBTAINABLE, status=availability.value)


def _media(product: Product) -> tuple[shapes.Image, ...]:
    links = [link for image in product.images[:MOST_IMAGES] if (link := _link(image))]
    return tuple(shapes.Image(url=link, alt_text=tamed(product.title, LONGEST_TITLE)) for link in links)


def _link(url: str | None) -> str | None:
    """An address that a page may follow: absolute, of the web, and without what a URI cannot hold."""
    return url if url and _WEB.fullmatch(url) else None
