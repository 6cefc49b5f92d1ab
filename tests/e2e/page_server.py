"""The chat page served for a browser test: the real page in a real server, on a port of its own."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from agent.conversations import Conversations
from agent.loop import Assistant
from agent.talks import Talks
from behavior.recorder import Recorder
from catalog.index import ProductIndex
from core.settings import load_settings
from ranking.blend import load_blend
from ranking.pipeline import Ranker
from tools.shop import Shop
from ui.page.app import build_page, mount_page

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = ["background-networking", "component-update", "sync"]
STARTING_S = 30.0


def assistant_of(index: ProductIndex) -> Assistant:
    """An assistant that needs no cross-encoder and no language model."""
    assistant = Assistant(Shop(index, Ranker(load_blend())))
    assistant.warm_up()
    return assistant


@contextmanager
def served(assistant: Assistant, folder: Path) -> Iterator[str]:
    """The address of the assistant's page, until the block ends."""
    import uvicorn
    from fastapi import FastAPI

    conversations = Conversations(folder / "conversations.sqlite")
    recorder = Recorder(folder / "behavior")
    app = FastAPI()
    mount_page(
        app,
        build_page(assistant, Talks(assistant, conversations), recorder, load_settings(data=folder)),
        assistant,
    )
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        until = monotonic() + STARTING_S
        while not server.started and monotonic() < until and thread.is_alive():
            sleep(0.02)
        (listening,) = server.servers[0].sockets
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        server.should_exit = True
        thread.join(STARTING_S)
        conversations.close()
        recorder.close()


@contextmanager
def chromium() -> "Iterator[Browser]":
    """Debian's Chromium, which asks nobody anything."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET)]
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


def listen(page: "Page", heard: list[str]) -> None:
    """Write down what the page complains of, and what it asks of anybody but its server."""
    page.on("console", lambda said: heard.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("response", lambda answer: heard.append(answer.url) if answer.status >= 400 else None)
    page.on(
        "request",
        lambda asked: (
            heard.append(asked.url) if "//127.0.0.1:" not in asked.url and "blob:" not in asked.url else None
        ),
    )


def ask(page: "Page", message: str) -> None:
    """Say something, and wait for the whole answer."""
    page.get_by_label("What are you looking for?").fill(message)
    page.keyboard.press("Enter")
    answered(page)


def answered(page: "Page") -> None:
    """Wait until nothing is being worked on."""
    page.wait_for_function(
        "() => document.querySelector('.turns .reply') && !document.querySelector('#aisle .pending')"
    )
