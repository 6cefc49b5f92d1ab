"""Which words of a product are searched: what BM25 reads as title and as body, what the encoder reads."""

from collections.abc import Iterator

from catalog.keys import key
from catalog.product import Product


def title_text(product: Product) -> str:
    """The title field of BM25; the brand belongs to it, as shoppers name both together."""
    if product.brand and f" {key(product.brand)} " not in f" {key(product.title)} ":
        return f"{product.brand} {product.title}"
    return product.title


def body_text(product: Product) -> str:
    """The body field of BM25: every word by which a shopper might name the product, the title's too."""
    parts = [title_text(product), *product.categories, *product.tags, product.description or ""]
    return "\n".join([*parts, *facts(product)])


def dense_text(product: Product) -> str:
    """What the encoder reads, most telling first, as it cuts off the end."""
    parts = [title_text(product), " > ".join(product.categories), product.description or ""]
    return "\n".join([*(part for part in parts if part), ", ".join(facts(product))])


def facts(product: Product) -> Iterator[str]:
    """The attributes as words: a value, the name of what it has; what it has not is not said."""
    for name, values in product.attributes.items():
        for value in values:
            if value == "yes":
                yield name
            elif value != "no":
                yield value
