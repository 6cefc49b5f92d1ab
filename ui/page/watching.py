"""What shoppers do on the page, as the behaviour log wants it told. Draws nothing and decides nothing."""

from collections.abc import Iterator, Mapping

from agent.plan import constraints
from agent.steps import Answered, Failed, Searched, Step, Understood
from behavior.recorder import Recorder
from behavior.records import Action, LlmUse, QueryAttributes, Rewrite, SubQuery, Visitor
from core.errors import InvalidQuery
from ui.page.asked import Ask, Errand

APPLICATION = "page"
# What a change made by hand is called in the log.
OF_EDIT: Mapping[str, Action] = {
    "remove": Action.CHIP_REMOVED,
    "change": Action.CHIP_CHANGED,
    "sort": Action.CHIP_CHANGED,
    "available": Action.CHIP_CHANGED,
    "hide": Action.NOT_THIS,
    "like": Action.SIMILAR,
    "relax": Action.OFFER_TAKEN,
    "undo": Action.REPAIR_UNDONE,
    "choose": Action.ANSWER_CHOSEN,
}
OF_BROWSER = frozenset(
    [Action.CLICK, Action.THUMBS_UP, Action.THUMBS_DOWN, Action.SHORTLIST, Action.UNSHORTLIST]
)
OF_ERRAND: Mapping[str, Action] = {"details": Action.VIEW, "compare": Action.COMPARE}


class Seen:
    """What a turn's steps told, for the log."""

    def __init__(self) -> None:
        self.plan: Understood | None = None
        self.found: Searched | None = None
        self.first_ms: float | None = None
        self.end: Answered | Failed | None = None

    def watched(self, steps: Iterator[Step]) -> Iterator[Step]:
        """The steps as they are."""
        for step in steps:
            match step:
                case Understood():
                    self.plan = step
                case Searched():
                    self.found = step
                    self.first_ms = self.first_ms if self.first_ms is not None else step.ms
                case Answered() | Failed():
                    self.end = step
            yield step


def log_turn(recorder: Recorder, ask: Ask, handle: str, seen: Seen, before: str) -> str:
    """Log a turn that has ended: what was changed by hand, and the search. Returns the id of the search, or
    that of the one `before`, where nothing was searched.
    """
    by = Visitor(client=ask.visitor, session=handle, application=APPLICATION)
    if ask.edit and (action := OF_EDIT.get(ask.edit.do)):
        recorder.event(by, action, before or None, product=ask.edit.id or None, message=_changed(ask))
    if seen.found is None and not isinstance(seen.end, Failed):
        return before
    words = ask.say or "; ".join(seen.plan.changes if seen.plan else ()) or _changed(ask)
    hits = [hit.product.id for hit in seen.found.results.hits] if seen.found else []
    query_id = recorder.searched(by, words, hits, _about(seen))
    if hits:
        recorder.shown(by, query_id, hits)
    return query_id


def log_errand(recorder: Recorder, asked: Errand) -> None:
    """Log what was done with a product, where that is something to log."""
    action = OF_ERRAND.get(asked.what)
    if asked.what == "event":
        if asked.action not in OF_BROWSER:
            raise InvalidQuery(f"no such action; the page tells of {', '.join(sorted(OF_BROWSER))}")
        action = Action(asked.action)
    if action is None:
        return
    by = Visitor(client=asked.visitor, session=asked.handle, application=APPLICATION)
    place = asked.place or None
    for product in asked.ids:
        recorder.event(by, action, asked.query or None, product=product, position=place)


def _changed(ask: Ask) -> str:
    edit = ask.edit
    if edit is None:
        return ""
    part = edit.part
    told = (edit.do, part and part.kind, part and part.name, part and part.value, edit.facet, *edit.values)
    return " ".join(str(one) for one in told if one)


def _about(seen: Seen) -> QueryAttributes:
    plan = seen.plan.plan if seen.plan else None
    results = seen.found.results if seen.found else None
    searches = plan.searches if plan else ()
    use = seen.end.use if isinstance(seen.end, Answered) else None
    repair = results.repair if results else None
    timings = {"total": seen.end.ms} if seen.end else {}
    if seen.first_ms is not None:
        timings["first_results"] = seen.first_ms
    return QueryAttributes(
        intent=plan.intent if plan else "",
        constraints=constraints(searches[0]) if len(searches) == 1 else {},
        rewrites=tuple(Rewrite(written=w, searched=s) for w, s in repair.changes) if repair else (),
        sub_queries=tuple(SubQuery(query=s.query, constraints=constraints(s)) for s in searches)
        if len(searches) > 1
        else (),
        found=results.fitting if results else None,
        astray=results.astray if results else False,
        failed=isinstance(seen.end, Failed),
        timings_ms=timings,
        llm=LlmUse(calls=use.calls, tokens=use.prompt + use.completion, cost=use.cost) if use else LlmUse(),
    )
