"""`SqliteStore`: one writer thread, which commits many works together, and a pool of readers (ADR 0005)."""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine

from shopdb_core.errors import Unavailable
from shopdb_core.store.interface import guarded
from shopdb_core.store.sqlite.engine import (
    LOCKED,
    READERS_CACHE_KIB,
    WRITER_CACHE_KIB,
    as_unavailable,
    is_locked,
    raising_unavailable,
    reading_engine,
    writing_engine,
)
from shopdb_core.store.sqlite.files import OpenedFile, ProcessLock, make_private

T = TypeVar("T")

LARGEST_BATCH = 256
"""How many works one commit holds at most, the first one not counted."""

PATIENCE_SECONDS = 6.0
"""How long the writer waits for a lock of another process before the callers give up.

Less than a server that stops leaves to the requests in flight, so that they are answered.
"""

SQLITE_LOCK_SECONDS = 1.0
"""How long one attempt to begin a transaction waits for SQLite's own lock."""

CLOSING_PATIENCE_SECONDS = 1.0
LOOK_SECONDS = 0.25
"""How often a caller looks whether the writer still waits."""


class Job:
    """One piece of work, and the caller that waits for it; without `commit` it is rolled back.

    The caller waits for a plain lock: a `Future` takes three times as long, on the one thread that all wait
    for. While the writer waits for another process the caller may withdraw the job; once the transaction has
    begun, it waits for the end.
    """

    def __init__(self, work: Callable[[Connection], Any], *, commit: bool) -> None:
        self._work = work
        self._commit = commit
        self._result: Any = None
        self._error: Exception | None = None
        self._unclaimed = threading.Lock()
        self._unfinished = threading.Lock()
        self._unfinished.acquire()

    def claim(self) -> bool:
        """Return whether the job is still to be run, once: to the writer, or to the caller that withdraws."""
        return self._unclaimed.acquire(blocking=False)

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

    def wait(self, is_stuck: Callable[[], bool]) -> None:
        """Wait for the end, or withdraw the job if `is_stuck` before the writer begins it."""
        while not (is_stuck() and self.claim()):
            if self._unfinished.acquire(timeout=LOOK_SECONDS):
                return
        self._error = Unavailable(LOCKED)

    def result(self) -> Any:
        """Return the work's result or raise its error; call `wait` first."""
        if self._error is not None:
            raise self._error
        return self._result

    def result_or_error(self) -> Any:
        """Return the work's result or its error; call `wait` first."""
        return self._result if self._error is None else self._error


class SqliteWriter:
    """A thread with the only connection that writes; `run` may be called from any thread.

    The thread waits for the locks of other processes without a limit; the callers do not.
    """

    def __init__(self, engine: Engine, file: OpenedFile) -> None:
        self._engine = engine
        self._file = file
        self._connection: Connection | None = _connect(engine)
        self._process_lock = ProcessLock(engine.url.database or "")
        self._waiting_since: float | None = None
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._open = True
        self._enqueuing = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="shopdb-writer", daemon=True)
        self._thread.start()

    def run(self, jobs: Sequence[Job]) -> None:
        """Run the jobs in this order, without those of other callers between them, and wait for the end."""
        with self._enqueuing:
            for job in jobs:
                if not self._open:
                    job.fail(Unavailable("The server is shutting down. Nothing was stored."))
                elif self._is_stuck():
                    job.fail(Unavailable(LOCKED))
                else:
                    self._jobs.put(job)
        for job in jobs:
            job.wait(self._is_stuck)

    def close(self) -> None:
        """Finish the jobs in the queue, then end the thread and its connection.

        A thread that waits for another process is left behind; it ends with this one.
        """
        with self._enqueuing:
            if not self._open:
                return
            self._open = False
            self._jobs.put(None)
        while self._thread.is_alive() and not self._is_stuck(CLOSING_PATIENCE_SECONDS):
            self._thread.join(LOOK_SECONDS)

    def _is_stuck(self, patience: float = PATIENCE_SECONDS) -> bool:
        """Return whether the thread has waited for another process for longer than `patience` seconds."""
        since = self._waiting_since
        return since is not None and time.monotonic() - since > patience

    def _write(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._waiting_since = time.monotonic()
            with self._process_lock.held():
                self._commit_batch(job)
        self._engine.dispose()
        self._process_lock.close()

    def _commit_batch(self, first: Job) -> None:
        """Run a job and those that have arrived since, in one transaction, and wake their callers.

        The file is compared after the commit: what went to a file that was moved before is not acknowledged.
        """
        driver, batch = None, [first]
        try:
            driver = _driver(self._current_connection())
            self._begin(driver)
            batch = [job for job in (first, *self._queued()) if job.claim()]
            for job in batch:
                job.run(self._current_connection())
            driver.execute("COMMIT")
            self._file.check()
        except Exception as error:  # noqa: BLE001  # each caller raises it
            self._disconnect(driver)
            for job in batch:
                job.fail(as_unavailable(error) or error)
        else:
            for job in batch:
                job.finish()
        finally:
            self._waiting_since = None

    def _begin(self, driver: sqlite3.Connection) -> None:
        """Begin a transaction, as soon as no other process holds SQLite's own lock."""
        while True:
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if not (is_locked(error) and self._open):
                    raise
            else:
                self._waiting_since = None
                return

    def _queued(self) -> Iterator[Job]:
        """Take the jobs that arrived while the last batch was written to the disk."""
        for _ in range(min(self._jobs.qsize(), LARGEST_BATCH)):
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)
                return
            yield job

    def _current_connection(self) -> Connection:
        """Return the connection; a new one if a plugin closed it or tried to end its transaction.

        A new one is not opened to another file than the first: raises `Unavailable`.
        """
        if self._connection is None or not self._connection.in_transaction():
            self._file.check()
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
        database = url.database or ""
        make_private(database)
        with raising_unavailable():
            writing = writing_engine(url, SQLITE_LOCK_SECONDS, WRITER_CACHE_KIB)
            writing.connect().close()
            self._file = OpenedFile(database)
            self._writer = SqliteWriter(writing, self._file)
        self._reading = reading_engine(url, readers, READERS_CACHE_KIB // readers)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Queue `work` for the writer and wait for the commit."""
        return self._run(Job(work, commit=True))  # type: ignore[no-any-return]  # it is work's result

    def batch(
        self,
        works: Sequence[Callable[[Connection], T]],
        keys: Sequence[bytes],  # noqa: ARG002  # one writer locks no rows
    ) -> list[T | Exception]:
        """Queue all works for the writer at once, and wait for the commits."""
        jobs = [Job(work, commit=True) for work in works]
        self._writer.run(jobs)
        return [job.result_or_error() for job in jobs]

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Queue `work` for the writer, which rolls it back."""
        return self._run(Job(work, commit=False))  # type: ignore[no-any-return]  # it is work's result

    def _run(self, job: Job) -> Any:
        self._writer.run([job])
        return job.result()

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read transaction; readers never wait for the writer."""
        self._file.check()  # a new connection would open the file that is there now, or create one
        with raising_unavailable(reading=True), self._reading.connect() as connection:
            return work(connection)

    def ping(self) -> None:
        """Read the header of the file."""
        self.read(lambda connection: connection.exec_driver_sql("PRAGMA schema_version").scalar_one())

    def close(self) -> None:
        """Let the writer finish its queue, then close every connection."""
        self._writer.close()
        self._reading.dispose()
