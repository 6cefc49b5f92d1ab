"""What is counted, for Prometheus. Labels have few values and name nobody: no query, no key, no address."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from core.trace import Trace

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
STAGE_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "aisle_requests", "Requests.", ["route", "method", "status"], registry=self._registry
        )
        self.errors = Counter(
            "aisle_errors", "Requests that failed, by code.", ["code"], registry=self._registry
        )
        self.seconds = Histogram(
            "aisle_request_seconds",
            "Time of a request.",
            ["route"],
            buckets=REQUEST_S,
            registry=self._registry,
        )
        self.stages = Histogram(
            "aisle_stage_seconds",
            "Time of a stage of a search.",
            ["stage"],
            buckets=STAGE_S,
            registry=self._registry,
        )
        self.shed = Counter(
            "aisle_shed", "Requests that were not let in, by reason.", ["reason"], registry=self._registry
        )
        self.hurried = Counter(
            "aisle_hurried", "Searches without the cross-encoder for want of time.", registry=self._registry
        )
        self.inside = Gauge("aisle_inside", "Requests at work or waiting.", ["gate"], registry=self._registry)
        self.tokens = Counter(
            "aisle_llm_tokens", "Tokens of language models.", ["kind"], registry=self._registry
        )
        self.calls = Counter("aisle_llm_calls", "Calls of language models.", registry=self._registry)
        self.cached = Counter(
            "aisle_llm_cache_hits", "Calls that an earlier answer served.", registry=self._registry
        )

    def traced(self, trace: Trace) -> None:
        """Count the stages of a search."""
        for stage in trace.stages:
            self.stages.labels(stage.name).observe(stage.ms / 1e3)
        self.stages.labels("total").observe(trace.total_ms / 1e3)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)
