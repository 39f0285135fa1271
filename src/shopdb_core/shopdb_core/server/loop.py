"""The loop of waitress, which on SQLite also answers submissions: those that wait share one commit.

A submission that is answered in a thread costs several hand-offs between threads, which take longer than the
submission itself. So the loop runs the same application for them in its own thread, side by side (ADR 0026).
Everything else has the threads of the dispatcher: other routes, batches, large bodies, slow plugins, and
submissions while another process writes, or another thread for long.
"""

import logging
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from waitress import wasyncore
from waitress.task import ThreadedTaskDispatcher

from shopdb_core.server.connections import Channel, Request
from shopdb_core.store import Store

PROBES = ("/api/health", "/api/ready")
CHANGES = "/api/changes"

MOST_WAITING = 32
"""How many requests for changes may wait; no other request waits for them, since they have own threads."""

CHANGES_THREADS = MOST_WAITING + 2

POLL_SECONDS = 0.2
LARGEST_ROUND = 256
LARGEST_ROUND_BYTES = 1024 * 1024
"""How many requests, and bytes of bodies, a round has at most: other clients wait while it is read."""

Sockets: TypeAlias = dict[int, wasyncore.dispatcher]

_logger = logging.getLogger(__name__)


class Dispatcher(ThreadedTaskDispatcher):  # type: ignore[misc]  # waitress ships no types
    """Decides who answers a request: a thread, or the loop if it `is_quick`.

    Health checks have a thread, and requests for changes have threads since the first of them.
    """

    def __init__(
        self, threads: int, health: ThreadedTaskDispatcher, is_quick: Callable[[Request], bool]
    ) -> None:
        super().__init__()
        self._health = health
        self._changes = ThreadedTaskDispatcher()
        self._is_quick = is_quick
        self._ready: deque[Channel] = deque()
        self.set_thread_count(threads)

    def add_task(self, task: Channel) -> None:
        """Queue a channel with a complete request."""
        request = task.requests[0]
        if not request.error and request.path in PROBES:
            self._health.add_task(task)
        elif not request.error and request.path == CHANGES:
            self._changes.set_thread_count(CHANGES_THREADS)
            self._changes.add_task(task)
        elif not request.error and self._is_quick(request):
            self._ready.append(task)
        else:
            super().add_task(task)

    def take_ready(self) -> list[Channel]:
        """Return the channels for the next round of the loop."""
        channels: list[Channel] = []
        size = 0
        while self._ready and len(channels) < LARGEST_ROUND and size < LARGEST_ROUND_BYTES:
            channels.append(self._ready.popleft())
            size += channels[-1].requests[0].body_bytes_received
        return channels

    def waiting(self) -> int:
        """Return how many requests wait for a thread or for the loop."""
        return len(self.queue) + len(self._ready)

    def hand_over(self, channels: Sequence[Channel]) -> None:
        """Let threads answer what the loop took."""
        for channel in channels:
            super().add_task(channel)

    def shutdown(self, cancel_pending: bool = True, timeout: float = 5) -> bool:  # noqa: FBT001, FBT002  # waitress
        """End all threads; wait for up to `timeout` seconds."""
        for each in (self._health, self._changes):
            each.set_thread_count(0)
        done: bool = super().shutdown(cancel_pending, timeout)
        for each in (self._health, self._changes):
            done &= each.shutdown(cancel_pending, 0)
        return done


class Loop:
    """Reads from and writes to the sockets, and answers the submissions that are ready; in one thread.

    `tick` is called every `POLL_SECONDS`. A round that hangs in a plugin keeps this thread; the server then
    calls `abandon`, and continues with another loop on the same sockets.
    """

    def __init__(
        self, sockets: Sockets, dispatcher: Dispatcher, store: Store, tick: Callable[[float], None]
    ) -> None:
        self._sockets = sockets
        self._dispatcher = dispatcher
        self._store = store
        self._tick = tick
        self._tick_at = 0.0
        self._ended = False
        self._round: list[Channel] = []
        self._round_began: float | None = None

    def run(self, until: Callable[[], bool]) -> None:
        """Turn once, and then until `until` returns true or `abandon` is called."""
        self._turn()
        while not (self._ended or until()):
            self._turn()

    def abandon(self) -> list[Channel]:
        """End after the round, and return its channels."""
        self._ended = True
        return self._round

    def hangs(self, patience: float) -> bool:
        """Return whether a round has taken longer than `patience` seconds."""
        began = self._round_began
        return began is not None and time.monotonic() - began > patience

    def _turn(self) -> None:
        wasyncore.loop(timeout=POLL_SECONDS, use_poll=hasattr(select, "poll"), map=self._sockets, count=1)
        while (ready := self._dispatcher.take_ready()) and not self._ended:
            self._serve(ready)
        now = time.monotonic()
        if now >= self._tick_at:
            self._tick(now)
            self._tick_at = now + POLL_SECONDS

    def _serve(self, channels: list[Channel]) -> None:
        """Answer the requests of channels, and send the answers."""
        self._round, self._round_began = channels, time.monotonic()
        calls = [partial(_service, channel) for channel in channels]
        was_served = self._store.together(calls, _described(channels))
        self._round_began = None
        if not was_served:
            self._dispatcher.hand_over(channels)
        elif not self._ended:
            for channel in channels:
                if channel.connected and channel.writable():
                    channel.handle_write()


def _described(channels: Sequence[Channel]) -> str:
    """Name the addresses of a round's requests, each of which contains that of a plugin."""
    return f"a submission to {' or '.join(sorted({each.requests[0].path for each in channels}))}"


def _service(channel: Channel) -> None:
    try:
        channel.service()
    except Exception:
        _logger.exception("a request was not answered")
        channel.will_close = True


class LoopThread:
    """Runs a loop in a thread, and replaces it by another one while a round hangs."""

    def __init__(self, make_loop: Callable[[], Loop], until: Callable[[], bool]) -> None:
        self._make_loop = make_loop
        self._until = until
        self._start()

    def _start(self) -> None:
        self._loop = self._make_loop()
        self._thread = threading.Thread(
            target=self._loop.run, args=[self._until], name="shopdb-loop", daemon=True
        )
        self._thread.start()

    def replace_if_hanging(self, patience: float) -> list[Channel]:
        """Continue in another thread if a round takes longer than `patience` seconds; return its channels."""
        if not self._loop.hangs(patience):
            return []
        channels = self._loop.abandon()
        self._start()
        return channels

    def join(self, timeout: float) -> None:
        """Wait for the end of the loop."""
        self._thread.join(timeout)
        self._loop.abandon()
