"""The writer thread: takes what waits, gives each piece of work a savepoint, commits all together."""

import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Engine

from shopdb_core.errors import Unavailable
from shopdb_core.store.at_work import lent
from shopdb_core.store.sqlite_errors import unavailable
from shopdb_core.store.sqlite_turn import Turn

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
        self._turn = Turn(engine.url.database or "")
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
