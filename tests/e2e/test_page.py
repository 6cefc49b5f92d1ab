"""The chat page in a real browser, wide and narrow: the ways of a shopper. Run by `make e2e`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from catalog.index import ProductIndex
from tests.e2e.page_server import CHROMIUM, answered, ask, assistant_of, chromium, listen, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")

WIDTHS = (1280, 390)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def address(demo_index: ProductIndex, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(assistant_of(demo_index), tmp_path_factory.mktemp("shop")) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with chromium() as opened:
        yield opened


@pytest.fixture
def heard() -> list[str]:
    """What the page complained of or asked of others; after every test there must be nothing."""
    return []


@pytest.fixture(params=WIDTHS, ids=str)
def page(
    request: pytest.FixtureRequest, browser: "Browser", address: str, heard: list[str]
) -> "Iterator[Page]":
    context = browser.new_context(
        viewport={"width": request.param, "height": 844}, reduced_motion="reduce", accept_downloads=True
    )
    opened = context.new_page()
    listen(opened, heard)
    opened.goto(address)
    opened.wait_for_selector(".examples")
    yield opened
    width, shown = opened.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    context.close()
    assert width <= shown
    assert heard == []


def titles(page: "Page") -> list[str]:
    return page.locator(".card h3").all_inner_texts()


def prices(page: "Page") -> list[float]:
    return [
        float(text.strip("$").replace(",", ""))
        for text in page.locator(".card .price strong").all_inner_texts()
    ]


def accessible(page: "Page") -> list[Any]:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    found = Axe().run(page, options={"runOnly": RULES}).response["violations"]
    return [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found]


def test_ask_then_refine(page: "Page") -> None:
    ask(page, "desk lamp")
    before = titles(page)
    ask(page, "under $50")
    assert page.get_by_role("button", name="Remove under $50").count() == 1
    assert 0 < len(titles(page)) < len(before)
    assert max(prices(page)) <= 50
    ask(page, "which one is cheapest?")
    assert page.locator(".turns li").count() == 3


def test_an_example_of_the_first_visit_is_one_click_away(page: "Page") -> None:
    page.locator(".examples button").first.click()
    answered(page)
    assert page.locator(".card").count() > 0


def test_a_department_is_one_click_away(page: "Page") -> None:
    page.get_by_role("button", name="Camping").click()
    answered(page)
    assert page.locator(".card").count() > 0
    assert page.get_by_role("button", name="Remove in Camping").is_visible()


def test_remove_a_chip_change_another(page: "Page") -> None:
    ask(page, "desk lamp under $50")
    page.get_by_role("button", name="Remove under $50").click()
    answered(page)
    assert max(prices(page)) > 50
    page.get_by_role("button", name="Price", exact=True).click()
    page.get_by_label("to", exact=True).fill("40")
    page.keyboard.press("Enter")
    answered(page)
    assert max(prices(page)) <= 40
    assert page.get_by_text("under $40").first.is_visible()


def test_sort_by_price(page: "Page") -> None:
    ask(page, "desk lamp")
    page.get_by_label("Sort by").select_option("price_up")
    answered(page)
    assert prices(page) == sorted(prices(page))
    assert page.get_by_label("Sort by").input_value() == "price_up"


def test_compare_some(page: "Page") -> None:
    ask(page, "desk lamp")
    for button in page.locator(".card [data-do=pick]").all()[:3]:
        button.click()
    page.get_by_role("region", name="Compare").get_by_role("button", name="Compare").click()
    table = page.locator("table.compared")
    table.wait_for()
    assert table.locator("thead th").count() == 3
    assert table.locator("td.best").count() > 0
    page.keyboard.press("Escape")
    assert not table.is_visible()


def test_comparing_by_word_opens_the_same_table(page: "Page") -> None:
    ask(page, "desk lamp")
    ask(page, "compare the first two")
    assert page.locator("table.compared thead th").count() == 2


def test_details_by_keyboard_and_back(page: "Page") -> None:
    ask(page, "desk lamp")
    page.locator(".card h3 button").first.focus()
    page.keyboard.press("Enter")
    page.get_by_text("In detail").wait_for()
    assert page.evaluate("document.activeElement.id") == "sheet-title"
    link = page.get_by_role("link", name="Go to the shop")
    assert set((link.get_attribute("rel") or "").split()) >= {"noopener", "noreferrer"}
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.closest('.card') !== null")


def test_a_receipt_opens_to_its_evidence(page: "Page") -> None:
    ask(page, "rain jacket without a hood")
    receipt = page.locator(".card .receipt").first
    receipt.locator("summary").click()
    assert receipt.locator("dd q").first.is_visible()


def test_a_relaxation_finds_what_it_counted(page: "Page") -> None:
    ask(page, "desk lamp under $12")
    offer = page.locator(".turns li:last-child .offer").first
    count = int(offer.locator(".n").inner_text())
    offer.click()
    answered(page)
    assert page.locator(".card").count() == min(count, 10)


def test_undo_a_repair(page: "Page") -> None:
    ask(page, "desk lmap")
    assert page.locator(".card").count() > 0
    page.get_by_role("button", name="instead").click()
    answered(page)
    assert (
        "lmap" in page.locator(".side h2").first.inner_text().lower() or page.get_by_text("lmap").count() > 0
    )
    assert page.get_by_role("button", name="instead").locator("visible=true").count() <= 1


def test_not_this_and_more_like_this(page: "Page") -> None:
    ask(page, "desk lamp")
    unwanted = titles(page)[0]
    page.locator(".card [data-do=hide]").first.click()
    answered(page)
    assert unwanted not in titles(page)
    page.locator(".card [data-do=like]").first.click()
    answered(page)
    assert page.get_by_role("button", name="Remove like").count() == 1


def test_a_bundle_has_a_running_total(page: "Page") -> None:
    ask(page, "a desk lamp and an office chair for under $300 together")
    total = page.locator("[data-sum]")
    before = total.inner_text()
    page.locator(".group").first.locator(".choose input:not(:checked)").first.check()
    assert total.inner_text() != before
    assert page.locator(".group .choose input:checked").count() == 2


def test_the_shortlist_keeps_notes_and_can_be_taken_away(page: "Page", tmp_path: Path) -> None:
    ask(page, "desk lamp")
    page.locator(".card [data-do=save]").nth(0).click()
    page.locator(".card [data-do=save]").nth(1).click()
    page.locator("nav [data-do=shortlist]").click()
    page.locator("[data-note]").first.fill('=for "the hall"')
    page.keyboard.press("Escape")
    page.reload()
    page.locator(".card[data-key]").first.wait_for()
    page.locator("nav [data-do=shortlist]").click()
    assert page.locator("[data-note]").first.input_value() == '=for "the hall"'
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    file = tmp_path / "shortlist.csv"
    download.value.save_as(file)
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 3
    assert '"\'=for ""the hall"""' in lines[1]


