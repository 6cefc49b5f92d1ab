"""Judgments brought to people's grades: what people made of the same pairs decides what the others become."""

from collections.abc import Sequence

import numpy as np

from core.errors import InvalidQuery
from eval.judge.calibration import Fit, Floats, Grades, cross_validated, expected, fit_isotonic, fit_per_grade
from eval.judge.calibration import graded as called
from eval.judge.records import TOP, Judgment, by_key, flat
from eval.records import Qrels

LEVEL = "level"


def recalibrated(judgments: Sequence[Judgment], human: Qrels) -> tuple[Judgment, ...]:
    """The judgments as people would grade: isotonic where the judge says how sure it is, else by grade.

    What people graded gets the grade of a calibration that never saw its query, so that a card or a corrected
    estimate made of these is honest. What is missing stays missing.
    """
    true = flat(human)
    known = [one for one in judgments if one.grade is not None]
    both = [one for one in known if one.pair.key in true]
    if not both:
        raise InvalidQuery("people graded none of the judged pairs; there is nothing to calibrate by")
    fit: Fit = fit_isotonic if any(one.expected is not None for one in known) else fit_per_grade
    people = np.array([true[one.pair.key] for one in both], np.int64)
    held = cross_validated({LEVEL: _levels(both)}, people, [one.pair.query_id for one in both], fit)
    learned = fit({LEVEL: _levels(both)}, people)
    chances = learned.chances({LEVEL: _levels(known)})
    name = f"{judgments[0].judge}+{learned.kind.replace(' ', '-')}"
    anew = by_key(
        [
            *_judged(known, chances, called(chances, learned.cuts), name),
            *_judged(both, held.chances, held.grades, name),
        ]
    )
    return tuple(anew.get(one.pair.key) or one.model_copy(update={"judge": name}) for one in judgments)


def _levels(judgments: Sequence[Judgment]) -> Floats:
    return np.array([one.level for one in judgments], float)


def _judged(judgments: Sequence[Judgment], chances: Floats, grades: Grades, name: str) -> list[Judgment]:
    levels = np.clip(expected(chances), 0, TOP)
    rows = chances / chances.sum(axis=1, keepdims=True)
    return [
        one.model_copy(
            update={
                "grade": int(grade),
                "expected": float(level),
                "chances": tuple(map(float, row)),
                "judge": name,
            }
        )
        for one, row, level, grade in zip(judgments, rows, levels, grades, strict=True)
    ]
