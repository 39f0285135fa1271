"""The HTTP server of one process: waitress, and a graceful stop that answers requests in flight."""

import logging
import select
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType

import waitress
from waitress import wasyncore

from shopdb_core.app import create_app
from shopdb_core.errors import Unauthorized
from shopdb_core.server.connections import Admission, BodyLimit, Dispatcher
from shopdb_core.server.listening import url
from shopdb_core.site import Site

if sys.platform != "win32":
    import resource

LARGEST_BUFFERED_BATCH = 66 * 1024 * 1024
"""Bytes of a batch that waitress buffers, on disk beyond half a megabyte, as any body.

This is more than the limit of a batch, so that a batch in chunks over that limit gets ShopDB's own 413.
"""

CONNECTION_LIMIT = 1000
DESCRIPTORS_OF_A_CONNECTION = 2
"""Its socket, and the temporary file of its body."""

OTHER_DESCRIPTORS = 100
COLLECTORS = "/api/collector/"
DRAIN_SECONDS = 8.0
POLL_SECONDS = 0.2

SEND_BYTES = 18_000
"""Below this size the main thread sends header and body together, for a third less CPU."""


class Server:
    """Serves a site on a listening socket; `run` returns after `stop`, with the socket closed.

    `flush_log` is called every `POLL_SECONDS` while it serves.
    """

    def __init__(self, site: Site, listener: socket.socket, flush_log: Callable[[], None]) -> None:
        self._flush_log = flush_log
        self._sockets: dict[int, wasyncore.dispatcher] = {}
        self._stopping = False
        # waitress warns of every request that waits for a thread, which is normal under load.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = waitress.create_server(
            create_app(site),
            map=self._sockets,
            sockets=[listener],
            threads=1,  # for health checks; the dispatcher below has the others
            ident=None,
            # `Admission` and `Request` enforce the limits before waitress does.
            connection_limit=sys.maxsize,
            max_request_body_size=sys.maxsize,
            # `client_address` reads X-Forwarded-For; no other header of a proxy is read.
            clear_untrusted_proxy_headers=False,
        )
        self._server.channel_class = Admission(_most_connections(), body_limit(site))
        self._server.task_dispatcher = Dispatcher(site.settings.threads, self._server.task_dispatcher)
        self._server.trusted_proxies = site.settings.trusted_proxies
        # Deprecated as a keyword, without a successor; the attribute is what waitress reads.
        self._server.adj.send_bytes = SEND_BYTES

    @property
    def url(self) -> str:
        """The URL at which the server listens."""
        return url(self._server.socket)

    def stop_on_signals(self) -> None:
        """Stop the server on SIGTERM and Ctrl-C; the kernel ignores unhandled signals for PID 1."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    def stop(self) -> None:
        """Make `run` answer the requests in flight and return; may be called from any thread."""
        self._stopping = True
        self._server.pull_trigger()

    def run(self) -> None:
        """Serve until `stop`, then drain."""
        flush_at = time.monotonic()
        while not self._stopping:
            self._poll(POLL_SECONDS)
            now = time.monotonic()
            if now >= flush_at:
                self._flush_log()
                self._close_overdue(now)
                flush_at = now + POLL_SECONDS
        self._drain()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

    def _close_overdue(self, now: float) -> None:
        for channel in self._server.active_channels.values():
            channel.close_if_overdue(now)

    def _drain(self) -> None:
        """Close the listening socket, and answer the requests that have begun to arrive."""
        self._server.del_channel()
        self._server.socket.close()
        deadline = time.monotonic() + DRAIN_SECONDS
        while self._is_busy() and time.monotonic() < deadline:
            self._poll(0.1)
        self._server.task_dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._sockets)

    def _is_busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.request or channel.total_outbufs_len for channel in channels)

    def _poll(self, timeout: float) -> None:
        wasyncore.loop(timeout=timeout, use_poll=hasattr(select, "poll"), map=self._sockets, count=1)


def body_limit(site: Site) -> BodyLimit:
    """Return how much of a body is kept until its request is complete: nothing without a valid key or token.

    What the application refuses, it refuses by itself: this only decides what it may read.
    """
    largest = site.settings.max_body_bytes

    def limit(path: str, headers: Mapping[str, str]) -> int:
        try:
            if not path.startswith(COLLECTORS):
                site.tokens.bearer(headers.get("AUTHORIZATION"))
                return largest
            plugin, _, rest = path.removeprefix(COLLECTORS).partition("/")
            key = headers.get("X_API_KEY")
            if site.plugins.has_endpoint(plugin):
                site.keys.check(plugin, key)
            else:
                site.keys.check_any(key)
        except Unauthorized:
            return 0
        return max(LARGEST_BUFFERED_BATCH, largest) if rest == "_batch" else largest

    return limit


def _most_connections() -> int:
    """Return `CONNECTION_LIMIT`, or fewer where the system permits too few open files for them."""
    if sys.platform == "win32":
        return CONNECTION_LIMIT
    needed = CONNECTION_LIMIT * DESCRIPTORS_OF_A_CONNECTION + OTHER_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    permitted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if soft != resource.RLIM_INFINITY and soft < permitted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (permitted, hard))
        soft = permitted
    open_files = needed if soft == resource.RLIM_INFINITY else soft
    return max(1, min(CONNECTION_LIMIT, (open_files - OTHER_DESCRIPTORS) // DESCRIPTORS_OF_A_CONNECTION))
