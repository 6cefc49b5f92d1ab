"""What is logged, as one JSON object a line on stderr. Of people nothing: no query, no address, no key.

The message of an exception may quote what somebody asked; its type and where it was raised may not.
"""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from traceback import extract_tb
from typing import Any

log = logging.getLogger("aisle")

FRAMES = 12  # of a failure, the innermost


def say(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event with its fields."""
    log.log(level, event, extra={"fields": fields})


def failed(event: str, error: BaseException, **fields: Any) -> None:
    """Log a failure: what kind, and where."""
    say(event, logging.ERROR, error=type(error).__name__, at=list(_places(error)), **fields)


class Lines(logging.Formatter):
    """Writes a record as a line of JSON; of other libraries' records what they are, not what they say."""

    def format(self, record: logging.LogRecord) -> str:
        """See `logging.Formatter`."""
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": when, "level": record.levelname.lower()}
        if record.name == log.name:
            line |= {"event": record.getMessage(), **getattr(record, "fields", {})}
        else:
            line |= {"event": "library", "library": record.name, "at": f"{record.module}:{record.lineno}"}
            if record.exc_info and record.exc_info[1]:
                line |= {
                    "error": type(record.exc_info[1]).__name__,
                    "where": list(_places(record.exc_info[1])),
                }
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr(least: int = logging.INFO) -> None:
    """Log as JSON lines what matters at `least` so much; of other libraries only warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    log.setLevel(least)


def _places(error: BaseException) -> Iterator[str]:
    for frame in extract_tb(error.__traceback__)[-FRAMES:]:
        yield f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
