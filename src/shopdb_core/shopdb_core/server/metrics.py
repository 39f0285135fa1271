"""`MetricsListener`: the metrics on an address of their own, which no client of the site can reach."""

import select
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Self
from wsgiref.types import StartResponse, WSGIEnvironment

import waitress
from waitress import wasyncore

from shopdb_core.operations.metrics import Metrics, make_metrics
from shopdb_core.server.listening import listen_for_metrics
from shopdb_core.site import Site

PATH = "/metrics"
POLL_SECONDS = 0.2
END_SECONDS = 2.0


@contextmanager
def serving_metrics(site: Site, *, shared: bool) -> Iterator[Metrics | None]:
    """Yield the metrics of a site, `None` if it has none; where the settings say so, with their listener.

    Raises `ConfigurationError` for an address that cannot be used, and without prometheus-client.
    """
    metrics = make_metrics(site)
    with ExitStack() as running:
        if metrics is not None:
            running.enter_context(metrics)
            if (address := site.settings.metrics_listen) is not None:
                running.enter_context(MetricsListener(metrics, address, shared=shared))
        yield metrics


class MetricsListener:
    """Answers `GET /metrics` in a thread while its `with` block runs.

    `shared` lets the other processes of the site listen on the same address, any of which answers for all.
    Raises `ConfigurationError` if the address cannot be used.
    """

    def __init__(self, metrics: Metrics, address: tuple[str, int], *, shared: bool) -> None:
        self._metrics = metrics
        self._ending = threading.Event()
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
        self._thread = threading.Thread(target=self._serve, name="shopdb-metrics-listener", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ending.set()
        self._thread.join(END_SECONDS)

    def _serve(self) -> None:
        while not self._ending.is_set():
            wasyncore.loop(timeout=POLL_SECONDS, use_poll=hasattr(select, "poll"), map=self._sockets, count=1)
        self._server.task_dispatcher.shutdown(timeout=END_SECONDS / 2)
        wasyncore.close_all(self._sockets)

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"Only GET /metrics is answered here.\n"]
        body, content_type = self._metrics.expose(environ.get("HTTP_ACCEPT"))
        start_response("200 OK", [("Content-Type", content_type), ("Content-Length", str(len(body)))])
        return [body]
