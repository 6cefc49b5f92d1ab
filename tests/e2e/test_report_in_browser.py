"""The report in a real browser, from disk: no error, no request, and it fits a phone. Run by `make e2e`."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from eval.report import write_report
from tests.eval.report_sample import QUERIES, comparison, details

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the PATH")
QUIET = ["background-networking", "component-update", "sync"]
SCREENS = [(width, scheme) for width in (1280, 390) for scheme in ("light", "dark")]


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    with playwright.sync_playwright() as driver:
        arguments = ["--no-sandbox", "--no-first-run", *(f"--disable-{name}" for name in QUIET)]
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(path, comparison(), details())
    return path.as_uri()


@pytest.fixture
def heard() -> list[str]:
    """What the page complained of or asked for."""
    return []


@pytest.fixture(params=SCREENS, ids=lambda screen: f"{screen[0]}-{screen[1]}")
def page(
    request: pytest.FixtureRequest, browser: "Browser", report: str, heard: list[str]
) -> "Iterator[Page]":
    width, scheme = request.param
    opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened.on("console", lambda message: heard.append(message.text))
    opened.on("pageerror", lambda error: heard.append(str(error)))
    opened.on("request", lambda asked: None if asked.url.split("#")[0] == report else heard.append(asked.url))
    opened.goto(report)
    yield opened
    opened.close()


def test_it_opens_without_an_error_or_a_request_and_fits(page: "Page", heard: list[str]) -> None:
    for query in page.locator("details.query").all():
        query.locator("summary").click()
    width, shown = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width <= shown
    assert page.title() == "new is better than old · belts"
    assert heard == []


def test_the_page_takes_the_scheme_of_its_reader(page: "Page", request: pytest.FixtureRequest) -> None:
    (_, scheme) = request.node.callspec.params["page"]
    colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    light = sum(int(part) for part in colour.removeprefix("rgb(").rstrip(")").split(",")) > 380
    assert light == (scheme == "light")


def test_filter_and_sort_work(page: "Page", heard: list[str]) -> None:
    queries = page.locator("details.query:visible")
    assert queries.count() == len(QUERIES)
    page.get_by_label("Filter").fill("NUMBER brand")
    assert queries.count() == 0
    assert page.get_by_text("No query has these words.").is_visible()
    page.get_by_label("Filter").fill("number 11")
    assert queries.count() == 1
    assert page.locator("#count").inner_text() == "1 query"
    page.get_by_label("Filter").fill("")
    page.get_by_label("Sort").select_option("loss")
    gains = [float(query.get_attribute("data-gains") or "nan") for query in queries.all()]
    assert gains == sorted(gains)
    page.get_by_label("Sort").select_option("gain")
    gains = [float(query.get_attribute("data-gains") or "nan") for query in queries.all()]
    assert gains == sorted(gains, reverse=True)
    assert heard == []


def test_a_bar_opens_its_query_even_when_it_was_filtered_away(page: "Page", heard: list[str]) -> None:
    page.get_by_label("Filter").fill("nothing found")
    bar = page.locator("figure.pair a").first
    target = bar.get_attribute("href") or ""
    bar.locator("rect.reach").click()
    page.locator(f"details{target}[open]").wait_for(state="visible")
    assert page.locator("details[open]").count() == 1
    assert heard == []


def test_the_policy_stops_a_request_that_a_script_would_make(page: "Page", heard: list[str]) -> None:
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=https://example.invalid/x.png>')")
    assert page.wait_for_function("document.images[0].complete")
    assert any("Content Security Policy" in line and "blocked" in line for line in heard)


def test_it_can_be_read_without_scripts(browser: "Browser", report: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report)
    assert not page.get_by_label("Filter").is_visible()
    page.locator("summary").first.click()
    assert page.locator("details[open] td").first.is_visible()
    context.close()


def test_it_prints(page: "Page", tmp_path: Path) -> None:
    page.pdf(path=tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")
