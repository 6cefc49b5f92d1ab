"""Plans against gold plans: slots, intent, queries, and whether all of a plan is as it should be.

It scores plans, whoever made them. What their searches find is measured in `eval.vague`.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Literal, NamedTuple, TypeVar

from agent.plan import Intent, Plan, constraints
from catalog.keys import PATH, key
from catalog.price import major_units
from core.errors import InvalidQuery
from core.record import Record
from eval.compare import Comparison, compare
from eval.gold import Constraints, Gold, Query, Request
from eval.statistics import Interval, mean_interval
from ranking.records import Search
from ranking.words import telling, words

SLOTS = ("numbers", "brands", "exclude", "attributes", "categories")

Planner = Callable[[Sequence[str], str], Plan]  # the shopper's earlier turns, and the one to plan
Part = Literal["intent", "queries", "whole"]
Stems = frozenset[str]
Slot = TypeVar("Slot", bound=Hashable)


class Slots(Record):
    """Counts over one kind of slot: what was asked for and found, what the plan has and is right."""

    asked: int = 0
    found: int = 0
    given: int = 0
    right: int = 0

    @property
    def precision(self) -> float | None:
        """Of what the plans have, the share that was asked for; unknown where they have nothing."""
        return self.right / self.given if self.given else None

    @property
    def recall(self) -> float | None:
        """Of what was asked for, the share that the plans have; unknown where nothing was asked for."""
        return self.found / self.asked if self.asked else None


class PlanScore(Record):
    """One plan: which of its parts are as they should be, and whether all of it is."""

    intent: bool
    queries: bool
    whole: bool
    slots: Mapping[str, Slots]


class Accuracy(Record):
    """A share of requests, with its 95% bootstrap interval over them."""

    value: float
    interval: Interval | None
    n: int


class PlanScores(Record):
    """A planner's plans, scored: by request, and which requests are of which kind."""

    by_request: Mapping[str, PlanScore]
    kinds: Mapping[str, frozenset[str]]

    def slots(self, name: str) -> Slots:
        """The counts of one of `SLOTS` over all requests: its precision and recall are micro-averaged."""
        counted = [score.slots[name].model_dump() for score in self.by_request.values()]
        return Slots(**{count: sum(one[count] for one in counted) for count in Slots.model_fields})

    def accuracy(self, part: Part, kind: str | None = None) -> Accuracy:
        """The share of requests, of one kind or of all, that have this part right."""
        among = self.by_request.keys() if kind is None else self.kinds[kind]
        values = [float(getattr(self.by_request[request], part)) for request in sorted(among)]
        return Accuracy(value=sum(values) / len(values), interval=mean_interval(values), n=len(values))


class _Asked(NamedTuple):
    """What one search comes down to, in the terms of the gold plan."""

    stems: Stems
    constraints: Constraints
    allotted: bool  # whether a budget is shared out, so that a price limit may be this search's share


def plans_of(planner: Planner, requests: Iterable[Request]) -> dict[str, Plan]:
    """What a planner makes of every request, by request id."""
    return {request.id: planner(request.history, request.utterance) for request in requests}


def sampled(requests: Sequence[Request], most: int, seed: int) -> tuple[Request, ...]:
    """At most so many requests, drawn by the seed, every kind in its share; in their order."""
    if most < 1:
        raise InvalidQuery(f"cannot draw {most} requests; draw one or more")
    drawn = sorted(requests, key=lambda request: sha256(f"{seed} {request.id}".encode()).digest())
    among = Counter(request.kind for request in requests)
    seen: Counter[str] = Counter()
    places = {}
    for request in drawn:  # every kind spread evenly from 0 to 1, so that any beginning has its share of each
        places[request.id] = (seen[request.kind] + 0.5) / among[request.kind]
        seen[request.kind] += 1
    kept = {request.id for request in sorted(drawn, key=lambda request: places[request.id])[:most]}
    return tuple(request for request in requests if request.id in kept)


