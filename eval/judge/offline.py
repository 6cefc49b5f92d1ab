"""Judging many pairs offline: what is known is not asked again, and whatever ends a run loses nothing.

Workers take whole queries, so that a server finds the beginning of each prompt in its cache. Which pairs,
and by whom, is decided elsewhere.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import Event, Lock
from time import perf_counter, sleep

from agent.llm.budget import Limits, Price, Spent, TurnAccount
from agent.llm.chat import Abandoned, Usage
from core.errors import InvalidQuery, ModelUnavailable
from core.record import Record
from eval.judge.records import Case, Judge, Judgment, Key, by_query
from eval.judge.store import Judgments

MOST_FAILURES = 3  # of one worker without an answer in between; the client has tried each several times
MOST_MISSING = 10  # in a row: then it is the model, and not the pairs
FIRST_PAUSE_S = 1.0  # after a failure, and twice as long after the next

Ahead = Callable[[Case], Usage]  # about how many tokens a case takes


class GivesNoGrades(ModelUnavailable):
    """A model that answers, but with nothing that is a grade."""


class Estimate(Record):
    """What judging would take. None is unknown: models without a price, judges that have judged nothing."""

    pairs: int  # to be judged
    known: int  # judged before
    usage: Usage | None = None
    cost: float | None = None
    seconds: float | None = None


class Progress(Record):
    """How far a run is; money and time left are reckoned from what it took so far."""

    done: int
    total: int
    missing: int
    cost: float | None
    cost_left: float | None
    seconds_left: float


class Outcome(Record):
    """What a run came to. `left` pairs were not judged, `stopped` says why and how to go on.

    `cost` is what was spent now, in the currency of the price table, calls that broke off at their most.
    """

    judgments: tuple[Judgment, ...]
    asked: int
    known: int
    missing: int
    left: int
    usage: Usage
    cost: float | None
    seconds: float
    stopped: str = ""


@dataclass(frozen=True)
class Tariff:
    """What a judge's cases take. A judge that reads no tokens has none of these."""

    ahead: Ahead | None = None
    price: Price | None = None

    def most(self, case: Case) -> Spent:
        """What to set aside for a case before it is judged."""
        usage = self.ahead(case) if self.ahead else Usage(prompt=0, completion=0)
        return self.of(usage)

    def of(self, usage: Usage) -> Spent:
        """What an answer came to."""
        cost = self.price.of(usage) if self.price else 0.0
        return Spent(calls=1, tokens=usage.prompt + usage.completion, cost=cost)


FREE = Tariff(price=Price(prompt=0, completion=0))


def estimate(
    judge: Judge, cases: Sequence[Case], store: Judgments, tariff: Tariff = FREE, workers: int = 1
) -> Estimate:
    """What judging these cases would take, tokens rather over- than underestimated."""
    known = store.known(judge.name, cases)
    rest = [case for case in cases if case.pair.key not in known]
    usage = _total([tariff.ahead(case) for case in rest]) if tariff.ahead else None
    spent = tariff.price.of(usage or Usage(prompt=0, completion=0)) if tariff.price else None
    pace = store.pace(judge.name)
    seconds = None if pace is None else pace * len(rest) / workers / 1e3
    return Estimate(pairs=len(rest), known=len(known), usage=usage, cost=spent, seconds=seconds)


def judge_offline(
    judge: Judge,
    cases: Sequence[Case],
    store: Judgments,
    *,
    tariff: Tariff = FREE,
    limits: Limits | None = None,
    workers: int = 1,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    pause: Callable[[float], None] = sleep,
) -> Outcome:
    """Judge the cases that the store has no judgment of; `limits` are of this run, calls meaning pairs.

    Raises `ModelUnavailable` where the model keeps failing, or answers nothing that can be read.
    """
    if limits and limits.cost is not None and tariff.price is None:
        raise InvalidQuery(
            f"{judge.name} has no price to keep to a budget by; add its model to AISLE_LLM_PRICES, "
            "or limit the number of pairs"
        )
    known = store.known(judge.name, cases)
    rest = [case for case in cases if case.pair.key not in known]
    return _Running(judge, store, tariff, limits or Limits(), on_progress, pause, known).run(
        cases, rest, workers
    )


