"""Engines on one SQLite file, with the settings that make it durable and concurrent.

Which SQLite errors mean "not now": the client may send the same request again.

What one process at a time does on an SQLite file: it migrates, or it prunes.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from shopdb_core.errors import Unavailable
from shopdb_core.store.transaction_guard import causes, refuse_during_work

BUSY_TIMEOUT_SECONDS = 15.0


def writing_engine(url: URL) -> Engine:
    """Return an engine with a single connection; its user begins and commits in SQL."""
    engine = create_engine(
        url,
        poolclass=StaticPool,
        pool_reset_on_return=None,  # a plugin that closes the connection must not end the transaction
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
    )
    event.listen(engine, "connect", _configure)
    refuse_during_work(engine)
    return engine


def reading_engine(url: URL, connections: int) -> Engine:
    """Return a pool of connections that refuse to write, each transaction one snapshot."""
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"timeout": BUSY_TIMEOUT_SECONDS},
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "connect", _refuse_writes)
    event.listen(engine, "begin", _begin_snapshot)
    return engine


def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    """Transactions are ours to begin (`isolation_level`); a commit is on disk before it returns (FULL)."""
    assert isinstance(connection, sqlite3.Connection)
    connection.isolation_level = None
    _keep_a_log(connection)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-32768"):
        connection.execute(f"PRAGMA {pragma}")


def _keep_a_log(connection: sqlite3.Connection) -> None:
    """Turn a new file to WAL; of several that do so at once, SQLite refuses all but one without a wait."""
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def _refuse_writes(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    assert isinstance(connection, sqlite3.Connection)
    connection.execute("PRAGMA query_only=ON")


def _begin_snapshot(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


_REASONS = {
    sqlite3.SQLITE_BUSY: "The database is locked by another process.",
    sqlite3.SQLITE_LOCKED: "The database is locked by another connection.",
    sqlite3.SQLITE_FULL: "The disk that holds the database is full.",
    sqlite3.SQLITE_IOERR: "The disk that holds the database reports an error.",
    sqlite3.SQLITE_READONLY: "The database file cannot be written.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened.",
    sqlite3.SQLITE_NOTADB: "The database file is no SQLite database.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged.",
}


@contextmanager
def named_faults(*, reading: bool = False) -> Iterator[None]:
    """Turn the driver's errors that time may mend into `Unavailable`; let all others through.

    Where somebody was only to read, an attempt to write is their fault and not the file's.
    """
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        fault = unavailable(error)
        if fault is None or (reading and _code(error) == sqlite3.SQLITE_READONLY):
            raise
        raise fault from error


def unavailable(error: BaseException) -> Unavailable | None:
    """Return what to answer for `error`, or `None` if it is no matter of time."""
    reason = _REASONS.get(_code(error))
    return Unavailable(f"{reason} Nothing was stored.") if reason else None


def _code(error: BaseException) -> int:
    """Return SQLite's primary result code, its low byte (sqlite.org/rescode.html); 0 where there is none."""
    codes = (getattr(each, "sqlite_errorcode", None) or 0 for each in causes(error))
    return next((code & 0xFF for code in codes if code), 0)


@contextmanager
def migrating_sqlite(url: URL) -> Iterator[Connection]:
    """Hold the file's write lock, so that of two upgrades at once one waits; what fails leaves nothing."""
    engine = writing_engine(url)
    try:
        with named_faults(), engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.exec_driver_sql("COMMIT")
    finally:
        engine.dispose()


@contextmanager
def pruning_sqlite(url: URL) -> Iterator[bool]:
    """Yield whether no other process prunes; the turn is SQLite's own lock on an empty file beside."""
    with closing(sqlite3.connect(f"{url.database}-prune", timeout=0, isolation_level=None)) as beside:
        try:
            beside.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            yield False
        else:
            yield True
