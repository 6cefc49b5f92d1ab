"""How fast a system answers on this machine: latency by stage, throughput, cold start, memory, disk.

In-process and bounded in count and time; it measures no quality. Run as a module it is the fresh process
whose start and memory are measured.
"""

import json
import os
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from threading import Lock
from time import monotonic, perf_counter
from typing import NamedTuple

import numpy as np

from agent.reader import ranker_for
from catalog.collection import Collection
from catalog.encoder import open_encoder
from catalog.index import ProductIndex, open_home, open_index
from core.errors import Blocked, InvalidQuery
from core.record import Record
from core.settings import Settings, load_settings
from core.trace import Trace
from eval.plain_stack import CANDIDATES, PAIR_TOKENS, PlainStack, require_plain
from ranking.records import Search
from ranking.systems import search, system_of

LEVELS = (1, 8, 32)  # concurrency at which throughput is measured, beside the one that was asked for
WARM_UP = 20  # requests that are not counted
ROUNDS = 5  # each query this often, as far as the bounds allow
MOST_REQUESTS, MOST_SECONDS = 2000, 20.0  # of one measurement
COLD_STARTS = 3
COLD_SECONDS = 120
MOST_PAIRS, MOST_PAIR_SECONDS = 75, 120.0  # queries put to both systems in turn

Answer = Callable[[str], Trace]


class Percentiles(Record):
    """A distribution of times."""

    p50_ms: float
    p95_ms: float
    p99_ms: float


class Comparison(Record):
    """The stack people assemble today on the same queries, each asked of both systems in turn.

    Its cross-encoder has an untrained head: the same cost as a trained one, and no quality to report.
    `ratio` is its median over ours; `ratio_without_reranking` leaves its cross-encoder out.
    """

    stack: str
    queries: int
    total: Percentiles
    stages: Mapping[str, Percentiles]
    ours: Percentiles
    ratio: float
    ratio_without_reranking: float


class Bench(Record):
    """What was measured. `total` and `stages` are latencies at `concurrency`.

    `load` is the machine's load average just before: what others kept busy.
    """

    system: str
    encoder: str
    products: int
    queries: int
    requests: int
    concurrency: int
    total: Percentiles
    stages: Mapping[str, Percentiles]
    throughput_qps: float
    throughput: Mapping[int, float]
    cold_start_s: float
    peak_memory_mb: float
    index_mb: float | None
    cpus: int
    load: float
    plain: Comparison | None = None


class Measured(NamedTuple):
    """The traces of one measurement, and how long it took as a whole."""

    traces: list[Trace]
    seconds: float

    @property
    def qps(self) -> float:
        """Answers a second."""
        return len(self.traces) / self.seconds


def bench(
    settings: Settings,
    queries: Sequence[str],
    system: str,
    *,
    concurrency: int = 1,
    against_plain: bool = False,
    on_step: Callable[[str], None] = lambda step: None,
) -> Bench:
    """Measure `system` on the index of the settings; `on_step` is told what is being measured."""
    system_of(system)
    if not 1 <= concurrency <= 256:
        raise InvalidQuery(f"concurrency is {concurrency}; choose one from 1 to 256")
    if not queries:
        raise InvalidQuery("there are no queries to measure with")
    if against_plain:
        require_plain()
    busy = os.getloadavg()[0]
    open_index(settings).close()  # what is missing or damaged is said here, not by a fresh process
    on_step("cold start")
    seconds, memory = cold_start(settings, queries, system)
    on_step("opening the index")
    home = open_home(settings)
    live = home.live()
    index = ProductIndex(home, live, open_encoder(settings))
    ranker = ranker_for(system, settings)
    try:

        def ours(query: str) -> Trace:
            return search(index, Search(query=query), system, ranker).trace

        for query in islice(cycle(queries), WARM_UP):
            ours(query)
        on_step(f"latency at concurrency {concurrency}")
        measured = measure(ours, queries, concurrency)
        throughput = {concurrency: measured.qps}
        for level in LEVELS:
            if level not in throughput:
                on_step(f"throughput at concurrency {level}")
                throughput[level] = measure(ours, queries, level).qps
        return Bench(
            system=system,
            encoder=index.stamp.encoder,
            products=index.count(),
            queries=len(queries),
            requests=len(measured.traces),
            concurrency=concurrency,
            total=percentiles([trace.total_ms for trace in measured.traces]),
            stages=by_stage(measured.traces),
            throughput_qps=measured.qps,
            throughput=dict(sorted(throughput.items())),
            cold_start_s=seconds,
            peak_memory_mb=memory,
            index_mb=size_on_disk(settings.index),
            cpus=os.cpu_count() or 1,
            load=busy,
            plain=against(live, settings, ours, queries, on_step) if against_plain else None,
        )
    finally:
        index.close()


