"""Whose turn it is to write, among the processes that share an SQLite file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform != "win32":
    import fcntl


class Turn:
    """A queue before SQLite's own lock, which has none.

    Who finds that lock taken sleeps, for up to a tenth of a second, and asks again, while others overtake.
    This one is on a file beside the database: the system wakes who waits for it, and takes it back when a
    process dies. Windows has no such lock; there SQLite's decides alone.
    """

    def __init__(self, database: str) -> None:
        self._file = os.open(f"{database}-turn", os.O_RDWR | os.O_CREAT, 0o644)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for the turn, and pass it on afterwards."""
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Leave the queue."""
        os.close(self._file)
