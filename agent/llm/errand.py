"""What a mission has searched and is to take: what the shopper requires of every search, and of the sum.

The model proposes; whether it may take what it names is computed here. Calls no model.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from agent.dialogue.state import Need, Phrase, Wanted
from agent.dialogue.understanding import Understanding
from agent.plan import Intent, Plan
from agent.reading.amounts import amounts, money, tokens
from agent.reading.total import budgeted
from agent.wording.phrases import Phrases
from agent.wording.requirements import requirements, worded
from catalog.price import format_money, major_units
from catalog.product import Money
from catalog.where import Where, Without
from core.errors import InvalidQuery
from core.record import Record
from core.trace import Trace
from ranking.postrank import UNAVAILABLE
from ranking.records import Group, Hit, Results, Search
from ranking.words import words
from tools.arguments import checked, schema
from tools.bundles import search_all
from tools.calling import Capability, Outcome, capabilities
from tools.shop import Shop
from tools.untrusted import tamed

LONGEST_LABEL = 40
LONGEST_LOOK = 100
MOST_TAKEN = 12
PAGE_OF_GROUP = 4  # products of each search

BOUNDS = ("price", "rating", "reviews")


class Finish(Record):
    """What to take."""

    ids: Annotated[
        tuple[str, ...],
        Field(min_length=1, max_length=MOST_TAKEN, description="ids of products, one of each kind"),
    ]
    budget: Annotated[
        float | None,
        Field(ge=0, description="the sum that the shopper named for everything together; null if none"),
    ]


class Errand:
    """One mission on its way. How the model searches binds no later turn: only what the shopper said does."""

    def __init__(self, shop: Shop, message: str, understood: Understanding, phrases: Phrases) -> None:
        self._shop = shop
        self._phrases = phrases
        self._said = frozenset(words(message))
        self._where, self._without = _shared(understood.wanted.needs)
        self._spoken = [
            said
            for amount in amounts(tokens(message), shop.currency)
            if amount.unit in (None, "price") and (said := money(amount, amount.currency, shop.currency))
        ]
        self.budget = understood.plan.budget or budgeted(message, shop.currency, marked=False)[1]
        if self.budget and self._where.price_max == self.budget:  # it is for everything together
            self._where = self._where.model_copy(update={"price_max": None})
        self._found: list[tuple[Search, Results]] = []
        self.looks: list[str] = []
        self.taken: tuple[str, ...] = ()

    @property
    def has_found(self) -> bool:
        """Whether a search found anything of its kind."""
        return any(results.hits and not results.astray for _, results in self._found)

    def capabilities(self) -> tuple[Capability, ...]:
        """What the model may call: what the shop can do, and the end."""
        end = Capability(
            name="finish",
            description="End with the products to take, by their ids.",
            parameters=schema(Finish),
            call=self._finish,
        )
        return (*capabilities(self._shop, self._narrowed), end)

    def note(self, tool: str, outcome: Outcome) -> bool:
        """Remember what was done; whether it was a search. The same words again replace what they found."""
        search, results = outcome.search, outcome.results
        if search is None or results is None:
            if outcome.products:
                titles = [tamed(product.title, LONGEST_LABEL) for product in outcome.products]
                self.looks.append(self._phrases.say(f"looked.{tool}", what=self._phrases.listed(titles)))
            return False
        self._found = [one for one in self._found if one[0].query.lower() != search.query.lower()]
        self._found.append((search, results))
        required = worded(requirements(search, self._phrases), self._phrases)
        what = tamed(f"{search.query} {required}", LONGEST_LOOK)
        count = 0 if results.astray else max(results.fitting, len(results.hits))
        self.looks.append(self._phrases.say(f"looked.{tool}", what=what, count=count))
        return True

    def so_far(self) -> Results:
        """Everything found so far, a group for each search."""
        labels: list[str] = []
        groups = []
        for search, results in self._found:
            labels.append(_label(search, labels))
            hits = results.hits[:PAGE_OF_GROUP]
            groups.append(Group(label=labels[-1], search=search, hits=hits))
        return self._results(groups)

    def plan(self, groups: Sequence[Group]) -> Plan:
        """The searches of the groups, as the plan of the turn."""
        intent = Intent.BUNDLE if len(groups) > 1 else Intent.FIND
        searches = tuple(group.search for group in groups)
        return Plan(intent=intent, searches=searches, budget=self.budget, source="llm")

    def wanted(self, groups: Sequence[Group]) -> Wanted:
        """What is looked for after the turn: the model's words, with the shopper's requirements."""
        needs = [
            Need(
                phrases=(Phrase(text=group.search.query),),
                where=self._where,
                without=self._without,
                label=group.label,
            )
            for group in groups
        ]
        return Wanted(needs=tuple(needs), budget=self.budget)

    def results(self) -> Results:
        """What is taken; where the model did not say, one of each thing it found, chosen by computation."""
        if self.taken:
            return self._chosen()
        self.budget = self.budget or self._implied()
        return self._best()

    def _chosen(self) -> Results:
        """A group for each product taken, in front of the others that its search found."""
        labels: list[str] = []
        groups = []
        for id in self.taken:
            search, results = next(one for one in reversed(self._found) if id in _ids(one[1]))
            labels.append(_label(search, labels))
            pick = [hit for hit in results.hits if hit.product.id == id]
            others = [hit for hit in results.hits if hit.product.id not in self.taken]
            hits = tuple([*pick, *others][:PAGE_OF_GROUP])
            groups.append(Group(label=labels[-1], search=search, hits=hits, pick=id))
        return self._results(groups)

    def _best(self) -> Results:
        labelled: dict[str, Search] = {}
        for search, results in self._found:
            if results.hits and not results.astray:
                labelled[_label(search, labelled)] = search.model_copy(update={"limit": PAGE_OF_GROUP})
        return search_all(self._shop, tuple(labelled.items()), self.budget, all_needed=False)

    def _results(self, groups: Sequence[Group]) -> Results:
        traces = [results.trace for _, results in self._found]
        shown = {hit.product.id: hit for group in groups for hit in group.hits}
        return Results(
            hits=tuple(shown.values()),
            groups=tuple(groups),
            notices=tuple(dict.fromkeys(n for _, results in self._found for n in results.notices)),
            trace=Trace(
                stages=tuple(stage for trace in traces for stage in trace.stages),
                total_ms=sum(trace.total_ms for trace in traces),
            ),
        )

    def _finish(self, arguments: Mapping[str, Any]) -> Outcome:
        """Take products, if that is possible."""
        said = checked(Finish, arguments)
        hits = {hit.product.id: hit for _, results in self._found for hit in results.hits}
        if unknown := [id for id in said.ids if id not in hits]:
            raise InvalidQuery(f"ids: no search returned {', '.join(unknown)}; take what one did, or search")
        taken = {id: hits[id] for id in said.ids}
        if len({hit.product.group_id or id for id, hit in taken.items()}) < len(taken):
            raise InvalidQuery("ids: two of these are one product in two versions; take one of them")
        if gone := [id for id, hit in taken.items() if hit.product.availability in UNAVAILABLE]:
            raise InvalidQuery(f"ids: {', '.join(gone)} cannot be bought now; take another")
        budget = self.budget or self._grounded(said.budget) or self._implied()
        if budget:
            _afford(list(taken.values()), budget)
        self.budget, self.taken = budget, tuple(taken)
        return Outcome(text="done")

    def _grounded(self, amount: float | None) -> Money | None:
        """A sum that the model calls the budget, if the shopper named it."""
        own = (said for said in self._spoken if said.currency == self._shop.currency)
        return next((said for said in own if major_units(said) == amount), None)

    def _implied(self) -> Money | None:
        """The sum that the shopper named, where the model searched for each of several things within it."""
        limits = {(s.where.price_max.amount if s.where.price_max else None) for s, _ in self._found}
        named = [said for said in self._spoken if limits == {said.amount}]
        return named[0] if named and len(self._found) > 1 else None

    def _narrowed(self, search: Search) -> Search:
        """The search with what the shopper requires of everything; what rules read in the message wins."""
        own, mine = search.where, self._where
        bounds: dict[str, Any] = {}
        for name in BOUNDS:
            low, high = getattr(mine, f"{name}_min"), getattr(mine, f"{name}_max")
            if low is None and high is None:
                low, high = getattr(own, f"{name}_min"), getattr(own, f"{name}_max")
            elif name == "price":
                low, high = _inside(low, own.price_min, max), _inside(high, own.price_max, min)
            bounds |= {f"{name}_min": low, f"{name}_max": high}
        low, high = bounds["price_min"], bounds["price_max"]
        if low and high and low.amount > high.amount:
            limit = format_money(mine.price_max or mine.price_min or low)
            raise InvalidQuery(f"price_min, price_max: the shopper's own limit is {limit}; search within it")
        where = own.model_copy(
            update={
                **bounds,
                "brands": mine.brands or self._heard(own.brands),
                "categories": mine.categories,  # one that a model picks shuts out what it meant
                "attributes": {
                    **{name: kept for name, given in own.attributes.items() if (kept := self._heard(given))},
                    **mine.attributes,
                },
                "available_only": mine.available_only or own.available_only,
            }
        )
        without = self._without.model_copy(
            update={
                "brands": tuple(dict.fromkeys((*self._without.brands, *search.without.brands))),
                "terms": tuple(dict.fromkeys((*self._without.terms, *search.without.terms))),
            }
        )
        return search.model_copy(update={"where": where, "without": without})

    def _heard(self, values: Sequence[str]) -> tuple[str, ...]:
        """Those that the shopper spoke of: what a model requires besides was nobody's wish."""
        return tuple(value for value in values if self._said.intersection(words(value)))


