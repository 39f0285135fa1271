"""`SqliteWriter`: the one connection that writes, and the transactions that commit the jobs of many callers.

A thread commits what other threads queue. The loop of the HTTP server commits its own rounds without it.
"""

import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Engine

from shopdb_core.errors import Unavailable
from shopdb_core.store.interface import BatchWork, guarded
from shopdb_core.store.sqlite.engine import LOCKED, as_unavailable, is_locked
from shopdb_core.store.sqlite.files import OpenedFile, ProcessLock
from shopdb_core.store.sqlite.rounds import current_call, run_side_by_side
from shopdb_core.store.sqlite.turns import Turns

LARGEST_BATCH = 256
"""How many jobs one commit holds at most, the first one not counted."""

PATIENCE_SECONDS = 6.0
"""How long the writer waits for another process, or for a round that hangs, before the callers give up.

Less than a server that stops leaves to the requests in flight, so that they are answered.
"""

ROUND_PATIENCE_SECONDS = 0.05
"""How old the thread's transaction may be for a round to wait for its end: the sockets wait as well."""

CLOSING_PATIENCE_SECONDS = 1.0
LOOK_SECONDS = 0.25
"""How often a caller looks whether the writer still waits."""

HANGS = (
    "The server has not ended {}, which all others wait for: a hook of its plugin hangs, or the disk does. "
    "Nothing was stored. Try again later; if this persists, restart the server."
)
CLOSING = "The server is shutting down. Nothing was stored."


class Job:
    """Items for one work, and the caller that waits for its results; without `commit` they are rolled back.

    The caller waits for a plain lock: a `Future` takes three times as long, on the one thread that all wait
    for. While the writer waits for another process the caller may withdraw the job; once the transaction has
    begun, it waits for the end.
    """

    def __init__(self, work: BatchWork[Any, Any], items: Sequence[Any], *, commit: bool) -> None:
        self.work = work
        self.items = items
        self.commit = commit
        self.results: Sequence[Any] = ()
        self._unclaimed = threading.Lock()
        self._unfinished = threading.Lock()
        self._unfinished.acquire()

    def claim(self) -> bool:
        """Return whether the job is still to be run, once: to the writer, or to the caller that withdraws."""
        return self._unclaimed.acquire(blocking=False)

    def finish(self) -> None:
        """Wake the caller: the transaction is committed."""
        self._unfinished.release()

    def fail(self, error: Exception) -> None:
        """Wake the caller: the whole transaction failed with `error`."""
        self.results = [error] * len(self.items)
        self.finish()

    def wait(self, obstacle: Callable[[], str | None]) -> None:
        """Wait for the end, or withdraw the job if there is an `obstacle` before the writer begins it."""
        while not ((reason := obstacle()) and self.claim()):
            if self._unfinished.acquire(timeout=LOOK_SECONDS):
                return
        self.results = [Unavailable(reason)] * len(self.items)


