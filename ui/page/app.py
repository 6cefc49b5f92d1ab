"""The chat page as a Gradio app, and how it stands in a server. Gradio carries; the look is the page's own.

The whole page is one HTML component: its template never changes, its script draws what the events bring.
"""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.loop import Assistant
from agent.talks import Talks
from behavior.recorder import Recorder
from core.errors import AisleError
from core.settings import Settings
from ui.page.doors import Doors, pictures
from ui.page.errands import errand
from ui.page.talk import problem, turn

if TYPE_CHECKING:
    import gradio as gr
    from fastapi import FastAPI

BROWSER = Path(__file__).parent / "browser"
STYLES = ("tokens.css", "layout.css", "shelf.css", "sheets.css")
SCRIPTS = ("wire.js", "shelf.js", "sheets.js", "clicks.js", "start.js")
AT_ONCE = 4  # turns for each core; more wait
WAITING = 200  # turns; more are told to come back
LARGEST_UPLOAD = "1kb"  # there is nothing to upload


def build_page(assistant: Assistant, talks: Talks, recorder: Recorder, settings: Settings) -> "gr.Blocks":
    """The page of a shop, ready to be mounted."""
    import gradio as gr

    shop = assistant.shop

    def answer(asked: gr.EventData) -> Iterator[str]:
        payload = asked._data
        try:
            for frame in turn(talks, shop, recorder, payload):
                yield frame.model_dump_json(exclude_none=True)
        except AisleError as error:
            yield problem(payload, error).model_dump_json(exclude_none=True)

    def run_errand(payload: Any) -> dict[str, Any]:
        try:
            return errand(assistant, talks, shop, recorder, payload)
        except AisleError as error:
            return {"problem": str(error)}

    with gr.Blocks(analytics_enabled=False, title="Aisle", fill_width=True) as page:
        whole = gr.HTML(
            html_template=_read("shell.html"),
            head=f"<style>{style()}</style>",
            js_on_load=script(),
            server_functions=[run_errand],
            apply_default_css=False,
        )
        whole.submit(
            answer,
            None,
            whole,
            show_progress="hidden",
            trigger_mode="multiple",
            concurrency_limit=AT_ONCE * (settings.threads or os.cpu_count() or 1),
            api_visibility="private",
        ).failure(None, js="() => window.dispatchEvent(new Event('aisle:failed'))")
    page.queue(max_size=WAITING, api_open=False)
    # Or else pandas sums up all turns so far after every turn, for a monitoring page that is closed.
    page._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    return page  # type: ignore[no-any-return]


def mount_page(app: "FastAPI", page: "gr.Blocks", assistant: Assistant, path: str = "/") -> None:
    """Serve the page below `path`, with the pictures of the demo catalogue and nothing else of Gradio's."""
    import gradio as gr

    app.include_router(pictures(assistant.shop.index), prefix=path.rstrip("/"))
    gr.mount_gradio_app(
        app,
        page,
        path,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=LARGEST_UPLOAD,
        allowed_paths=[],
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=_plain(),
    )
    mounted = app.routes[-1]
    mounted.app = Doors(mounted.app)  # type: ignore[attr-defined]


@cache
def style() -> str:
    """The page's style sheet."""
    return "\n".join(_read(name) for name in STYLES)


@cache
def script() -> str:
    """The page's script: one function body, in which Gradio hands over `element`, `trigger` and the like."""
    return "\n".join(_read(name) for name in SCRIPTS)


def _plain() -> Any:
    """A Gradio theme that loads no font from anywhere."""
    import gradio as gr

    return gr.themes.Base(font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])


def _read(name: str) -> str:
    return (BROWSER / name).read_text(encoding="utf-8")