def test_a_conversation_survives_a_reload_and_tabs_do_not_mix(page: "Page") -> None:
    ask(page, "desk lamp under $50")
    before = titles(page)
    other = page.context.new_page()
    other.goto(page.url.split("#")[0])
    other.wait_for_selector(".examples")
    ask(other, "running shoes")
    page.reload()
    page.locator(".card[data-key]").first.wait_for()
    assert titles(page) == before
    assert page.get_by_role("button", name="Remove under $50").count() == 1
    assert "desk lamp under $50" in page.locator(".turns").inner_text()
    ask(page, "only black ones")
    assert page.locator(".turns li").count() == 2
    other.close()


def test_a_new_search_forgets_and_back_remembers(page: "Page") -> None:
    ask(page, "desk lamp")
    page.get_by_role("button", name="New search").click()
    page.wait_for_selector(".examples")
    assert page.locator(".turns li").count() == 0
    page.go_back()
    page.locator(".card[data-key]").first.wait_for()
    assert "desk lamp" in page.locator(".turns").inner_text()


def test_a_conversation_nobody_knows_is_a_first_visit(page: "Page", address: str) -> None:
    page.goto(f"{address}#c=nobody")
    page.reload()
    page.wait_for_selector(".examples")
    assert page.url == address
    ask(page, "desk lamp")
    assert page.locator(".card").count() > 0


def test_dark_is_a_choice_that_stays(page: "Page") -> None:
    def ground() -> int:
        colour = page.evaluate("getComputedStyle(document.querySelector('#aisle')).backgroundColor")
        return sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(","))

    assert ground() > 600
    page.get_by_role("button", name="Dark colours").click()
    assert ground() < 150
    page.reload()
    page.wait_for_selector(".examples")
    assert ground() < 150


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_is_accessible(page: "Page", scheme: str) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    assert accessible(page) == []
    ask(page, "rain jacket without a hood under $200")
    page.locator(".making summary").first.click()
    page.locator(".receipt summary").first.click()
    assert accessible(page) == []
    page.locator(".chip button.word").first.click()
    page.locator("#editor form").wait_for()
    page.locator(".card [data-do=pick]").nth(0).click()
    page.locator(".card [data-do=pick]").nth(1).click()
    assert accessible(page) == []
    page.get_by_role("region", name="Compare").get_by_role("button", name="Compare").click()
    page.locator("table.compared").wait_for()
    assert accessible(page) == []
    page.keyboard.press("Escape")
    page.locator(".card [data-do=save]").first.click()
    page.locator("nav [data-do=shortlist]").click()
    page.locator(".saved").wait_for()
    assert accessible(page) == []
    page.locator(".saved h3 button").first.click()
    page.locator(".sheet-table").wait_for()
    assert accessible(page) == []
    page.keyboard.press("Escape")
    ask(page, "a desk lamp and an office chair for under $300 together")
    assert accessible(page) == []
    ask(page, "running shoes under $5")
    assert accessible(page) == []


def test_the_line_to_type_in_can_always_be_reached(page: "Page") -> None:
    ask(page, "desk lamp")
    box = page.get_by_label("What are you looking for?").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < box["y"] + box["height"] <= 844
    assert page.locator(".card").first.bounding_box() is not None
    first = page.locator(".card h3").first.bounding_box()
    assert first is not None
    assert first["y"] < 844


def test_the_address_holds_nothing_of_what_was_said(page: "Page") -> None:
    ask(page, "desk lamp under $50")
    assert "lamp" not in page.url
    kept = json.loads(page.evaluate("JSON.stringify({...localStorage})"))
    assert not any("lamp" in value for value in kept.values())
