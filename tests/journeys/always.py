"""What must hold of every turn without being written: steps in order, promises kept, nothing made up.

What a script expects of its own turn is in expected.py.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from itertools import pairwise

from agent.dialogue.state import State
from agent.plan import Plan
from agent.steps import Answered, Asked, Failed, Searched
from catalog.product import Product
from eval.judge.turns import amounts, decimal, groups, violations
from ranking.exclusions import classifier
from ranking.receipts import known_to_fit, known_to_violate, receipt
from tests.journeys.held import Held
from tests.journeys.traits import catalogue

LONGEST_ANSWER = 2_000
COUNTABLE = 10  # numbers up to here are ordinals and counts that anyone may say
_MONEY = re.compile(r"[$€£]\s?(\d[\d,]*(?:\.\d+)?)")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


def always(held: Held) -> Iterator[str]:
    """What is wrong with a turn, whatever it was about."""
    yield from _steps(held)
    yield from _state(held)
    yield from _promises(held)
    yield from _offers(held)
    yield from _inventions(held)


def _steps(held: Held) -> Iterator[str]:
    if not held.steps or not isinstance(held.steps[-1], Answered | Failed):
        yield "the last step is neither Answered nor Failed"
    if any(isinstance(step, Answered | Failed) for step in held.steps[:-1]):
        yield "a turn went on after its last step"
    searched = [step for step in held.steps if isinstance(step, Searched)]
    if (searched and [step.final for step in searched].count(True) != 1) or (searched and not held.searched):
        yield "the last search of a turn is its one final search"
    if any(later.ms < earlier.ms for earlier, later in pairwise(held.steps)):
        yield "time ran backwards"
    if sum(isinstance(step, Asked) for step in held.steps) > 1:
        yield "more than one question in a turn"
    if not held.answer.strip() or len(held.answer) > LONGEST_ANSWER:
        yield f"an answer of {len(held.answer)} characters"


def _state(held: Held) -> Iterator[str]:
    if State.model_validate_json(held.after.model_dump_json()) != held.after:
        yield "the state is not the same after a restart"
    if not held.after.history:
        yield "the turn is not in the history"
    elif held.answered and held.after.history[-1].answer != held.answered.text:
        yield "the history does not hold the answer"
    if unknown := set(held.after.shown) - set(catalogue()):
        yield f"shows what is not in the catalogue: {', '.join(sorted(unknown))}"
    if held.plan and (strange := set(held.plan.refers_to) - _ever_shown(held)):
        yield f"refers to what was never shown: {', '.join(sorted(strange))}"


def _ever_shown(held: Held) -> set[str]:
    shown = {i for said in held.before.history for i in said.shown} | set(held.before.shown)
    hits = {hit.product.id for step in held.steps if isinstance(step, Searched) for hit in step.results.hits}
    return shown | hits | set(held.before.focus)


def _promises(held: Held) -> Iterator[str]:
    """No hard requirement is violated, and what is known to fit stands before what might."""
    if held.results is None or held.plan is None:
        return
    for search, hits in groups(held):
        yield from violations(search, hits)
        sure = [known_to_fit(receipt(hit.product, search.where)) for hit in hits]
        if any(later > earlier for earlier, later in pairwise(sure)):
            yield "what might fit stands before what is known to fit"
    for hit in held.results.hits:
        if known_to_violate(hit.receipt):
            yield f"{hit.product.id} is shown with a violated requirement in its receipt"


def _offers(held: Held) -> Iterator[str]:
    """What is offered exists: relaxations find what they say, options lead somewhere."""
    for relaxation in held.results.relaxations if held.results else ():
        if relaxation.count < 1 or not relaxation.example_ids:
            yield f"relaxation {relaxation.dropped!r} leads nowhere"
        classify = classifier(relaxation.search.without)
        for i in relaxation.example_ids:
            product = catalogue().get(i)
            if product is None:
                yield f"relaxation {relaxation.dropped!r} names {i}, which does not exist"
            elif known_to_violate(receipt(product, relaxation.search.where, classify(product))):
                yield f"relaxation {relaxation.dropped!r} does not find its own example {i}"
    for step in held.steps:
        if isinstance(step, Asked) and (len(step.options) < 2 or any(o.count < 1 for o in step.options)):
            yield f"the question {step.question!r} offers no choice"


def _inventions(held: Held) -> Iterator[str]:
    """Every price and number in the answer comes from a record, the plan, a count or the shopper."""
    spoken = _numbers(held.utterance)
    products = _products(held)
    prices = _prices(held, products)
    for written in _MONEY.findall(held.answer):
        if decimal(written) not in prices | spoken:
            yield f"the price {written} in the answer is nowhere in the records"
    rest = _numbers(_MONEY.sub(" ", held.answer))
    loose = {n for n in rest - spoken - _said_of(products) - _counts(held) if n > COUNTABLE or n % 1}
    if loose and (loose := loose - prices - _matching(held)):
        yield f"numbers in the answer that nothing shown says: {', '.join(map(str, sorted(loose)))}"


def _products(held: Held) -> list[Product]:
    ids = {*held.before.shown, *held.after.shown, *held.before.focus, *held.after.focus}
    if held.answered:
        ids |= set(held.answered.cites)
    if held.results:
        ids |= {hit.product.id for hit in held.results.hits}
        ids |= {hit.product.id for group in held.results.groups for hit in group.hits}
        ids |= {i for relaxation in held.results.relaxations for i in relaxation.example_ids}
    return [catalogue()[i] for i in sorted(ids) if i in catalogue()]


def _prices(held: Held, products: Iterable[Product]) -> set[Decimal]:
    """Prices of what is spoken of, asked bounds, sums of picks, what is left, and differences."""
    items = [amount for p in products for amount in amounts(p)]
    bounds = [amount for plan in _plans(held) for amount in amounts(plan)]
    bounds += [*amounts(held.before.wanted), *amounts(held.after.wanted)]
    if held.results:
        bounds += [amount for r in held.results.relaxations for amount in amounts(r.search)]
        for group in held.results.groups:
            bounds += amounts(group.search)
    totals = [held.total] if held.total is not None else []
    left = {abs(a - b) for a in (*items, *totals) for b in (*items, *bounds)}
    return {*items, *bounds, *totals, *left}


def _plans(held: Held) -> list[Plan]:
    return [said.plan for said in held.after.history if said.plan]


def _said_of(products: Iterable[Product]) -> set[Decimal]:
    found: set[Decimal] = set()
    for product in products:
        values = [value for values in product.attributes.values() for value in values]
        found |= _numbers(" ".join([product.title, product.description or "", *values, *product.tags]))
        if product.rating:
            found |= {decimal(str(product.rating.value)), decimal(str(product.rating.count or 0))}
    return found


def _counts(held: Held) -> set[Decimal]:
    counted = [len(held.after.shown), len(catalogue())]
    if held.results:
        counted += [
            held.results.fitting,
            len(held.results.hits),
            *(relaxation.count for relaxation in held.results.relaxations),
        ]
        counted += [option.count for facet in held.results.facets for option in facet.options]
        counted += [len(group.hits) for group in held.results.groups]
    for step in held.steps:
        if isinstance(step, Asked):
            counted += [option.count for option in step.options]
        if isinstance(step, Answered):
            counted += [option.count for option in step.offers]
    levels: dict[str, int] = {}
    for product in catalogue().values():
        for level in product.categories:
            levels[level] = levels.get(level, 0) + 1
    return {Decimal(count) for count in (*counted, *levels.values())} | _numbers(
        " ".join(relaxation.dropped for relaxation in held.results.relaxations) if held.results else ""
    )


def _matching(held: Held) -> set[Decimal]:
    """How many products of the catalogue fit each search of the plan, and the bounds it sets."""
    found: set[Decimal] = set()
    for search in held.plan.searches if held.plan else ():
        classify = classifier(search.without)
        checks = [receipt(p, search.where, classify(p)) for p in catalogue().values()]
        found.add(Decimal(sum(map(known_to_fit, checks))))
        found.add(Decimal(sum(not known_to_violate(check) for check in checks)))
        found |= _numbers(search.model_dump_json(include={"query", "where", "without"}))
    return found


def _numbers(text: str) -> set[Decimal]:
    return {decimal(written) for written in _NUMBER.findall(text)}
