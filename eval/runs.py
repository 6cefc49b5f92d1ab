"""Executing a system over the queries of a data set: stored as it goes, taken up again after a kill, cached.

It does not score. A query that fails stops the run: what it would have answered is not known.
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from pydantic import ValidationError

from catalog.index import ProductIndex
from core.errors import InvalidQuery, StorageFull
from core.record import Record
from core.settings import Settings
from eval.records import Dataset, Ranked, Run
from ranking.pipeline import Ranker
from ranking.records import Search
from ranking.systems import search, system_of

ROOMS = ("core", "catalog", "behavior", "ranking", "tools", "agent")  # whose code decides what is found
DECISIVE = {".py", ".toml", ".txt", ".json", ".safetensors"}
# What a setting is about that decides neither results nor speed.
INDIFFERENT = {"index", "cache", "offline", "hf_endpoint", "hf_token", "qdrant_api_key", "qdrant_timeout_s"}


class Answer(Record):
    """One line of a stored run: what a query got, and in how many milliseconds per stage."""

    query_id: str
    query: str
    ranking: tuple[Ranked, ...]
    ms: Mapping[str, float]


def execute(
    index: ProductIndex,
    dataset: Dataset,
    system: str,
    *,
    settings: Settings | None = None,
    ranker: Ranker | None = None,
    limit: int = 100,
    cache: Path | None = None,
    fresh: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Run:
    """Run a system over all queries; `on_progress` hears how many are done, and of how many.

    With a `cache` folder every answer is on disk before the next query starts, and a query is never
    answered twice by the same index, system, settings, limit and code; `fresh` forgets what is there.
    """
    if system_of(system).staged and ranker is None:
        raise InvalidQuery(f"system {system} needs a ranker; open one with agent.reader.ranker_for")
    provenance = _provenance(index, dataset, system, settings, limit)
    path = None if cache is None else cache / _file_name(provenance)
    known = {} if path is None or fresh else stored(path)
    answers: list[Answer] = []
    with _appending(path, fresh=fresh) as store:
        for query_id, text in dataset.queries.items():
            answer = known.get(query_id)
            if answer is None or answer.query != text:
                answer = _answer(index, query_id, text, system, ranker, limit)
                store(answer)
            answers.append(answer)
            on_progress(len(answers), len(dataset.queries))
    return Run(
        name=system,
        rankings={answer.query_id: answer.ranking for answer in answers},
        timings={answer.query_id: answer.ms for answer in answers},
        provenance=provenance,
    )


def stored(path: Path) -> dict[str, Answer]:
    """The answers that a stored run holds; a line cut off by a kill is none, and its query runs again."""
    found: dict[str, Answer] = {}
    for line in path.read_bytes().split(b"\n") if path.is_file() else []:
        try:
            answer = Answer.model_validate_json(line)
        except ValidationError:
            continue
        found[answer.query_id] = answer
    return found


def code_version() -> str:
    """The package's version and a digest of the code that decides results, which changes between releases."""
    digest, root = hashlib.sha256(), Path(__file__).parent.parent
    for room in ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in DECISIVE and path.is_file():
                digest.update(path.read_bytes())
    return f"{version('aisle')}+{digest.hexdigest()[:12]}"


def _provenance(
    index: ProductIndex, dataset: Dataset, system: str, settings: Settings | None, limit: int
) -> dict[str, str]:
    return {
        "system": system,
        "index": index.stamp.model_dump_json(),
        "generation": index.generation,
        "products": str(index.count()),
        "at": _address(settings.index) if settings else "",
        "settings": settings.model_dump_json(exclude=INDIFFERENT) if settings else "",
        "dataset": dataset.name,
        "split": dataset.split,
        "limit": str(limit),
        "code": code_version(),
    }


def _address(index: str) -> str:
    return index if "://" in index else str(Path(index).resolve())


def _file_name(provenance: Mapping[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(provenance, sort_keys=True).encode()).hexdigest()[:16]
    name = "-".join(provenance[part] for part in ("dataset", "split", "system"))
    return f"{re.sub(r'[^A-Za-z0-9_.-]+', '_', name)}-{digest}.jsonl"


def _answer(
    index: ProductIndex, query_id: str, text: str, system: str, ranker: Ranker | None, limit: int
) -> Answer:
    results = search(index, Search(query=text, limit=limit), system, ranker)
    ms: dict[str, float] = {}
    for stage in results.trace.stages:  # a stage that ran twice counts twice
        ms[stage.name] = ms.get(stage.name, 0.0) + stage.ms
    ranking = tuple(Ranked(hit.product.id, hit.score) for hit in results.hits)
    return Answer(query_id=query_id, query=text, ranking=ranking, ms={**ms, "total": results.trace.total_ms})


@contextmanager
def _appending(path: Path | None, *, fresh: bool) -> Iterator[Callable[[Answer], None]]:
    if path is None:
        yield lambda answer: None
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        cut_off = not fresh and path.is_file() and not path.read_bytes().endswith(b"\n")
        file = path.open("wb" if fresh else "ab", buffering=0)
    except OSError as error:
        raise StorageFull(f"cannot write {path} ({error.strerror})") from error

    def store(answer: Answer) -> None:
        _write(file.write, answer.model_dump_json().encode() + b"\n", path)

    with file:
        if cut_off:
            _write(file.write, b"\n", path)
        yield store


def _write(write: Callable[[bytes], int], data: bytes, path: Path) -> None:
    """One write per line: another process that stores the same run cannot come in between."""
    try:
        write(data)
    except OSError as error:
        raise StorageFull(f"cannot write {path} ({error.strerror})") from error
