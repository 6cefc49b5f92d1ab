"""TREC files: qrels and runs, read strictly, and written so that every evaluator sees the same order.

Neither a metric nor a data set; `lines` is how every text file of the evaluation is read.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from pydantic import ValidationError

from core.errors import InvalidSource, StorageFull
from core.record import Record
from eval.records import Qrels, Ranked, Run

_LINE_END = re.compile(r"\r\n|\n|\r")  # str.splitlines would also split at form feeds and U+2028
_WHOLE = re.compile(r"[+-]?[0-9]+")
_STEP = np.float32(1e-30)  # next to zero the neighbouring float is subnormal, which some processes flush to 0


class Judgment(NamedTuple):
    """One line of a qrels file, with the place it came from."""

    place: str
    query_id: str
    product_id: str
    grade: int


class _Timed(Record):
    query_id: str
    ms: Mapping[str, float]


class _Header(Record):
    name: str
    provenance: Mapping[str, str]


def lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines of a UTF-8 file that are not blank, numbered from 1; any line ends, with or without BOM."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise InvalidSource(f"no file at {path}") from None
    except OSError as error:
        raise InvalidSource(f"cannot read {path}: {error.strerror or error}") from error
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = len(_LINE_END.split(raw[: error.start].decode("utf-8", "replace")))
        raise InvalidSource(f"{path}:{line}: not UTF-8; save the file as UTF-8") from error
    numbered = [(number, line) for number, line in enumerate(_LINE_END.split(text), 1) if line.strip()]
    if not numbered:
        raise InvalidSource(f"{path} is empty")
    yield from numbered


def judgments(path: Path) -> Iterator[Judgment]:
    """The lines of a qrels file: query id, iteration, product id, grade."""
    seen: dict[tuple[str, str], int] = {}
    for number, line in lines(path):
        place = f"{path}:{number}"
        columns = line.split()
        if len(columns) != 4:
            raise InvalidSource(
                f"{place}: {len(columns)} columns; a judgment has 4: query id, 0, product id, grade"
            )
        query_id, _, product_id, grade = columns
        if not _WHOLE.fullmatch(grade):
            raise InvalidSource(f"{place}: grade {grade!r} is not a whole number")
        first = seen.setdefault((query_id, product_id), number)
        if first != number:
            raise InvalidSource(
                f"{place}: product {product_id} is judged again for query {query_id} (first in line {first})"
            )
        yield Judgment(place, query_id, product_id, int(grade))


def read_qrels(path: Path) -> Qrels:
    """Judgments from a TREC qrels file."""
    return by_query(judgments(path))


def by_query(judged: Iterator[Judgment] | Sequence[Judgment]) -> Qrels:
    """Judgments as grades by query and product."""
    qrels: dict[str, dict[str, int]] = {}
    for judgment in judged:
        qrels.setdefault(judgment.query_id, {})[judgment.product_id] = judgment.grade
    return qrels


def read_run(path: Path) -> Run:
    """A run from a TREC file, named after the file, with the timings that lie beside it.

    Ordered as trec_eval orders it: by score in single precision, ties by falling product id; the rank
    column counts for nothing. A query that only the timings know had no results.
    """
    header, timings = _read_timings(timings_path(path))
    found: dict[str, dict[str, float]] = {}
    for number, line in _rows(path, may_be_empty=bool(timings)):
        place = f"{path}:{number}"
        columns = line.split()
        if len(columns) != 6:
            raise InvalidSource(
                f"{place}: {len(columns)} columns; a result has 6: query id, Q0, product, rank, score, name"
            )
        query_id, _, product_id, _, score, _ = columns
        ranking = found.setdefault(query_id, {})
        if product_id in ranking:
            raise InvalidSource(f"{place}: product {product_id} occurs again for query {query_id}")
        ranking[product_id] = _score(score, place)
    rankings = {query_id: _ordered(found.get(query_id, {})) for query_id in [*timings, *found]}
    return Run(name=path.stem, rankings=rankings, timings=timings, provenance=header)


def write_run(run: Run, path: Path) -> None:
    """Write a TREC file and, beside it, the timings as JSON lines; both appear whole or not at all.

    Scores are written in single precision, as that is what trec_eval reads, and each is below the one
    before it: equal scores are separated by the smallest step, so that nobody breaks the ties anew.
    """
    tag = "-".join(run.name.split()) or "run"
    rows = []
    for query_id, ranking in run.rankings.items():
        _one_word("query", query_id)
        scores = _falling([hit.score for hit in ranking], query_id)
        for rank, (hit, score) in enumerate(zip(ranking, scores, strict=True), start=1):
            _one_word("product", hit.product_id)
            rows.append(f"{query_id} Q0 {hit.product_id} {rank} {score:.9g} {tag}\n")
    beside = timings_path(path)
    if run.timings:
        header = _Header(name=run.name, provenance=run.provenance)
        timed = [_Timed(query_id=query_id, ms=ms) for query_id, ms in run.timings.items()]
        write_whole(beside, "".join(f"{record.model_dump_json()}\n" for record in [header, *timed]))
    else:
        beside.unlink(missing_ok=True)  # of an earlier run by this name
    write_whole(path, "".join(rows))


def timings_path(path: Path) -> Path:
    """Where the timings of a run file are."""
    return path.with_name(f"{path.name}.timings.jsonl")


def _rows(path: Path, *, may_be_empty: bool) -> Iterator[tuple[int, str]]:
    if may_be_empty and path.is_file() and not path.stat().st_size:
        return iter(())
    return lines(path)


def _score(text: str, place: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = math.nan
    if not math.isfinite(score):
        raise InvalidSource(f"{place}: score {text!r} is not a number")
    return score


def _ordered(scores: Mapping[str, float]) -> tuple[Ranked, ...]:
    with np.errstate(over="ignore"):
        single = {product_id: float(np.float32(score)) for product_id, score in scores.items()}
    order = sorted(scores, key=lambda product_id: (single[product_id], product_id), reverse=True)
    return tuple(Ranked(product_id, scores[product_id]) for product_id in order)


def _falling(scores: Sequence[float], query_id: str) -> list[np.float32]:
    falling: list[np.float32] = []
    for score in scores:
        single = np.float32(score)
        if not np.isfinite(single):
            raise InvalidSource(f"query {query_id}: score {score} cannot be written to a run")
        if falling and single >= falling[-1]:
            above = falling[-1]
            single = min(np.nextafter(above, np.float32(-np.inf)), above - _STEP)
        falling.append(single)
    return falling


def _one_word(what: str, name: str) -> None:
    if len(name.split()) != 1 or name != name.strip():
        raise InvalidSource(f"{what} id {name!r} has spaces in it, which a TREC file cannot hold")


def _read_timings(path: Path) -> tuple[Mapping[str, str], dict[str, Mapping[str, float]]]:
    if not path.is_file():
        return {}, {}
    (_, first), *rest = lines(path)
    try:
        header = _Header.model_validate_json(first)
        timed = [_Timed.model_validate_json(line) for _, line in rest]
    except ValidationError as error:
        problem = json.dumps(error.errors(include_url=False, include_input=False)[0]["msg"])
        raise InvalidSource(f"{path}: not the timings of a run ({problem}); delete it") from error
    return header.provenance, {line.query_id: line.ms for line in timed}


def write_whole(path: Path, text: str) -> None:
    """Write a file that appears whole or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="")
        part.replace(path)
    except OSError as error:
        raise StorageFull(f"cannot write {path} ({error.strerror})") from error
