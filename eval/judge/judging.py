"""What having runs judged came to: the grades, how far they can be trusted, and where they are from."""

from collections.abc import Sequence
from datetime import datetime

from agent.llm.chat import Usage
from core.record import Record
from eval.judge.card import JudgeCard, judge_card
from eval.judge.offline import Estimate
from eval.judge.provenance import Provenance
from eval.judge.recalibration import recalibrated
from eval.judge.records import Judgment
from eval.records import Qrels

CALIBRATED = "Calibrated to people's grades, cross-validated over queries."


class Report(Record):
    """One run of a judge; money in the currency of the price table."""

    judge: str
    prompt: str
    rubric: str
    made: datetime
    out: str
    runs: tuple[str, ...]
    depth: int
    pairs: int
    gone: int  # pairs whose product the index has no more
    asked: int
    known: int
    missing: int
    left: int
    usage: Usage
    estimate: Estimate
    cost: float | None
    seconds: float
    stopped: str
    card: JudgeCard | None

    def provenance(self, judgments: Sequence[Judgment]) -> Provenance:
        """What lies beside the qrels of these judgments."""
        return Provenance(
            judge=self.judge,
            prompt=self.prompt,
            rubric=self.rubric,
            made=self.made,
            runs=self.runs,
            depth=self.depth,
            graded=sum(judgment.grade is not None for judgment in judgments),
            missing=self.missing,
            left=self.left,
            gone=self.gone,
            usage=self.usage,
            cost=self.cost,
            card=self.card,
            judgments=tuple(judgments),
        )


def carded(
    judgments: Sequence[Judgment], human: Qrels | None, dataset: str, *, calibrate: bool
) -> tuple[tuple[Judgment, ...], JudgeCard | None]:
    """The judgments, calibrated if so wanted, with their card if there are grades by people."""
    if human is None or not judgments:
        return tuple(judgments), None
    anew = recalibrated(judgments, human) if calibrate else tuple(judgments)
    return anew, judge_card(anew, human, dataset=dataset, note=CALIBRATED if calibrate else "")