def score(requests: Sequence[Request], plans: Mapping[str, Plan]) -> PlanScores:
    """Score plans by request id; every request needs one."""
    if not requests:
        raise InvalidQuery("no requests to score; give one or more")
    if lacking := [request.id for request in requests if request.id not in plans]:
        raise InvalidQuery(f"no plan for {', '.join(lacking[:3])}; plan every request")
    kinds: defaultdict[str, set[str]] = defaultdict(set)
    for request in requests:
        kinds[request.kind].add(request.id)
    return PlanScores(
        by_request={request.id: score_plan(request.gold, plans[request.id]) for request in requests},
        kinds={kind: frozenset(ids) for kind, ids in kinds.items()},
    )


def score_plan(gold: Gold, plan: Plan) -> PlanScore:
    """Hold one plan against the gold plan."""
    asked = [_asked(search, plan) for search in plan.searches]
    bounds = _bounds(gold)
    budget = major_units(plan.budget) if plan.budget else None
    intent = _same_intent(gold, plan.intent)
    return PlanScore(
        intent=intent,
        queries=_paired(gold, asked, lambda query, one: _says(query, one.stems)),
        whole=intent
        and gold.budget == budget
        and _paired(gold, asked, lambda query, one: _says(query, one.stems) and _requires(gold, query, one)),
        slots={
            "numbers": _matched(bounds, _given_bounds(asked, budget, bounds)),
            "brands": _matched(
                {key(brand) for one in _all_constraints(gold) for brand in one.brands},
                {key(brand) for one in asked for brand in one.constraints.brands},
            ),
            "exclude": _excluded(gold, asked),
            "attributes": _attributes(gold, asked),
            "categories": _categories(gold, asked),
        },
    )


def differences(scored: Mapping[str, PlanScores], baseline: str | None = None) -> Comparison:
    """Full-plan accuracy of planners over the same requests, paired, overall and by kind."""
    per_request = {
        name: {request: float(one.whole) for request, one in scores.by_request.items()}
        for name, scores in scored.items()
    }
    kinds = next(iter(scored.values())).kinds if scored else {}
    return compare(per_request, baseline=baseline, slices=kinds, metric="full-plan accuracy")


def _asked(search: Search, plan: Plan) -> _Asked:
    """The words of a query are also those that a filter stands for: "in red" may have become one."""
    where = search.where
    said = [search.query, *where.brands, *map(_leaf, where.categories), *_facts(where.attributes)]
    return _Asked(
        stems=frozenset(words(" ".join(said))),
        constraints=Constraints.model_validate(constraints(search)),
        allotted=plan.budget is not None,
    )


def _paired(gold: Gold, asked: Sequence[_Asked], fits: Callable[[Query, _Asked], bool]) -> bool:
    """Whether every query that has to be there has a search of its own, and no search is beside the point."""
    needed = [query for query in gold.queries if not query.optional]
    if len(asked) < len(needed) or (len(asked) > len(needed) and not gold.more):
        return False
    to_the_point = all(any(fits(query, one) for query in gold.queries) for one in asked)
    return to_the_point and _each_its_own(needed, asked, fits)


def _each_its_own(
    needed: Sequence[Query], asked: Sequence[_Asked], fits: Callable[[Query, _Asked], bool]
) -> bool:
    if not needed:
        return True
    first, *rest = needed
    return any(
        fits(first, one) and _each_its_own(rest, [*asked[:place], *asked[place + 1 :]], fits)
        for place, one in enumerate(asked)
    )


def _says(query: Query, stems: Stems) -> bool:
    return all(any(s <= stems for s in _choices(must)) for must in query.must) and not any(
        s <= stems for not_this in query.must_not for s in _choices(not_this)
    )


def _requires(gold: Gold, query: Query, one: _Asked) -> bool:
    """Whether a search has the numbers, brands and exclusions of its query and of all, and no others."""
    wanted = (gold.constraints, query.constraints)
    numbers = {name: value for part in wanted for name, value in part.numbers.items()}
    given = one.constraints.numbers
    if one.allotted and "price_max" not in numbers:
        given.pop("price_max", None)
    brands = {key(brand) for part in wanted for brand in part.brands}
    things = [_choices(thing) for part in wanted for thing in part.exclude]
    excluded = [_thing(thing) for thing in one.constraints.exclude]
    return (
        given == numbers
        and {key(brand) for brand in one.constraints.brands} == brands
        and all(any(one in choices for one in excluded) for choices in things)
        and all(any(one in choices for choices in things) for one in excluded)
    )


