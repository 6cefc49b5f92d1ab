"""The insight page in a real browser: in and out, wide and narrow, light and dark. Run by `make e2e`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core.settings import Settings, load_settings
from tests.e2e.page_server import CHROMIUM, chromium, listen
from tests.ui.insight_sample import app_of, write_sample
from tests.ui.serving.conftest import listening
from ui.serving.keys import add_key, key_file

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")

SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_settings(data=tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def key(settings: Settings) -> str:
    write_sample(settings)
    return add_key(key_file(settings), "owner", ["admin"])


@pytest.fixture(scope="module")
def address(settings: Settings, key: str) -> Iterator[str]:
    assert key
    with listening(app_of(settings)) as port:
        yield f"http://127.0.0.1:{port}/insight"


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as opened:
        yield opened


@pytest.fixture
def heard() -> list[str]:
    """What the page complained of or asked of others."""
    return []


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def page(
    request: pytest.FixtureRequest, browser: "Browser", address: str, heard: list[str]
) -> "Iterator[Page]":
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 844}, color_scheme=scheme)
    opened = context.new_page()
    listen(opened, heard)
    opened.goto(address)
    yield opened
    assert fits(opened)
    context.close()
    assert heard == []


def fits(page: "Page") -> bool:
    width, shown = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    return bool(width <= shown)


def open_with(page: "Page", key: str) -> None:
    page.get_by_label("Admin key").fill(key)
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1).get_by_text("searches").wait_for()


def complaints(page: "Page") -> list[tuple[str, str, str]]:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found]


def test_the_owner_signs_in_looks_around_and_signs_out(page: "Page", key: str) -> None:
    assert page.get_by_label("Admin key").evaluate("(field) => field === document.activeElement")
    open_with(page, key)
    page.get_by_role("link", name="7 days").click()
    page.get_by_role("heading", level=1).get_by_text("22 searches").wait_for()
    page.get_by_text("Searches per day as a table").click()
    assert page.get_by_role("region", name="Searches per day as a table").get_by_role("row").count() == 8
    assert page.get_by_role("img").count() == 4
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Admin key").wait_for()
    page.go_back()
    page.get_by_label("Admin key").wait_for()
    assert page.get_by_text("red kettle").count() == 0, "what was seen is not kept by the browser"


def test_it_can_be_read_by_everybody(page: "Page", key: str) -> None:
    assert complaints(page) == []
    open_with(page, key)
    for summary in page.locator("summary").all():
        summary.click()
    assert complaints(page) == []


def test_hostile_words_neither_run_nor_break_the_page(page: "Page", key: str) -> None:
    open_with(page, key)
    assert page.title() == "Insight, 30 days · Aisle"
    assert page.get_by_text("<script>document.title = 'owned'</script>").first.is_visible()
    assert page.locator("main script, main img, svg[onload]").count() == 0
    assert page.locator("section").count() == 7


def test_scripts_of_the_page_cannot_see_the_cookie(page: "Page", key: str) -> None:
    open_with(page, key)
    assert page.evaluate("document.cookie") == ""
    [cookie] = page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, "Strict", "/insight")


def test_it_works_without_scripts_and_a_wrong_key_is_told(browser: "Browser", address: str, key: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(f"{address}?days=90")
    page.get_by_label("Admin key").fill("aisle_guessed")
    page.get_by_role("button", name="Open").click()
    assert page.get_by_role("alert").inner_text() == "This key does not open this page."
    assert page.get_by_label("Admin key").input_value() == ""
    open_with(page, key)
    assert page.get_by_role("link", name="90 days").get_attribute("aria-current") == "page"
    context.close()


def test_an_empty_log_and_a_server_without_keys_can_be_read_too(browser: "Browser", tmp_path: Path) -> None:
    settings = load_settings(data=tmp_path)
    with listening(app_of(settings)) as port:
        context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{port}/insight")
        assert page.get_by_text("aisle keys add owner --scope admin").is_visible()
        assert complaints(page) == []
        key = add_key(key_file(settings), "owner", ["admin"])
        page.get_by_role("link", name="Load this page again").click()
        open_with(page, key)
        assert page.get_by_role("heading", name="No searches in these 30 days").is_visible()
        assert complaints(page) == []
        assert fits(page)
        context.close()
