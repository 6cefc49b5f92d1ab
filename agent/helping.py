"""What a language model adds to a turn: other searches, a mission of its own, a reply in prose.

It comes after what the rules found and costs a shopper nothing but waiting for more: where a model fails,
makes things up or proposes what the shop has not, the rules' results and the template's words stay.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from agent.dialogue.needs import query_of
from agent.dialogue.proposals import taken_over
from agent.dialogue.understanding import Understanding
from agent.llm.missions import CannotCall, Mission, run_mission
from agent.llm.planner import Planner
from agent.llm.prose import Written, write
from agent.steps import Searched, Understood
from agent.turn import Turn
from agent.wording.answer import about
from agent.wording.phrases import Phrases
from core.errors import Blocked, ModelUnavailable
from ranking.pipeline import rank
from ranking.records import Results
from tools.shop import Shop


@dataclass(frozen=True)
class Helper:
    """A planner at work in a shop."""

    shop: Shop
    planner: Planner
    phrases: Phrases

    def refined(
        self,
        turn: Turn,
        understood: Understanding,
        results: Results,
        search: Callable[[Understanding], Results],
    ) -> tuple[Understanding, Results]:
        """What the model makes of words that name nothing here."""
        shop = about(self.shop.index.vocabulary(), self.shop.currency)
        so_far = "; ".join(query_of(need) for need in turn.state.wanted.needs)
        try:
            queries = self.planner.propose(turn.message, so_far, shop.departments)
        except Blocked as error:
            return understood, self._with_notice(results, error)
        kept = tuple(query for query in queries if self._sells(understood, query))
        if not kept:
            return understood, results
        better = taken_over(understood, kept)
        return better, search(better)

    def mission(
        self, turn: Turn, understood: Understanding
    ) -> Generator[Understood | Searched, None, Mission | None]:
        """What a model that can call tools finds for an undertaking; nothing where it cannot, or fails."""
        model = self.planner.capable()
        if model is None:
            return None
        try:
            return (yield from run_mission(self.shop, model, turn.message, understood, self.phrases, turn.ms))
        except (CannotCall, ModelUnavailable):
            return None

    def reply(self, turn: Turn, results: Results, template: str) -> str:
        """The reply in the model's words where every one of them is borne out by the records on show.

        What was counted, relaxed, put right or left out is the template's to say.
        """
        shown = [hit.product for hit in results.hits if hit.relevant]
        said_by_template = results.groups or results.relaxations or results.repair or results.notices
        model = self.planner.capable() if shown and not said_by_template else None
        if model is None:
            return template
        for piece in write(model, turn.message, shown, template):
            if isinstance(piece, Written):
                return piece.text
        return template

    def _sells(self, understood: Understanding, query: str) -> bool:
        """Whether the shop has anything of the kind; asked without the cross-encoder."""
        (search,) = taken_over(understood, (query,)).plan.searches
        found = rank(self.shop.index, search, replace(self.shop.ranker, reranker=None))
        return not found.astray and any(hit.relevant for hit in found.hits)

    def _with_notice(self, results: Results, error: Blocked) -> Results:
        notice = self.phrases.say("found.unplanned", problem=str(error))
        return results.model_copy(update={"notices": (*results.notices, notice)})
