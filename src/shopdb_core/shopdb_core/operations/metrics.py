"""`Metrics`: what a server counts for Prometheus (ADR 0040).

With several workers each process counts in files of its own, in the directory that `MULTIPROC_DIR` names, and
any of them answers for all. prometheus_client chooses that way when it is first imported, so it is imported
here late. A site without metrics never imports it.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any

from shopdb_core.errors import ConfigurationError, Unavailable
from shopdb_core.operations.records import database_bytes, newest_entry
from shopdb_core.outcomes.records import LEGACY
from shopdb_core.site import Site
from shopdb_core.store import Store

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Metric

MULTIPROC_DIR = "PROMETHEUS_MULTIPROC_DIR"

KEPT_SECONDS = 10.0
"""For how long the size of the database is used again."""

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
"""The bounds of the histogram: a noop takes less than a millisecond, a long batch many seconds."""

MEDIA_TYPES = ("text/plain", "application/openmetrics-text")
"""Of what `Metrics.expose` returns."""

UNROUTED = "none"
"""The route of a request to an address that does not exist; what the client wrote is not a label."""


def make_metrics(site: Site) -> "Metrics | None":
    """Return the metrics of a site whose settings have them, else `None`; raises `ConfigurationError`."""
    settings = site.settings
    if settings.metrics_token is None and settings.metrics_listen is None:
        return None
    if find_spec("prometheus_client") is None:
        raise ConfigurationError("Metrics need prometheus-client: run pip install 'shopdb-core[metrics]'")
    return Metrics(site)


class Metrics:
    """Counts the requests and submissions of a site; safe to share between threads.

    Labels have few values: names of plugins, keys and routes, never what a client wrote.
    """

    def __init__(self, site: Site) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: PLC0415  # late

        self._registry = CollectorRegistry()
        counter = partial(Counter, registry=self._registry)
        gauge = partial(Gauge, registry=self._registry, multiprocess_mode="livesum")
        self._submissions = counter(
            "shopdb_submissions", "Submissions that were stored", ["plugin", "source", "action"]
        )
        self._refusals = counter(
            "shopdb_refusals",
            "Submissions that were refused, by status and first fault",
            ["plugin", "source", "reason"],
        )
        self._legacy = counter(
            "shopdb_legacy_submissions",
            "Of all submissions, those by the legacy endpoint",
            ["source", "outcome"],
        )
        self._seconds = Histogram(
            "shopdb_request_seconds",
            "Time until a request was answered",
            ["route", "status"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._waiting = gauge(
            "shopdb_waiting",
            "Requests that wait for a thread, and submissions that wait for the database",
            ["what"],
        )
        self._connections = gauge(
            "shopdb_database_connections",
            "Connections to the database that are in use, and the most that may be",
            ["state"],
        )
        self._store = site.store
        self._site_facts = SiteFacts(site.store)
        self._registry.register(self._site_facts)
        self._counters: dict[tuple[str, str, str], Any] = {}
        self._timers: dict[tuple[str, int], Any] = {}
        self._samples: dict[str, Callable[[], int]] = {}
        site.recorder.observe(self._count)

    def watch(self, what: str, waiting: Callable[[], int]) -> None:
        """Have `waiting` return how many things wait in this process, whenever the metrics are read."""
        self._samples[what] = waiting

    def time_request(self, route: str | None, status: int, seconds: float) -> None:
        """Add an answered request; `route` is its template."""
        key = (route or UNROUTED, status // 100)
        timer = self._timers.get(key)
        if timer is None:
            timer = self._timers[key] = self._seconds.labels(key[0], f"{key[1]}xx")
        timer.observe(seconds)

    def expose(self, accept: str | None) -> tuple[bytes, str]:
        """Return all metrics, of all processes, in the format that the client accepts; and its media type."""
        from prometheus_client.exposition import choose_encoder  # noqa: PLC0415  # late

        self.sample()
        encode, content_type = choose_encoder(accept or "")
        return encode(self._of_all_processes()), content_type

    def sample(self) -> None:
        """Measure what waits in this process, and its connections to the database."""
        usage = self._store.usage()
        self._connections.labels("in use").set(usage.connections)
        self._connections.labels("limit").set(usage.limit)
        self._waiting.labels("submissions").set(usage.waiting)
        for what, waiting in self._samples.items():
            self._waiting.labels(what).set(waiting())

    def _of_all_processes(self) -> "CollectorRegistry":
        if MULTIPROC_DIR not in os.environ:
            return self._registry
        from prometheus_client import CollectorRegistry  # noqa: PLC0415  # late
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415  # late

        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # not annotated
        registry.register(self._site_facts)
        return registry

    def _count(self, plugin: str, source: str, outcome: str) -> None:
        """Count a submission; the outcome of one that was refused begins with its status."""
        key = (plugin, source, outcome)
        counter = self._counters.get(key)
        if counter is None:
            counter = self._counters[key] = self._counter(*key)
        counter.inc()

    def _counter(self, plugin: str, source: str, outcome: str) -> Any:
        if plugin == LEGACY:
            return self._legacy.labels(source, outcome)
        counted = self._refusals if outcome[:1].isdigit() else self._submissions
        return counted.labels(plugin, source, outcome)


class SiteFacts:
    """The metrics that are read when somebody asks: the database, the processes, the versions.

    prometheus_client calls `collect` of what is registered.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._reading = threading.Lock()
        self._until = 0.0
        self._facts: Mapping[str, int] | None = None

    def collect(self) -> "Iterator[Metric]":
        """Yield each metric."""
        from prometheus_client.core import (  # noqa: PLC0415  # late
            CounterMetricFamily,
            GaugeMetricFamily,
            InfoMetricFamily,
        )

        versions = {"version": version("shopdb-core"), "python": python_version()}
        yield InfoMetricFamily("shopdb_build", "Versions", value=versions)
        facts = self._read()
        yield GaugeMetricFamily("shopdb_database_up", "Whether the database answers", value=bool(facts))
        if facts:
            yield GaugeMetricFamily("shopdb_database_bytes", "Size of the database", value=facts["bytes"])
            yield CounterMetricFamily(
                "shopdb_audit_entries", "Audit entries since the site began", value=facts["entries"]
            )
        yield from _processes()

    def _read(self) -> Mapping[str, int] | None:
        with self._reading:
            if time.monotonic() >= self._until:
                self._facts = self._query()
                self._until = time.monotonic() + KEPT_SECONDS
            return self._facts

    def _query(self) -> Mapping[str, int] | None:
        try:
            return self._store.read(
                lambda connection: {
                    "bytes": database_bytes(connection),
                    "entries": newest_entry(connection),
                }
            )
        except Unavailable:
            return None


def _processes() -> "Iterator[Metric]":
    """Yield memory, files and processor time of the processes that serve, as sums."""
    from prometheus_client import ProcessCollector  # noqa: PLC0415  # late

    sums: dict[str, Metric] = {}
    for pid in _pids():
        for metric in ProcessCollector(pid=lambda pid=pid: pid, registry=None).collect():  # type: ignore[misc]  # an int
            if metric.name == "process_start_time_seconds":
                continue
            if metric.name in sums:
                first, *_ = sums[metric.name].samples
                added = first._replace(value=first.value + metric.samples[0].value)
                sums[metric.name].samples = [added]
            else:
                sums[metric.name] = metric
    yield from sums.values()


def _pids() -> list[str]:
    """Return the processes that count; of those that have ended, ProcessCollector finds nothing."""
    if MULTIPROC_DIR not in os.environ:
        return ["self"]
    files = Path(os.environ[MULTIPROC_DIR]).glob("*.db")
    return sorted({file.stem.rpartition("_")[2] for file in files})
