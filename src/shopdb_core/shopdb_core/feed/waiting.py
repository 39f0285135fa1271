"""`Feed`: reads the feed of a site, and waits for what is not there yet, without a connection."""

import threading
import time

from shopdb_core.audit.positions import newest_position, place_entries
from shopdb_core.feed.reading import EVERYTHING, Changes, Selection, read_changes
from shopdb_core.store import Store

LOOK_SECONDS = 0.2
"""How often the database is asked for all readers of a process that wait."""


class Feed:
    """The feed of one site; threads may share it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._looking = threading.Lock()
        self._looked_at = 0.0
        self._newest = 0
        self._released = False

    def read(
        self, after: str | None, selection: Selection = EVERYTHING, limit: int = 1000, wait: float = 0
    ) -> Changes:
        """Return a page after a cursor; with `wait`, wait up to so many seconds for its first entry.

        Who waits gets what the looks have placed, so that positions are not given for each reader anew.
        Raises what `read_changes` raises, and `Unavailable`.
        """
        until = time.monotonic() + wait
        if not wait:
            place_entries(self._store)
        while True:
            changes = self._read(after, selection, limit)
            is_at_end = str(changes.next) == after
            if changes.items or self._is_over(until):
                return changes
            if is_at_end and not self._comes(changes.next.position, until):
                return changes
            after = str(changes.next)

    def release(self) -> None:
        """Let those that wait return at once, also later; safe in the handler of a signal."""
        self._released = True

    def _read(self, after: str | None, selection: Selection, limit: int) -> Changes:
        return self._store.read(lambda connection: read_changes(connection, after, selection, limit))

    def _comes(self, position: int, until: float) -> bool:
        """Wait until there is an entry after a position; return `False` if there is none in time."""
        while not self._is_over(until):
            self._look()
            if self._newest > position:
                return True
            time.sleep(max(0.0, min(LOOK_SECONDS, until - time.monotonic())))
        return False

    def _is_over(self, until: float) -> bool:
        return self._released or time.monotonic() >= until

    def _look(self) -> None:
        """Ask the database, unless another thread does or did so a moment ago."""
        if time.monotonic() - self._looked_at < LOOK_SECONDS or not self._looking.acquire(blocking=False):
            return
        try:
            place_entries(self._store)
            self._newest = self._store.read(newest_position)
            self._looked_at = time.monotonic()
        finally:
            self._looking.release()
