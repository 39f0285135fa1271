"""The store on one SQLite file: a writer thread, and a pool of readers."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import URL, Connection

from shopdb_core.store.sqlite_engine import reading_engine, writing_engine
from shopdb_core.store.sqlite_errors import named_faults
from shopdb_core.store.sqlite_writer import Job, SqliteWriter

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

    def together(self, works: Sequence[Callable[[Connection], T]]) -> list[T | Exception]:
        """Hand all works to the writer at once, and wait for the commits that hold them."""
        jobs = [Job(work, keep=True) for work in works]
        self._writer.hand_in(jobs)
        return [job.settled() for job in jobs]

    def rehearse(self, work: Callable[[Connection], T]) -> T:
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
