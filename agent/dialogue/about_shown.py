"""A turn that speaks of products that were shown: asks about them, compares them, wants others like them.

Pure: which products are meant is read in `agent.references`, what they are is answered in `tools`.
"""

from collections.abc import Sequence

from agent.dialogue.moves import Compared, Moves, spoken, stripped
from agent.dialogue.needs import bounded, query_of, refined, without_products
from agent.dialogue.state import Need, Phrase, State
from agent.dialogue.topic import goes_on, products_named
from agent.dialogue.understanding import (
    Desk,
    Understanding,
    masked,
    problem,
    says_anything,
    searched,
    with_needs,
)
from agent.plan import Intent, Plan
from agent.reading.intent import intent_of
from agent.reading.parse import Reading, parse
from agent.references.refer import Referred, refer
from catalog.keys import PATH
from catalog.product import Money, Product
from ranking.records import Sort
from ranking.words import words as stems

MOST_COMPARED = 4


def about_shown(said: Moves, state: State, desk: Desk) -> Understanding | None:
    """A turn that speaks of products that were shown; None where it speaks of none."""
    referred = refer(said.rest, desk.shown, state.focus, currency=state.currency)
    intent = intent_of(parse(said.rest, desk.lexis, currency=state.currency))
    asks = spoken("question").match(said.rest) is not None and spoken("offer").match(said.rest) is None
    if intent is Intent.COMPARE and desk.shown and not _asks_for_others(said.rest, state, desk):
        return _side_by_side(said, referred, state, desk)
    ids, spans = referred.ids, referred.spans
    if referred.problem == "ambiguous" and spoken("pronoun").fullmatch(referred.detail):
        # A question about "it" is about the product that the reply named; a wish for "it" is a wish.
        ids = tuple(product.id for product in desk.shown[:1]) if asks or intent is Intent.SIMILAR else ()
    elif referred.problem:
        return problem(state, referred.problem, referred.detail)
    if not ids and state.focus and asks and not products_named(said.rest, desk.lexis):
        ids = state.focus  # "how long is the warranty"
    points = any(start <= said.compared_at[0] < end for start, end in spans)  # "the cheaper one"
    if (
        said.compared
        and not (ids and points)
        and desk.shown
        and intent is not Intent.SIMILAR
        and not spoken("like").search(said.rest)
    ):
        beside = stripped(masked(said.rest, [said.compared_at, *spans]))
        if ids or not beside:
            return _compared(said.compared, ids, beside, state, desk)
        if one := _one_of_several(beside, said.compared, state, desk):
            return one
    if not ids:
        return None
    rest = masked(said.rest, spans)
    if spans and spoken("refused").search(said.rest[: spans[0][0]]):
        needs = tuple(without_products(need, ids) for need in state.wanted.needs)
        return searched(with_needs(state, needs), Intent.REFINE)
    if (before := _question_before(state)) and spoken("and_that").fullmatch(rest):
        return _ask(ids, state, before)
    if intent is Intent.ASK or (asks and intent is not Intent.SIMILAR):
        return _ask(ids, state, said.rest)
    left = parse(stripped(spoken("like").sub(" ", rest)), desk.lexis, currency=state.currency)
    if intent is not Intent.SIMILAR and not spoken("like").search(rest) and not says_anything(left):
        return _ask(ids, state, "")
    return _like(ids, said, left, state, desk)


def _asks_for_others(text: str, state: State, desk: Desk) -> bool:
    """Whether a comparison is one of products that were not looked for: "which are the latest laptops"."""
    said = parse(text, desk.lexis, currency=state.currency).query
    named = products_named(said, desk.lexis)
    return bool(named) and not any(goes_on(need, said, desk.lexis) for need in state.wanted.needs)


def _question_before(state: State) -> str:
    """The last question about a product, if the last turn asked one."""
    last = state.history[-1] if state.history else None
    return last.utterance if last and last.plan and last.plan.intent is Intent.ASK else ""


def _ask(ids: tuple[str, ...], state: State, question: str) -> Understanding:
    plan = Plan(intent=Intent.ASK, refers_to=ids)
    return Understanding(plan=plan, wanted=state.wanted, question=question)