def _bounds(gold: Gold) -> set[tuple[str, float]]:
    found = {bound for part in _all_constraints(gold) for bound in part.numbers.items()}
    return found | {("budget", amount) for amount in (gold.budget,) if amount is not None}


def _given_bounds(
    asked: Sequence[_Asked], budget: float | None, wanted: set[tuple[str, float]]
) -> set[tuple[str, float]]:
    """The bounds of a plan; how it shares a budget out among its searches is not counted."""
    found = {
        bound
        for one in asked
        for bound in one.constraints.numbers.items()
        if not one.allotted or bound[0] != "price_max" or bound in wanted
    }
    return found | {("budget", amount) for amount in (budget,) if amount is not None}


def _matched(wanted: set[Slot], given: set[Slot]) -> Slots:
    both = len(wanted & given)
    return Slots(asked=len(wanted), found=both, given=len(given), right=both)


def _excluded(gold: Gold, asked: Sequence[_Asked]) -> Slots:
    things = {frozenset(_choices(thing)) for part in _all_constraints(gold) for thing in part.exclude}
    given = {_thing(thing) for one in asked for thing in one.constraints.exclude}
    return Slots(
        asked=len(things),
        found=sum(bool(choices & given) for choices in things),
        given=len(given),
        right=sum(any(one in choices for choices in things) for one in given),
    )


def _attributes(gold: Gold, asked: Sequence[_Asked]) -> Slots:
    """Found where a filter or the query says it; given is what became a filter, right where it was said."""
    wanted = {_thing(fact) for part in _all_constraints(gold) for fact in _facts(part.attributes)}
    given = {_thing(fact) for one in asked for fact in _facts(one.constraints.attributes)}
    return Slots(
        asked=len(wanted),
        found=sum(any(value <= one.stems for one in asked) for value in wanted),
        given=len(given),
        right=sum(bool(fact & _said(gold)) for fact in given),
    )


def _categories(gold: Gold, asked: Sequence[_Asked]) -> Slots:
    """A category is right where its name shares a word with what was asked for."""
    given = {category for one in asked for category in one.constraints.categories}
    wanted = {category for part in _all_constraints(gold) for category in part.categories}
    held = {key(_leaf(category)) for category in given}
    return Slots(
        asked=len(wanted),
        found=sum(key(_leaf(category)) in held for category in wanted),
        given=len(given),
        right=sum(bool(set(telling(words(_leaf(category)))) & _said(gold)) for category in given),
    )


def _said(gold: Gold) -> Stems:
    """Every word that a search for this may have."""
    terms = [must for query in gold.queries for must in query.must]
    for part in _all_constraints(gold):
        terms += [*part.categories, *_facts(part.attributes)]
    return frozenset(stem for term in terms for choice in _choices(term) for stem in choice)


def _all_constraints(gold: Gold) -> list[Constraints]:
    return [gold.constraints, *(query.constraints for query in gold.queries)]


def _same_intent(gold: Gold, intent: Intent) -> bool:
    """To find and to refine are the same: the plan is the whole need either way."""
    same = {Intent.REFINE: Intent.FIND}
    accepted = {Intent(name) for name in gold.intent.split("|")}
    return same.get(intent, intent) in {same.get(one, one) for one in accepted}


def _choices(term: str) -> list[Stems]:
    return [_thing(choice) for choice in term.split("|")]


def _thing(term: str) -> Stems:
    """A thing whatever its number, order and articles."""
    return frozenset(telling(words(term)))


def _leaf(category: str) -> str:
    return category.rsplit(PATH.strip(), 1)[-1]


def _facts(attributes: Mapping[str, Sequence[str]]) -> list[str]:
    """Attributes in words: the value says it, but where that is "yes" the name does."""
    return [name if key(value) == "yes" else value for name, values in attributes.items() for value in values]
