"""The chat page over a catalogue that means harm: all of it is shown, and nothing runs or breaks the page."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from catalog.edge_home import EdgeHome
from catalog.encoder import Encoder
from catalog.index import ProductIndex
from catalog.indexing import build_index
from tests.e2e.page_server import CHROMIUM, answered, ask, assistant_of, chromium, listen, served
from tests.ui.page import hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")

UNSEEN = ("\u200b", "\u202e", "\u2066", "\U000e0041")


@pytest.fixture(scope="module")
def address(encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hostile")
    home = EdgeHome(folder / "hostile.index")
    build_index(hostile.products, home, encoder)
    index = ProductIndex(home, home.live(), encoder)
    with served(assistant_of(index), folder) as url:
        yield url
    index.close()


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as opened:
        yield opened


@pytest.fixture(params=(1280, 390), ids=str)
def page(request: pytest.FixtureRequest, browser: "Browser", address: str) -> "Iterator[Page]":
    opened = browser.new_page(viewport={"width": request.param, "height": 844}, reduced_motion="reduce")
    heard: list[str] = []
    listen(opened, heard)
    opened.on("dialog", lambda dialog: heard.append(dialog.message))
    opened.goto(address)
    opened.wait_for_selector("#aisle .departments, #aisle .examples")
    yield opened
    assert opened.evaluate("window.hacked") is None
    assert opened.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    opened.close()
    assert [one for one in heard if not one.endswith("/media/demo/none.svg") and "404" not in one] == []


def test_products_are_shown_with_what_they_say_as_text(page: "Page") -> None:
    ask(page, "lamp")
    assert page.locator(".card").count() >= 3
    shown = page.locator(".shelf").inner_text()
    assert "<script>" in shown
    assert "onerror" in shown
    assert not any(character in shown for character in UNSEEN)


def test_details_comparison_and_shortlist_of_such_products_do_no_harm(page: "Page") -> None:
    ask(page, "lamp")
    count = page.locator(".card").count()
    for place in range(count):
        page.locator(".card h3 button").nth(place).click()
        page.locator(".sheet-body").wait_for()
        hrefs = [link.get_attribute("href") or "" for link in page.locator(".sheet-body a").all()]
        assert all(href.startswith("https://shop.example/") for href in hrefs)
        assert page.evaluate("document.querySelector('.sheet').scrollWidth <= innerWidth")
        page.keyboard.press("Escape")
    for place in range(2):
        page.locator(".card [data-do=save]").nth(place).click()
        page.locator(".card [data-do=pick]").nth(place).click()
    page.get_by_role("region", name="Compare").get_by_role("button", name="Compare").click()
    page.locator("table.compared").wait_for()
    page.keyboard.press("Escape")
    page.locator("nav [data-do=shortlist]").click()
    page.locator(".saved").wait_for()
    page.keyboard.press("Escape")


def test_their_words_in_chips_and_departments_do_no_harm(page: "Page") -> None:
    page.locator(".departments button").first.click()
    answered(page)
    page.locator(".card [data-do=like]").first.click()
    answered(page)
    assert page.locator(".chip").count() > 0
    page.locator(".chip .x").first.click()
    answered(page)


def test_what_a_shopper_types_is_text_too(page: "Page") -> None:
    ask(page, "<img src=x onerror='window.hacked=9'> lamp <b>bold</b>")
    assert page.locator(".said img, .said b").count() == 0
    page.reload()
    page.locator(".said").first.wait_for()
    assert page.locator(".said img, .said b").count() == 0


def test_arabic_runs_from_right_to_left(page: "Page") -> None:
    ask(page, hostile.ARABIC + " lamp")
    assert page.evaluate("getComputedStyle(document.querySelector('.said')).direction") == "rtl"
