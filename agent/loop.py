"""The conversation: one turn in, its steps out, each as soon as it is known. Holds no state of its own.

Understanding is `agent.dialogue`, searching is `tools`, wording is `agent.wording`; this is their order.
"""

from collections.abc import Callable, Collection, Generator, Sequence
from functools import partial

from agent.dialogue.needs import search_of
from agent.dialogue.proposals import by_meaning, is_unsure
from agent.dialogue.state import State, Wanted
from agent.dialogue.understand import understand
from agent.dialogue.understanding import PAGE, Desk, Understanding, searched
from agent.experience import Experience
from agent.helping import Helper
from agent.llm.chat import Cancel
from agent.llm.missions import Mission
from agent.llm.planner import Planner, open_planner
from agent.plan import Intent
from agent.reader import Lexes
from agent.steps import Asked, Failed, Option, Searched, Step, Understood
from agent.turn import Turn
from agent.undertakings import recalled_searches
from agent.wording.answer import about, asked, chatted, compared, found, offers, pointed, problem, told
from agent.wording.phrases import phrases
from agent.wording.requirements import Requirement, changed, requirements
from catalog.product import Product
from core.errors import AisleError, Blocked, InvalidQuery
from core.settings import Settings
from ranking.pipeline import rank
from ranking.records import Facet, Hit, Results
from tools.bundles import search_all
from tools.comparison import compare
from tools.departments import nearest_department
from tools.facets import dividing
from tools.facts import fact
from tools.mission import searches_for
from tools.relaxation import relaxations
from tools.shop import Shop, open_shop

PAGE_OF_GROUP = 4  # products of each search of a bundle
SHELF = 1  # levels of the tree that a further page stays in

Steps = Generator[Step, None, None]  # closing it ends the turn


