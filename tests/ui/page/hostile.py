"""A small catalogue whose owner means harm: what its products say must be shown, and must do nothing."""

from collections.abc import Iterator

from catalog.product import Availability, Money, Product, Rating

SCRIPT = "<script>window.hacked = 1</script>"
HANDLER = '"><img src=x onerror="window.hacked = 2"><b title="'
TEMPLATE = "${window.hacked = 3} {{constructor.constructor('window.hacked = 4')()}} `+(window.hacked = 5)+`"
LONG = "unbreakable" * 46
UNSEEN = "soft\u200b\u202e\u2066\u00ad\U000e0041lamp"
ARABIC = "\u0645\u0635\u0628\u0627\u062d \u0645\u0643\u062a\u0628"


def products() -> Iterator[Product]:
    """Lamps, all of them."""
    yield lamp("script", f"Lamp {SCRIPT}", url="javascript:window.hacked=6", images=("javascript:alert(1)",))
    yield lamp("handler", f"Lamp {HANDLER}", url="https://shop.example/?a=\"onmouseover='window.hacked=7'")
    yield lamp("template", f"Lamp {TEMPLATE}", url="data:text/html,<script>1</script>")
    yield lamp("long", f"Lamp {LONG}", brand=LONG, attributes={LONG: (LONG,)}, description=LONG)
    yield lamp("unseen", f"Lamp {UNSEEN}", url="https://user:pass@shop.example/")
    yield lamp("arabic", f"Lamp {ARABIC}", brand=ARABIC, description=ARABIC)
    yield lamp("a\"b'c<d>&", "Lamp with an id that is none", attributes={SCRIPT: (HANDLER,)})


def lamp(
    id: str,
    title: str,
    *,
    brand: str = f"Acme {SCRIPT}",
    url: str | None = "https://shop.example/lamp",
    images: tuple[str, ...] = ("/media/demo/../../etc/passwd.svg", "/media/demo/none.svg"),
    attributes: dict[str, tuple[str, ...]] | None = None,
    description: str = f"A lamp for the desk. {SCRIPT} {HANDLER} {TEMPLATE}",
) -> Product:
    """A lamp that says these things of itself."""
    return Product(
        id=id,
        title=title,
        brand=brand,
        description=description,
        categories=("Home", f"Lamps {SCRIPT}"),
        price=Money(amount=1999, currency="USD"),
        availability=Availability.IN_STOCK,
        rating=Rating(value=4.5, count=12),
        attributes=attributes or {"color": (f"red {HANDLER}",), "cord": ("no",)},
        images=images,
        url=url,
    )
