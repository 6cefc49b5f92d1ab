"""Turns as a page shows them: every step of an answer becomes a frame of HTML. It answers nothing itself.

A frame holds everything of its turn so far, so that a browser that misses one has missed nothing.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from agent.dialogue.state import Need, Phrase, State, Wanted
from agent.plan import Plan
from agent.steps import Answered, Asked, Failed, Replying, Searched, Step, Understood
from agent.talks import Talks
from agent.wording.phrases import Phrases, phrases
from agent.wording.requirements import requirements, worded
from behavior.recorder import Recorder
from catalog.keys import PATH
from catalog.product import Product
from core.errors import AisleError, InvalidQuery
from core.record import Record
from ranking.records import Results, Search
from tools.counts import PRICE
from tools.shop import Shop
from ui.page import render
from ui.page.asked import Ask, Edit, checked, edited
from ui.page.watching import Seen, log_turn

OWNER = "page"
FORGOTTEN = "That conversation is no longer kept here, so this is a new one."


class Frame(Record):
    """What a page shows of a turn; what is none stays as it is."""

    turn: int
    handle: str
    said: str
    reply: str
    plan: str | None = None
    shelf: str | None = None
    sheet: str | None = None
    cites: tuple[str, ...] = ()
    announce: str = ""
    query: str = ""  # the search's id in the behaviour log
    done: bool = False


class Told:
    """A turn while it is being answered: what its steps have said so far."""

    def __init__(self, ask: Ask, handle: str, shop: Shop, notice: str = "") -> None:
        self._ask = ask
        self._handle = handle
        self._shop = shop
        self._phrases = phrases("en")
        self._notice = notice
        self._plan: Plan | None = None
        self._wanted = Wanted()
        self._changes: tuple[str, ...] = ()
        self._results: Results | None = None
        self._first: Searched | None = None
        self._question: Asked | None = None
        self._looks: tuple[str, ...] = ()
        self._is_final = False
        self._text = ""

    def after(self, step: Step) -> Frame:
        """The frame that shows the turn up to and with this step."""
        match step:
            case Understood():
                self._plan, self._wanted = step.plan, wanted_of(step.plan)
                self._changes = (*self._changes, *step.changes)
            case Searched():
                self._first = self._first or step
                self._results, self._looks, self._is_final = step.results, step.looks, step.final
            case Asked():
                self._question = step
            case Replying():
                self._text = step.text
            case Answered():
                return self._answered(step)
            case Failed():
                reply = render.Reply(problem=step.problem)
                shelf = None if self._results or step.state.shown else render.broken(step.problem)
                return self._frame(reply, shelf=shelf, announce=step.problem, done=True)
        text = self._text or "; ".join(self._changes)
        reply = render.Reply(text=text, changes=self._changes, looks=self._looks, pending=True)
        return self._frame(reply, shelf=self._shelf())

    def _answered(self, step: Answered) -> Frame:
        wanted, results = step.state.wanted, self._results
        self._wanted, self._is_final = wanted, True
        reply = render.Reply(
            text=" ".join(filter(None, (self._notice, step.text))),
            repair=results and results.repair,
            question=self._question,
            offers=step.offers,
            relaxations=results.relaxations if results else (),
            looks=self._looks,
        )
        sheet = render.comparison(step.comparison) if step.comparison else None
        return self._frame(
            reply,
            making=self._making(step),
            shelf=self._shelf(step),
            sheet=sheet,
            cites=step.cites if step.facts else (),
            announce=step.text,
            done=True,
        )

    def _shelf(self, end: Answered | None = None) -> str | None:
        if self._results is None:
            return None
        return render.shelf(
            self._results,
            self._wanted,
            short_names(self._results, self._plan, self._phrases),
            final=self._is_final,
            moved=self._moved() if self._is_final else "",
            offers=end.offers if end else (),
        )

    def _moved(self) -> str:
        """What is different from the results that were there first."""
        if not self._first or not self._results or self._first.results is self._results:
            return ""
        before = [hit.product.id for hit in self._first.results.hits]
        after = [hit.product.id for hit in self._results.hits]
        if fresh := len(set(after) - set(before)):
            return f"refined: {fresh} new"
        return "refined: in a better order" if before != after else ""

    def _making(self, end: Answered) -> render.Making:
        plan = self._plan
        searches = plan.searches if plan else ()
        required = [one for search in searches for one in requirements(search, self._phrases)]
        use = end.use
        return render.Making(
            intent=plan.intent if plan else "chat",
            source=plan.source if plan else "rules",
            queries=tuple(search.query for search in searches if search.query),
            requirements=tuple(dict.fromkeys(worded([one], self._phrases) for one in required)),
            trace=self._results and self._results.trace,
            first_ms=self._first and self._first.ms,
            total_ms=end.ms,
            model=use and use.model,
            calls=use.calls if use else 0,
            tokens=use.prompt + use.completion if use else 0,
            cost=use.cost if use else None,
        )

    def _frame(self, reply: render.Reply, *, making: render.Making | None = None, **parts: Any) -> Frame:
        plan = render.plan_bar(self._wanted, liked(self._shop, self._wanted)) if self._results else None
        return Frame(
            turn=self._ask.turn,
            handle=self._handle,
            said=render.said(self._ask.say) if self._ask.say else "",
            reply=render.reply(reply, making),
            plan=plan,
            **parts,
        )


def turn(talks: Talks, shop: Shop, recorder: Recorder, payload: Any) -> Iterator[Frame]:
    """Answer what a browser sent: frames, each as soon as there is something more to show."""
    ask = checked(Ask, payload)
    handle, notice = _handle(talks, ask.handle)
    told, seen = Told(ask, handle, shop, notice), Seen()
    with closing(_steps(talks, shop, ask, handle)) as steps:
        for step in seen.watched(steps):
            frame = told.after(step)
            if frame.done:
                frame = frame.model_copy(update={"query": log_turn(recorder, ask, handle, seen, ask.query)})
            yield frame


def _handle(talks: Talks, given: str) -> tuple[str, str]:
    """The conversation that is meant, or a new one, and what to say of that."""
    if not given:
        return talks.begin(OWNER), ""
    try:
        talks.state(given, OWNER)
    except InvalidQuery:  # too old, or of another version
        return talks.begin(OWNER), FORGOTTEN
    return given, ""


def _steps(talks: Talks, shop: Shop, ask: Ask, handle: str) -> Any:
    edit = ask.edit
    if edit is None:
        return talks.say(handle, OWNER, ask.say)
    if edit.do == "choose" and edit.facet == PRICE:  # a band of prices is read as it is said
        return talks.say(handle, OWNER, " ".join(edit.values))
    return talks.change(handle, OWNER, _change(shop, edit))


def _change(shop: Shop, edit: Edit) -> Callable[[State], Wanted]:
    def change(state: State) -> Wanted:
        return edited(state, edit, shop.index.get([edit.id]) if edit.id else {})

    return change


def wanted_of(plan: Plan) -> Wanted:
    """What a plan looks for, before the state that it leads to is known."""
    return Wanted(needs=tuple(_need(search) for search in plan.searches), budget=plan.budget)


def _need(search: Search) -> Need:
    return Need(
        phrases=(Phrase(text=search.query),) if search.query else (),
        where=search.where,
        without=search.without,
        like=search.like,
        sort=search.sort,
        wishes=search.prefer,
        by_meaning=search.by_meaning,
        label=search.query,
    )


def short_names(results: Results, plan: Plan | None, said: Phrases) -> dict[str, str]:
    """Requirements as receipts name them, in fewer words: "price at most $40.00" is "under $40"."""
    searches = (*(plan.searches if plan else ()), *(group.search for group in results.groups))
    required = [one for search in searches for one in requirements(search, said)]
    return {one.check: _short(worded([one], said)) for one in required}


def _short(label: str) -> str:
    """A path by its last level."""
    head, arrow, leaf = label.rpartition(PATH)
    return f"{head.split(' ', 1)[0]} {leaf}" if arrow else label


def liked(shop: Shop, wanted: Wanted) -> dict[str, Product]:
    """The products that others are to be like."""
    ids = [one for need in wanted.needs for one in need.like]
    return shop.index.get(ids) if ids else {}


def problem(ask: Any, error: AisleError) -> Frame:
    """A turn that could not even begin."""
    given = ask if isinstance(ask, dict) else {}
    number = given.get("turn")
    handle = given.get("handle")
    return Frame(
        turn=number if isinstance(number, int) else 0,
        handle=handle if isinstance(handle, str) else "",
        said="",
        reply=render.reply(render.Reply(problem=str(error))),
        announce=str(error),
        done=True,
    )
