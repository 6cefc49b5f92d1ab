"""Judgments on disk, each kept the moment it is made, so that no pair is paid for twice. Judges nothing."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from pydantic import ValidationError

from agent.llm.storage import open_database, using
from catalog.product import Product
from eval.judge.records import Case, Judgment, Key

TABLE = (
    "CREATE TABLE IF NOT EXISTS judgments (judge TEXT, query TEXT, product TEXT, prompt TEXT,"
    " judgment TEXT, ms REAL, PRIMARY KEY (judge, query, product)) WITHOUT ROWID"
)
READ = {"id", "title", "description", "brand", "categories", "attributes", "tags"}


class Judgments:
    """The file of judgments: by judge, whose name holds its prompt's, by query text and by product text.

    Several processes may share it; a query that goes by another id elsewhere is the same query.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._database = open_database(path, TABLE)

    def known(self, judge: str, cases: Iterable[Case]) -> dict[Key, Judgment]:
        """What this judge has said of these cases before; the missing ones too, for they were asked."""
        found: dict[Key, Judgment] = {}
        with self._lock, using(self._path):
            for case in cases:
                row = self._database.execute(
                    "SELECT judgment FROM judgments WHERE judge = ? AND query = ? AND product = ?",
                    (judge, case.pair.query, content_hash(case.product)),
                ).fetchone()
                if row is None:
                    continue
                try:
                    judgment = Judgment.model_validate_json(row[0])
                except ValidationError:  # by another version: as if it were not there
                    continue
                found[case.pair.key] = judgment.model_copy(update={"pair": case.pair})
        return found

    def keep(self, case: Case, judgment: Judgment, ms: float) -> None:
        """Keep a judgment and how long it took; it outlives this process from here on."""
        row = (
            judgment.judge,
            case.pair.query,
            content_hash(case.product),
            judgment.prompt,
            judgment.model_dump_json(),
            ms,
        )
        with self._lock, using(self._path):
            self._database.execute("INSERT OR REPLACE INTO judgments VALUES (?, ?, ?, ?, ?, ?)", row)

    def forget(self, judge: str, cases: Iterable[Case]) -> None:
        """Forget what a judge said of these cases, so that they are asked again."""
        rows = [(judge, case.pair.query, content_hash(case.product)) for case in cases]
        with self._lock, using(self._path):
            self._database.executemany(
                "DELETE FROM judgments WHERE judge = ? AND query = ? AND product = ?", rows
            )

    def pace(self, judge: str) -> float | None:
        """Milliseconds that this judge took for a pair, on average; None if it never judged any."""
        with self._lock, using(self._path):
            row = self._database.execute("SELECT avg(ms) FROM judgments WHERE judge = ?", (judge,)).fetchone()
        return None if row[0] is None else float(row[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()


def content_hash(product: Product) -> str:
    """A digest of everything that a judge may read of a product; its price and stock are not relevance."""
    content = json.dumps(product.model_dump(mode="json", include=READ), sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:32]
