"""A judge made of scores and a calibration: what our own models say, as people would grade.

It learns nothing itself; `calibration` does.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from eval.judge.calibration import Columns, Floats, Learned, expected, graded
from eval.judge.records import TOP, Case, Judgment

BATCH = 256  # cases read at once; what a judge has said by then is out

Scorer = Callable[[Sequence[Case]], Columns]  # NaN where there is no score


@dataclass(frozen=True)
class CalibratedJudge:
    """Scores brought to the grades of people."""

    name: str
    scorers: tuple[Scorer, ...]
    calibration: Learned

    def judge(self, cases: Iterable[Case]) -> Iterator[Judgment]:
        """One judgment per case in the order given; where a score is missing, so is the grade."""
        rest = iter(cases)
        while batch := tuple(islice(rest, BATCH)):
            columns: dict[str, Floats] = {}
            for scorer in self.scorers:
                columns |= scorer(batch)
            whole = np.all([np.isfinite(column) for column in columns.values()], axis=0)
            kept = {name: np.where(whole, column, 0.0) for name, column in columns.items()}
            chances = self.calibration.chances(kept)
            grades = graded(chances, self.calibration.cuts)
            for case, row, grade, known in zip(batch, chances, grades, whole, strict=True):
                if known:
                    yield self._judged(case, row, int(grade))
                else:
                    yield Judgment(pair=case.pair, grade=None, reason="a score is missing", judge=self.name)

    def _judged(self, case: Case, row: Floats, grade: int) -> Judgment:
        level = float(np.clip(expected(row), 0, TOP))
        none, low, middle, high = (float(chance) for chance in row)
        chances = (none, low, middle, high)
        return Judgment(pair=case.pair, grade=grade, expected=level, chances=chances, judge=self.name)
