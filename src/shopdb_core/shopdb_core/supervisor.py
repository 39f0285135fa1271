"""Several processes that serve one site: started together, replaced when they end, drained together."""

import logging
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from types import FrameType

from shopdb_core.errors import ConfigurationError
from shopdb_core.listening import listen_balanced, url
from shopdb_core.log import LINE_OF_ONE_AMONG_MANY, log_to_stderr
from shopdb_core.server import DRAIN_SECONDS
from shopdb_core.settings import Settings
from shopdb_core.slot import Slot

POLL_SECONDS = 0.2
STOP_SECONDS = DRAIN_SECONDS + 3.0
"""After SIGTERM, what a worker may take to answer what is in flight and to close its database."""

_logger = logging.getLogger(__name__)


class Supervisor:
    """Keeps `settings.workers` processes serving, each on a listening socket of its own.

    It holds the sockets open itself: a connection that waits for a worker which dies is taken by the next.
    """

    def __init__(self, settings: Settings) -> None:
        log_to_stderr(LINE_OF_ONE_AMONG_MANY)
        self._listeners = listen_balanced(settings.listen, settings.workers)
        self._settings = settings
        self._slots: list[Slot] = []
        self._stopping = False

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve until SIGTERM or Ctrl-C; `ready` is told the URL when all workers accept requests.

        Raises `ConfigurationError` where a worker cannot start.
        """
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        try:
            self._slots.extend(Slot(self._settings, listener) for listener in self._listeners)
            self._await_start()
            if not self._stopping:
                ready(url(self._listeners[0]))
            while not self._stopping:
                self._tend()
        finally:
            self._drain()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _await_start(self) -> None:
        waiting = {slot.report: slot for slot in self._slots}
        while waiting and not self._stopping:
            for report in wait(list(waiting), POLL_SECONDS):
                fault = waiting.pop(report).start_fault()  # type: ignore[call-overload]  # it is one of the keys
                if fault and not self._stopping:
                    raise ConfigurationError(fault)

    def _tend(self) -> None:
        """Wait for the end of a worker, or a moment, and start those that are due."""
        wait([slot.process.sentinel for slot in self._slots if slot.process.is_alive()], POLL_SECONDS)
        for slot in self._slots:
            slot.tend()

    def _drain(self) -> None:
        """Take no new connection, let every worker answer what is in flight, and end those that do not."""
        for listener in self._listeners:
            listener.close()
        for slot in self._slots:
            slot.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for slot in self._slots:
            slot.process.join(max(0.0, deadline - time.monotonic()))
            if slot.process.is_alive():
                _logger.warning("worker %s does not end, and is killed", slot.process.pid)
                slot.process.kill()
                slot.process.join()
