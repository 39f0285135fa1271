"""Engines on one SQLite file, with the settings that make it durable and concurrent."""

import sqlite3
import time

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, StaticPool

from shopdb_core.store.at_work import refuse_during_work

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
