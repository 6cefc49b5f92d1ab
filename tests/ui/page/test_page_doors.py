"""What of Gradio stands open, and the head of the page that it sends."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from agent.conversations import Conversations
from agent.loop import Assistant
from agent.talks import Talks
from behavior.recorder import Recorder
from core.settings import load_settings
from tools.shop import Shop
from ui.page.app import BROWSER, SCRIPTS, STYLES, build_page, mount_page, script, style

CLOSED = [
    "/gradio_api/upload",
    "/gradio_api/file=/etc/passwd",
    "/gradio_api/proxy=https://example.com",
    "/gradio_api/info",
    "/gradio_api/runs",
    "/gradio_api/call/answer",
    "/gradio_api/run/answer",
    "/gradio_api/vibe-code",
    "/gradio_api/reset",
    "/monitoring",
    "/login",
    "/docs/../gradio_api/upload",
    "/anything",
]


@pytest.fixture(scope="module")
def browser(shop: Shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("page")
    assistant = Assistant(shop)
    conversations, recorder = Conversations(folder / "conversations.sqlite"), Recorder(None)
    app = FastAPI(docs_url=None, openapi_url=None)
    mount_page(
        app,
        build_page(assistant, Talks(assistant, conversations), recorder, load_settings(data=folder)),
        assistant,
    )
    with TestClient(app) as client:
        yield client
    conversations.close()


@pytest.mark.parametrize("path", CLOSED)
def test_what_the_page_does_not_need_is_closed(browser: TestClient, path: str) -> None:
    assert browser.get(path).status_code == 404
    assert browser.post(path).status_code in (404, 405)


def test_the_page_names_no_other_address(browser: TestClient) -> None:
    answer = browser.get("/")
    assert answer.status_code == 200
    config = answer.text
    loaded = re.findall(r'(?:src|href)=\\?"(https?:)?//', config)
    assert loaded == []
    assert "fonts.googleapis" not in config
    assert "og:image" not in config


def test_the_page_comes_with_a_policy_that_refuses_handlers_in_markup(browser: TestClient) -> None:
    policy = browser.get("/").headers["content-security-policy"]
    assert "script-src-attr 'none'" in policy
    assert "connect-src 'self'" in policy
    assert "object-src 'none'" in policy


def test_the_page_is_called_by_its_own_name(browser: TestClient) -> None:
    head = browser.get("/").text.split("</head>")[0]
    assert "<title>Aisle</title>" in head
    assert "Click to try out the app" not in head


def test_drawings_of_the_demo_are_served_as_pictures_that_run_nothing(browser: TestClient) -> None:
    answer = browser.get("/media/demo/desk-lamp-study-black.svg")
    assert answer.headers["content-type"] == "image/svg+xml"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.text.startswith("<svg")
    assert browser.get("/media/demo/no-such-thing.svg").status_code == 404


def test_the_shell_has_nothing_that_a_template_would_run() -> None:
    shell = (BROWSER / "shell.html").read_text(encoding="utf-8")
    assert not re.search(r"[`\\]|\$\{|\{\{|@children", shell)


def test_every_file_of_the_browser_is_used() -> None:
    assert {path.name for path in BROWSER.iterdir()} == {*STYLES, *SCRIPTS, "shell.html"}


def test_style_and_script_load_nothing_from_elsewhere() -> None:
    for text in (style(), script()):
        assert not re.search(r"@import|url\((?!#)|https?://", text)