class Assistant:
    """Answers turns for any number of conversations; all it remembers of one is in its `State`."""

    def __init__(
        self,
        shop: Shop,
        language: str = "en",
        planner: Planner | None = None,
        experience: Experience | None = None,
    ) -> None:
        self.shop = shop
        self._experience = experience or Experience()
        self._lexes = Lexes()
        self._phrases = phrases(language)
        self._planner = planner

    def close(self) -> None:
        """Release the shop and the language model."""
        self.shop.close()
        if self._planner:
            self._planner.close()

    def warm_up(self) -> None:
        """Read the shop's words and the lessons, which can take seconds, before a first turn needs them."""
        self._desk(self.begin())
        self._experience.recalled(self.shop.index, "a need")

    def begin(self) -> State:
        """A conversation in which nothing was said yet."""
        return State(currency=self.shop.currency)

    def run(self, state: State, message: str, cancel: Cancel | None = None) -> Steps:
        """Answer a message: `Understood`, what is found as it is found, and `Answered` or `Failed` last.

        Once `cancel` is set no model is waited for: the turn ends with what was found without it.
        """
        turn = Turn(state, message)
        try:
            understood = understand(message, state, self._desk(state))
            yield Understood(
                plan=understood.plan, changes=self._changes(state.wanted, understood.wanted), ms=turn.ms()
            )
            yield from self._answer(turn, understood, self._helping(turn, cancel))
        except AisleError as error:
            yield Failed(problem=str(error), state=turn.failed(str(error)), ms=turn.ms())

    def rerun(self, state: State, wanted: Wanted) -> Steps:
        """Answer a change of what is wanted that was made by hand, and not said: a requirement taken away."""
        changes = self._changes(state.wanted, wanted)
        turn = Turn(state, "; ".join(changes))
        try:
            if not wanted.needs:
                raise InvalidQuery("nothing is looked for any more; say what you want")
            understood = searched(wanted.model_copy(update={"seen": ()}), Intent.REFINE)
            yield Understood(plan=understood.plan, changes=changes, ms=turn.ms())
            yield from self._search(turn, understood, None)
        except AisleError as error:
            yield Failed(problem=str(error), state=turn.failed(str(error)), ms=turn.ms())

    def _helping(self, turn: Turn, cancel: Cancel | None) -> Helper | None:
        if self._planner is None:
            return None
        adviser = self._planner.turn()
        turn.adviser = adviser
        return Helper(self.shop, adviser, self._phrases, cancel or Cancel())

    def _desk(self, state: State) -> Desk:
        index = self.shop.index
        shown = index.get(state.shown)
        last = [shown[i] for i in state.shown if i in shown]
        return Desk(self._lexes.of(index), index.lexicon(), last, partial(self._experience.told, index))

    def _answer(self, turn: Turn, understood: Understanding, helper: Helper | None) -> Steps:
        plan = understood.plan
        if understood.problem:
            seen = len(turn.state.shown)
            text = problem(understood.problem, self._phrases, count=seen, what=understood.detail)
            yield turn.answered(text, understood, shown=turn.state.shown)
        elif plan.intent is Intent.CHAT:
            shop = about(self.shop.index.vocabulary(), self.shop.currency)
            text = chatted(understood.topic, shop, self._phrases)
            shown = turn.state.shown if understood.wanted.needs else ()
            yield turn.answered(text, understood, shown=shown)
        elif plan.intent is Intent.COMPARE:
            comparison = compare(self._products(plan.refers_to))
            text = compared(comparison, self._phrases)
            yield turn.answered(text, understood, shown=turn.state.shown, comparison=comparison)
        elif plan.intent is Intent.ASK:
            products = self._products(plan.refers_to)
            asks = bool(understood.question)
            facts = tuple(fact(product, understood.question) for product in products) if asks else ()
            text = told(facts, self._phrases) if asks else pointed(products, self._phrases)
            yield turn.answered(text, understood, shown=turn.state.shown, facts=facts)
        else:
            yield from self._search(turn, understood, helper)

    def _search(self, turn: Turn, understood: Understanding, helper: Helper | None) -> Steps:
        results = self._results(understood)
        if understood.wanted.seen and not results.hits:  # what was shown stays on show
            before = understood.model_copy(update={"wanted": turn.state.wanted})
            text = self._phrases.say("found.no_more")
            yield turn.answered(text, before, shown=turn.state.shown)
            return
        unsure = is_unsure(understood, results, self._lexes.of(self.shop.index))
        recalled: tuple[str, ...] = ()
        if unsure and not understood.wanted.mission:
            recalled = self._experience.recalled(self.shop.index, understood.plan.searches[0].query)
            understood = by_meaning(understood, recalled)
            yield Understood(plan=understood.plan, changes=self._also(recalled), ms=turn.ms())
            results = self._results(understood)
        yield Searched(results=results, final=False, ms=turn.ms())
        if helper and understood.wanted.mission:
            mission = yield from helper.mission(turn, understood)
            if isinstance(mission, Mission):
                turn.unhelped = mission.broken
                shown = tuple(hit.product.id for hit in mission.results.hits)
                yield turn.answered(mission.text, mission.understood, shown=shown)
                return
            if isinstance(mission, Blocked):  # a model that does not answer is not asked again
                results, helper = helper.noticed(turn, results, mission), None
        known = bool(recalled or results.groups)
        if helper and unsure and (helper.is_capable or not known):
            understood, results, taken = helper.refined(turn, understood, results, self._results)
            if taken:
                yield Understood(plan=understood.plan, changes=self._also(taken), ms=turn.ms())
        results, facet = self._completed(results, understood, turn.state)
        yield Searched(results=results, final=True, ms=turn.ms())
        if facet:
            options = tuple(Option(label=o.label, count=o.count, say=o.label) for o in facet.options)
            question = asked(facet, self._phrases)
            yield Asked(question=question, facet=facet.name, options=options, ms=turn.ms())
        plan, shown = understood.plan, tuple(hit.product.id for hit in results.hits)
        changes = self._changes(turn.state.wanted, understood.wanted) if plan.intent is Intent.REFINE else ()
        astray = results.astray and len(plan.searches) == 1
        text = found(
            results,
            plan,
            changes,
            self._phrases,
            len(shown),
            understood.conflicts,
            page=int(bool(understood.wanted.seen)),
            nearest=nearest_department(self.shop, plan.searches[0]) if astray else None,
        )
        cites = shown[:1]
        if helper:
            reply = yield from helper.reply(turn, results, text)
            text, cites = reply.text, reply.cites or cites
        yield turn.answered(
            text,
            understood,
            shown=shown,
            cites=cites,
            asked=facet.name if facet else None,
            offers=offers(results, plan, self._phrases),
        )

    def _results(self, understood: Understanding) -> Results:
        """What the searches of the plan find, as one page."""
        shop, wanted, plan = self.shop, understood.wanted, understood.plan
        if wanted.mission:
            (search,) = plan.searches
            kinds = recalled_searches(shop, self._experience, search) or searches_for(
                shop, search.query, search.where, search.without
            )
            results = search_all(shop, kinds, plan.budget, all_needed=False)
        elif len(plan.searches) > 1:
            labelled = zip((need.label for need in wanted.needs), plan.searches, strict=True)
            results = search_all(shop, tuple(labelled), plan.budget)
        else:
            results = rank(shop.index, plan.searches[0], shop.ranker)
        shelves = {p.categories[:SHELF] for p in self._products(wanted.seen) if p.categories}
        page = _page(results, wanted, shelves)
        return page.model_copy(update={"repair": understood.repair or results.repair})

    def _completed(
        self, results: Results, understood: Understanding, state: State
    ) -> tuple[Results, Facet | None]:
        """The results with what can be had otherwise, and a question where one pays."""
        searches = understood.plan.searches
        if len(searches) != 1 or understood.wanted.mission or understood.wanted.seen:
            return results, None
        offered = relaxations(self.shop, searches[0], results)
        is_new = understood.plan.intent is Intent.FIND
        facet = None if offered else dividing(self.shop, searches[0], results, () if is_new else state.asked)
        return results.model_copy(update={"relaxations": offered, "facets": (facet,) if facet else ()}), facet

    def _products(self, ids: tuple[str, ...]) -> list[Product]:
        known = self.shop.index.get(ids)
        return [known[i] for i in ids if i in known]

    def _changes(self, before: Wanted, after: Wanted) -> tuple[str, ...]:
        """What is required that was not, then what no longer is."""
        if not before.needs:
            return ()
        return changed(self._required(before), self._required(after), self._phrases)

    def _also(self, queries: Sequence[str]) -> tuple[str, ...]:
        what = self._phrases.listed(queries)
        return (self._phrases.say("changed.searched", what=what),) if queries else ()

    def _required(self, wanted: Wanted) -> list[Requirement]:
        searches = (search_of(need, PAGE) for need in wanted.needs)
        return [one for search in searches for one in requirements(search, self._phrases)]


