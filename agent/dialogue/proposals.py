"""What a language model proposes, held against what the rules understood: when to ask, what to take over.

The rules stay the judges: limits, exclusions, brands and references are theirs, and what names a product of
the shop is searched for as it was said.
"""

from collections.abc import Sequence

from agent.dialogue.state import Need, Phrase, Wanted
from agent.dialogue.topic import names_a_shelf
from agent.dialogue.understanding import Understanding, searched
from agent.plan import Intent
from agent.reading.lexis import Lexis
from catalog.product import Product
from catalog.texts import title_text
from ranking.records import Results
from ranking.words import telling
from ranking.words import words as stems

CALLED = 0.67  # the share of a query's words from which on a product answers to it
LEADING = 3
MOST_BESIDE = 3  # of a model's searches: more drown the words that were said
RECALLED = "recalled"  # the slot of words that nobody said
SENTENCE = 2  # words like "to" and "my": "phone charger" is a name, whatever the shop calls it


def is_unsure(understood: Understanding, results: Results, lexis: Lexis) -> bool:
    """Whether the words name nothing that the shop sells, so that somebody else may know better."""
    plan, wanted = understood.plan, understood.wanted
    if wanted.mission:
        return True
    if plan.intent is not Intent.FIND or len(plan.searches) != 1 or wanted.seen:
        return False
    if understood.names_nothing:
        return True
    search = plan.searches[0]
    said = stems(search.query)
    asked = telling(said)
    if (
        len(said) - len(asked) < SENTENCE
        or search.like
        or search.where.brands
        or names_a_shelf(search.query, lexis)
    ):
        return False
    leading = [hit.product for hit in results.hits[:LEADING]]
    return not any(_is_called(product, frozenset(said), asked) for product in leading)


def _is_called(product: Product, said: frozenset[str], asked: Sequence[str]) -> bool:
    """Whether the words name the product: its shelf is among them, or its title has most of them."""
    shelf = frozenset(stems(product.categories[-1])) if product.categories else frozenset()
    title = frozenset(stems(title_text(product)))
    named = bool(shelf) and shelf <= said
    return named or sum(stem in title for stem in asked) >= CALLED * len(asked)


def by_meaning(understood: Understanding, recalled: Sequence[str] = ()) -> Understanding:
    """The understanding with its words, and what others meant by such, searched for by what they mean alone:
    lexical matches of a need that names no product are chance (docs/LOG.md, "Needs that name nothing").
    """
    known = tuple(Phrase(text=query, slot=RECALLED) for query in recalled)
    needs = tuple(
        need.model_copy(update={"by_meaning": True, "phrases": (*need.phrases, *known)})
        for need in understood.wanted.needs
    )
    planned = searched(understood.wanted.model_copy(update={"needs": needs}), understood.plan.intent)
    return understood.model_copy(update={"plan": planned.plan, "wanted": planned.wanted})


def beside(understood: Understanding, queries: Sequence[str]) -> Understanding:
    """The understanding with what a model would search for beside its own words."""
    joined = by_meaning(understood, queries[:MOST_BESIDE])
    return joined.model_copy(update={"plan": joined.plan.model_copy(update={"source": "merged"})})


def taken_over(understood: Understanding, queries: Sequence[str]) -> Understanding:
    """The understanding with these queries instead of its own, under the same requirements."""
    before = understood.wanted
    base = before.needs[0]
    needs = tuple(_need(base, query) for query in queries)
    alternatives = len(needs) > 1 and not before.mission
    wanted = Wanted(needs=needs, budget=before.budget, alternatives=alternatives)
    intent = Intent.BUNDLE if before.mission else understood.plan.intent
    planned = searched(wanted, intent)
    plan = planned.plan.model_copy(update={"source": "merged"})
    return understood.model_copy(update={"plan": plan, "wanted": wanted})


def _need(base: Need, query: str) -> Need:
    return base.model_copy(update={"phrases": (Phrase(text=query),), "label": query, "by_meaning": False})
