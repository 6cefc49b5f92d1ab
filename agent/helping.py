"""What a language model adds to a turn: other searches, a mission of its own, a reply in prose.

It comes after what the rules found and costs a shopper nothing but waiting for more: where a model fails,
makes things up, proposes what the shop has not, or is no longer waited for, the rules' results and the
template's words stay.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace

from agent.dialogue.proposals import beside, taken_over
from agent.dialogue.understanding import Understanding
from agent.llm.chat import Cancel
from agent.llm.missions import CannotCall, Mission, run_mission
from agent.llm.planner import Adviser
from agent.llm.prose import Written, write
from agent.steps import Replying, Searched, Understood
from agent.turn import Turn
from agent.wording.answer import about
from agent.wording.phrases import Phrases
from core.errors import Blocked, ModelUnavailable
from ranking.pipeline import rank
from ranking.records import Results
from tools.shop import Shop

MOST = 6  # searches of a model that are taken


@dataclass(frozen=True)
class Helper:
    """A model at work in one turn; `cancel` ends its calls, and the turn goes on without it."""

    shop: Shop
    adviser: Adviser
    phrases: Phrases
    cancel: Cancel

    @property
    def is_capable(self) -> bool:
        """Whether the model knows more of the world than what is recalled: the embedded one does not."""
        return self.adviser.capable() is not None

    def refined(
        self,
        turn: Turn,
        understood: Understanding,
        results: Results,
        search: Callable[[Understanding], Results],
    ) -> tuple[Understanding, Results, tuple[str, ...]]:
        """What the model makes of words that name nothing here, and which of its searches were taken.

        Those of an undertaking are its parts. Beside a need's own words they find more than instead of them
        (docs/LOG.md, "Beside the words").
        """
        shop = about(self.shop.index.vocabulary(), self.shop.currency)
        try:  # what was looked for before does not matter: words that name nothing begin anew
            queries = self.adviser.propose(turn.message, "", shop.departments, self.cancel)
        except Blocked as error:
            return understood, self.noticed(turn, results, error), ()
        kept = tuple(query for query in queries if self._sells(understood, query))[:MOST]
        if not kept:
            return understood, results, ()
        better = taken_over(understood, kept) if understood.wanted.mission else beside(understood, kept)
        return better, search(better), kept

    def mission(
        self, turn: Turn, understood: Understanding
    ) -> Generator[Understood | Searched, None, Mission | Blocked | None]:
        """What a model that can call tools finds for an undertaking; why not, or nothing where it cannot."""
        model = self.adviser.capable()
        if model is None:
            return None
        try:
            return (
                yield from run_mission(
                    self.shop, model, turn.message, understood, self.phrases, turn.ms, cancel=self.cancel
                )
            )
        except CannotCall:
            return None
        except ModelUnavailable as error:
            return error

    def reply(self, turn: Turn, results: Results, template: str) -> Generator[Replying, None, Written]:
        """The reply in the model's words where every one of them is borne out by the records on show.

        What was counted, relaxed, put right or left out is the template's to say.
        """
        shown = [hit.product for hit in results.hits if hit.relevant]
        said_by_template = results.groups or results.relaxations or results.repair or results.notices
        model = self.adviser.capable() if shown and not said_by_template else None
        plain = Written(text=template, templated=True)
        if model is None or self.cancel.is_set:
            return plain
        said: list[str] = []
        try:
            for piece in write(model, turn.message, shown, template, self.cancel):
                if isinstance(piece, Written):
                    return piece
                said.append(piece)
                yield Replying(text=" ".join(said), ms=turn.ms())
        except ModelUnavailable:  # nobody waits for it any more: `write` handles every other failure
            return plain
        return plain

    def noticed(self, turn: Turn, results: Results, error: Blocked) -> Results:
        """The results with a word on the model having been of no help; nothing where nobody waited for it.

        Why is for whoever runs the shop: it names addresses and settings.
        """
        if self.cancel.is_set:
            return results
        turn.unhelped = str(error)
        notice = self.phrases.say("found.unplanned")
        return results.model_copy(update={"notices": (*results.notices, notice)})

    def _sells(self, understood: Understanding, query: str) -> bool:
        """Whether the shop has anything of the kind; asked without the cross-encoder."""
        (search,) = taken_over(understood, (query,)).plan.searches
        found = rank(self.shop.index, search, replace(self.shop.ranker, reranker=None))
        return not found.astray and any(hit.relevant for hit in found.hits)
