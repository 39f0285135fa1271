"""`Combining`: threads that wait at the same time have their items run by one of them, in one transaction."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from shopdb_core.store.interface import BatchWork

AT_ONCE = 2
"""How many threads run batches at the same time; the items of the others wait for the next batch.

One alone would let all others wait if its transaction waits for a row that somebody has locked.
"""

LARGEST_BATCH = 64

RunBatch = Callable[[BatchWork[Any, Any], Sequence[Any]], Sequence[Any]]


class _Request:
    """The items of one caller, and their results."""

    def __init__(self, work: BatchWork[Any, Any], items: Sequence[Any]) -> None:
        self.work = work
        self.items = items
        self.results: Sequence[Any] | None = None
        self.done = threading.Event()


class Combining:
    """Runs the requests of many threads with `run_batch`, which must not raise."""

    def __init__(self, run_batch: RunBatch) -> None:
        self._run_batch = run_batch
        self._waiting: list[_Request] = []
        self._changing = threading.Lock()
        self._turns = threading.Semaphore(AT_ONCE)

    def run(self, work: BatchWork[Any, Any], items: Sequence[Any]) -> Sequence[Any]:
        """Return the results of the items, after they were run here or in another thread."""
        request = _Request(work, items)
        with self._changing:
            self._waiting.append(request)
        with self._turns:
            batch = self._take(request)
            if batch:
                self._run(batch)
        # Another thread may have taken the request and not be ready.
        request.done.wait()
        assert request.results is not None
        return request.results

    def waiting(self) -> int:
        """Return how many requests no batch has taken yet."""
        return len(self._waiting)

    def _take(self, request: _Request) -> list[_Request]:
        """Take the requests that wait for the same work; none if the caller's own was taken before."""
        with self._changing:
            if request not in self._waiting:
                return []
            batch = [each for each in self._waiting if each.work is request.work][:LARGEST_BATCH]
            if request not in batch:
                batch[-1] = request
            self._waiting = [each for each in self._waiting if each not in batch]
            return batch

    def _run(self, batch: Sequence[_Request]) -> None:
        items = [item for request in batch for item in request.items]
        results: Sequence[Any] = []
        try:
            results = self._run_batch(batch[0].work, items)
        finally:
            position = 0
            for request in batch:
                request.results = results[position : position + len(request.items)]
                position += len(request.items)
                request.done.set()
