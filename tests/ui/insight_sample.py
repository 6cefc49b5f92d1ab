"""A small log, and the insight page in a server with the layers of the real one but without an index."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware

from behavior.log import Log
from behavior.recorder import log_folder
from behavior.records import Action, Event, LlmUse, Query, QueryAttributes, event, query
from core.errors import AisleError
from core.settings import Settings
from ui.insight.routes import routes
from ui.serving.bodies import Bodies
from ui.serving.door import Door
from ui.serving.keys import Keyring, key_file
from ui.serving.limits import Buckets
from ui.serving.metrics import Metrics
from ui.serving.problems import answered
from ui.serving.watch import Watch

HOSTILE = (
    "<script>document.title = 'owned'</script>",
    '"><img src=x onerror=alert(1)>',
    "</style></title><svg onload=alert(1)>",
    "{{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)",
    "\u202eevil\u202c \u200bhidden\u0000",
    "مصباح مكتب قابل للتعتيم",
    "x" * 500,
)
DAYS = 20


def sample(now: datetime) -> list[Query | Event]:
    """Every day three searches, one of them in vain; one that was disliked; one that failed."""
    found: list[Query | Event] = []
    for back in range(DAYS):
        at = now - timedelta(days=back)
        about = QueryAttributes(
            constraints={"price_max": 50.0, "attributes": {"color": ("red",)}},
            timings_ms={"total": 40.0 + back},
            llm=LlmUse(calls=1, tokens=500, cost=0.25),
        )
        found += [
            query("red kettle", f"a{back}", hits=("p1",), about=about, at=at),
            event(Action.IMPRESSION, f"a{back}", product="p1", position=1, at=at),
            query("desk lamp", f"b{back}", hits=("p2",), at=at),
            query(HOSTILE[back % len(HOSTILE)], f"c{back}", at=at),
        ]
    found += [
        event(Action.THUMBS_DOWN, "a0", product="p1", position=1, at=now),
        query("broken", "d", about=QueryAttributes(failed=True), at=now),
    ]
    return found


def write(folder: Path, records: list[Query | Event]) -> None:
    """Write a log that nobody has open."""
    log = Log(folder)
    log.append(*records)
    log.close()


def write_sample(settings: Settings) -> None:
    """Write the sample to these settings' log, up to now."""
    write(log_folder(settings), sample(datetime.now(UTC)))


def app_of(settings: Settings, per_minute: int = 1000) -> FastAPI:
    """The page as a server has it; so many requests a minute for each address."""
    keyring, metrics = Keyring(key_file(settings)), Metrics()
    buckets = {"by_key": Buckets(per_minute), "by_address": Buckets(per_minute)}
    layers = [
        Middleware(Watch, metrics=metrics),
        Middleware(Door, keyring=keyring, metrics=metrics, **buckets),
        Middleware(Bodies, most_bytes=settings.serve_body_kb << 10),
    ]
    app = FastAPI(middleware=layers)
    app.add_exception_handler(AisleError, answered)
    app.include_router(routes(settings, keyring))
    return app
