"""`SqliteStore`: one writer thread, which commits many works together, and a pool of readers (ADR 0005)."""

import os
import queue
import sqlite3
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine

from shopdb_core.errors import Unavailable
from shopdb_core.store.sqlite.engine import (
    as_unavailable,
    raising_unavailable,
    reading_engine,
    writing_engine,
)
from shopdb_core.store.transaction_guard import guarded

if sys.platform != "win32":
    import fcntl

T = TypeVar("T")

LARGEST_BATCH = 256
"""How many works one commit holds at most, the first one not counted."""


class ProcessLock:
    """A lock between the processes that write to one file, taken before SQLite's own.

    SQLite polls: a process that finds the lock taken sleeps for up to a tenth of a second, and others
    overtake it. The operating system queues those that wait for this lock, a `flock` on a file beside the
    database, and releases it when a process dies. Windows lacks `flock`; there only SQLite's lock is used.
    """

    def __init__(self, database: str) -> None:
        self._file = os.open(f"{database}-turn", os.O_RDWR | os.O_CREAT, 0o644)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the lock, and release it after the block."""
        if sys.platform != "win32":
            fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if sys.platform != "win32":
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


class Job:
    """One piece of work, and the caller that waits for it; without `commit` it is rolled back.

    The caller waits for a plain lock: a `Future` takes three times as long, on the one thread that all wait
    for.
    """

    def __init__(self, work: Callable[[Connection], Any], *, commit: bool) -> None:
        self._work = work
        self._commit = commit
        self._result: Any = None
        self._error: Exception | None = None
        self._unfinished = threading.Lock()
        self._unfinished.acquire()

    def run(self, connection: Connection) -> None:
        """Run the work in a savepoint and keep its result or error; raises if the transaction is lost."""
        driver = _driver(connection)
        driver.execute("SAVEPOINT submission")
        try:
            with guarded(connection):
                self._result = self._work(connection)
        except Exception as error:  # noqa: BLE001  # raised again in the caller's thread
            self._error = as_unavailable(error) or error
        if not driver.in_transaction:
            raise Unavailable("SQLite gave up the transaction. Nothing was stored.") from self._error
        if self._error is not None or not self._commit:
            driver.execute("ROLLBACK TO submission")
        driver.execute("RELEASE submission")

    def finish(self) -> None:
        """Wake the caller: the transaction is committed."""
        self._unfinished.release()

    def fail(self, error: Exception) -> None:
        """Wake the caller: the whole transaction failed with `error`."""
        self._error = error
        self.finish()

    def result(self) -> Any:
        """Wait for the end, and return the work's result or raise its error."""
        self._unfinished.acquire()
        if self._error is not None:
            raise self._error
        return self._result

    def result_or_error(self) -> Any:
        """Wait for the end, and return the work's result or its error."""
        self._unfinished.acquire()
        return self._result if self._error is None else self._error


class SqliteWriter:
    """A thread with the only connection that writes; `run` and `enqueue` may be called from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = _connect(engine)
        self._process_lock = ProcessLock(engine.url.database or "")
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._open = True
        self._enqueuing = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="shopdb-writer", daemon=True)
        self._thread.start()

    def run(self, job: Job) -> Any:
        """Wait until `job` is committed, and return its result or raise its error."""
        self.enqueue([job])
        return job.result()

    def enqueue(self, jobs: Sequence[Job]) -> None:
        """Run the jobs in this order, without those of other callers between them; does not wait."""
        with self._enqueuing:
            for job in jobs:
                if self._open:
                    self._jobs.put(job)
                else:
                    job.fail(Unavailable("The server is shutting down. Nothing was stored."))

    def close(self) -> None:
        """Finish the jobs in the queue, then end the thread."""
        with self._enqueuing:
            if not self._open:
                return
            self._open = False
            self._jobs.put(None)
        self._thread.join()
        self._process_lock.close()

    def _write(self) -> None:
        while (job := self._jobs.get()) is not None:
            with self._process_lock.held():
                self._commit_batch([job, *self._queued()])

    def _queued(self) -> Iterator[Job]:
        """Take the jobs that arrived while the last batch was written to the disk."""
        for _ in range(min(self._jobs.qsize(), LARGEST_BATCH)):
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)
                return
            yield job

    def _commit_batch(self, batch: Sequence[Job]) -> None:
        driver = None
        try:
            driver = _driver(self._current_connection())
            driver.execute("BEGIN IMMEDIATE")
            for job in batch:
                job.run(self._current_connection())
            driver.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  # each caller raises it
            self._disconnect(driver)
            for job in batch:
                job.fail(as_unavailable(error) or error)
        else:
            for job in batch:
                job.finish()

    def _current_connection(self) -> Connection:
        """Return the connection; a new one if a plugin closed it or tried to end its transaction."""
        if self._connection is None or not self._connection.in_transaction():
            self._connection = _connect(self._engine)
        return self._connection

    def _disconnect(self, driver: sqlite3.Connection | None) -> None:
        """Roll back by closing the driver's connection: SQLAlchemy's may be in any state."""
        if driver is not None:
            driver.close()
        self._connection = None
        self._engine.dispose()


def _connect(engine: Engine) -> Connection:
    """Connect, and begin SQLAlchemy's transaction, so that its events reach the transaction guard."""
    connection = engine.connect()
    connection.begin()
    return connection


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


class SqliteStore:
    """Implements `Store` on one file, which several processes may share."""

    def __init__(self, url: URL, readers: int) -> None:
        with raising_unavailable():
            self._writing = writing_engine(url)
            self._writer = SqliteWriter(self._writing)
        self._reading = reading_engine(url, readers)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Queue `work` for the writer and wait for the commit."""
        return self._writer.run(Job(work, commit=True))  # type: ignore[no-any-return]  # it is work's result

    def batch(
        self,
        works: Sequence[Callable[[Connection], T]],
        keys: Sequence[bytes],  # noqa: ARG002  # one writer locks no rows
    ) -> list[T | Exception]:
        """Queue all works for the writer at once, and wait for the commits."""
        jobs = [Job(work, commit=True) for work in works]
        self._writer.enqueue(jobs)
        return [job.result_or_error() for job in jobs]

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Queue `work` for the writer, which rolls it back."""
        return self._writer.run(Job(work, commit=False))  # type: ignore[no-any-return]  # it is work's result

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read transaction; readers never wait for the writer."""
        with raising_unavailable(reading=True), self._reading.connect() as connection:
            return work(connection)

    def ping(self) -> None:
        """Read the header of the file."""
        self.read(lambda connection: connection.exec_driver_sql("PRAGMA schema_version").scalar_one())

    def close(self) -> None:
        """Let the writer finish its queue, then close every connection."""
        self._writer.close()
        self._writing.dispose()
        self._reading.dispose()
