from catalog.product import Product
from ranking.preferences import leaning
from ranking.records import Hit, Wish
from tests.ranking.prices import usd


def hit(name: str, score: float, **facts: object) -> Hit:
    return Hit(product=Product.model_validate({"id": name, "title": name, **facts}), score=score)


def ids(hits: list[Hit]) -> list[str]:
    return [found.product.id for found in hits]


def test_without_a_wish_nothing_moves() -> None:
    hits = [hit("a", 1.0, price=usd(50)), hit("b", 0.9, price=usd(5))]
    assert leaning(hits, ()) == hits


def test_cheap_leans_and_relevance_still_counts() -> None:
    """Worth 1 + 0.5 x 0, 0.9 + 0.5 x 1 and 0 + 0.5 x 0.5: the far one stays last."""
    hits = [hit("dear", 1.0, price=usd(90)), hit("cheap", 0.9, price=usd(9)), hit("far", 0.0, price=usd(30))]
    assert ids(leaning(hits, [Wish.CHEAP])) == ["cheap", "dear", "far"]
    assert ids(leaning(hits, [Wish.PREMIUM])) == ["dear", "cheap", "far"]


def test_well_rated_believes_many_more_than_few() -> None:
    many = hit("many", 0.9, rating={"value": 4.6, "count": 2000})
    one = hit("one", 1.0, rating={"value": 5.0, "count": 1})
    poor = hit("poor", 0.0, rating={"value": 2.0, "count": 900})
    assert ids(leaning([one, many, poor], [Wish.WELL_RATED]))[0] == "many"


def test_popular_counts_ratings() -> None:
    hits = [
        hit("few", 1.0, rating={"value": 5, "count": 3}),
        hit("many", 0.9, rating={"value": 4, "count": 900}),
    ]
    assert ids(leaning(hits, [Wish.POPULAR])) == ["many", "few"]


def test_what_says_nothing_stands_in_the_middle() -> None:
    hits = [hit("unpriced", 0.5), hit("dear", 0.5, price=usd(90)), hit("cheap", 0.5, price=usd(9))]
    assert ids(leaning(hits, [Wish.CHEAP])) == ["cheap", "unpriced", "dear"]
