"""What the shop's keeper may change while it serves: products put in, altered and taken out, by id.

The next query sees it. Rebuilding a whole catalogue is `aisle index`, which a server takes over by itself.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field, model_validator

from catalog.index import ProductIndex
from catalog.product import Availability, Money, Product
from core.record import Record
from tools.arguments import checked, schema
from tools.functions import Caller, Function

MOST = 100  # of one call: encoding as many takes about a second, and others wait for the disk

Id = Annotated[str, Field(min_length=1, max_length=512)]
R = TypeVar("R", bound=Record)


class Upsert(Record):
    """Products to put in; one with an id that is there replaces it."""

    products: tuple[Product, ...] = Field(min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _each_once([product.id for product in self.products])
        return self


class Change(Record):
    """What is different about a product now."""

    id: Id
    price: Money | None = None
    availability: Availability | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.price is None and self.availability is None:
            raise ValueError("give a price, an availability, or both")
        return self


class Patch(Record):
    """Products whose price or availability has changed."""

    products: tuple[Change, ...] = Field(min_length=1, max_length=MOST)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        _each_once([change.id for change in self.products])
        return self


class Delete(Record):
    """Ids of products to take out."""

    ids: tuple[Id, ...] = Field(min_length=1, max_length=MOST)


class Done(Record):
    """Ids for which it was done, and those of which there is no product."""

    done: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def stock_functions(index: ProductIndex) -> tuple[Function, ...]:
    """The functions of an index, for callers with the scope admin."""
    product = {
        "id": "kettle-1",
        "title": "Electric kettle, red",
        "categories": ["Kitchen", "Kettles"],
        "price": {"amount": 3999, "currency": "USD"},
        "availability": "in_stock",
    }
    price = {"amount": 2999, "currency": "USD"}
    return (
        _function(
            "upsert_products",
            "Put products in",
            "Adds products, or replaces those that have the same id. The next query sees them.",
            Upsert,
            partial(_upsert, index),
            {"products": [product]},
        ),
        _function(
            "patch_products",
            "Change price or availability",
            "Changes products that are there; ids that are not are reported. The next query sees it.",
            Patch,
            partial(_patch, index),
            {"products": [{"id": "kettle-1", "price": price, "availability": "out_of_stock"}]},
        ),
        _function(
            "delete_products",
            "Take products out",
            "Removes products by id; ids that are not there are reported. The next query finds them no more.",
            Delete,
            partial(_delete, index),
            {"ids": ["kettle-1"]},
        ),
    )


def _function(
    name: str,
    title: str,
    description: str,
    takes: type[R],
    do: Callable[[R], Done],
    example: Mapping[str, Any],
) -> Function:
    def call(arguments: Mapping[str, Any], _: Caller) -> dict[str, Any]:
        return do(checked(takes, arguments)).model_dump(mode="json")

    return Function(
        name=name,
        title=title,
        description=description,
        takes=schema(takes),
        returns=schema(Done, "serialization"),
        call=call,
        examples=(example,),
        scope="admin",
        reads_only=False,
    )


def _upsert(index: ProductIndex, asked: Upsert) -> Done:
    index.upsert(asked.products)
    return Done(done=tuple(product.id for product in asked.products))


def _patch(index: ProductIndex, asked: Patch) -> Done:
    known = index.get([change.id for change in asked.products])
    done: list[str] = []
    unknown: list[str] = []
    for change in asked.products:
        if change.id in known:
            index.patch(change.id, price=change.price, availability=change.availability)
        (done if change.id in known else unknown).append(change.id)
    return Done(done=tuple(done), unknown=tuple(unknown))


def _delete(index: ProductIndex, asked: Delete) -> Done:
    ids = tuple(dict.fromkeys(asked.ids))
    known = index.get(ids)
    index.delete(known)
    return Done(
        done=tuple(id for id in ids if id in known), unknown=tuple(id for id in ids if id not in known)
    )


def _each_once(ids: list[str]) -> None:
    twice = sorted({id for id in ids if ids.count(id) > 1})
    if twice:
        raise ValueError(f"{twice[0]} is named twice")
