"""HOW IT IS GOING: request counts and durations for Prometheus, summed over every worker process.

Labels are the route's template, the method and the status: nothing a caller can make up.
https://prometheus.github.io/client_python/multiprocess/
"""

import os
from functools import lru_cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Histogram

_making = Lock()

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request and how long it took."""
    _durations().labels(method if method in _METHODS else "other", route, str(status)).observe(seconds)


def write_metrics() -> tuple[bytes, str]:
    """Write every worker's metrics in Prometheus's text format; returns the body and its content type."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        everyone = CollectorRegistry()
        MultiProcessCollector(everyone)  # type: ignore[no-untyped-call]  # registers itself
        return generate_latest(everyone), CONTENT_TYPE_LATEST
    return generate_latest(_registry()), CONTENT_TYPE_LATEST


@lru_cache(maxsize=1)
def _registry() -> "CollectorRegistry":
    from prometheus_client import CollectorRegistry

    return CollectorRegistry()


def _durations() -> "Histogram":
    with _making:  # the first requests of a worker come together, and a metric is registered once
        return _make_durations()


@lru_cache(maxsize=1)
def _make_durations() -> "Histogram":
    from prometheus_client import Histogram

    return Histogram(
        "http_request_duration_seconds",
        "How long requests took, until the last byte was handed over.",
        ("method", "route", "status"),
        buckets=_BUCKETS,
        registry=_registry(),
    )