class _Running:
    """One run: the state that its workers share."""

    def __init__(
        self,
        judge: Judge,
        store: Judgments,
        tariff: Tariff,
        limits: Limits,
        on_progress: Callable[[Progress], None],
        pause: Callable[[float], None],
        known: dict[Key, Judgment],
    ) -> None:
        self._judge = judge
        self._store = store
        self._tariff = tariff
        self._limits = limits
        self._account = TurnAccount(limits)
        self._on_progress = on_progress
        self._pause = pause
        self._known = known
        self._made: dict[Key, Judgment] = {}
        self._streak: list[Case] = []  # that were missing since the last grade
        self._missing = 0
        self._total = 0
        self._stop = Event()
        self._spent = ""  # what there is no more of
        self._lock = Lock()
        self._started = perf_counter()

    def run(self, cases: Sequence[Case], rest: Sequence[Case], workers: int) -> Outcome:
        self._total = len(rest)
        chunks = [[rest[place] for place in places] for places in by_query(rest).values()]
        with ThreadPoolExecutor(max_workers=max(1, workers)) as threads:
            try:
                for done in as_completed([threads.submit(self._chunk, chunk) for chunk in chunks]):
                    done.result()
            except BaseException:
                self._stop.set()  # the others finish their pair, and keep it
                raise
        both = self._known | self._made
        said = tuple(both[case.pair.key] for case in cases if case.pair.key in both)
        return Outcome(
            judgments=said,
            asked=len(self._made),
            known=len(self._known),
            missing=sum(judgment.grade is None for judgment in said),
            left=len(cases) - len(said),
            usage=_total([judgment.usage for judgment in self._made.values() if judgment.usage]),
            cost=self._account.spent.cost if self._tariff.price else None,
            seconds=perf_counter() - self._started,
            stopped=f"the budget of {self._spent} is spent; {self._kept()}" if self._spent else "",
        )

    def _chunk(self, cases: Sequence[Case]) -> None:
        """Judge the cases of one query, from where it broke off if the model fails."""
        rest, failures = list(cases), 0
        while rest and not self._stop.is_set():
            sent: list[Case] = []
            answered, since = 0, perf_counter()
            try:
                for judgment in self._judge.judge(self._feed(rest, sent)):
                    now = perf_counter()
                    self._keep(sent[answered], judgment, (now - since) * 1e3)
                    answered, since, failures = answered + 1, now, 0
                return  # noqa: TRY300  a judge that ends has judged all it was given
            except GivesNoGrades:
                raise
            except ModelUnavailable as error:
                failures += 1
                self._settle(sent[answered:], error)
                if self._stop.is_set():
                    return
                if failures >= MOST_FAILURES:
                    raise ModelUnavailable(f"{error}; {self._kept()}") from error
                self._pause(FIRST_PAUSE_S * 2 ** (failures - 1))
            rest = rest[answered:]

    def _feed(self, cases: Sequence[Case], sent: list[Case]) -> Iterator[Case]:
        """The cases as far as the budget goes; what each may take is set aside first."""
        for case in cases:
            if self._stop.is_set():
                return
            try:
                self._account.charge(self._tariff.most(case))
            except ModelUnavailable:
                self._out_of_budget(case)
                return
            sent.append(case)
            yield case

    def _keep(self, case: Case, judgment: Judgment, ms: float) -> None:
        self._store.keep(case, judgment, ms)
        with self._lock:
            self._made[case.pair.key] = judgment
            self._missing += judgment.grade is None
            used = self._tariff.of(judgment.usage) if judgment.usage else None
            if used:
                self._account.settle(used + -self._tariff.most(case))
            self._streak = [*self._streak, case] if judgment.grade is None else []
            self._on_progress(self._progress())
            if len(self._streak) < MOST_MISSING or self._stop.is_set():
                return
            self._stop.set()
            self._store.forget(self._judge.name, self._streak)
        raise GivesNoGrades(
            f"{self._judge.name} gave no grade for {MOST_MISSING} pairs in a row (last: {judgment.reason}); "
            f"choose another judge, or mend it; {self._kept(without=MOST_MISSING)}"
        )

    def _settle(self, unanswered: Sequence[Case], error: ModelUnavailable) -> None:
        """What was set aside is free again, unless a call broke off: that may have to be paid."""
        for place, case in enumerate(unanswered):
            if place or not isinstance(error, Abandoned):
                self._account.settle(-self._tariff.most(case))

    def _out_of_budget(self, case: Case) -> None:
        over = self._limits.first_over(self._account.spent + self._tariff.most(case))
        what = "money" if over == "cost" else "pairs" if over == "calls" else "tokens"
        with self._lock:
            self._spent = what
            self._stop.set()

    def _progress(self) -> Progress:
        done, cost = len(self._made), self._account.spent.cost if self._tariff.price else None
        left = self._total - done
        return Progress(
            done=done,
            total=self._total,
            missing=self._missing,
            cost=cost,
            cost_left=None if cost is None else cost / done * left,
            seconds_left=(perf_counter() - self._started) / done * left,
        )

    def _kept(self, without: int = 0) -> str:
        kept = len(self._known) + len(self._made) - without
        return f"{kept:,} judgments are kept, the same command goes on from there"


def _total(usages: Sequence[Usage]) -> Usage:
    return Usage(
        prompt=sum(usage.prompt for usage in usages),
        completion=sum(usage.completion for usage in usages),
        cached=sum(usage.cached for usage in usages),
    )
