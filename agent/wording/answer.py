"""What the assistant says, in one to three short sentences made of records and phrases.

Every number, price and name comes from the records passed in. It decides nothing and searches nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from agent.plan import Intent, Plan
from agent.reading.parse import Conflict
from agent.reading.smalltalk import Topic
from agent.steps import Option
from agent.wording.phrases import Phrases
from agent.wording.requirements import Requirement, loosened, requirements, unsaid, worded
from catalog.keys import PATH
from catalog.product import Availability, Money, Product
from catalog.vocabulary import Vocabulary
from core.record import Record
from ranking.records import Facet, Group, Hit, Relaxation, Results, Search, Verdict
from tools.comparison import Comparison, Row
from tools.facts import Fact

LONGEST_TITLE = 70  # characters of a title in a sentence; feeds have some of 250
LONGEST_QUERY = 60
MOST_NAMED = 3  # rows of a comparison, and things that listings leave open, before a sentence tires
MOST_DEPARTMENTS = 6
BESIDE = 2  # levels of the tree that name a department: "Tools & DIY > Power Tools"
GONE = (Availability.OUT_OF_STOCK, Availability.DISCONTINUED)


class About(Record):
    """What a shop can say of itself: its largest departments, how many products, and its currency."""

    departments: tuple[str, ...]
    products: int
    currency: str


def about(vocabulary: Vocabulary, currency: str) -> About:
    """What the vocabulary says of the shop."""
    roots = sorted((c for c in vocabulary.categories if len(c.path) == 1), key=lambda c: -c.count)
    names = tuple(category.path[0] for category in roots[:MOST_DEPARTMENTS])
    return About(departments=names, products=vocabulary.products, currency=currency)


def found(
    results: Results,
    plan: Plan,
    changes: Sequence[str],
    phrases: Phrases,
    shown: int,
    conflicts: Sequence[Conflict] = (),
    page: int = 0,
    nearest: Sequence[str] | None = None,
) -> str:
    """The reply to a search of which the shopper sees the first `shown` hits; `page` 1 is the second ten.

    `nearest` is the department to send to where nothing found is about the query; without one, that in
    which most of the hits stand.
    """
    parts = [phrases.say("found.conflict", problem=_capital(c.problem.rstrip("."))) for c in conflicts]
    if news := _news(changes, results, plan, phrases):
        parts.append(_sentence("; ".join(news)))
    if results.repair and not results.astray:
        parts.append(phrases.say("found.repaired", query=_clipped(results.repair.query, LONGEST_QUERY)))
    if results.groups:
        parts += _bundle(results.groups, plan.budget, phrases)
    elif results.astray:
        parts.append(_astray(nearest or _shelf(results.hits[:shown]), plan, phrases))
    elif results.hits and not any(hit.relevant for hit in results.hits) and not page:
        parts.append(_nothing(plan, phrases))
        parts.append(phrases.say("found.nearest", lead=_lead(results.hits[0].product, phrases)))
    elif results.hits:
        parts.append(_opening(results, plan, phrases, shown, page))
        parts += _proof(results.hits[:shown], plan, phrases)
    elif page:
        parts.append(phrases.say("found.no_more"))
    else:
        parts.append(_nothing(plan, phrases))
    if results.relaxations:
        offered = "; ".join(
            phrases.say("found.relaxed", count=option.count, what=option.label)
            for option in offers(results, plan, phrases)
        )
        beside = results.hits and not results.astray
        parts.append(phrases.say("found.wider", what=offered) if beside else _sentence(offered))
    return " ".join([*parts, *map(_sentence, results.notices)])


def offers(results: Results, plan: Plan, phrases: Phrases) -> tuple[Option, ...]:
    """The relaxations as options, each with what to say for it."""
    options = []
    for relaxation in results.relaxations:
        told = loosened(relaxation, _relaxed(relaxation, plan), phrases)
        options.append(Option(label=told.label, count=relaxation.count, say=told.say))
    return tuple(options)


def asked(facet: Facet, phrases: Phrases) -> str:
    """The question that a facet answers."""
    key = f"ask.{facet.name}"
    return phrases.say(key if key in phrases.templates else "ask.which", name=facet.name)


def compared(comparison: Comparison, phrases: Phrases) -> str:
    """Who is ahead on what; the rest is in the table beside it."""
    names = _names(comparison.products, phrases)
    ahead = []
    for place, name in enumerate(names):
        won = [row for row in comparison.rows if row.best == (place,)]
        if won:
            values = phrases.listed(_value(row, place, phrases) for row in won[:MOST_NAMED])
            ahead.append(phrases.say("compared.ahead", title=name, what=values))
    if ahead:
        return " ".join(ahead)
    if not comparison.rows:
        return phrases.say("compared.alike")
    differing = phrases.listed(row.name for row in comparison.rows[:MOST_NAMED])
    return phrases.say("compared.differ", what=differing)


def pointed(products: Sequence[Product], phrases: Phrases) -> str:
    """The reply to a message that points at products and asks nothing."""
    leads = [_lead(product, phrases) for product in products]
    if len(leads) == 1:
        return phrases.say("told.pointed", lead=leads[0])
    return phrases.say("told.pointed_several", leads=phrases.listed(leads))


def told(facts: Sequence[Fact], phrases: Phrases) -> str:
    """What the records say to a question, of each product under its name where there are several."""
    if len(facts) == 1:
        return _told(facts[0], phrases)
    names = _names([fact.product for fact in facts], phrases)
    return " ".join(
        phrases.say("told.of", title=name, answer=_told(fact, phrases))
        for name, fact in zip(names, facts, strict=True)
    )


def chatted(said: Topic | None, shop: About, phrases: Phrases) -> str:
    """The reply to a message that looks for no product."""
    departments = phrases.listed(shop.departments)
    return phrases.say(f"chat.{said or Topic.UNCLEAR}", count=shop.products, departments=departments)


def problem(key: str, phrases: Phrases, *, count: int = 0, what: str = "") -> str:
    """Why a turn could not be followed: a key of the section "problem", with how many products are shown
    and the words that point at them.
    """
    if key == "ambiguous" and not what:
        key = "unknown"
    return phrases.say(f"problem.{key}", count=count, what=_clipped(what, LONGEST_QUERY))


def _news(changes: Sequence[str], results: Results, plan: Plan, phrases: Phrases) -> list[str]:
    """The changes that the rest of the reply does not speak of."""
    if results.groups or results.astray:
        return list(changes)
    required = {worded([one], phrases) for search in plan.searches for one in requirements(search, phrases)}
    return [change for change in changes if change not in required]


def _opening(results: Results, plan: Plan, phrases: Phrases, shown: int, page: int) -> str:
    """How many fit, how many more are shown, and what leads them."""
    hits = results.hits[:shown]
    count, lead = len(hits), _lead(hits[0].product, phrases)
    fits = results.fitting
    if page:
        is_about = any(hit.relevant for hit in hits)
        return phrases.say("found.more" if is_about else "found.beyond", count=count, lead=lead)
    if plan.intent is Intent.SIMILAR:
        return phrases.say("found.similar", count=count, lead=lead)
    if fits > count:
        total = phrases.say("found.at_least", total=fits) if results.uncounted else str(fits)
        return phrases.say("found.best", count=count, total=total, lead=lead)
    if 0 < fits < count:
        return phrases.say("found.mixed", count=fits, others=count - fits, lead=lead)
    return phrases.say("found.fitting" if fits else "found.possible", count=count, lead=lead)


def _proof(hits: Sequence[Hit], plan: Plan, phrases: Phrases) -> Iterator[str]:
    """What all of them are proven to be, and what some leave open."""
    search = plan.searches[0] if plan.searches else Search()
    tallies = [(r, *_tally(r, hits)) for r in requirements(search, phrases)]
    if proven := [requirement for requirement, met, _ in tallies if met == len(hits)]:
        yield phrases.say("found.proven", count=len(hits), what=worded(proven, phrases))
    left_open: dict[str, None] = {}  # a price that is not listed is neither above nor below
    for requirement, _, silent in tallies:
        if silent:
            who = phrases.say(f"found.who_{'all' if len(silent) == len(hits) else 'some'}", count=len(silent))
            what = unsaid(requirement, silent, phrases)
            left_open[phrases.say("found.unknown", who=who, what=what)] = None
    if left_open:
        yield _sentence("; ".join(list(left_open)[:MOST_NAMED]))


def _tally(requirement: Requirement, hits: Iterable[Hit]) -> tuple[int, list[Product]]:
    """How many hits are proven to meet a requirement, and the products that leave it open."""
    verdicts = [
        (c.verdict, hit.product) for hit in hits for c in hit.receipt if c.requirement == requirement.check
    ]
    met = sum(verdict is Verdict.MET for verdict, _ in verdicts)
    return met, [product for verdict, product in verdicts if verdict is Verdict.UNKNOWN]


def _nothing(plan: Plan, phrases: Phrases) -> str:
    search = plan.searches[0] if plan.searches else Search()
    if required := requirements(search, phrases):
        query, what = _clipped(search.query, LONGEST_QUERY), worded(required, phrases)
        if query:
            return phrases.say("found.nothing_that_is", query=query, what=what)
        return phrases.say("found.nothing", what=what)
    if search.query:
        return phrases.say("found.nothing_for", query=_clipped(search.query, LONGEST_QUERY))
    return phrases.say("found.nothing_at_all")


def _astray(department: Sequence[str], plan: Plan, phrases: Phrases) -> str:
    """That the shop has no such thing, and where the nearest stands."""
    query = _clipped(" ".join(s.query for s in plan.searches if s.query), LONGEST_QUERY)
    if not query:
        return phrases.say("found.nothing_at_all")
    if not department:
        return phrases.say("found.astray_nowhere", query=query)
    return phrases.say("found.astray", query=query, department=PATH.join(department))


def _shelf(hits: Sequence[Hit]) -> Sequence[str]:
    """The department in which most of the hits stand."""
    shelves = Counter(hit.product.categories[:BESIDE] for hit in hits if hit.product.categories)
    return shelves.most_common(1)[0][0] if shelves else ()


def _bundle(groups: Sequence[Group], budget: Money | None, phrases: Phrases) -> Iterator[str]:
    """What was picked for each need, or else what leads it; the total where every need has a pick."""
    picks = {group.label: _pick(group) for group in groups}
    picked = [
        phrases.say("bundle.pick", label=_capital(label), lead=_lead(pick.product, phrases))
        for label, pick in picks.items()
        if pick
    ]
    if picked:
        yield _sentence("; ".join(picked))
    if missing := [label for label, pick in picks.items() if not pick]:
        yield phrases.say("bundle.missing", what=phrases.listed(missing, either=True))
    chosen = all(group.pick for group in groups if group.hits)
    if picked and chosen and (total := _total([pick for pick in picks.values() if pick])):
        key = "bundle.within" if budget and budget.currency == total.currency else "bundle.total"
        yield phrases.say(key, total=total, budget=budget or total)


def _pick(group: Group) -> Hit | None:
    """The hit that was picked, or the first."""
    picked = next((hit for hit in group.hits if hit.product.id == group.pick), None)
    return picked or next(iter(group.hits), None)


def _total(hits: Sequence[Hit]) -> Money | None:
    """What they cost together; unknown where a price is, or where there are several currencies."""
    prices = [hit.product.price for hit in hits if hit.product.price]
    currencies = {price.currency for price in prices}
    if len(prices) < len(hits) or len(currencies) != 1:
        return None
    return Money(amount=sum(price.amount for price in prices), currency=currencies.pop())


def _told(fact: Fact, phrases: Phrases) -> str:
    if fact.field is None or fact.quote is None:
        return phrases.say("told.silent")
    key = {Verdict.MET: "yes", Verdict.VIOLATED: "no"}.get(fact.verdict or Verdict.UNKNOWN, "says")
    return phrases.say(f"told.{key}", field=fact.field, quote=fact.quote.rstrip("."))


def _value(row: Row, place: int, phrases: Phrases) -> str:
    value = row.values[place]
    return row.name if value is None else phrases.say("compared.value", name=row.name, value=value)


def _names(products: Sequence[Product], phrases: Phrases) -> list[str]:
    """Titles, or numbers where titles that were cut short look alike."""
    titles = [_clipped(product.title, LONGEST_TITLE) for product in products]
    if len(set(titles)) == len(titles):
        return titles
    return [phrases.say("compared.nth", count=place) for place in range(1, len(titles) + 1)]


def _lead(product: Product, phrases: Phrases) -> str:
    """A product by name, with its price and whether it is gone."""
    title = _clipped(product.title, LONGEST_TITLE)
    gone = product.availability in GONE
    if product.price is None:
        return phrases.say("lead.unpriced_sold_out" if gone else "lead.unpriced", title=title)
    return phrases.say("lead.sold_out" if gone else "lead.priced", title=title, price=product.price)


def _relaxed(relaxation: Relaxation, plan: Plan) -> Search:
    """The search of the plan that a relaxation loosens: in a bundle, the one with the same words."""
    same = (search for search in plan.searches if search.query == relaxation.search.query)
    return next(same, plan.searches[0] if plan.searches else relaxation.search)


def _clipped(text: str, longest: int) -> str:
    """The text on one line, cut between words where it is too long."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    return line[: longest + 1].rsplit(" ", 1)[0][:longest].rstrip(" ,;:-") + "…"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    ended = text if text.endswith((".", "!", "?")) else f"{text}."
    return _capital(ended)
