"""Pairs that a person grades one after the other, kept as TREC qrels from grade to grade. Draws no page.

Whoever grades is not told what a judge thinks of a pair, nor which run shows it: that would be its grade.
"""

from collections.abc import Sequence
from pathlib import Path
from threading import Lock

from core.errors import InvalidQuery
from eval.judge.choose import Choice, choose_pairs, draw_queries
from eval.judge.provenance import provenance_of
from eval.judge.records import GRADES, Case, Judgment, Key, Pair, flat
from eval.records import Conventions, Qrels, Run
from eval.trec import read_qrels, write_whole


class Labelling:
    """What there is to grade, and the file that the grades go to. Safe to use from several threads."""

    def __init__(self, cases: Sequence[Case], path: Path) -> None:
        self.cases = tuple(cases)
        self._path = path
        self._lock = Lock()
        self._grades: dict[Key, int] = flat(human_qrels(path))

    @property
    def first(self) -> int:
        """The first place without a grade; the last place where all have one."""
        open_places = (i for i, one in enumerate(self.cases) if one.pair.key not in self._grades)
        return next(open_places, len(self.cases) - 1)

    @property
    def graded(self) -> int:
        """How many of the pairs have a grade."""
        return sum(one.pair.key in self._grades for one in self.cases)

    def grade(self, place: int) -> int | None:
        """The grade at a place."""
        return self._grades.get(self.cases[place].pair.key)

    def put(self, place: int, grade: int) -> None:
        """Grade a place, also one that has a grade; on disk before this returns."""
        if not 0 <= place < len(self.cases) or grade not in GRADES:
            raise InvalidQuery(f"no place {place} or no grade {grade}; grades are 0 to 3")
        with self._lock:
            self._grades[self.cases[place].pair.key] = grade
            text = "".join(f"{q} 0 {p} {given}\n" for (q, p), given in self._grades.items())
            write_whole(self._path, text)


def human_qrels(path: Path) -> Qrels:
    """The grades of a file that people write; none if there is no file yet. Judged qrels are refused."""
    if not path.is_file() or not path.stat().st_size:
        return {}
    if provenance_of(path):
        raise InvalidQuery(f"{path} holds grades by a judge; name another file for those by people")
    return read_qrels(path)


def by_lot(pairs: Sequence[Pair], count: int) -> list[Pair]:
    """All pairs of the first queries of the draw: a random sample, which a judge can be corrected by.

    The draw is always the same, so that with a higher count the labelling goes on where it ended.
    """
    of: dict[str, list[Pair]] = {}
    for pair in pairs:
        of.setdefault(pair.query_id, []).append(pair)
    return [pair for query in draw_queries(of, (), count) for pair in of[query]]


def most_decisive(
    judgments: Sequence[Judgment],
    runs: Sequence[Run],
    conventions: Conventions,
    labelled: Qrels,
    count: int,
    depth: int,
) -> tuple[Choice, ...]:
    """The pairs whose grades would move the difference of two runs most."""
    if len(runs) != 2:
        raise InvalidQuery(f"{len(runs)} runs; what decides between two takes two: give --run twice")
    found = choose_pairs(
        judgments, runs[0], runs[1], conventions, labelled=flat(labelled).keys(), count=count, depth=depth
    )
    if not found:
        raise InvalidQuery(
            "no pair is left that would decide anything; the judge tells no chances, or is sure"
        )
    return found
