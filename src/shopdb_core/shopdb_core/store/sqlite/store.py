"""`SqliteStore`: one connection that writes, for all works that wait, and a pool of readers (ADR 0005)."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, QueuePool

from shopdb_core.store.interface import BatchWork, StoreUsage, batch_of_one
from shopdb_core.store.sqlite.engine import (
    READERS_CACHE_KIB,
    WRITER_CACHE_KIB,
    raising_unavailable,
    reading_engine,
    writing_engine,
)
from shopdb_core.store.sqlite.files import OpenedFile, make_private
from shopdb_core.store.sqlite.writer import Job, SqliteWriter

I = TypeVar("I")  # noqa: E741  # an item
T = TypeVar("T")

SQLITE_LOCK_SECONDS = 0.05
"""How long one attempt to begin a transaction waits for SQLite's own lock."""


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
        """Have the writer run `work`, and wait for the commit."""
        return self._result(Job(batch_of_one(work), [None], commit=True))  # type: ignore[no-any-return]  # it is work's result

    def batch(self, work: BatchWork[I, T], items: Sequence[I]) -> Sequence[T | Exception]:
        """Have the writer run `work` on the items, and on those that other callers have for it."""
        job = Job(work, items, commit=True)
        self._writer.run(job)
        return job.results

    def dry_run(self, work: Callable[[Connection], T]) -> T:
        """Have the writer run `work`, and roll it back."""
        return self._result(Job(batch_of_one(work), [None], commit=False))  # type: ignore[no-any-return]  # it is work's result

    def _result(self, job: Job) -> Any:
        self._writer.run(job)
        (result,) = job.results
        if isinstance(result, Exception):
            raise result
        return result

    def together(self, calls: Sequence[Callable[[], object]], what: str = "other work") -> bool:
        """Run calls side by side; `False` if another process is writing, or the writer's thread for long."""
        return self._writer.run_round(calls, what)

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a read transaction; readers never wait for the writer."""
        self._file.check()  # a new connection would open the file that is there now, or create one
        with raising_unavailable(reading=True), self._reading.connect() as connection:
            return work(connection)

    def ping(self) -> None:
        """Read the header of the file."""
        self.read(lambda connection: connection.exec_driver_sql("PRAGMA schema_version").scalar_one())

    def usage(self) -> StoreUsage:
        """Return the connections that read, and the jobs that wait for the writer's thread."""
        pool = self._reading.pool
        assert isinstance(pool, QueuePool)
        return StoreUsage(pool.checkedout(), pool.size(), self._writer.waiting())

    def close(self) -> None:
        """Let the writer finish its queue, then close every connection."""
        self._writer.close()
        self._reading.dispose()
