"""One of several workers: its process, and the one that takes its place."""

import logging
import multiprocessing
import signal
import socket
import time
from contextlib import suppress

from shopdb_core.settings import Settings
from shopdb_core.worker import work

STEADY_SECONDS = 10.0
"""A worker that ends sooner makes its successor wait, longer each time."""

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0

_logger = logging.getLogger(__name__)


class Slot:
    """A listening socket, and the process that serves it; whatever ends that, the next takes the same socket.

    The process begins afresh: a fork would copy neither threads nor the state of database connections.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._settings = settings
        self._listener = listener
        self._pause = 0.0
        self._start()

    def start_fault(self) -> str | None:
        """Wait for the process's report; return why it cannot serve, or `None` if it does."""
        try:
            fault: str | None = self.report.recv()
        except EOFError:
            self.process.join()
            return f"{self._ending()} before it could serve; the log says why."
        return fault

    def tend(self) -> None:
        """Log the end of the process, and start the next one when it is due."""
        if self.process.is_alive():
            return
        if self._due is None:
            self._schedule()
        if self._due is not None and time.monotonic() >= self._due:
            self._start()

    def _start(self) -> None:
        spawning = multiprocessing.get_context("spawn")
        self.report, reporting = spawning.Pipe(duplex=False)
        self.process = spawning.Process(
            target=work, args=(self._settings, self._listener, reporting), name="shopdb-worker"
        )
        # Ctrl-C reaches every process of a terminal; the supervisor passes it on, as SIGTERM.
        handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            self.process.start()
        finally:
            signal.signal(signal.SIGINT, handler)
        reporting.close()
        self._started = time.monotonic()
        self._due: float | None = None

    def _schedule(self) -> None:
        """Start the next one at once after a steady life, else after a pause that doubles."""
        now = time.monotonic()
        steady = now - self._started >= STEADY_SECONDS
        longer = min(max(FIRST_PAUSE_SECONDS, self._pause * 2), LONGEST_PAUSE_SECONDS)
        self._pause = 0.0 if steady else longer
        self._due = now + self._pause
        _logger.warning("%s; the next one starts in %.0f s. %s", self._ending(), self._pause, self._words())

    def _ending(self) -> str:
        code = self.process.exitcode or 0
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        return f"Worker {self.process.pid} {how}"

    def _words(self) -> str:
        """Return what the process reported, where that was a fault and nobody has read it."""
        with suppress(EOFError):
            return self.report.recv() or ""
        return ""
