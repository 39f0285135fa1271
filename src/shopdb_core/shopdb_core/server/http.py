"""The HTTP server of one process: waitress, and a graceful stop that answers requests in flight."""

import logging
import select
import signal
import socket
import time
from collections.abc import Callable
from types import FrameType

import waitress
from waitress import wasyncore

from shopdb_core.api.request import WebApp
from shopdb_core.server.listening import url
from shopdb_core.server.refusals import Channel
from shopdb_core.settings import Settings

LARGEST_BUFFERED_BODY = 66 * 1024 * 1024
"""Bytes of a body that waitress buffers, on disk beyond half a megabyte; it refuses a larger one itself.

This is more than the limit of a batch, so that a batch over that limit gets ShopDB's own 413.
"""

CONNECTION_LIMIT = 1000
DRAIN_SECONDS = 8.0
POLL_SECONDS = 0.2

SEND_BYTES = 18_000
"""Below this size the main thread sends header and body together, for a third less CPU."""


class Server:
    """Serves an application on a listening socket; `run` returns after `stop`, with the socket closed.

    `flush_log` is called every `POLL_SECONDS` while it serves.
    """

    def __init__(
        self, app: WebApp, settings: Settings, listener: socket.socket, flush_log: Callable[[], None]
    ) -> None:
        self._flush_log = flush_log
        self._sockets: dict[int, wasyncore.dispatcher] = {}
        self._stopping = False
        # waitress warns of every request that waits for a thread, which is normal under load.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._server = waitress.create_server(
            app,
            map=self._sockets,
            sockets=[listener],
            threads=settings.threads,
            ident=None,
            connection_limit=CONNECTION_LIMIT,
            max_request_body_size=max(LARGEST_BUFFERED_BODY, settings.max_body_bytes),
            # `client_address` reads X-Forwarded-For; no other header of a proxy is read.
            clear_untrusted_proxy_headers=False,
        )
        self._server.channel_class = Channel
        self._server.trusted_proxies = settings.trusted_proxies
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
            if time.monotonic() >= flush_at:
                self._flush_log()
                flush_at = time.monotonic() + POLL_SECONDS
        self._drain()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop()

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
