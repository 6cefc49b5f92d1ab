"""The labelling page as a Gradio app on this machine: one pair at a time, graded by key. Chooses no pairs.

Whoever grades has to have the page itself: another site's script knows neither its key nor its host.
"""

import secrets
from collections.abc import Mapping
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import ValidationError

from core.errors import AisleError, InvalidQuery
from core.record import Record
from eval.judge.labelling import Labelling
from ui.page.doors import Doors

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

BROWSER = Path(__file__).parent / "browser"
HOSTS = ["127.0.0.1", "localhost"]
LONGEST_TEXT = 1_500  # characters of a description
MOST_ATTRIBUTES = 20


class Errand(Record):
    """What the page asks: to see a place, or to grade it and see the next."""

    key: str
    do: Literal["open", "see", "grade"]
    place: int = 0
    grade: int = 0


class View(Record):
    """A place as the page shows it."""

    place: int
    total: int
    graded: int
    grade: int | None
    query: str
    title: str
    facts: tuple[tuple[str, str], ...]
    description: str


def build_page(labelling: Labelling, scale: Mapping[int, str], key: str) -> "gr.Blocks":
    """The page of a labelling, ready to be mounted."""
    import gradio as gr

    def run_errand(payload: Any) -> dict[str, Any]:
        try:
            return answer(labelling, payload, key).model_dump(mode="json")
        except AisleError as error:
            return {"problem": str(error)}

    style, script = _read("style.css"), _read("script.js")
    legend = [[grade, scale.get(grade, "")] for grade in (3, 2, 1, 0)]
    with gr.Blocks(analytics_enabled=False, title="Aisle: label", fill_width=True) as page:
        gr.HTML(
            html_template=_read("shell.html"),
            head=f"<style>{style}</style>",
            js_on_load=f"const KEY = {key!r}, SCALE = {_script_json(legend)};\n{script}",
            server_functions=[run_errand],
            apply_default_css=False,
        )
    page.queue(api_open=False)
    return page  # type: ignore[no-any-return]


def build_label_app(labelling: Labelling, scale: Mapping[int, str]) -> "FastAPI":
    """The app that `aisle eval label` serves on this machine."""
    import gradio as gr
    from fastapi import FastAPI
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    app = FastAPI(openapi_url=None)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
    gr.mount_gradio_app(
        app,
        build_page(labelling, scale, secrets.token_urlsafe()),
        "/",
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size="1kb",
        allowed_paths=[],
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"]),
    )
    mounted = app.routes[-1]
    mounted.app = Doors(mounted.app)  # type: ignore[attr-defined]
    return app


def answer(labelling: Labelling, payload: Any, key: str) -> View:
    """Do what the page asks, and show where that leads."""
    try:
        errand = Errand.model_validate(payload)
    except ValidationError as error:
        raise InvalidQuery("not an errand of this page; load it again") from error
    if not compare_digest(errand.key.encode(), key.encode()):
        raise InvalidQuery("this page is of an earlier start; load it again")
    if errand.do == "grade":
        labelling.put(errand.place, errand.grade)
    after = labelling.first if errand.do == "open" else errand.place + (errand.do == "grade")
    return view(labelling, min(max(after, 0), len(labelling.cases) - 1))


def view(labelling: Labelling, place: int) -> View:
    """What there is to see at a place."""
    one = labelling.cases[place]
    product = one.product
    stated = [(name, ", ".join(values)) for name, values in sorted(product.attributes.items())]
    facts = [("brand", product.brand or ""), ("category", " > ".join(product.categories)), *stated]
    return View(
        place=place,
        total=len(labelling.cases),
        graded=labelling.graded,
        grade=labelling.grade(place),
        query=one.pair.query,
        title=product.title,
        facts=tuple(fact for fact in facts if fact[1])[:MOST_ATTRIBUTES],
        description=(product.description or "")[:LONGEST_TEXT],
    )


def _script_json(value: Any) -> str:
    """JSON that a script may hold wherever it stands in a page."""
    import json

    return json.dumps(value).replace("<", "\\u003c")


def _read(name: str) -> str:
    return (BROWSER / name).read_text(encoding="utf-8")
