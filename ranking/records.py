"""What is asked of the ranking and what it answers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from catalog.product import Product
from catalog.vocabulary import Term
from catalog.where import Where, Without
from core.record import Record
from core.trace import Trace

LONGEST_QUERY = 10_000


class Sort(StrEnum):
    """The order asked for. Anything but relevance orders what is relevant enough, and only that."""

    RELEVANCE = "relevance"
    PRICE_UP = "price_up"
    PRICE_DOWN = "price_down"
    RATING = "rating"
    NEWEST = "newest"


class Wish(StrEnum):
    """What a shopper would rather have: it leans the order, and removes nothing."""

    CHEAP = "cheap"
    PREMIUM = "premium"
    WELL_RATED = "well_rated"
    POPULAR = "popular"


class Search(Record):
    """One search: free text, and what every result must and must not be."""

    query: Annotated[str, Field(max_length=LONGEST_QUERY)] = ""
    where: Where = Where()
    without: Without = Without()
    like: tuple[str, ...] = ()  # ids of products that what is wanted resembles
    sort: Sort = Sort.RELEVANCE
    prefer: tuple[Wish, ...] = ()
    # 0 keeps the order; towards 1, what resembles a product already shown waits.
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.0
    repair: bool = True  # whether a query may be corrected before it is searched
    planned: bool = False  # whether the query has been read already: what it excludes is not read out again
    by_meaning: bool = False  # the words tell of a need and name nothing: sentence vectors alone decide
    relevant_only: bool = False  # leave out what merely comes next, but for the nearest few
    limit: Annotated[int, Field(ge=1, le=1000)] = 10


class Verdict(StrEnum):
    """Whether a product satisfies one requirement."""

    MET = "met"
    VIOLATED = "violated"
    UNKNOWN = "unknown"


class Check(Record):
    """One requirement held against one product, with the field or words that decide it."""

    requirement: str
    verdict: Verdict
    evidence: str | None = None


class Hit(Record):
    """A product in its place, with the score of every stage that put it there."""

    product: Product
    score: float
    stages: Mapping[str, float] = Field(default_factory=dict)
    variants: tuple[str, ...] = ()  # ids of other members of its group that were found too
    receipt: tuple[Check, ...] = ()
    relevant: bool = True  # whether it is about the query, as far as the best that the shop has


class Repair(Record):
    """A query as it was searched, and what was changed in it: (as written, as searched)."""

    query: str
    changes: tuple[tuple[str, str], ...]


class Group(Record):
    """One search of a bundle with what it found; `pick` is the hit chosen where a budget covers them all."""

    label: str
    search: Search
    hits: tuple[Hit, ...]
    pick: str | None = None


class Relaxation(Record):
    """What would be found with one requirement dropped or loosened: counted, never guessed."""

    dropped: str
    count: int
    example_ids: tuple[str, ...]
    search: Search  # that finds them


class Facet(Record):
    """A question that divides what was found: the values of one field, with how many hits have each."""

    name: str
    options: tuple[Term, ...]


class Results(Record):
    """The answer to one search, or to several of them in `groups`; `hits` are then those of all in turn.

    `fitting` counts all that was ranked, not only the hits that are shown; where `uncounted`, not all that
    there is was ranked, and more may fit.
    `repair` is there when another query than the written one was searched; `notices` say what did not
    work as it should. Where `astray`, nothing found is about the query: the hits are merely the nearest.
    Where `late`, time was up before the cross-encoder had read them.
    """

    hits: tuple[Hit, ...]
    groups: tuple[Group, ...] = ()
    fitting: int = 0  # those that are relevant and known to satisfy every requirement
    uncounted: bool = False
    relaxations: tuple[Relaxation, ...] = ()
    facets: tuple[Facet, ...] = ()
    astray: bool = False
    late: bool = False
    repair: Repair | None = None
    notices: tuple[str, ...] = ()
    trace: Trace
