"""The readiness report counts what a feed holds and points at the products that look wrong."""

from catalog.feeds import Reject
from catalog.product import Availability, Money, Product
from catalog.readiness import Readiness, readiness


def dollars(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def product(number: int, **fields: object) -> Product:
    return Product.model_validate({"id": f"p{number}", "title": f"A walking shoe number {number}"} | fields)


def test_rows_are_usable_products_and_rejects_by_reason() -> None:
    rejects = [Reject(line=n, id=None, reason=f"title is {n},000 characters long") for n in (3, 4)]
    report = readiness([product(1), *rejects, Reject(line=9, id=None, reason="no title")])
    assert (report.rows, report.usable, report.rejected) == (4, 1, 3)
    assert report.rejects == {"title is # characters long": 2, "no title": 1}


def test_coverage_is_the_share_of_products_that_have_a_field() -> None:
    report = readiness([product(1, brand="Acme", availability=Availability.IN_STOCK), product(2)])
    assert report.coverage["brand"] == report.coverage["availability"] == 0.5
    assert report.coverage["price"] == 0


def test_an_empty_feed_covers_nothing() -> None:
    assert set(readiness([]).coverage.values()) == {0.0}


def test_repeated_ids_and_titles_are_found_but_variants_may_share_a_title() -> None:
    shared = {"title": "The same canvas shoe"}
    report = readiness([product(1), product(1), product(2, **shared), product(3, **shared)])
    assert report.duplicate_ids.examples == ("p1",)
    assert report.duplicate_titles.examples == ("p1", "p3")
    variants = readiness([product(n, title="A canvas shoe", group_id="g") for n in (1, 2)])
    assert variants.duplicate_titles.count == 0


def test_suspicious_prices_are_counted_by_kind() -> None:
    report = readiness(
        [
            product(1),
            product(2, price=dollars(0)),
            product(3, price=dollars(500), list_price=dollars(400)),
            product(4, price=dollars(500), list_price=Money(amount=400, currency="EUR")),
        ]
    )
    assert report.unknown_prices.examples == ("p1",)
    assert report.zero_prices.examples == ("p2",)
    assert report.list_price_below_price.examples == ("p3",)


def test_a_price_a_hundred_times_its_category_is_an_outlier() -> None:
    shoes = [product(n, price=dollars(5000 + n * 100), categories=("Shoes",)) for n in range(20)]
    typo = product(99, price=dollars(500_000), categories=("Shoes",))
    elsewhere = product(100, price=dollars(500_000), categories=("Boats",))
    assert readiness([*shoes, typo, elsewhere]).price_outliers.examples == ("p99",)


def test_missing_pictures_and_short_texts_are_counted() -> None:
    report = readiness(
        [product(1, title="Shoe", description="Nice."), product(2, images=("https://x.example/1",))]
    )
    assert report.missing_images.examples == report.short_titles.examples == ("p1",)
    assert report.short_descriptions.count == 1


def test_the_commonest_attributes_come_first_with_their_share() -> None:
    report = readiness(
        [product(1, attributes={"color": ("red",), "size": ("m",)}), product(2, attributes={"size": ("l",)})]
    )
    assert [(fact.name, fact.share) for fact in report.attributes] == [("size", 1.0), ("color", 0.5)]


def test_the_report_survives_json() -> None:
    report = readiness([product(1)])
    assert Readiness.model_validate_json(report.model_dump_json()) == report
