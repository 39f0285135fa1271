"""Whose turn it is to write, among the processes that share an SQLite file.

The writer thread: takes what waits, gives each piece of work a savepoint, commits all together.

The store on one SQLite file: a writer thread, and a pool of readers.
"""

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
from shopdb_core.store.sqlite.engine import named_faults, reading_engine, unavailable, writing_engine
from shopdb_core.store.transaction_guard import lent

if sys.platform != "win32":
    import fcntl


class WriteQueue:
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


LARGEST_BATCH = 256


class Job:
    """One piece of work, and the caller that waits for it; `keep` is false for a rehearsal.

    A bare lock wakes the caller: a `Future` costs three times as much, in the part that all wait for.
    """

    def __init__(self, work: Callable[[Connection], Any], *, keep: bool) -> None:
        self._work = work
        self._keep = keep
        self._outcome: tuple[Any, Exception | None] = (None, None)
        self._undelivered = threading.Lock()
        self._undelivered.acquire()

    def run(self, connection: Connection) -> None:
        """Run the work in a savepoint, and remember what came of it; raises if the transaction is gone."""
        driver = _driver(connection)
        driver.execute("SAVEPOINT submission")
        try:
            with lent(connection):
                self._outcome = (self._work(connection), None)
        except Exception as error:  # noqa: BLE001  # it is the caller's, and is raised there
            self._outcome = (None, unavailable(error) or error)
        if not driver.in_transaction:
            raise Unavailable("SQLite gave up the transaction. Nothing was stored.") from self._outcome[1]
        if self._outcome[1] is not None or not self._keep:
            driver.execute("ROLLBACK TO submission")
        driver.execute("RELEASE submission")

    def deliver(self) -> None:
        """Wake the caller: what it asked for is on disk, or was refused."""
        self._undelivered.release()

    def fail(self, error: Exception) -> None:
        """Wake the caller: the whole transaction failed."""
        self._outcome = (None, error)
        self.deliver()

    def wait(self) -> Any:
        """Return the work's result, or raise its error, once it is delivered."""
        self._undelivered.acquire()
        result, error = self._outcome
        if error is not None:
            raise error
        return result

    def settled(self) -> Any:
        """Return the work's result or its error, once it is delivered."""
        self._undelivered.acquire()
        result, error = self._outcome
        return result if error is None else error


class SqliteWriter:
    """Owns the only connection that writes; `submit` and `hand_in` may be called from any thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = _lendable(engine)
        self._turn = WriteQueue(engine.url.database or "")
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._open = True
        self._handing_in = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="shopdb-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> Any:
        """Wait until `job` is committed, and return its result or raise its error."""
        self.hand_in([job])
        return job.wait()

    def hand_in(self, jobs: Sequence[Job]) -> None:
        """Have the jobs run in this order, none of another caller between them; wait for each."""
        with self._handing_in:
            for job in jobs:
                if self._open:
                    self._jobs.put(job)
                else:
                    job.fail(Unavailable("The server is shutting down. Nothing was stored."))

    def close(self) -> None:
        """Finish what was submitted before, then end the thread."""
        with self._handing_in:
            if not self._open:
                return
            self._open = False
            self._jobs.put(None)
        self._thread.join()
        self._turn.close()

    def _write(self) -> None:
        while (job := self._jobs.get()) is not None:
            with self._turn.taken():
                self._commit_together([job, *self._waiting()])

    def _waiting(self) -> Iterator[Job]:
        """Take what has gathered while the last batch was on its way to the disk."""
        for _ in range(min(self._jobs.qsize(), LARGEST_BATCH)):
            job = self._jobs.get()
            if job is None:
                self._jobs.put(None)
                return
            yield job

    def _commit_together(self, batch: Sequence[Job]) -> None:
        driver = None
        try:
            driver = _driver(self._lent())
            driver.execute("BEGIN IMMEDIATE")
            for job in batch:
                job.run(self._lent())
            driver.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  # every caller learns it
            self._begin_anew(driver)
            for job in batch:
                job.fail(unavailable(error) or error)
        else:
            for job in batch:
                job.deliver()

    def _lent(self) -> Connection:
        """Return the connection, a new one if a plugin tried to end its transaction or closed it."""
        if self._connection is None or not self._connection.in_transaction():
            self._connection = _lendable(self._engine)
        return self._connection

    def _begin_anew(self, driver: sqlite3.Connection | None) -> None:
        """Roll back by closing the driver's connection, whatever state SQLAlchemy's is in."""
        if driver is not None:
            driver.close()
        self._connection = None
        self._engine.dispose()


def _lendable(engine: Engine) -> Connection:
    """Connect, and have SQLAlchemy see a transaction, so that it asks before it ends one."""
    connection = engine.connect()
    connection.begin()
    return connection


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


T = TypeVar("T")


class SqliteStore:
    """Implements `Store`; several processes may share the file."""

    def __init__(self, url: URL, readers: int) -> None:
        with named_faults():
            self._writing = writing_engine(url)
            self._writer = SqliteWriter(self._writing)
        self._reading = reading_engine(url, readers)

    def transaction(self, work: Callable[[Connection], T]) -> T:
        """Hand `work` to the writer and wait for the commit that holds it."""
        return self._writer.submit(Job(work, keep=True))  # type: ignore[no-any-return]  # it is work's result

    def batch(self, works: Sequence[Callable[[Connection], T]]) -> list[T | Exception]:
        """Hand all works to the writer at once, and wait for the commits that hold them."""
        jobs = [Job(work, keep=True) for work in works]
        self._writer.hand_in(jobs)
        return [job.settled() for job in jobs]

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Hand `work` to the writer, which rolls it back."""
        return self._writer.submit(Job(work, keep=False))  # type: ignore[no-any-return]  # it is work's result

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read transaction of its own; readers never wait for the writer."""
        with named_faults(reading=True), self._reading.connect() as connection:
            return work(connection)

    def ping(self) -> None:
        """Read the header of the file."""
        self.read(lambda connection: connection.exec_driver_sql("PRAGMA schema_version").scalar_one())

    def close(self) -> None:
        """Let the writer finish what waits, then close every connection."""
        self._writer.close()
        self._writing.dispose()
        self._reading.dispose()
