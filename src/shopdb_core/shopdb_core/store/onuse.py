"""A store that is opened where it is first used."""

from collections.abc import Callable, Sequence
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection

from shopdb_core.store.interface import Store

T = TypeVar("T")


class StoreOnUse:
    """Implements `Store`; `close` may be followed by another use, which opens it again.

    A server may fork after it made the application, and a fork copies neither threads nor usable database
    connections. Where the store was closed by then, each process opens one of its own.
    """

    def __init__(self, opening: Callable[[], Store]) -> None:
        self._opening = opening
        self._lock = Lock()
        self._store: Store | None = None

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and commit."""
        return self._opened().transaction(work)

    def together(self, works: Sequence[Callable[[Connection], T]]) -> list[T | Exception]:
        """Run several works in few commits, each alone in its failure."""
        return self._opened().together(works)

    def rehearse(self, work: Callable[[Connection], T]) -> T:
        """Run `work` and roll back."""
        return self._opened().rehearse(work)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a snapshot."""
        return self._opened().read(work)

    def ping(self) -> None:
        """Make the database answer."""
        self._opened().ping()

    def close(self) -> None:
        """Finish what was handed in, if anything was."""
        with self._lock:
            store, self._store = self._store, None
        if store:
            store.close()

    def _opened(self) -> Store:
        return self._store or self._open()

    def _open(self) -> Store:
        with self._lock:
            if self._store is None:
                self._store = self._opening()
            return self._store