def measure(answer: Answer, queries: Sequence[str], concurrency: int) -> Measured:
    """Ask the queries in a fixed random order from `concurrency` threads, within the bounds above."""
    order = list(queries) * ROUNDS
    random.Random(0).shuffle(order)  # noqa: S311  the order of a measurement is no secret
    waiting, lock = iter(order[:MOST_REQUESTS]), Lock()
    started = perf_counter()

    def work() -> Iterator[Trace]:
        while perf_counter() - started < MOST_SECONDS:
            with lock:
                query = next(waiting, None)
            if query is None:
                return
            yield answer(query)

    with ThreadPoolExecutor(concurrency) as threads:
        workers = [threads.submit(lambda: list(work())) for _ in range(concurrency)]
        traces = [trace for worker in workers for trace in worker.result()]
    return Measured(traces, perf_counter() - started)


def percentiles(ms: Sequence[float]) -> Percentiles:
    """The three that matter."""
    p50, p95, p99 = (float(value) for value in np.percentile(ms, (50, 95, 99)))
    return Percentiles(p50_ms=p50, p95_ms=p95, p99_ms=p99)


def by_stage(traces: Sequence[Trace]) -> dict[str, Percentiles]:
    """The distribution of each stage over the requests that had it; a stage run twice counts its sum."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    for trace in traces:
        one: defaultdict[str, float] = defaultdict(float)
        for stage in trace.stages:
            one[stage.name] += stage.ms
        for name, ms in one.items():
            times[name].append(ms)
    return {name: percentiles(ms) for name, ms in times.items()}


def cold_start(settings: Settings, queries: Sequence[str], system: str) -> tuple[float, float]:
    """Seconds from nothing to the first answer, and the peak memory in MB after all queries: medians."""
    chosen = settings.model_dump(mode="json", exclude_none=True)
    chosen = {name: value for name, value in chosen.items() if name not in ("hf_token", "qdrant_api_key")}
    asked = {"settings": chosen, "system": system, "queries": list(queries[:MOST_REQUESTS])}
    seconds, memory = [], []
    for _ in range(COLD_STARTS):
        spawned = monotonic()  # the same clock in every process of the machine
        try:
            done = subprocess.run(
                [sys.executable, "-m", "eval.bench"],
                input=json.dumps(asked),
                capture_output=True,
                text=True,
                timeout=COLD_SECONDS,
                check=True,
            )
        except subprocess.CalledProcessError as error:
            reason = (error.stderr.strip().splitlines() or [f"exit status {error.returncode}"])[-1]
            raise Blocked(f"a fresh process could not answer: {reason}") from error
        except subprocess.TimeoutExpired as error:
            raise Blocked(f"a fresh process did not answer within {COLD_SECONDS} s") from error
        answered = json.loads(done.stdout)
        seconds.append(answered["first_answer"] - spawned)
        memory.append(answered["peak_mb"])
    return median(seconds), median(memory)


def size_on_disk(index: str) -> float | None:
    """Megabytes that the folder of an index occupies; None for a server."""
    folder = Path(index)
    if not folder.is_dir():
        return None
    # Blocks, not lengths: the engine reserves files that are mostly holes.
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e6


def against(
    live: Collection, settings: Settings, ours: Answer, queries: Sequence[str], on_step: Callable[[str], None]
) -> Comparison:
    """Ask both systems every query, now one first, now the other, so that noise hits both alike."""
    on_step("loading the plain stack")
    stack = PlainStack(live, settings)
    for query in queries[:3]:
        stack.answer(query)
        ours(query)
    on_step("both systems in turn")
    theirs_traces: list[Trace] = []
    our_traces: list[Trace] = []
    started = perf_counter()
    for turn, query in enumerate(queries[:MOST_PAIRS]):
        if perf_counter() - started > MOST_PAIR_SECONDS:
            break
        pair = [(stack.answer, theirs_traces), (ours, our_traces)]
        for answer, traces in pair if turn % 2 else reversed(pair):
            traces.append(answer(query))
    total = percentiles([trace.total_ms for trace in theirs_traces])
    unranked = [
        trace.total_ms - sum(stage.ms for stage in trace.stages if stage.name == "rerank")
        for trace in theirs_traces
    ]
    us = percentiles([trace.total_ms for trace in our_traces])
    return Comparison(
        stack=f"sentence-transformers, qdrant-client local mode, CrossEncoder on {CANDIDATES} candidates "
        f"of {PAIR_TOKENS} tokens (untrained head)",
        queries=len(our_traces),
        total=total,
        stages=by_stage(theirs_traces),
        ours=us,
        ratio=total.p50_ms / us.p50_ms,
        ratio_without_reranking=median(unranked) / us.p50_ms,
    )


def peak_memory_mb() -> float:
    """The most memory this process has held."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage would count what the parent held when it started this process
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # bytes on macOS


def _fresh() -> None:
    asked = json.load(sys.stdin)
    settings = load_settings(**asked["settings"])
    index, ranker = open_index(settings), ranker_for(asked["system"], settings)
    first = None
    for query in asked["queries"]:
        search(index, Search(query=query), asked["system"], ranker)
        first = first or monotonic()
    index.close()
    sys.stdout.write(json.dumps({"first_answer": first, "peak_mb": peak_memory_mb()}))


if __name__ == "__main__":
    _fresh()
