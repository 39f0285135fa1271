"""`Remembered`: a value that takes long to make, made by one thread and shown until it is old."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

T = TypeVar("T")

SHARE = 100
"""A value is kept for so many times what it took to make: making it takes a hundredth of the time at most."""

LEAST_SECONDS = 1.0


class Remembered(Generic[T]):
    """A value that `make` returns, made again when it is asked for and old; threads may share it.

    One thread at a time makes it, beside those that ask. Whoever cannot wait gets the value before.
    """

    def __init__(self, make: Callable[[], T], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._make = make
        self._clock = clock
        self._changing = threading.Lock()
        self._value: T | None = None
        self._until: float | None = None
        self._making: Future[T] | None = None

    def get(self, seconds: float | None = None) -> T | None:
        """Return the value; after `seconds` an older one, or `None` if there is none yet.

        Without `seconds` it waits until the value is made. Raises what `make` raises; the next call tries
        again.
        """
        with self._changing:
            if self._making is None:
                if self._until is not None and self._clock() < self._until:
                    return self._value
                self._making = self._start()
            making = self._making
        wait([making], seconds)
        return making.result() if making.done() else self._value

    def forget(self) -> None:
        """Have the next call make the value."""
        with self._changing:
            self._until = None

    def _start(self) -> Future[T]:
        future: Future[T] = Future()
        threading.Thread(target=self._work, args=(future,), name="shopdb-remembered", daemon=True).start()
        return future

    def _work(self, future: Future[T]) -> None:
        began = self._clock()
        try:
            value = self._make()
        except BaseException as error:  # noqa: BLE001  # whoever waits gets it
            with self._changing:
                self._making = None
            future.set_exception(error)
            return
        ended = self._clock()
        with self._changing:
            self._value, self._until = value, ended + max(LEAST_SECONDS, SHARE * (ended - began))
            self._making = None
        future.set_result(value)