class SqliteWriter:
    """The connection that writes, and a thread that uses it for the jobs of all other threads.

    The thread waits for the locks of other processes without a limit; the callers do not.
    """

    def __init__(self, engine: Engine, file: OpenedFile) -> None:
        self._engine = engine
        self._file = file
        self._connection: Connection | None = _connect(engine)
        self._process_lock = ProcessLock(engine.url.database or "")
        self._turns = Turns()
        self._waiting_since: float | None = None
        self._round: str | None = None
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._open = True
        self._enqueuing = threading.Lock()
        self._thread = threading.Thread(target=self._write, name="shopdb-writer", daemon=True)
        self._thread.start()

    def run(self, job: Job) -> None:
        """Run a job and wait for the end: with the round that the caller is part of, or in the thread."""
        if (call := current_call()) is not None:
            call.wait_for(job)
            return
        with self._enqueuing:
            if not self._open:
                job.fail(Unavailable(CLOSING))
            elif reason := self._obstacle():
                job.fail(Unavailable(reason))
            else:
                self._jobs.put(job)
        job.wait(self._obstacle)

    def run_round(self, calls: Sequence[Callable[[], object]], what: str) -> bool:
        """Run the calls side by side in this thread, and commit the jobs of all of them together.

        The thread and the rounds take turns. Returns `False`, without a call, if the thread's turn takes
        long, or another process is writing. `what` names the calls in the errors of those who wait in vain.
        """
        if not self._open:
            return False
        with self._turns.turn(ROUND_PATIENCE_SECONDS) as is_mine:
            if not is_mine:
                return False
            with self._process_lock.held(wait=False) as is_held:
                if not (is_held and self._begins_at_once()):
                    return False
                self._round = what
                run_side_by_side(calls, self._commit)
                self._round = None
                self._end_unused()
                return True

    def waiting(self) -> int:
        """Return how many jobs of other threads are in the queue."""
        return self._jobs.qsize()

    def close(self) -> None:
        """Finish the jobs in the queue, then end the thread and its connection.

        A thread that waits for another process is left behind; it ends with this one.
        """
        with self._enqueuing:
            if not self._open:
                return
            self._open = False
            self._jobs.put(None)
        while self._thread.is_alive() and not self._obstacle(CLOSING_PATIENCE_SECONDS):
            self._thread.join(LOOK_SECONDS)

    def _obstacle(self, patience: float = PATIENCE_SECONDS) -> str | None:
        """Return what the thread has waited for, if that is longer than `patience` seconds."""
        since, hanging = self._waiting_since, self._round
        if since is None or time.monotonic() - since <= patience:
            return None
        return HANGS.format(hanging) if hanging else LOCKED

    def _write(self) -> None:
        while (job := self._jobs.get()) is not None:
            self._waiting_since = time.monotonic()
            with self._turns.turn(), self._process_lock.held():
                self._commit([job], self._queued)
        self._engine.dispose()
        self._process_lock.close()

    def _commit(self, jobs: Sequence[Job], more: Callable[[], Iterable[Job]] = tuple) -> None:
        """Run jobs, and those that have arrived since, in one transaction, and wake their callers.

        The file is compared after the commit: what went to a file that was moved before is not acknowledged.
        """
        driver = None
        try:
            connection = self._current_connection()
            driver = _driver(connection)
            if not driver.in_transaction:
                self._begin(driver)
            jobs = [job for job in (*jobs, *more()) if job.claim()]
            _run_jobs(connection, jobs)
            driver.execute("COMMIT")
            self._file.check()
        except Exception as error:  # noqa: BLE001  # each caller raises it
            self._disconnect(driver)
            for job in jobs:
                job.fail(as_unavailable(error) or error)
        else:
            for job in jobs:
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

    def _begins_at_once(self) -> bool:
        """Begin a transaction, and return whether that succeeded; if not, the thread reports the reason."""
        try:
            _driver(self._current_connection()).execute("BEGIN IMMEDIATE")
        except Exception:  # noqa: BLE001  # of SQLite, or of a file that was moved
            return False
        return True

    def _end_unused(self) -> None:
        """End the transaction of a round in which no call had a job."""
        if self._connection is not None and (driver := _driver(self._connection)).in_transaction:
            driver.execute("ROLLBACK")

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


def _run_jobs(connection: Connection, jobs: Sequence[Job]) -> None:
    """Run the jobs in their order; neighbours with the same work are one batch of it.

    If the batch raises, each of its items is run alone, so that only those at fault fail.
    """
    for (work, commit), neighbours in groupby(jobs, key=attrgetter("work", "commit")):
        same = [*neighbours]
        items = [item for job in same for item in job.items]
        results = iter(_run_batch(connection, work, items, commit=commit))
        for job in same:
            job.results = [*islice(results, len(job.items))]


def _run_batch(
    connection: Connection, work: BatchWork[Any, Any], items: Sequence[Any], *, commit: bool
) -> Sequence[Any]:
    if commit or len(items) == 1:
        results = _in_savepoint(connection, work, items, commit=commit)
        if not isinstance(results, Exception):
            return results
        if len(items) == 1:
            return [results]
    return [_run_batch(connection, work, [item], commit=commit)[0] for item in items]


def _in_savepoint(
    connection: Connection, work: BatchWork[Any, Any], items: Sequence[Any], *, commit: bool
) -> Sequence[Any] | Exception:
    """Return what the work returns or raises; raises `Unavailable` if the whole transaction is lost."""
    driver = _driver(connection)
    driver.execute("SAVEPOINT batch")
    results: Sequence[Any] | Exception
    try:
        with guarded(connection):
            results = work(connection, items)
    except Exception as error:  # noqa: BLE001  # raised again in the caller's thread
        results = as_unavailable(error) or error
    if not driver.in_transaction:
        cause = results if isinstance(results, Exception) else None
        raise Unavailable("SQLite gave up the transaction. Nothing was stored.") from cause
    if isinstance(results, Exception) or not commit:
        driver.execute("ROLLBACK TO batch")
    driver.execute("RELEASE batch")
    return results


def _connect(engine: Engine) -> Connection:
    """Connect, and begin SQLAlchemy's transaction, so that its events reach the transaction guard."""
    connection = engine.connect()
    connection.begin()
    return connection


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver
