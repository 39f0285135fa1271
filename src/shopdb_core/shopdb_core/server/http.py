"""The HTTP server of one process: waitress, a loop that is replaced if it hangs, and a graceful stop."""

import logging
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

import waitress
from waitress import wasyncore

from shopdb_core.app import create_app
from shopdb_core.errors import Unauthorized
from shopdb_core.operations.metrics import Metrics
from shopdb_core.plugins.registry import Plugins
from shopdb_core.server.connections import Admission, BodyLimit, Channel, Request
from shopdb_core.server.listening import url
from shopdb_core.server.loop import MOST_WAITING, POLL_SECONDS, Dispatcher, Loop, LoopThread
from shopdb_core.site import Site
from shopdb_core.web.browsers.cookies import session_in
from shopdb_core.web.browsers.forms import MOST_BYTES

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
BATCH = "/_batch"
SIGNING_IN = ("/api/auth/login", "/api/auth/refresh")
API = "/api/"
DRAIN_SECONDS = 8.0

LONGEST_ROUND_SECONDS = 2.0
"""After this time the loop continues in another thread, and the plugins of the round have threads."""

HANGS = f"a hook did not return within {LONGEST_ROUND_SECONDS:g} s"

LARGEST_QUICK_BODY = 128 * 1024
"""A larger body may take long to read, and has a thread."""

RECEIVE_BYTES = 64 * 1024
"""Most submissions arrive in one piece, so that those of a round are complete at the same time.

By the 8 kB of waitress, submissions of 20 kB would take three turns of the loop, and share a commit with a
third of the others.
"""

SEND_BYTES = 18_000
"""Below this size the main thread sends header and body together, for a third less CPU."""


class Server:
    """Serves a site on a listening socket; `run` returns after `stop`, with the socket closed.

    `flush_log` is called every `POLL_SECONDS` while it serves. `metrics` counts its requests.
    """

    def __init__(
        self,
        site: Site,
        listener: socket.socket,
        flush_log: Callable[[], None],
        metrics: Metrics | None = None,
    ) -> None:
        self._flush_log = flush_log
        self._sockets: dict[int, wasyncore.dispatcher] = {}
        self._stopping = threading.Event()
        # waitress warns of every request that waits for a thread, which is normal under load.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = waitress.create_server(
            create_app(site, metrics, most_waiting=MOST_WAITING),
            map=self._sockets,
            sockets=[listener],
            threads=1,  # for health checks; the dispatcher below has the others
            ident=None,
            recv_bytes=RECEIVE_BYTES,
            # `Admission` and `Request` enforce the limits before waitress does.
            connection_limit=sys.maxsize,
            max_request_body_size=sys.maxsize,
            # `client_address` reads X-Forwarded-For; no other header of a proxy is read.
            clear_untrusted_proxy_headers=False,
        )
        self._server.channel_class = Admission(_most_connections(), body_limit(site))
        self._store = site.store
        self._feed = site.feed
        self._quick = QuickRequests(site.plugins)
        self._dispatcher = Dispatcher(
            site.settings.threads, self._server.task_dispatcher, self._quick.includes
        )
        self._server.task_dispatcher = self._dispatcher
        if metrics is not None:
            metrics.watch("requests", self._dispatcher.waiting)
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
        self._stopping.set()

    def run(self) -> None:
        """Serve until `stop`, then drain."""
        thread = LoopThread(self._make_loop, self._stopping.is_set)
        while not self._stopping.wait(POLL_SECONDS):
            self._quick.exclude(thread.replace_if_hanging(LONGEST_ROUND_SECONDS))
        # Here and not in `stop`, after which the sockets may be closed at any time.
        self._server.pull_trigger()
        self._feed.release()
        thread.join(LONGEST_ROUND_SECONDS)
        self._drain()

    def _make_loop(self) -> Loop:
        return Loop(self._sockets, self._dispatcher, self._store, self._tick)

    def _tick(self, now: float) -> None:
        self._flush_log()
        self._close_overdue(now)

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
        self._make_loop().run(lambda: not self._is_busy() or time.monotonic() > deadline)
        self._dispatcher.shutdown(timeout=1)
        wasyncore.close_all(self._sockets)

    def _is_busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.request or channel.total_outbufs_len for channel in channels)


class QuickRequests:
    """Which requests the loop answers by itself: small submissions to plugins whose hooks are not slow."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins

    def includes(self, request: Request) -> bool:
        """Return whether the loop answers a request."""
        return (
            request.command == "POST"
            and request.path.startswith(COLLECTORS)
            and request.body_bytes_received <= LARGEST_QUICK_BODY
            and "CONTENT_ENCODING" not in request.headers
            and self._plugins.is_quick(request.path.removeprefix(COLLECTORS))
        )

    def exclude(self, channels: Sequence[Channel]) -> None:
        """Exclude the plugins of a round that hangs."""
        for request in (request for channel in channels for request in channel.requests[:1]):
            self._plugins.collector(request.path.removeprefix(COLLECTORS)).pace.set_slow(HANGS)


def body_limit(site: Site) -> BodyLimit:
    """Return how much of a body is kept until its request is complete: nothing without a valid key or token.

    What the application refuses, it refuses by itself: this only decides what it may read. It asks no
    database, so that an ended session counts until its token expires, and counts no wrong key. Who signs in
    sends a small body.
    """
    largest = site.settings.max_body_bytes

    def limit(path: str, headers: Mapping[str, str]) -> int:
        if path in SIGNING_IN:
            return MOST_BYTES
        if path.startswith(COLLECTORS):
            if not site.keys.is_any_key(headers.get("X_API_KEY")):
                return 0
            return max(LARGEST_BUFFERED_BATCH, largest) if path.endswith(BATCH) else largest
        if _has_token(site, headers):
            return largest
        # A page keeps the form of a session that has ended, and continues with it after the next sign-in.
        return 0 if path.startswith(API) else MOST_BYTES

    return limit


def _has_token(site: Site, headers: Mapping[str, str]) -> bool:
    """Return whether the token that a request presents is signed and has not expired."""
    try:
        if "AUTHORIZATION" in headers or "COOKIE" not in headers:
            site.access.check_signature(headers.get("AUTHORIZATION"))
        else:
            site.tokens.verify(session_in(headers["COOKIE"]))
    except Unauthorized:
        return False
    return True


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
