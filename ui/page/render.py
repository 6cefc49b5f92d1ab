"""Records as HTML: pure functions over the templates beside this file, which escape all that they show.

It decides how things are called and drawn, and nothing else: no search, no state, no transport.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from agent.dialogue.state import Wanted
from agent.editing import Kind, Part, title
from agent.steps import Asked, Option
from catalog.keys import PATH
from catalog.price import format_money, major_units
from catalog.product import Availability, Money, Product
from catalog.where import Where
from core.record import Record
from core.trace import Trace
from ranking.records import Hit, Relaxation, Repair, Results, Sort
from tools.comparison import Comparison
from ui.page.chips import chips
from ui.page.prices import price, saving, total
from ui.page.text import paragraphs, picture, seen, web_address

TEMPLATES = Path(__file__).parent / "templates"
STOCK = {
    Availability.IN_STOCK: ("in", "In stock"),
    Availability.OUT_OF_STOCK: ("out", "Sold out"),
    Availability.PREORDER: ("soon", "Pre-order"),
    Availability.BACKORDER: ("soon", "Back-order"),
    Availability.DISCONTINUED: ("out", "Discontinued"),
    Availability.UNKNOWN: ("unknown", "Stock not stated"),
}
SORTS = {
    Sort.RELEVANCE: "Best match",
    Sort.PRICE_UP: "Price, low to high",
    Sort.PRICE_DOWN: "Price, high to low",
    Sort.RATING: "Best rated",
    Sort.NEWEST: "Newest",
}


class Reply(Record):
    """What the assistant says in one turn, and what can be done about it."""

    text: str = ""
    changes: tuple[str, ...] = ()
    repair: Repair | None = None
    question: Asked | None = None
    offers: tuple[Option, ...] = ()
    relaxations: tuple[Relaxation, ...] = ()
    problem: str = ""
    pending: bool = False  # more is being worked on
    looks: tuple[str, ...] = ()


class Making(Record):
    """How an answer came about, for the curious."""

    intent: str
    source: str
    queries: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    trace: Trace | None = None
    first_ms: float | None = None
    total_ms: float
    model: str | None = None
    calls: int = 0
    tokens: int = 0
    cost: float | None = None


class Department(Record):
    """A shelf to browse, with a picture from it."""

    path: tuple[str, ...]
    count: int
    images: tuple[str, ...] = ()


class Welcome(Record):
    """What a first visit shows."""

    products: int
    examples: tuple[str, ...]
    departments: tuple[Department, ...]


class Saved(Record):
    """A product on the shortlist, with the shopper's note."""

    product: Product
    note: str = ""


def welcome(shown: Welcome) -> Markup:
    """The first visit."""
    return _drawn("welcome.html", shown=shown)


def said(utterance: str) -> Markup:
    """What the shopper said, or changed by hand."""
    return _drawn("turn.html", part="said", utterance=utterance)


def reply(shown: Reply, making: Making | None = None) -> Markup:
    """The assistant's part of a turn."""
    return _drawn("turn.html", part="reply", reply=shown, making=making)


def plan_bar(wanted: Wanted, liked: Mapping[str, Product] = {}) -> Markup:
    """The chips of what is looked for, and its order."""
    sort = wanted.needs[0].sort if wanted.needs else Sort.RELEVANCE
    return _drawn("plan.html", wanted=wanted, chips=chips(wanted, liked), sort=sort, sorts=SORTS, Kind=Kind)


def shelf(
    results: Results,
    wanted: Wanted,
    labels: Mapping[str, str],
    *,
    final: bool = True,
    moved: str = "",
    offers: Sequence[Option] = (),
) -> Markup:
    """The products on show, each with its number; where there are none, what could be done instead.

    `labels` are short words for the requirements as receipts name them.
    """
    hits = [hit for group in results.groups for hit in group.hits] or list(results.hits)
    places = {hit.product.id: place for place, hit in enumerate(hits, start=1)}
    relaxations = list(zip(results.relaxations, offers, strict=False))
    return _drawn(
        "shelf.html",
        results=results,
        hits=hits,
        places=places,
        labels=labels,
        heading=" + ".join(title(need) for need in wanted.needs),
        needs=wanted.needs,
        budget=wanted.budget,
        final=final,
        moved=moved,
        relaxations=relaxations,
    )


def card(hit: Hit, place: int, labels: Mapping[str, str]) -> Markup:
    """One product on the shelf."""
    return _drawn("one_card.html", hit=hit, place=place, labels=labels)


def details(product: Product, similar: Sequence[Product]) -> Markup:
    """Everything the shop says about a product, and what resembles it."""
    lines = paragraphs(product.description or "")
    return _drawn("details.html", product=product, similar=similar, description=lines)


def comparison(compared: Comparison) -> Markup:
    """Products side by side, what is better marked."""
    return _drawn("comparison.html", compared=compared)


def shortlist(saved: Sequence[Saved], gone: int) -> Markup:
    """The shortlist; `gone` products on it are no longer sold here."""
    return _drawn("shortlist.html", saved=saved, gone=gone, total=total([one.product for one in saved]))


def editor(part: Part, values: Sequence[tuple[str, int, bool]], where: Where, budget: Money | None) -> Markup:
    """A form that changes one chip; `values` are choices with how many products have each."""
    return _drawn("editor.html", part=part, values=values, where=where, budget=budget, Kind=Kind)


def broken(problem: str) -> Markup:
    """A shelf that could not be filled, and what to do."""
    return _drawn("broken.html", problem=problem)


def _drawn(template: str, **facts: Any) -> Markup:
    return Markup(_templates().get_template(template).render(facts))  # noqa: S704  escaped by the templates


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        money=format_money, price=price, units=major_units, seen=seen, web=web_address, saving=saving
    )
    templates.globals.update(stock=STOCK, picture=picture, path=PATH)
    return templates