def _page(results: Results, wanted: Wanted, shelves: Collection[Sequence[str]]) -> Results:
    """What fits on one page and was not seen: a few of each group, one group after the other."""
    groups = tuple(
        group.model_copy(update={"hits": _unseen(group.hits, wanted, shelves)[:PAGE_OF_GROUP]})
        for group in results.groups
    )
    hits = [hit for group in groups for hit in group.hits] or _unseen(results.hits, wanted, shelves)[:PAGE]
    return results.model_copy(update={"hits": tuple(hits), "groups": groups})


def _unseen(hits: Sequence[Hit], wanted: Wanted, shelves: Collection[Sequence[str]]) -> tuple[Hit, ...]:
    """The hits that were not shown yet. A later page goes on with what is about the query, then with what
    stands on the same shelves; a bird feeder is no further kettle.
    """
    if not wanted.seen:
        return tuple(hits)
    unseen = [hit for hit in hits if hit.product.id not in wanted.seen]
    about = tuple(hit for hit in unseen if hit.relevant)
    if len(about) >= PAGE_OF_GROUP:
        return about
    beside = (hit for hit in unseen if not hit.relevant and hit.product.categories[:SHELF] in shelves)
    return (*about, *beside)


def open_assistant(settings: Settings, on_progress: Callable[[str], None] = lambda line: None) -> Assistant:
    """The assistant of the settings' shop."""
    shop = open_shop(settings, on_progress)
    try:
        planner = open_planner(settings, on_progress)
    except BaseException:
        shop.close()
        raise
    assistant = Assistant(shop, planner=planner, experience=Experience(settings.cache / "experience"))
    assistant.warm_up()
    return assistant