def _shared(needs: Sequence[Need]) -> tuple[Where, Without]:
    """What is required of all needs alike."""
    wheres, withouts = [need.where for need in needs], [need.without for need in needs]
    return (
        wheres[0] if wheres and all(where == wheres[0] for where in wheres) else Where(),
        withouts[0] if withouts and all(without == withouts[0] for without in withouts) else Without(),
    )


def _inside(mine: Money | None, own: Money | None, tighter: Any) -> Money | None:
    """The tighter of the shopper's limit and the model's, which counts only in the shopper's currency."""
    if mine is None or own is None or own.currency != mine.currency:
        return mine or own
    return mine.model_copy(update={"amount": tighter(mine.amount, own.amount)})


def _afford(hits: Sequence[Hit], budget: Money) -> None:
    """Refuse what costs too much together, or nobody knows what."""
    prices = [hit.product.price for hit in hits]
    known = [price.amount for price in prices if price and price.currency == budget.currency]
    if len(known) < len(prices):
        raise InvalidQuery(f"ids: one of these has no price in {budget.currency}; take another")
    if sum(known) > budget.amount:
        cost = Money(amount=sum(known), currency=budget.currency)
        raise InvalidQuery(
            f"ids: these cost {format_money(cost)} together, and the budget is {format_money(budget)}; "
            "take cheaper ones, or fewer"
        )


def _label(search: Search, others: Collection[str]) -> str:
    """What a search is for, in its own words but for numbers, and unlike the other labels."""
    bare = " ".join(word for word in search.query.split() if not any(map(str.isdigit, word)))
    label = tamed(bare or search.query, LONGEST_LABEL)
    same = sum(other == label or other.startswith(f"{label} (") for other in others)
    return f"{label} ({same + 1})" if same else label


def _ids(results: Results) -> set[str]:
    return {hit.product.id for hit in results.hits}
