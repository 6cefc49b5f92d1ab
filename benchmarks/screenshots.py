"""Six states of the chat page as pictures in docs/images, made anew.

    AISLE_INDEX=demo.index python -m benchmarks.screenshots [FOLDER]

Nothing is measured here. The pictures are reduced to a palette, so that they stay small. Needs Chromium.
"""

import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Literal

from PIL import Image

from agent.loop import open_assistant
from core.settings import load_settings
from tests.e2e.page_server import answered, ask, chromium, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDE, NARROW = (1280, 800), (390, 800)
COLORS = 256
GAP = 24
SHOES = "running shoes under $150, not black"
JACKET = "rain jacket without a hood, under $200"
SET = "a desk lamp and an office chair for under $200 together"


def opened(
    browser: "Browser", address: str, size: tuple[int, int], scheme: Literal["light", "dark"] = "light"
) -> "Page":
    """The first visit, settled."""
    viewport = {"width": size[0], "height": size[1]}
    context = browser.new_context(viewport=viewport, color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    page.wait_for_selector(".departments img")
    return page


def taken(page: "Page") -> Image.Image:
    """What is on screen once all its pictures are there."""
    page.wait_for_function("[...document.images].filter(i => i.loading !== 'lazy').every(i => i.complete)")
    page.mouse.move(0, 0)
    page.wait_for_timeout(400)
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def first_visit(browser: "Browser", address: str) -> Image.Image:
    """What a shopper sees first."""
    return taken(opened(browser, address, WIDE))


def results(browser: "Browser", address: str) -> Image.Image:
    """Products with their receipts, one of them open."""
    page = opened(browser, address, WIDE)
    ask(page, SHOES)
    page.locator(".receipt summary").first.click()
    return taken(page)


def bundle(browser: "Browser", address: str) -> Image.Image:
    """Several things within one budget."""
    page = opened(browser, address, WIDE, "dark")
    ask(page, SET)
    return taken(page)


def comparison(browser: "Browser", address: str) -> Image.Image:
    """Three products side by side."""
    page = opened(browser, address, WIDE)
    ask(page, "desk lamp")
    for button in page.locator(".card [data-do=pick]").all()[:3]:
        button.click()
    page.locator(".tray .firm").click()
    page.locator("table.compared").wait_for()
    return taken(page)


def nothing(browser: "Browser", address: str) -> Image.Image:
    """A shelf without products, and what would fill it."""
    page = opened(browser, address, WIDE)
    ask(page, "running shoes under $5")
    return taken(page)


def phone(browser: "Browser", address: str) -> Image.Image:
    """On a phone: first visit, answer, and details in the dark."""
    visit = taken(opened(browser, address, NARROW))
    page = opened(browser, address, NARROW)
    ask(page, JACKET)
    answer = taken(page)
    page = opened(browser, address, NARROW, "dark")
    ask(page, JACKET)
    answered(page)
    page.locator(".card h3 button").first.click()
    page.locator(".sheet-table").wait_for()
    frames = [visit, answer, taken(page)]
    width = sum(frame.width for frame in frames) + GAP * (len(frames) + 1)
    whole = Image.new("RGB", (width, frames[0].height + 2 * GAP), "#c9c4b6")
    for place, frame in enumerate(frames):
        whole.paste(frame, (GAP + place * (frame.width + GAP), GAP))
    return whole


STATES = (first_visit, results, bundle, comparison, nothing, phone)


def main() -> None:
    """Make all six."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else IMAGES
    folder.mkdir(parents=True, exist_ok=True)
    assistant = open_assistant(load_settings())
    try:
        with TemporaryDirectory() as data, served(assistant, Path(data)) as address, chromium() as browser:
            for state in STATES:
                path = folder / f"page-{state.__name__.replace('_', '-')}.png"
                state(browser, address).quantize(COLORS).save(path, optimize=True)
                sys.stdout.write(f"{path} {path.stat().st_size // 1024} kB\n")
    finally:
        assistant.close()


if __name__ == "__main__":
    main()
