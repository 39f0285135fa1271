"""The files of one SQLite database: their modes, the lock between processes, and whether they were moved."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from shopdb_core.errors import Unavailable

if sys.platform != "win32":
    import fcntl

OWNER_ONLY = 0o600

_SUFFIXES = ("", "-wal", "-shm", "-turn", "-prune")


def make_private(database: str) -> None:
    """Create the database file if it does not exist, and let only its owner read and write all its files.

    SQLite gives the mode of the database file to those that it creates beside it, whatever the umask. An
    error is left to SQLite, which reports it when it opens the file.
    """
    with suppress(OSError):
        create_private(os.path.realpath(database))
    for path in {base + suffix for base in (database, os.path.realpath(database)) for suffix in _SUFFIXES}:
        with suppress(OSError):
            _restrict(path)


def create_private(path: str) -> None:
    """Create an empty file that only its owner can read and write; leave an existing one as it is.

    An existing file is not opened: closing it would release the locks that SQLite holds on it in this
    process (sqlite.org/howtocorrupt.html, section 2.2). Raises `OSError`.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
        os.chmod(path, OWNER_ONLY)  # noqa: PTH101  # the umask may have taken the owner's rights


def _restrict(path: str) -> None:
    """Take the rights of the group and of others on a file away."""
    mode = stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116  # as in `OpenedFile`
    if mode & ~OWNER_ONLY:
        os.chmod(path, mode & OWNER_ONLY)  # noqa: PTH101  # likewise


class OpenedFile:
    """The database file as it was when it was opened: its device and inode."""

    def __init__(self, database: str) -> None:
        self._path = database
        self._identity = self._current_identity()

    def check(self) -> None:
        """Raise `Unavailable` if the path leads to another file now, or to none.

        An open connection would continue to write to the old file, where nobody looks for it.
        """
        if self._current_identity() != self._identity:
            raise Unavailable(
                "The database file was moved, deleted or replaced. Put it back, or restart the server. "
                "Nothing was stored."
            )

    def _current_identity(self) -> tuple[int, int] | None:
        try:
            found = os.stat(self._path)  # noqa: PTH116  # at each commit, and `Path` takes three times as long
        except OSError:
            return None
        return found.st_dev, found.st_ino


class ProcessLock:
    """A lock between the processes that write to one file, taken before SQLite's own.

    SQLite polls: a process that finds the lock taken sleeps for up to a tenth of a second, and others
    overtake it. The operating system queues those that wait for this lock, a `flock` on a file beside the
    database, and releases it when a process dies. Windows lacks `flock`; there only SQLite's lock is used.
    """

    def __init__(self, database: str) -> None:
        path = f"{database}-turn"
        try:
            create_private(path)
            self._file = os.open(path, os.O_RDWR)
        except OSError as error:
            raise Unavailable(
                f"The database file cannot be opened. {path}, beside it: {error.strerror}."
            ) from error

    @contextmanager
    def held(self, *, wait: bool = True) -> Iterator[bool]:
        """Take the lock, and release it after the block; yield whether it was taken.

        Wait for it without a limit, or not at all.
        """
        is_held = self._acquire(wait=wait)
        try:
            yield is_held
        finally:
            if is_held and sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _acquire(self, *, wait: bool) -> bool:
        if sys.platform != "win32":
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)
