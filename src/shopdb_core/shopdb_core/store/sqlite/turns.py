"""`Turns`: a lock that goes to those who wait for it in the order in which they asked."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Turns:
    """A lock between threads. Who releases it while another thread waits is behind that thread.

    A plain lock nearly always goes to the thread that has just released it, because that one is running.
    """

    def __init__(self) -> None:
        self._changing = threading.Lock()
        self._is_taken = False
        self._began = 0.0
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def turn(self, patience: float | None = None) -> Iterator[bool]:
        """Take the lock, and release it after the block; yield whether it was taken.

        Wait without a limit, or until whoever has the lock has had it for `patience` seconds: then a thread
        that hangs with it makes the others wait once, not each time.
        """
        is_taken = self._take(patience)
        try:
            yield is_taken
        finally:
            if is_taken:
                self._release()

    def _take(self, patience: float | None) -> bool:
        with self._changing:
            if not self._is_taken:
                self._begin()
                return True
            wait = -1 if patience is None else self._began + patience - time.monotonic()
            if patience is not None and wait <= 0:
                return False
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        return mine.acquire(timeout=wait) or not self._leave(mine)

    def _leave(self, mine: threading.Lock) -> bool:
        """Stop waiting; return `False` if the lock was passed on meanwhile."""
        with self._changing:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True

    def _release(self) -> None:
        """Pass the lock on to the thread that has waited longest."""
        with self._changing:
            self._is_taken = False
            if self._waiting:
                self._begin()
                self._waiting.popleft().release()

    def _begin(self) -> None:
        self._is_taken = True
        self._began = time.monotonic()
