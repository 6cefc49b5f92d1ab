"""How fast the chat page is in a browser: until it can be used, until first results, and with many at once.

    AISLE_INDEX=demo.index python -m benchmarks.page [--browsers 20] [--rounds 3]

Times are those of the browser's own clock, from Enter to the products on screen. Needs Chromium.
"""

import argparse
import asyncio
import json
import sys
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, Any

from agent.loop import open_assistant
from core.settings import load_settings
from tests.e2e.page_server import CHROMIUM, served

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

QUESTIONS = (
    "rain jacket without a hood",
    "coffee mug under $20",
    "running shoes",
    "wool sweater for women",
    "desk lamp not black",
    "granola without nuts",
    "bluetooth speaker under $80",
)
WATCH = """
addEventListener('keydown', event => { if (event.key === 'Enter') window.asked = performance.now(); }, true);
addEventListener('DOMContentLoaded', () => new MutationObserver(() => {
  const turn = document.querySelector('.side')?.dataset.turn;
  if (turn !== window.shown) { window.shown = turn; window.found = performance.now() - window.asked; }
}).observe(document.documentElement, {subtree: true, attributes: true, attributeFilter: ['data-turn']}));
"""
DONE = "() => document.querySelector('.turns .reply') && !document.querySelector('#aisle .pending')"


async def opened(browser: "Browser", address: str, heard: list[str]) -> tuple["Page", float]:
    """A page in a context of its own, and the milliseconds until it could be used."""
    page = await (await browser.new_context(viewport={"width": 1280, "height": 844})).new_page()
    page.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    page.on("response", lambda answer: heard.append(answer.url) if answer.status >= 400 else None)
    await page.add_init_script(WATCH)
    started = perf_counter()
    await page.goto(address)
    await page.wait_for_selector("#aisle[data-ready]")
    return page, (perf_counter() - started) * 1e3


async def asked(page: "Page", question: str) -> float:
    """Milliseconds from Enter until the first products of the answer were on screen."""
    await page.fill("#ask", question)
    await page.press("#ask", "Enter")
    await page.wait_for_function(DONE, timeout=120_000)
    if await page.locator(".turns li:last-child .failed").count():
        raise SystemExit(f"{question!r} was not answered")
    return float(await page.evaluate("window.found"))


async def shopper(page: "Page", first: int, rounds: int) -> list[float]:
    """One shopper's questions, one after the other."""
    chosen = [QUESTIONS[(first + n) % len(QUESTIONS)] for n in range(rounds)]
    return [await asked(page, question) for question in chosen]


async def measured(address: str, browsers: int, rounds: int) -> dict[str, Any]:
    """One shopper alone, then so many at once."""
    from playwright.async_api import async_playwright

    heard: list[str] = []
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        _, cold = await opened(browser, address, heard)
        page, ready = await opened(browser, address, heard)
        alone = await shopper(page, 0, 3 * len(QUESTIONS))
        pages = [(await opened(browser, address, heard))[0] for _ in range(browsers)]
        started = perf_counter()
        crowd = await asyncio.gather(*(shopper(p, n, rounds) for n, p in enumerate(pages)))
        seconds = perf_counter() - started
        await browser.close()
    together = [ms for one in crowd for ms in one]
    return {
        "interactive_ms": {"first": round(cold), "again": round(ready)},
        "first_results_ms": _spread(alone),
        "at_once": {
            "browsers": browsers,
            "turns": len(together),
            "seconds": round(seconds, 1),
            "first_results_ms": _spread(together),
        },
        "errors": heard,
    }


def _spread(times: list[float]) -> dict[str, int]:
    cuts = quantiles(times, n=20, method="inclusive")
    return {"p50": round(cuts[9]), "p95": round(cuts[18]), "most": round(max(times))}


def main() -> None:
    """Measure and print one JSON document; exit 1 where a browser complained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browsers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    assistant = open_assistant(load_settings())
    try:
        with TemporaryDirectory() as folder, served(assistant, Path(folder)) as address:
            found = asyncio.run(measured(address, given.browsers, given.rounds))
    finally:
        assistant.close()
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    sys.exit(bool(found["errors"]))


if __name__ == "__main__":
    main()
