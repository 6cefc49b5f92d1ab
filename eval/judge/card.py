"""The judge card: how far one judge can be trusted, on one set of human grades. Without any, it says unknown.

It gathers what `agreement` and `bias` measure; asking a judge again is theirs too.
"""

from collections.abc import Sequence

import numpy as np

from core.errors import InvalidQuery
from core.record import Record
from eval.judge.agreement import Agreement, Ceiling, Measured, Ratings, agree, auc, ceiling
from eval.judge.bias import Effect, Retest, Swap
from eval.judge.records import GRADES, TOP, Judgment, by_key, flat
from eval.records import Qrels

UNKNOWN = "unknown"


class JudgeCard(Record):
    """What is known of a judge. None is unknown, never zero.

    `to_raters` is its mean agreement with single raters, on the pairs that have several: to be held against
    the ceiling, which is that of raters with each other. `note` says how the grades came about.
    """

    judge: str
    dataset: str
    judged: int
    missing: int
    agreement: Agreement | None = None
    auc: Measured | None = None  # of relevant against not
    relevant: int = 1
    ceiling: Ceiling | None = None
    to_raters: tuple[Measured, Measured] | None = None  # kappa and quadratic kappa
    effects: tuple[Effect, ...] = ()
    retests: tuple[Retest, ...] = ()
    swap: Swap | None = None
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether there were human grades to hold the judge against."""
        return self.agreement is not None


def judge_card(
    judgments: Sequence[Judgment],
    human: Qrels | None,
    *,
    dataset: str,
    relevant: int = 1,
    ratings: Ratings | None = None,
    effects: Sequence[Effect] = (),
    retests: Sequence[Retest] = (),
    swap: Swap | None = None,
    note: str = "",
) -> JudgeCard:
    """Hold judgments against human grades, and against those of single raters where there are several."""
    if not judgments:
        raise InvalidQuery("no judgments; judge some pairs first")
    said, true = by_key(judgments), flat(human or {})
    names = sorted({judgment.judge for judgment in judgments})
    if len(names) > 1:
        raise InvalidQuery(f"judgments by {len(names)} judges ({', '.join(names)}); a card is of one")
    if true and not said.keys() & true.keys():
        raise InvalidQuery(
            f"the human grades and the judgments of {names[0]} share no pair; "
            "one of them is of another data set"
        )
    if odd := sorted(set(true.values()) - set(GRADES)):
        raise InvalidQuery(f"human grade {odd[0]} is not one of 0 to {TOP}, which judges give")
    graded = {key: one for key, one in said.items() if one.grade is not None}
    both = [key for key in graded if key in true]
    queries = [query for query, _ in both]
    levels = np.array([graded[key].level for key in both], float)
    called = np.array([graded[key].grade for key in both], np.int64)
    people = np.array([true[key] for key in both], np.int64)
    rated = None if ratings is None else {key: given for key, given in ratings.items() if key in graded}
    return JudgeCard(
        judge=names[0],
        dataset=dataset,
        judged=len(graded),
        missing=len(said) - len(graded),
        agreement=agree(people, called, queries) if both else None,
        auc=auc(levels, (people >= relevant).astype(np.int64), queries) if both else None,
        relevant=relevant,
        ceiling=ceiling(rated) if rated else None,
        to_raters=_to_raters(rated, {key: one.grade or 0 for key, one in graded.items()}) if rated else None,
        effects=tuple(effects),
        retests=tuple(retests),
        swap=swap,
        note=note,
    )


def markdown(card: JudgeCard) -> str:
    """The card for people, in Markdown."""
    lines = [f"### {card.judge} on {card.dataset}", ""]
    lines += [
        f"{card.judged} pairs judged, {card.missing} could not be read. {card.note}".rstrip(),
        "",
    ]
    if card.agreement is None:
        lines += [
            "Trust: **unknown**. No pair has a human grade: label some, or take its order for a guess.",
            "",
        ]
    else:
        lines += [*_agreement(card, card.agreement), ""]
    lines += _effects(card)
    return "\n".join(lines).rstrip() + "\n"


def shown(measured: Measured | None, *, signed: bool = False) -> str:
    """A number with its interval as text; unknown where there is none."""
    if measured is None or measured.value is None:
        return UNKNOWN
    sign = "+" if signed else ""
    value = f"{measured.value:{sign}.2f}"
    if measured.interval is None:
        return value
    return f"{value} ({measured.interval.low:{sign}.2f} to {measured.interval.high:{sign}.2f})"


def _agreement(card: JudgeCard, found: Agreement) -> list[str]:
    raters, top = card.to_raters, card.ceiling
    rows = [
        f"Against human grades of {found.pairs} pairs of {found.queries} queries (95% over queries):",
        "",
        "| | judge and people | judge and a single rater | two raters |",
        "|---|---|---|---|",
        f"| accuracy | {shown(found.accuracy)} | | |",
        f"| kappa | {shown(found.kappa)} | {shown(raters[0]) if raters else ''} "
        f"| {shown(top.kappa) if top else ''} |",
        f"| quadratic kappa | {shown(found.quadratic)} | {shown(raters[1]) if raters else ''} "
        f"| {shown(top.quadratic) if top else ''} |",
        f"| AUC, grade {card.relevant} and up | {shown(card.auc)} | | |",
        "",
        "| people \\ judge | " + " | ".join(map(str, GRADES)) + " |",
        "|---" * (len(GRADES) + 1) + "|",
    ]
    return rows + [
        f"| {grade} | " + " | ".join(map(str, row)) + " |"
        for grade, row in zip(GRADES, found.confusion, strict=True)
    ]


def _effects(card: JudgeCard) -> list[str]:
    rows = []
    if card.effects:
        rows += ["| what else moves it | difference in grade | pairs | raised |", "|---|---|---|---|"]
        for effect in card.effects:
            raised = "" if effect.raised is None else shown(effect.raised)
            moved = shown(effect.difference, signed=True)
            rows.append(f"| {effect.name}: {effect.about} | {moved} | {effect.pairs} | {raised} |")
        rows.append("")
    for again in card.retests:
        same = shown(again.agreement.accuracy)
        rows.append(f"- Judged twice ({again.name}): same grade {same} of {again.agreement.pairs} pairs.")
    if card.swap:
        swap = card.swap
        rows.append(
            f"- Shown in both orders: the same answer {shown(swap.consistent)} of {swap.couples} couples, "
            f"{swap.missing} could not be read; for what came first {shown(swap.first)}."
        )
    return rows


def _to_raters(ratings: Ratings, grades: dict[tuple[str, str], int]) -> tuple[Measured, Measured] | None:
    """Every rater's grade of a pair counts as a pair of its own, and whole queries are resampled."""
    rows = [(k[0], grades[k], given) for k, some in ratings.items() for given in some if given is not None]
    if not rows:
        return None
    queries, called, given = zip(*rows, strict=True)
    found = agree(np.array(given), np.array(called), queries)
    return found.kappa, found.quadratic
