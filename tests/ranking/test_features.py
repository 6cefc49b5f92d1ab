"""Each feature on products where its value can be worked out by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from catalog.product import Product, Rating
from catalog.where import Without
from ranking.exclusions import classifier
from ranking.features import EXCLUDED, FEATURES, Field, features, standardised

UNIT = np.eye(4, dtype=np.float32)


def field(query: str, products: Sequence[Product], without: Without = Without()) -> Field:  # noqa: B008
    points = tuple(product.id for product in products)
    falling = {point: 1.0 / (60 + rank) for rank, point in enumerate(points, start=1)}
    classify = classifier(without)
    return Field(
        query=query,
        points=points,
        products=products,
        vectors=UNIT[: len(products)],
        scores={"title": falling, "body": falling, "dense": falling},
        fused=falling,
        checks=[classify(product) for product in products],
    )


def values(query: str, name: str, *products: Product, without: Without = Without()) -> list[float]:  # noqa: B008
    return [round(float(v), 3) for v in features(field(query, products, without))[name]]


def test_the_names_are_the_contract() -> None:
    columns = features(field("kettle", [Product(id="1", title="Kettle")]))
    assert set(columns) == {*FEATURES, EXCLUDED}
    assert all(column.shape == (1,) and np.isfinite(column).all() for column in columns.values())


def test_coverage_is_the_share_of_the_querys_words_anywhere_in_the_product() -> None:
    one = Product(id="1", title="Red kettle", description="For the office")
    two = Product(id="2", title="Desk lamp")
    assert values("red office kettle cordless", "coverage", one, two) == [0.75, 0.0]


def test_an_accessory_names_what_it_is_for_after_for() -> None:
    band = Product(id="1", title="Silicone band compatible with Fitbit Charge 3")
    tracker = Product(id="2", title="Fitbit Charge 3 fitness tracker")
    assert values("fitbit charge 3", "accessory", band, tracker) == [1.0, 0.0]
    assert values("fitbit charge 3", "starts", band, tracker) == [0.0, 1.0]


def test_the_head_of_the_query_is_what_the_product_is() -> None:
    mount = Product(id="1", title="Newstar projector ceiling mount")
    projector = Product(id="2", title="HP digital projector")
    lamp = Product(id="3", title="Lamp")
    assert values("projector", "head", mount, projector, lamp) == [0.0, 1.0, -1.0]


def test_a_brand_that_the_query_names_speaks_against_other_brands_and_not_against_none() -> None:
    makita = Product(id="1", title="Planer", brand="Makita")
    bosch = Product(id="2", title="Planer", brand="Bosch")
    unknown = Product(id="3", title="Planer")
    assert values("makita wood planer", "brand", makita, bosch, unknown) == [1.0, -1.0, 0.0]
    assert values("wood planer", "brand", makita, bosch, unknown) == [0.0, 0.0, 0.0]


def test_an_attribute_value_that_the_query_names_must_be_that_of_several_products() -> None:
    red = [Product(id=str(i), title="Bowl", attributes={"color": ("Red",)}) for i in range(2)]
    blue = Product(id="b", title="Bowl", attributes={"color": ("Blue",)})
    plain = Product(id="p", title="Bowl")
    assert values("red dog bowl", "attributes", *red, blue, plain) == [1.0, 1.0, -1.0, 0.0]
    assert values("red dog bowl", "attributes", red[0], blue) == [0.0, 0.0]


def test_a_product_for_the_other_audience_is_marked() -> None:
    slippers = [Product(id=who, title=f"{who} slippers") for who in ("Men's", "Women's", "Warm")]
    assert values("mens slippers", "audience", *slippers) == [1.0, -1.0, 0.0]


def test_exclusions_count_violated_met_and_unsaid() -> None:
    belts = [
        Product(id="1", title="Belt with metal buckle"),
        Product(id="2", title="Belt without buckle"),
        Product(id="3", title="Leather belt"),
        Product(id="4", title="Leather belt", description="Comes with a shiny buckle."),
    ]
    without = Without(terms=("buckle",))
    assert values("belt", "excluded", *belts, without=without) == [1.0, -1.0, 0.0, 1.0]


def test_what_shoppers_thought_is_zero_where_nobody_said() -> None:
    rated = Product(id="1", title="Kettle", rating=Rating(value=4.5, count=99))
    assert values("kettle", "stars", rated, Product(id="2", title="Kettle")) == [4.5, 0.0]
    assert values("kettle", "reviews", rated, Product(id="2", title="Kettle")) == [4.605, 0.0]


def test_agreement_with_the_shelf_of_the_leaders() -> None:
    kettles = [Product(id=str(i), title="Kettle", categories=("Kitchen", "Kettles")) for i in range(3)]
    mug = Product(id="m", title="Mug", categories=("Kitchen", "Mugs"))
    assert values("kettle", "leaf", *kettles, mug) == [0.3, 0.3, 0.3, 0.1]
    assert values("kettle", "category", *kettles, mug) == [0.35, 0.35, 0.35, 0.25]


@pytest.mark.parametrize("query", ["", "the of", "🎁", "x" * 10_000, "\x00\x01", "不锈钢 kettle"])
def test_odd_queries_have_finite_features(query: str) -> None:
    columns = features(field(query, [Product(id="1", title="Kettle"), Product(id="2", title="!!!")]))
    assert all(np.isfinite(column).all() for column in columns.values())


def test_standardised_columns_have_mean_zero_and_constant_ones_say_nothing() -> None:
    columns: Mapping[str, np.ndarray] = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([5.0, 5.0, 5.0])}
    matrix = standardised(columns, ("a", "b"))
    assert matrix[:, 0] == pytest.approx([-1.2247, 0, 1.2247], abs=0.01)
    assert matrix[:, 1].tolist() == [0.0, 0.0, 0.0]
