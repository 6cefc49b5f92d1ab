"""The labelling page in a real browser: graded by key, kept at once, gone on with. Run by `make e2e`."""

import threading
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import pytest

from eval.judge.labelling import Labelling
from eval.judge.rubrics import load_rubric
from eval.trec import read_qrels
from tests.e2e.page_server import CHROMIUM, STARTING_S, chromium, listen
from tests.eval.judge.made_up import case
from ui.labelling.page import build_label_app

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")

HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=alert(1)>"
SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
CASES = [
    case("q1", f"p{n}", f"Red mug {n}", brand="Acme", categories=("Home", "Mugs"), description="Big. " * 200)
    for n in range(3)
] + [case("q1", "p3", HOSTILE, attributes={HOSTILE: (HOSTILE,)}, description=HOSTILE)]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as opened:
        yield opened


@pytest.fixture
def qrels(tmp_path: Path) -> Path:
    path = tmp_path / "human.qrels"
    path.write_text("q1 0 p0 2\n")
    return path


@pytest.fixture
def address(qrels: Path) -> Iterator[str]:
    import uvicorn

    app = build_label_app(Labelling(CASES, qrels), load_rubric("esci").scale)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = monotonic() + STARTING_S
    while not server.started and monotonic() < until and thread.is_alive():
        sleep(0.02)
    (listening,) = server.servers[0].sockets
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    server.should_exit = True
    thread.join(STARTING_S)


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def page(request: pytest.FixtureRequest, browser: "Browser", address: str) -> "Iterator[Page]":
    heard: list[str] = []
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    opened = context.new_page()
    listen(opened, heard)
    opened.goto(address)
    opened.get_by_text("2 of 4, 1 graded").wait_for()
    yield opened
    needed, shown = opened.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    context.close()
    assert needed <= shown
    assert heard == []


def accessible(page: "Page") -> list[Any]:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found]


def test_keys_grade_go_back_and_skip_and_every_grade_is_kept_at_once(page: "Page", qrels: Path) -> None:
    assert page.locator(".title").inner_text() == "Red mug 1"
    assert page.locator(".query").inner_text() == "red mug"
    page.keyboard.press("3")
    page.get_by_text("3 of 4, 2 graded").wait_for()
    assert read_qrels(qrels) == {"q1": {"p0": 2, "p1": 3}}
    page.keyboard.press("ArrowLeft")
    page.get_by_text("2 of 4, 2 graded").wait_for()
    assert page.locator("button[aria-pressed=true]").get_attribute("data-grade") == "3"
    page.get_by_role("button", name="nothing of the kind").click()
    page.get_by_text("3 of 4, 2 graded").wait_for()
    assert read_qrels(qrels)["q1"]["p1"] == 0
    page.keyboard.press("ArrowRight")
    page.get_by_text("4 of 4").wait_for()
    page.keyboard.press("1")
    page.get_by_text("4 of 4, 3 graded").wait_for()
    assert accessible(page) == []


def test_a_hostile_listing_is_only_text(page: "Page") -> None:
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.get_by_text("3 of 4").wait_for()
    page.keyboard.press("ArrowRight")
    page.get_by_text("4 of 4").wait_for()
    assert page.locator(".title").inner_text() == HOSTILE
    assert page.title() != "owned"
    assert page.locator("article img").count() == 0


def test_who_does_not_have_the_page_cannot_grade(browser: "Browser", address: str, qrels: Path) -> None:
    context = browser.new_context()
    elsewhere = context.request.get(address, headers={"Host": "shop.example"})
    assert elsewhere.status == 400
    page = context.new_page()
    page.goto(address)
    page.get_by_text("2 of 4, 1 graded").wait_for()
    sent: list[str] = []
    page.on("request", lambda asked: sent.append(asked.post_data or "") if asked.method == "POST" else None)
    page.keyboard.press("ArrowRight")
    page.get_by_text("3 of 4").wait_for()
    (body,) = [one for one in sent if '"key"' in one]
    key = body.split('"key":"')[1].split('"')[0]
    forged = body.replace(key, "guessed").replace('"see"', '"grade"')
    answer = context.request.post(
        f"{address}gradio_api/component_server", data=forged, headers={"Content-Type": "application/json"}
    )
    assert "load it again" in answer.text()
    assert read_qrels(qrels) == {"q1": {"p0": 2}}
    context.close()
