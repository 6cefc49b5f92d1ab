"""What the owner of a shop is shown of its log, counted in one pass. Reads no files and guesses nothing.

A search did not satisfy where a thumb went down, or where it was asked again in other words within two
minutes: in the same conversation, not as a refinement, sharing a word, and with nothing touched before.
Leaving without a click is counted apart, and only of searches whose results came into somebody's view: a
program that searches never clicks, and a shopper may have read all they wanted.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TypeVar

from behavior.records import INTEREST, Action, Constraints, Event, LlmUse, Query
from core.record import Record

AGAIN_WITHIN = timedelta(minutes=2)
REFINEMENT = "refine"  # the intent of a turn that narrows the search before it
TOP = 20

K = TypeVar("K", bound=Hashable)

_WORD = re.compile(r"\w{3,}")


class Latency(Record):
    """Milliseconds of whole searches, by nearest rank."""

    p50: float
    p95: float
    p99: float


class Day(Record):
    """One day in UTC. `latency` is none where no search was timed."""

    day: date
    searches: int
    nothing_found: int
    failed: int
    latency: Latency | None
    llm: LlmUse


class Asked(Record):
    """A query as it was first written, and how often it was asked."""

    query: str
    searches: int


class Unsatisfied(Record):
    """A query that did not satisfy, how often it was asked, and how often each sign was seen."""

    query: str
    searches: int
    unsatisfied: int
    thumbs_down: int
    asked_again: int


class Required(Record):
    """A constraint, and of how many searches."""

    name: str
    value: str
    searches: int


class Insight(Record):
    """What shoppers did in some days. Days without a search are not there; lists begin with the most."""

    searches: int
    days: tuple[Day, ...]
    nothing_found: tuple[Asked, ...]  # no hits, or none that is about the query
    unsatisfied: tuple[Unsatisfied, ...]
    constraints: tuple[Required, ...]
    seen: int  # searches whose results came into view
    zero_click_rate: float | None  # of those, the share in which nothing was touched; none of none


@dataclass(slots=True)
class _Search:
    """What is kept of a search while counting."""

    at: datetime
    words: str
    session: str | None
    refines: bool
    nothing: bool
    failed: bool
    ms: float | None
    llm: LlmUse
    seen: bool = False
    touched: bool = False
    thumbs_down: bool = False
    asked_again: bool = False


def insight(records: Iterable[Query | Event], top: int = TOP) -> Insight:
    """Count; events may come before their queries, and those of queries that are not here do not count."""
    searches: dict[str, _Search] = {}
    acted: defaultdict[str, set[str]] = defaultdict(set)
    required: Counter[tuple[str, str]] = Counter()
    for record in records:
        if isinstance(record, Query):
            searches[record.query_id] = _search(record)
            required.update(set(_required(record)))
        elif record.query_id:
            acted[record.query_id].add(record.action_name)
    for query_id, search in searches.items():
        actions = acted.get(query_id, set())
        search.seen = Action.IMPRESSION in actions
        search.touched = not INTEREST.isdisjoint(actions)
        search.thumbs_down = Action.THUMBS_DOWN in actions
    _mark_asked_again(searches.values())
    seen = [search for search in searches.values() if search.seen]
    untouched = sum(not search.touched for search in seen)
    return Insight(
        searches=len(searches),
        days=_days(searches.values()),
        nothing_found=_nothing_found(searches.values())[:top],
        unsatisfied=_unsatisfied(searches.values())[:top],
        constraints=tuple(
            Required(name=name, value=value, searches=count)
            for (name, value), count in sorted(required.items(), key=lambda item: (-item[1], item[0]))[:top]
        ),
        seen=len(seen),
        zero_click_rate=untouched / len(seen) if seen else None,
    )


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of some sorted values that at least this share of them does not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _search(query: Query) -> _Search:
    about = query.query_attributes
    return _Search(
        at=query.timestamp,
        words=" ".join(query.user_query.split()),
        session=about.session_id,
        refines=about.intent == REFINEMENT,
        nothing=not about.failed and (about.astray or not query.query_response_hit_ids),
        failed=about.failed,
        ms=about.timings_ms.get("total"),
        llm=about.llm,
    )


def _required(query: Query) -> Iterator[tuple[str, str]]:
    about = query.query_attributes
    for constraints in (about.constraints, *(sub.constraints for sub in about.sub_queries)):
        yield from _flat(constraints)


def _flat(constraints: Constraints) -> Iterator[tuple[str, str]]:
    for name, value in constraints.items():
        if isinstance(value, Mapping):
            yield from ((inner, one) for inner, several in value.items() for one in several)
        elif isinstance(value, tuple):
            yield from ((name, one) for one in value)
        else:
            yield name, f"{value:g}" if isinstance(value, float) else str(value)


def _mark_asked_again(searches: Iterable[_Search]) -> None:
    sessions: defaultdict[str, list[_Search]] = defaultdict(list)
    for search in searches:
        if search.session:
            sessions[search.session].append(search)
    for session in sessions.values():
        for first, then in pairwise(sorted(session, key=lambda search: search.at)):
            first.asked_again = not first.touched and _is_again(first, then)


def _is_again(first: _Search, then: _Search) -> bool:
    if then.refines or then.at - first.at > AGAIN_WITHIN:
        return False
    one, other = first.words.casefold(), then.words.casefold()
    return one != other and not set(_WORD.findall(one)).isdisjoint(_WORD.findall(other))


def _days(searches: Iterable[_Search]) -> tuple[Day, ...]:
    by_day = _grouped((search.at.date(), search) for search in searches)
    return tuple(_day(day, by_day[day]) for day in sorted(by_day))


def _day(day: date, searches: Sequence[_Search]) -> Day:
    times = sorted(search.ms for search in searches if search.ms is not None)
    costs = [search.llm.cost for search in searches if search.llm.cost is not None]
    return Day(
        day=day,
        searches=len(searches),
        nothing_found=sum(search.nothing for search in searches),
        failed=sum(search.failed for search in searches),
        latency=Latency(**{f"p{n}": percentile(times, n / 100) for n in (50, 95, 99)}) if times else None,
        llm=LlmUse(
            calls=sum(search.llm.calls for search in searches),
            tokens=sum(search.llm.tokens for search in searches),
            cost=math.fsum(costs) if costs else None,
        ),
    )


def _nothing_found(searches: Iterable[_Search]) -> tuple[Asked, ...]:
    by_words = _grouped((search.words.casefold(), search) for search in searches if search.nothing)
    found = (Asked(query=same[0].words, searches=len(same)) for same in by_words.values())
    return tuple(sorted(found, key=lambda asked: (-asked.searches, asked.query)))


def _unsatisfied(searches: Iterable[_Search]) -> tuple[Unsatisfied, ...]:
    by_words = _grouped((search.words.casefold(), search) for search in searches)
    found = (
        Unsatisfied(
            query=same[0].words,
            searches=len(same),
            unsatisfied=bad,
            thumbs_down=sum(search.thumbs_down for search in same),
            asked_again=sum(search.asked_again for search in same),
        )
        for same in by_words.values()
        if (bad := sum(search.thumbs_down or search.asked_again for search in same))
    )
    return tuple(sorted(found, key=lambda one: (-one.unsatisfied, one.searches, one.query)))


def _grouped(pairs: Iterable[tuple[K, _Search]]) -> dict[K, list[_Search]]:
    groups: defaultdict[K, list[_Search]] = defaultdict(list)
    for key, search in pairs:
        groups[key].append(search)
    return groups