def _side_by_side(said: Moves, referred: Referred, state: State, desk: Desk) -> Understanding | None:
    """The products to compare: those named, else those spoken of last, else the first shown."""
    named = refer(masked(said.rest, [m.span() for m in spoken("which").finditer(said.rest)]), desk.shown, ())
    if named.problem == "out_of_range":
        return problem(state, named.problem, named.detail)
    ids = named.ids if len(named.ids) > 1 else referred.ids
    if len(ids) < 2:
        ids = tuple(dict.fromkeys((*ids, *state.focus, *state.shown)))
    if len(ids) < 2:
        return problem(state, "out_of_range") if referred.ids else None
    return Understanding(plan=Plan(intent=Intent.COMPARE, refers_to=ids[:MOST_COMPARED]), wanted=state.wanted)


def _like(ids: tuple[str, ...], said: Moves, left: Reading, state: State, desk: Desk) -> Understanding:
    """Products of the same kind as those that were shown, with what is said of the difference.

    What was searched for may have named the product; of that only limits and exclusions still hold.
    """
    meant = [product for product in desk.shown if product.id in ids]
    kinds = tuple(dict.fromkeys(PATH.join(product.categories) for product in meant if product.categories))
    names = dict.fromkeys(product.categories[-1].lower() for product in meant if product.categories)
    before = state.wanted.needs[0] if len(state.wanted.needs) == 1 else Need()
    kept = Need(
        phrases=tuple(Phrase(text=name) for name in names) or before.phrases,
        where=before.where.model_copy(update={"brands": (), "attributes": {}, "categories": kinds}),
        without=before.without,
        like=ids,
    )
    alike = [without_products(refined(kept, left), ids)]
    if said.compared:
        alike = _beside(said.compared, alike, meant, state.currency)
    if not alike:
        return problem(state, "no_prices")
    wanted = with_needs(state, (alike[0],))
    return searched(wanted, Intent.SIMILAR, refers_to=ids, conflicts=left.conflicts)


def _compared(
    compared: Compared, ids: tuple[str, ...], beside: str, state: State, desk: Desk
) -> Understanding | None:
    """Cheaper, dearer or better than the product meant, or than most of those shown."""
    if not state.wanted.needs:
        return None
    meant = [product for product in desk.shown if product.id in ids] or list(desk.shown)
    left = parse(beside, desk.lexis, currency=state.currency)
    if ids and any(_names(need, product) for need in state.wanted.needs for product in meant):
        return _like(ids, Moves(rest=beside, compared=compared), left, state, desk)
    needs = _beside(compared, [refined(need, left) for need in state.wanted.needs], meant, state.currency)
    if not needs:
        return problem(state, "no_prices")
    return searched(with_needs(state, tuple(needs)), Intent.REFINE, refers_to=ids)


def _one_of_several(beside: str, compared: Compared, state: State, desk: Desk) -> Understanding | None:
    """One need of several, cheaper or better than what was shown for it: "the monitor should be cheaper"."""
    said, needs = frozenset(stems(beside)), state.wanted.needs
    meant = [need for need in needs if said and said <= frozenset(stems(query_of(need)))]
    if len(needs) < 2 or len(meant) != 1:
        return None
    (need,) = meant
    shown = [p for p in desk.shown if said & frozenset(stems(" ".join((p.title, *p.categories[-1:]))))]
    changed = _beside(compared, meant, shown, state.currency)
    if not changed:
        return problem(state, "no_prices")
    wanted = with_needs(state, tuple(changed[0] if other is need else other for other in needs))
    return searched(wanted, Intent.REFINE)


def _names(need: Need, product: Product) -> bool:
    """Whether what was searched for is the product's own name, brand and all."""
    called = frozenset(stems(f"{product.brand or ''} {product.title}"))
    return bool(need.where.brands) and frozenset(stems(query_of(need))) <= called


def _beside(compared: Compared, needs: Sequence[Need], meant: Sequence[Product], currency: str) -> list[Need]:
    """The needs bounded by the median of what is meant; none where nothing has a price to compare."""
    if compared is Compared.BETTER:
        ratings = sorted(product.rating.value for product in meant if product.rating)
        bound = {"rating_min": ratings[len(ratings) // 2]} if ratings else {}
        return [bounded(need, **bound).model_copy(update={"sort": Sort.RATING}) for need in needs]
    prices = sorted(p.price.amount for p in meant if p.price and p.price.currency == currency)
    if not prices:
        return []
    middle = prices[len(prices) // 2]
    if compared is Compared.CHEAPER:
        return [bounded(n, price_max=Money(amount=max(middle - 1, 0), currency=currency)) for n in needs]
    return [bounded(n, price_min=Money(amount=middle + 1, currency=currency)) for n in needs]
