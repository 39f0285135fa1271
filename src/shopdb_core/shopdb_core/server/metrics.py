"""What serving adds to the metrics: an address of their own, and the folder in which workers count."""

import os
import select
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

import waitress
from waitress import wasyncore

from shopdb_core.operations.metrics import MULTIPROC_DIR, Metrics, make_metrics
from shopdb_core.server.background.thread import Background
from shopdb_core.server.listening import listen_for_metrics
from shopdb_core.site import Site

PATH = "/metrics"
POLL_SECONDS = 0.2
END_SECONDS = 1.0

SAMPLE_SECONDS = 1.0
"""How often a process among several measures what waits in it."""

FOLDER = "shopdb-metrics-"


@contextmanager
def serving_metrics(site: Site, *, shared: bool) -> Iterator[Metrics | None]:
    """Yield the metrics of a site, `None` if it has none; where the settings say so, with their listener.

    Raises `ConfigurationError` for an address that cannot be used, and without prometheus-client.
    """
    metrics = make_metrics(site)
    with ExitStack() as running:
        if metrics is not None:
            if MULTIPROC_DIR in os.environ:
                running.enter_context(Sampling(metrics))
            if (address := site.settings.metrics_listen) is not None:
                running.enter_context(MetricsListener(metrics, address, shared=shared))
        yield metrics


class Sampling(Background):
    """Measures what waits in a process among several, any of which answers for all."""

    def __init__(self, metrics: Metrics) -> None:
        super().__init__("shopdb-metrics")
        self._metrics = metrics

    def work(self) -> None:
        """Measure at intervals."""
        while not self.ending.wait(SAMPLE_SECONDS):
            self._metrics.sample()


class MetricsListener(Background):
    """Answers `GET /metrics` in a thread while its `with` block runs.

    `shared` lets the other processes of the site listen on the same address, any of which answers for all.
    Raises `ConfigurationError` if the address cannot be used.
    """

    def __init__(self, metrics: Metrics, address: tuple[str, int], *, shared: bool) -> None:
        super().__init__("shopdb-metrics-listener")
        self._metrics = metrics
        self._sockets: dict[int, Any] = {}
        self._server = waitress.create_server(
            self._answer,
            map=self._sockets,
            sockets=[listen_for_metrics(address, shared=shared)],
            threads=1,
            ident=None,
            connection_limit=20,
            max_request_body_size=0,
        )

    def work(self) -> None:
        """Serve."""
        while not self.ending.is_set():
            wasyncore.loop(timeout=POLL_SECONDS, use_poll=hasattr(select, "poll"), map=self._sockets, count=1)
        self._server.task_dispatcher.shutdown(timeout=END_SECONDS)
        wasyncore.close_all(self._sockets)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"Only GET /metrics is answered here.\n"]
        body, content_type = self._metrics.expose(environ.get("HTTP_ACCEPT"))
        start_response("200 OK", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [body]


def new_folder(parent: Path) -> Path:
    """Return a new folder for the counters of a master's workers; remove those of masters that were killed.

    A folder is locked as long as this process and those that it starts run, whatever replaces it by `exec`.
    """
    _remove_leftovers(parent)
    while True:
        folder = Path(tempfile.mkdtemp(prefix=FOLDER, dir=parent))
        with suppress(FileNotFoundError):
            os.set_inheritable(_locked(folder, wait=True), True)  # noqa: FBT003  # has no names
        # A process that starts now may have removed it before it was locked.
        if folder.exists():
            return folder


def remove_folder(folder: Path) -> None:
    """Remove a folder that `new_folder` made, and no other."""
    if folder.name.startswith(FOLDER):
        shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(parent: Path) -> None:
    for folder in parent.glob(f"{FOLDER}*"):
        # One of another user, one that has just been removed, or one that is in use.
        with suppress(PermissionError, FileNotFoundError, BlockingIOError):
            lock = _locked(folder, wait=False)
            remove_folder(folder)
            os.close(lock)


def _locked(folder: Path, *, wait: bool) -> int:
    """Return a descriptor that holds the lock of a folder; raises `BlockingIOError` if another has it."""
    import fcntl  # noqa: PLC0415  # not on Windows, where there are no workers

    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
