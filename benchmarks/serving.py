"""What `aisle serve` bears: one searcher, many at once, and memory over a soak. Talks to loopback, and stops.

python -m benchmarks.serving --index demo.index [--searchers 32] [--seconds 60] [--soak 600]
"""

import argparse
import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import quantiles
from time import perf_counter, sleep

import httpx2
import psutil

from eval.datasets import read_queries

SEARCH = "/api/catalog/search"
ASKED = tuple(
    f"{what} {how}".strip()
    for how in ("", "under 40", "in blue", "without plastic", "with good reviews")
    for what in ("kettle", "running shoes", "desk lamp", "tent for two", "office chair", "baby stroller")
)
READY_S = 120
Times = list[tuple[float, int, float]]  # when it began, status, seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", required=True)
    parser.add_argument("--queries", type=Path, help="lines of id, tab, text; else 30 of the demo catalogue")
    parser.add_argument("--searchers", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--soak", type=float, default=0, help="seconds of a soak with 4 searchers")
    parser.add_argument("--overload", type=int, default=200, help="searchers for whom there is no room")
    given = parser.parse_args()
    queries = tuple(read_queries(given.queries).values()) if given.queries else ASKED
    with serving(given.index) as (server, url):
        asyncio.run(search(url, queries, 1, 3))
        alone = asyncio.run(search(url, queries, 1, min(given.seconds, 20)))
        print("| searchers | answers | p50 ms | p95 ms | a second | not answered | memory MB |")
        print("|---|---|---|---|---|---|---|")
        one = report(1, alone, server)
        many = report(
            given.searchers, asyncio.run(search(url, queries, given.searchers, given.seconds)), server
        )
        report(given.overload, asyncio.run(search(url, queries, given.overload, 15)), server)
        print(f"\np95 of {given.searchers} searchers is {many / one:.1f} times that of one")
        if given.soak:
            soak(server, url, queries, given.soak)


def soak(server: psutil.Process, url: str, queries: tuple[str, ...], seconds: float) -> None:
    """Four searchers for long; memory at the end of the first minute and in the last."""

    async def watched() -> tuple[Times, list[float]]:
        task = asyncio.create_task(search(url, queries, 4, seconds))
        memory = []
        while not task.done():
            await asyncio.sleep(1)
            memory.append(server.memory_info().rss / 2**20)
        return await task, memory

    times, memory = asyncio.run(watched())
    minute = max(1, min(60, len(memory) // 3))
    first, last = sum(memory[:minute]) / minute, sum(memory[-minute:]) / minute
    print(
        f"\nsoak of {seconds:.0f} s with 4 searchers: {len(times)} answers, "
        f"{sum(status != 200 for _, status, _ in times)} not 200; memory {first:.0f} MB in the first minute, "
        f"{last:.0f} MB in the last ({last / first - 1:+.1%})"
    )


def report(searchers: int, times: Times, server: psutil.Process) -> float:
    """Print a row and return the 95th percentile."""
    good = sorted(seconds * 1e3 for _, status, seconds in times if status == 200)
    others = Counter(status for _, status, _ in times if status != 200)
    began, ended = min(at for at, _, _ in times), max(at + seconds for at, _, seconds in times)
    p50, p95 = quantiles(good, n=20)[9], quantiles(good, n=20)[18]
    refused = ", ".join(f"{count} of {status}" for status, count in sorted(others.items())) or "0"
    rate, memory = len(good) / (ended - began), server.memory_info().rss / 2**20
    print(
        f"| {searchers} | {len(good)} | {p50:.0f} | {p95:.0f} | {rate:.0f} | {refused} | {memory:.0f} |",
        flush=True,
    )
    return p95


async def search(url: str, queries: tuple[str, ...], searchers: int, seconds: float) -> Times:
    """Search without a pause, each searcher when it has its answer; a refusal is heeded for its time."""
    times: Times = []
    until = perf_counter() + seconds
    limits = httpx2.Limits(max_connections=searchers)

    async def one(place: int) -> None:
        turn = cycle(queries[place % len(queries) :] + queries[: place % len(queries)])
        while perf_counter() < until:
            began = perf_counter()
            answer = await client.post(SEARCH, json={"query": next(turn)})
            times.append((began, answer.status_code, perf_counter() - began))
            if answer.status_code == 200:
                found = answer.json()
                assert found["products"] or found["dev.aisle.search"]["unpriced"], answer.text
            else:
                await asyncio.sleep(float(answer.headers["retry-after"]))

    async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=60, trust_env=False) as client:
        await asyncio.gather(*(one(place) for place in range(searchers)))
    return times


@contextmanager
def serving(index: str) -> Iterator[tuple[psutil.Process, str]]:
    """`aisle serve` over an index, without limits of rate, its data in a folder that goes with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"AISLE_SERVE_ADDRESS_PER_MINUTE": "10000000", "AISLE_DATA": folder}
        command = [sys.executable, "-m", "ui.cli", "serve", "--index", index, "--port", str(port)]
        server = subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        url = f"http://127.0.0.1:{port}"
        try:
            until = perf_counter() + READY_S
            while not ready(url):
                if server.poll() is not None or perf_counter() > until:
                    raise SystemExit(f"no server on {index}; is it open elsewhere?")
                sleep(0.2)
            yield psutil.Process(server.pid), url
        finally:
            server.terminate()
            server.wait(30)


def ready(url: str) -> bool:
    """Whether the server takes requests."""
    try:
        return httpx2.get(f"{url}/readyz", trust_env=False).status_code == 200
    except httpx2.TransportError:
        return False


if __name__ == "__main__":
    main()
