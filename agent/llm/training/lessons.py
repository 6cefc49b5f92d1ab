"""The planner's lessons: what a shopper says, and the searches to make for it. Read here, varied elsewhere.

Written by hand in `agent/llm/lessons`, one a line: the message, a tab, `query; query` or `-`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.llm.proposing import NONE, searches
from core.errors import InvalidSource
from core.record import Record

LESSONS = Path(__file__).parent.parent / "lessons"
HELD_OUT = 0.1  # of every file; never trained on


class Lesson(Record):
    """One message with the searches it calls for; no searches: no product is asked for."""

    said: str
    searches: tuple[str, ...]
    so_far: str = ""  # what was looked for before
    bare: bool = False  # says what something is for, as "keep warm", and is yet to be put into a sentence

    @property
    def answer(self) -> str:
        """What the planner should write."""
        return "; ".join(self.searches) or NONE


def read_lessons(folder: Path = LESSONS) -> dict[str, tuple[Lesson, ...]]:
    """Every file of lessons by its name."""
    found = {path.stem: read_file(path) for path in sorted(folder.glob("*.tsv"))}
    if not any(found.values()):
        raise InvalidSource(f"no lessons in {folder}; install aisle anew")
    return found


def parted(
    lessons: Mapping[str, Sequence[Lesson]], seed: int
) -> tuple[dict[str, tuple[Lesson, ...]], dict[str, tuple[Lesson, ...]]]:
    """Those to train on and those held out. A lesson's side does not change when others are added."""
    kept, held = {}, {}
    for name, group in lessons.items():
        kept[name] = tuple(lesson for lesson in group if _place(lesson, seed) >= HELD_OUT)
        held[name] = tuple(lesson for lesson in group if _place(lesson, seed) < HELD_OUT)
    return kept, held


def read_file(path: Path) -> tuple[Lesson, ...]:
    """The lessons of one file, none twice."""
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        said, tab, answer = line.partition("\t")
        if not (tab and said.strip() and answer.strip()):
            raise InvalidSource(f"{path}, line {number}: write it as MESSAGE<TAB>QUERY; QUERY, or - for none")
        found[said.lower()] = Lesson(said=said.strip(), searches=searches(answer))
    return tuple(found.values())


def _place(lesson: Lesson, seed: int) -> float:
    digest = hashlib.sha256(f"{seed}\t{lesson.said.lower()}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
